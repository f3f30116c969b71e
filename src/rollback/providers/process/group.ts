import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';

/** A program to run: never through a shell, so that no argument is ever read as code. */
export interface Invocation {
  readonly argv: readonly string[];
  /** All of it: nothing else is passed on. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs: number;
}

/** Starts a program at the head of a process group of its own, with nothing to read. */
export const spawnGroup = ({ argv, env, cwd }: Invocation, stdio: StdioOptions): ChildProcess => {
  const [file = '', ...args] = argv;
  return spawn(file, args, { env, stdio, shell: false, detached: true, ...(cwd === undefined ? {} : { cwd }) });
};

/** False when nobody is left in the group. */
export const signalGroup = (leader: number | undefined, signal: NodeJS.Signals): boolean => {
  if (leader === undefined) return false;
  try {
    return process.kill(-leader, signal);
  } catch {
    return false;
  }
};

/** Asks the whole group to end, and ends what is left of it after the grace. */
export const terminateGroup = (leader: number | undefined, graceMs: number): void => {
  if (!signalGroup(leader, 'SIGTERM')) return;
  setTimeout(() => signalGroup(leader, 'SIGKILL'), graceMs).unref();
};

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'no such program or directory',
  EACCES: 'not allowed to run it',
  E2BIG: 'too many arguments',
};

export const spawnFault = (argv: readonly string[], error: unknown): string => {
  const code = typeof error === 'object' && error !== null ? String(Reflect.get(error, 'code')) : '';
  return `${argv[0] ?? ''} did not start: ${WHY[code] ?? (error instanceof Error ? error.message : String(error))}`;
};
