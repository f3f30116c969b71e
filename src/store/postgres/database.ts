import { Client } from 'pg';
import { ROLE } from './cluster.ts';
import type { Endpoint } from './settings.ts';

/** Fits the configuration of `pg` as it is; host is the directory of the socket. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const DATABASE = 'firebreak';

export function connectionTo(endpoint: Endpoint, password: string): Connection {
  const host = endpoint.kind === 'socket' ? endpoint.directory : '127.0.0.1';
  return { host, port: endpoint.port, user: ROLE, password, database: DATABASE };
}

/** Proves that the server answers, with our password and on this data directory, and makes our database in it. Safe to repeat. */
export async function ensureDatabase(connection: Connection, cluster: string): Promise<void> {
  const client = new Client({ ...connection, database: 'postgres', connectionTimeoutMillis: 10_000 });
  // A server that is killed in the middle fails the query; the event must not end the process on top of that.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ directory: string; present: boolean }>(
      `select current_setting('data_directory') as directory, exists (select from pg_database where datname = $1) as present`,
      [DATABASE],
    );
    const directory = rows[0]?.directory;
    if (directory !== cluster)
      throw new Error(`The server at ${connection.host} works on ${String(directory)}, not on ${cluster}.`);
    if (rows[0]?.present !== true) await client.query(`create database ${DATABASE}`);
    // Its errors reach us as errors of our own statements; the server's log is for what nobody else reports.
    await client.query(`alter role ${ROLE} set log_min_messages = 'log'`);
  } finally {
    await client.end().catch(() => undefined);
  }
}
