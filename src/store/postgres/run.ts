import { spawn, type SpawnOptions } from 'node:child_process';
import type { ServerUser } from './server-user.ts';

interface RunOptions {
  readonly user: ServerUser | undefined;
  readonly cwd?: string;
  readonly signal?: AbortSignal | undefined;
}

interface RunResult {
  /** Undefined when it could not be started or was killed; then `output` says why. */
  readonly code: number | undefined;
  readonly output: string;
}

/** Runs a program to its end. Never rejects: that it cannot even start is a result as well. */
export async function run(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const { promise, resolve } = Promise.withResolvers<RunResult>();
  const chunks: Buffer[] = [];
  const output = (end = '') => Buffer.concat(chunks).toString('utf8') + end;
  const { cwd, signal } = options;
  const where = { ...(cwd === undefined ? {} : { cwd }), ...(signal === undefined ? {} : { signal }) };
  try {
    const child = spawn(file, args, { ...spawnBase(options.user), ...where, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => {
      resolve({ code: undefined, output: output(error.message) });
    });
    child.on('close', (code, killedBy) => {
      resolve({ code: code ?? undefined, output: output(killedBy === null ? '' : `killed by ${killedBy}`) });
    });
  } catch (error) {
    resolve({ code: undefined, output: String(error) });
  }
  return await promise;
}

/** The account and environment of everything we start. */
export function spawnBase(user: ServerUser | undefined): SpawnOptions {
  return { env: environment(), windowsHide: true, ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }) };
}

// Our own environment holds secrets, which must not be readable in the server's /proc/<pid>/environ, and may hold PG* settings.
function environment(): NodeJS.ProcessEnv {
  if (process.platform === 'win32') return { ...process.env, LC_ALL: 'C' };
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}
