import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import type { Connection } from '../../src/store/postgres/index.ts';

/** Set by the global setup; carries the connection of the server that all test files of a run share. */
export const SERVER_VARIABLE = 'FIREBREAK_TEST_SERVER';

interface TestDatabase {
  /** Fits the configuration of `pg` as it is. */
  readonly connection: Connection;
  readonly name: string;
  /** Disconnects whoever is still in it. */
  drop(): Promise<void>;
}

/** An empty database of its own in the server that the tests share (which does not sync: it is fast, and no test of durability). */
export async function testDatabase(): Promise<TestDatabase> {
  const server = sharedServer();
  const name = `test_${randomBytes(6).toString('hex')}`;
  // From template0, which nobody can be connected to, so that many can be made at once.
  await execute(server, `create database ${name} template template0`);
  return {
    connection: { ...server, database: name },
    name,
    drop: () => execute(server, `drop database if exists ${name} with (force)`),
  };
}

/** A socket's directory is no host of a URL, so it stands in the query. */
export function urlOf({ host, port, user, password, database }: Connection): string {
  const socket = new URLSearchParams({ host, port: String(port) });
  return `postgres://${user}:${encodeURIComponent(password)}@localhost/${database}?${socket.toString()}`;
}

function sharedServer(): Connection {
  const text = process.env[SERVER_VARIABLE];
  if (text === undefined) throw new Error(`${SERVER_VARIABLE} is not set: is globalSetup in jest.config.js?`);
  return JSON.parse(text) as Connection;
}

async function execute(connection: Connection, statement: string): Promise<void> {
  const client = new Client(connection);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
