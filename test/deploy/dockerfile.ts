import { execFile } from 'node:child_process';
import { chmod, chown, cp, lstat, mkdir, readFile, readdir } from 'node:fs/promises';
import { dirname, join, normalize, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

interface Instruction {
  readonly word: string;
  /** Without flags, lines joined. */
  readonly rest: string;
  /** `--from=build` as `{ from: 'build' }`. */
  readonly flags: Readonly<Record<string, string>>;
}

export interface Stage {
  readonly base: string;
  readonly name: string | null;
  readonly instructions: readonly Instruction[];
}

/** Reads a Dockerfile as far as ours goes; throws at what it does not know, so that nothing is passed over in silence. */
export function parseDockerfile(text: string): readonly Stage[] {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  const stages: { base: string; name: string | null; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const instruction = parseLine(line);
    const stage = stages.at(-1);
    if (instruction.word === 'FROM') stages.push({ ...parseFrom(instruction.rest), instructions: [] });
    else if (stage === undefined) throw new Error(`before the first FROM: ${line}`);
    else stage.instructions.push(instruction);
  }
  return stages;
}

const KNOWN = /^(FROM|WORKDIR|COPY|RUN|ENV|USER|VOLUME|EXPOSE|HEALTHCHECK|ENTRYPOINT|CMD)$/;

function parseLine(line: string): Instruction {
  const [, word = '', given = ''] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? [];
  if (!KNOWN.test(word)) throw new Error(`unknown in a Dockerfile: ${line}`);
  const flags: Record<string, string> = {};
  const rest = given.replace(/^(--[\w-]+=\S+\s+)+/, (all) => {
    for (const [, name = '', value = ''] of all.matchAll(/--([\w-]+)=(\S+)/g)) flags[name] = value;
    return '';
  });
  return { word, rest, flags };
}

function parseFrom(rest: string): { base: string; name: string | null } {
  const [base = '', , name = null] = rest.split(/\s+/);
  return { base, name };
}

export const instructions = (stage: Stage, word: string): readonly Instruction[] =>
  stage.instructions.filter((instruction) => instruction.word === word);

export const last = (stage: Stage, word: string): Instruction => {
  const found = instructions(stage, word).at(-1);
  if (found === undefined) throw new Error(`no ${word}`);
  return found;
};

/** An exec form: a shell would not pass signals on. */
export const execForm = (text: string): readonly string[] => JSON.parse(text) as string[];

export const environmentOf = (stage: Stage): Record<string, string> =>
  Object.fromEntries(
    instructions(stage, 'ENV').flatMap(({ rest }) =>
      [...rest.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    ),
  );

/** Whether `docker build` would get the file: the last rule of .dockerignore that matches it, or a folder above, says. */
export function isInContext(rules: string, path: string): boolean {
  const folders = path.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'));
  let inside = true;
  for (const line of rules.split('\n').map((each) => each.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const pattern = normalize(line.replace(/^!/, '')).replace(/^\/|\/$/g, '');
    if (folders.some((folder) => expressionOf(pattern).test(folder))) inside = line.startsWith('!');
  }
  return inside;
}

/** As Docker has it: a star takes names with a dot in front as well, which globs of a shell do not. */
function expressionOf(pattern: string): RegExp {
  const parts: Readonly<Record<string, string>> = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' };
  const source = pattern.replaceAll(/\*\*\/|\*\*|[*?]|[^\w/]/g, (found) => parts[found] ?? `\\${found}`);
  return new RegExp(`^${source}$`);
}

/** What a commit of the working tree would hold: a clone would have the same. */
async function filesOfClone(root: string): Promise<readonly string[]> {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const { stdout } = await promisify(execFile)('git', args, { cwd: root, maxBuffer: 16 * 1024 * 1024 });
  const names = [...new Set(stdout.split('\0').filter((name) => name !== ''))];
  const there = await Promise.all(names.map((name) => lstat(join(root, name)).then(Boolean, () => false)));
  return names.filter((_, index) => there[index]);
}

/** Lays out what `docker build` sends to the builder. */
export async function writeContext(root: string, context: string): Promise<void> {
  const rules = await readFile(join(root, '.dockerignore'), 'utf8');
  for (const path of await filesOfClone(root)) {
    if (!isInContext(rules, path)) continue;
    await mkdir(join(context, dirname(path)), { recursive: true });
    await cp(join(root, path), join(context, path));
  }
}

export interface BuildOptions {
  readonly context: string;
  /** By stage name. */
  readonly stages: Readonly<Record<string, string>>;
  /** Where the stage's own root directory is. */
  readonly root: string;
  /** Carries out one RUN line in that directory. */
  readonly run: (command: string, directory: string) => Promise<void>;
}

/** Carries out WORKDIR, COPY and RUN of a stage, with a directory in the place of its root. Returns the working directory. */
export async function build(stage: Stage, { context, stages, root, run }: BuildOptions): Promise<string> {
  let workdir = '/';
  for (const { word, rest, flags } of stage.instructions) {
    if (word === 'WORKDIR') {
      workdir = resolve(workdir, rest);
      await mkdir(join(root, workdir), { recursive: true });
    } else if (word === 'COPY') {
      const from = flags['from'] === undefined ? context : stages[flags['from']];
      if (from === undefined) throw new Error(`COPY from an unknown stage: ${rest}`);
      await copy(rest.split(/\s+/), from, join(root, workdir), root);
    } else if (word === 'RUN') await run(rest, join(root, workdir));
  }
  return workdir;
}

async function copy(paths: readonly string[], from: string, workdir: string, root: string): Promise<void> {
  const sources = paths.slice(0, -1);
  const target = paths.at(-1) ?? '';
  const to = target.startsWith('/') ? join(root, target) : resolve(workdir, target);
  for (const source of sources) {
    const path = join(from, source);
    // A folder's content is copied, a file goes into a target that ends with a slash.
    const isFolder = (await lstat(path)).isDirectory();
    const intoFolder = target.endsWith('/') && !isFolder;
    // Thousands of files: far quicker than node's own.
    const [whole, place] = isFolder ? [`${path}/.`, to] : [path, intoFolder ? join(to, source) : to];
    await mkdir(isFolder ? to : dirname(place), { recursive: true });
    await promisify(execFile)('cp', ['-RPp', whole, place]);
  }
}

/** Everything below the directory, with what a write would change. */
export async function fingerprint(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const lines = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mode, size, mtimeMs, uid } = await lstat(path);
      return `${relative(directory, path)} ${mode.toString(8)} ${uid} ${size} ${mtimeMs}`;
    }),
  );
  return lines.sort();
}

/** Nobody may write below the directory, whoever owns it. Links have no mode of their own. */
export async function makeReadOnly(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) continue;
    await chmod(path, (await lstat(path)).mode & 0o555);
  }
  await chmod(directory, 0o555);
}

/** A fresh volume of Kubernetes: root's, and open to the group that `fsGroup` names. */
export async function makeVolume(directory: string, gid: number): Promise<void> {
  await mkdir(directory);
  if (process.getuid?.() === 0) await chown(directory, 0, gid);
  await chmod(directory, 0o2775);
}
