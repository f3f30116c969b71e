import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOwnPostgres, type Log, type OwnPostgres } from '../../src/store/postgres/index.ts';
import { SERVER_VARIABLE } from './database.ts';

declare global {
  var firebreakSharedServer: SharedServer | undefined;
}

/** One database server for the run; see testDatabase(). */
export default async function globalSetup(): Promise<void> {
  globalThis.firebreakSharedServer = await startSharedServer();
  process.env[SERVER_VARIABLE] = JSON.stringify(globalThis.firebreakSharedServer.server.connection);
}

const PREFIX = 'firebreak-jest-';
const quick = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' };

interface SharedServer {
  readonly server: OwnPostgres;
  readonly directory: string;
}

/** Starts a server for one run of jest. */
async function startSharedServer(): Promise<SharedServer> {
  await removeAbandoned();
  const directory = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  // As root, the server's account has to get in.
  await chmod(directory, 0o711);
  return { server: await start(directory), directory };
}

export async function stopSharedServer({ server, directory }: SharedServer): Promise<void> {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
}

// A run that was interrupted leaves its server running: take it over, which is what the supervisor can do, and stop it.
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const directory = join(tmpdir(), name);
    try {
      await stopSharedServer({ server: await start(directory), directory });
    } catch {
      // Of another account, or another run is at it.
    }
  }
}

function start(directory: string): Promise<OwnPostgres> {
  return startOwnPostgres({ directory, log: warnings, settings: quick });
}

const warnings: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields, message) => {
    console.warn(message, fields);
  },
  error: (fields, message) => {
    console.error(message, fields);
  },
};

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
