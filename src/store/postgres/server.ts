import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { exists, isPostmasterOf } from './postmaster-file.ts';
import { run, spawnBase } from './run.ts';
import type { ServerUser } from './server-user.ts';

/** A running server: a child of ours, or one that an earlier Firebreak left. */
export interface Server {
  readonly pid: number;
  readonly adopted: boolean;
  /** Resolves, never rejects, with how it ended. */
  readonly exited: Promise<string>;
}

interface Launch {
  readonly postgres: string;
  readonly args: readonly string[];
  readonly user: ServerUser | undefined;
  readonly logFile: string;
}

/** Starts the server program. It writes to a file, not to us, so that it can outlive us. */
export async function launch({ postgres, args, user, logFile }: Launch): Promise<Server> {
  const output = await open(logFile, 'a', 0o600);
  try {
    // In a session of its own: Ctrl-C in our terminal is for us, and we stop the server when we no longer need it.
    const child = spawn(postgres, args, {
      ...spawnBase(user),
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    });
    const { promise: exited, resolve } = Promise.withResolvers<string>();
    child.on('exit', (code, signal) => {
      resolve(signal === null ? `exit code ${String(code)}` : `signal ${signal}`);
    });
    const { promise: failed, reject } = Promise.withResolvers<never>();
    child.on('error', reject);
    failed.catch(() => undefined);
    if (child.pid === undefined) return await failed;
    child.unref();
    return { pid: child.pid, adopted: false, exited };
  } finally {
    await output.close();
  }
}

/** Takes over a server that is not our child: its end can only be seen by looking. */
export function adopt(pid: number, cluster: string, pollMs: number): Server {
  const watch = async () => {
    while (isPostmasterOf(pid, cluster)) await sleep(pollMs, undefined, { ref: false });
    return 'gone';
  };
  return { pid, adopted: true, exited: watch() };
}

interface ShutDown {
  readonly server: Server;
  readonly cluster: string;
  readonly pgCtl: string;
  readonly user: ServerUser | undefined;
  /** How long a clean shutdown may take before it is cut short; the next start then recovers from the WAL. */
  readonly patienceMs: number;
}

/** Ends the server: cleanly (clients are disconnected, a checkpoint is written), else at once. Throws when it outlives even that. */
export async function shutDown(options: ShutDown): Promise<'clean' | 'immediate'> {
  const { server, patienceMs } = options;
  await request(options, 'fast');
  if (await endsWithin(server, patienceMs)) return 'clean';
  await request(options, 'immediate');
  if (await endsWithin(server, patienceMs)) return 'immediate';
  throw new Error(`The database server (pid ${server.pid}) does not stop.`);
}

async function request({ server, cluster, pgCtl, user }: ShutDown, mode: 'fast' | 'immediate'): Promise<void> {
  if (process.platform === 'win32') {
    await run(pgCtl, ['stop', '-D', cluster, '-m', mode, '-W'], { user });
  } else if (exists(server.pid)) {
    signal(server.pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  }
}

/** Sends a signal to a process that may be gone. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone between the look and the signal.
  }
}

async function endsWithin(server: Server, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false);
  const ended = await Promise.race([server.exited.then(() => true), late]);
  timer.abort();
  return ended;
}
