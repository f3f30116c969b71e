import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Transaction } from 'kysely';
import pg from 'pg';
import { PreparingClient } from './preparing-client.ts';

/** Queries are written in SQL, so the row types stand beside them and not in one schema type. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export type Schema = {};
export type Database = Kysely<Schema>;
export type Trx = Transaction<Schema>;

/** int8 comes as a string by default; ours count things and stay far below 2^53. */
const INT8 = 20;
const types = {
  getTypeParser: (oid: number, format: 'text') =>
    oid === INT8 ? Number : (pg.types.getTypeParser as (oid: number, format: string) => unknown)(oid, format),
} as pg.CustomTypesConfig;

export interface ConnectionSettings {
  readonly connectionString?: string;
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

export interface OpenDatabase {
  readonly db: Database;
  /** Called when an idle connection breaks: the server went away. */
  onConnectionLost(callback: (error: Error) => void): void;
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly maxConnections?: number;
  /** Statements are prepared once a connection. Needs sessions of its own: no pooler in between. */
  readonly prepare?: boolean;
}

/** Opens a pool. Connects lazily; a server that is not there shows at the first query. */
export function openDatabase(settings: ConnectionSettings, options: PoolOptions = {}): OpenDatabase {
  const { maxConnections = 12, prepare = false } = options;
  const pool = new pg.Pool({
    ...settings,
    types,
    max: maxConnections,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    ...(prepare ? { Client: PreparingClient } : {}),
    application_name: 'firebreak',
    options: '-c statement_timeout=30000 -c idle_in_transaction_session_timeout=30000 -c timezone=UTC',
  });
  const listeners: ((error: Error) => void)[] = [];
  let closing = false;
  pool.on('error', (error) => {
    if (closing) return;
    for (const listener of listeners) listener(error);
  });
  // The pool listens to connections that lie idle. One that breaks in somebody's hands, between two statements, would end
  // the process if nobody listened; its next statement fails, and so whoever holds it gets to know.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  return {
    db,
    onConnectionLost: (callback) => {
      listeners.push(callback);
    },
    close: () => {
      closing = true;
      return db.destroy();
    },
  };
}

/**
 * Makes the statement's own transaction return before its log is on disk. For leases and numbers that may be lost with
 * the server: whoever finds them gone takes them again.
 */
export const notDurable = sql`(select set_config('synchronous_commit', 'off', true)) = 'off'`;

export { sql };
