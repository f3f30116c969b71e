import { readFile, readdir } from 'node:fs/promises';
import type { Database } from './database.ts';
import { sql } from './database.ts';

const directory = new URL('./migrations/', import.meta.url);
/** Any fixed number; whoever holds this lock migrates. */
const LOCK = 7_201_847;

/**
 * Brings the schema up to date: numbered SQL files, each once, in order, in one transaction. Several processes may
 * start at once: the lock lets one migrate and the others find it done. Returns the numbers applied.
 */
export async function migrate(db: Database): Promise<readonly number[]> {
  const files = (await readdir(directory)).filter((name) => /^\d{4}_.*\.sql$/.test(name)).sort();
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${LOCK})`.execute(trx);
    await sql`create table if not exists schema_migrations (
      number integer primary key, name text not null, applied_at timestamptz not null default now())`.execute(trx);
    const applied = await sql<{ number: number }>`select number from schema_migrations`.execute(trx);
    const done = new Set(applied.rows.map((row) => row.number));
    refuseNewerSchema(done, files.length);
    const pending = files.filter((name) => !done.has(numberOf(name)));
    for (const name of pending) {
      await sql.raw(await readFile(new URL(name, directory), 'utf8')).execute(trx);
      await sql`insert into schema_migrations (number, name) values (${numberOf(name)}, ${name})`.execute(trx);
    }
    return pending.map(numberOf);
  });
}

export interface SchemaState {
  /** Of the server, as it calls itself: `18.4`. */
  readonly serverVersion: string;
  /** By the server's clock, in epoch milliseconds. */
  readonly now: number;
  /** Numbers of the migrations that are applied; empty: nothing is there yet. */
  readonly applied: readonly number[];
  /** Numbers that this version knows. */
  readonly known: readonly number[];
}

/** Looks at the schema and changes nothing. */
export async function readSchemaState(db: Database): Promise<SchemaState> {
  const files = (await readdir(directory)).filter((name) => /^\d{4}_.*\.sql$/.test(name)).sort();
  const { rows } = await sql<{ version: string; now: Date; there: boolean }>`
    select current_setting('server_version') as version, clock_timestamp() as now,
           to_regclass('schema_migrations') is not null as there`.execute(db);
  const [server] = rows;
  if (server === undefined) throw new Error('the database gave no answer');
  const applied = server.there
    ? (await sql<{ number: number }>`select number from schema_migrations order by number`.execute(db)).rows
    : [];
  return {
    serverVersion: server.version,
    now: server.now.getTime(),
    applied: applied.map(({ number }) => number),
    known: files.map(numberOf),
  };
}

const numberOf = (name: string): number => Number(name.slice(0, 4));

/** A database that a newer version has migrated must not be written by this one. */
function refuseNewerSchema(done: ReadonlySet<number>, known: number): void {
  const newest = Math.max(0, ...done);
  if (newest > known) {
    throw new Error(`the database has schema ${newest}, this version knows ${known}: start the newer version`);
  }
}
