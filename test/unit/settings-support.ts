import { posix } from 'node:path';

import { loadSettings } from '../../src/settings/load.ts';
import type { LoadInput, LoadResult } from '../../src/settings/load.ts';
import type { Problem, Settings } from '../../src/settings/types.ts';

const CONFIG = '/app/config/firebreak.yaml';

export interface Around extends Partial<Pick<LoadInput, 'env' | 'overrides'>> {
  /** By absolute path; an error code (`EACCES`) instead of a text makes the file fail so. */
  readonly files?: Readonly<Record<string, string | { readonly code: string }>>;
}

/** Loads `yaml` as the default configuration file of an imagined machine. */
export function load(yaml: string, { env = {}, overrides = {}, files = {} }: Around = {}): LoadResult {
  const all: Around['files'] = { [CONFIG]: yaml, ...files };
  return loadSettings({ env, overrides, cwd: '/app', readFile: (path) => read(all, path) });
}

function read(files: NonNullable<Around['files']>, path: string): string {
  const content = files[posix.normalize(path)] ?? { code: 'ENOENT' };
  if (typeof content === 'string') return content;
  throw Object.assign(new Error(`${content.code}: hunter2`), content);
}

export function settingsOf(result: LoadResult): Settings {
  if (result.ok) return result.settings;
  throw new Error(`unexpected problems: ${JSON.stringify(result.problems)}`);
}

export function problemsOf(result: LoadResult): readonly Problem[] {
  if (!result.ok) return result.problems;
  throw new Error('expected problems, found settings');
}

export const fields = (result: LoadResult): string[] => problemsOf(result).map((problem) => problem.field);
export const messages = (result: LoadResult): string[] => problemsOf(result).map((problem) => problem.message);
