import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Connection } from '../../../src/store/postgres/index.ts';
import { startOwnPostgres } from '../../../src/store/postgres/index.ts';

export interface BenchServer {
  /** An empty database of its own. */
  database(): Promise<Connection>;
  stop(): Promise<void>;
}

const nothing = (): void => undefined;

/** A PostgreSQL that does not sync, gone with everything in it when it stops. */
export async function startBenchServer(): Promise<BenchServer> {
  const directory = await mkdtemp(join(tmpdir(), 'firebreak-causes-'));
  // As root, the server's account has to get in.
  await chmod(directory, 0o711);
  const server = await startOwnPostgres({
    directory,
    log: { debug: nothing, info: nothing, warn: nothing, error: console.error },
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
  });
  return {
    database: async () => {
      const name = `causes_${randomBytes(6).toString('hex')}`;
      const client = new Client(server.connection);
      await client.connect();
      try {
        await client.query(`create database ${name} template template0`);
      } finally {
        await client.end();
      }
      return { ...server.connection, database: name };
    },
    stop: async () => {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
