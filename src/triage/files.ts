import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nearest } from './nearest.ts';
import { STAGES, type RuleFile } from './rule-file.ts';

export interface RuleFiles {
  /** Files of the stages, with problems of the directory itself as files that cannot be rules. */
  readonly rules: readonly RuleFile[];
  readonly tests: readonly RuleFile[];
}

const OTHER_FOLDERS = ['tests', 'schema'];

/**
 * Reads `severity/*.json`, `rollback/*.json`, `routing/*.json` and `tests/*.json`. Hidden entries are passed over: editors and
 * Kubernetes' ConfigMap volumes keep theirs beside the files. Throws when the directory cannot be read.
 */
export async function readRuleFiles(directory: string): Promise<RuleFiles> {
  const folders = await foldersOf(directory);
  const known = [...STAGES, ...OTHER_FOLDERS];
  const stray = folders.filter((folder) => !known.includes(folder) && nearest(folder, STAGES) !== null);
  const read = async (names: readonly string[]): Promise<RuleFile[]> =>
    (await Promise.all(names.map((name) => jsonFiles(directory, name)))).flat();
  return {
    // A mistyped folder goes to the compiler as well, which says so: rules in it would be silently missing.
    rules: await read([...STAGES.filter((folder) => folders.includes(folder)), ...stray]),
    tests: await read(folders.filter((folder) => folder === 'tests')),
  };
}

async function foldersOf(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => !name.startsWith('.')).sort();
  const kinds = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).isDirectory()));
  return names.filter((_, at) => kinds[at]);
}

async function jsonFiles(directory: string, folder: string): Promise<RuleFile[]> {
  const names = (await readdir(join(directory, folder))).filter((name) => /^[^.].*\.json$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => ({
      path: `${folder}/${name}`,
      text: await readFile(join(directory, folder, name), 'utf8'),
    })),
  );
}
