import type { DeliveryStore } from '../ingest/ports.ts';
import { randomInt } from 'node:crypto';
import type { Increment } from './counters.ts';
import { count } from './counters.ts';
import type { ConnectionSettings, Database, Trx } from './database.ts';
import { openDatabase, sql } from './database.ts';
import type { CommitOptions } from './deliveries.ts';
import { commitDeliveries } from './deliveries.ts';
import type { IncidentChange } from './incidents.ts';
import { saveIncident } from './incidents.ts';
import type { JobLog, JobQueue, NewJob } from './jobs.ts';
import { startJobs } from './jobs.ts';
import { migrate } from './migrate.ts';
import { markingSeen } from './write-batch.ts';

/** What a transaction may do. Nobody reaches the root connection from inside one. */
export interface UnitOfWork {
  readonly trx: Trx;
  enqueue(jobs: readonly NewJob[]): Promise<void>;
  save(change: IncidentChange): Promise<void>;
}

export interface Store extends DeliveryStore {
  /** For reading outside a transaction. */
  readonly db: Database;
  readonly jobs: JobQueue;
  transaction<T>(work: (uow: UnitOfWork) => Promise<T>): Promise<T>;
  /** Adds what was counted in this process. */
  addCounts(increments: readonly Increment[]): Promise<void>;
  /** Called with the keys that a commit made dirty: the wake-up, which may be lost. */
  onDirty(callback: (keys: readonly string[]) => void): void;
  /** Called with the jobs of a commit, once they are there. */
  onCommitted(callback: (jobs: readonly NewJob[]) => void): void;
  onConnectionLost(callback: (error: Error) => void): void;
  /** Throws when the store cannot commit. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface StoreOptions extends CommitOptions {
  readonly log: JobLog;
}

/** Connects, migrates and starts the job queue. */
export async function openStore(connection: ConnectionSettings, options: StoreOptions): Promise<Store> {
  const database = openDatabase(connection, { prepare: options.exclusive });
  try {
    await migrate(database.db);
    const jobs = await startJobs(connection, options.log);
    return assemble(database, jobs, options);
  } catch (error) {
    await database.close();
    throw error;
  }
}

function assemble(database: ReturnType<typeof openDatabase>, jobs: JobQueue, options: StoreOptions): Store {
  const { db } = database;
  const dirtyListeners: ((keys: readonly string[]) => void)[] = [];
  const committedListeners: ((committed: readonly NewJob[]) => void)[] = [];
  const transaction = async <T>(work: (uow: UnitOfWork) => Promise<T>): Promise<T> => {
    const enqueued: NewJob[] = [];
    const result = await db.transaction().execute((trx) =>
      work({
        trx,
        enqueue: async (news) => {
          await jobs.enqueue(trx, news);
          enqueued.push(...news);
        },
        save: (change) => saveIncident(trx, change),
      }),
    );
    if (enqueued.length > 0) for (const listener of committedListeners) listener(enqueued);
    return result;
  };
  return {
    db,
    jobs,
    transaction,
    async commitDeliveries(deliveries) {
      const outcome = await commitDeliveries(db, deliveries, options);
      if (outcome.dirty.length > 0) for (const listener of dirtyListeners) listener(outcome.dirty);
      return outcome.results;
    },
    addCounts: (increments) => db.transaction().execute((trx) => count(trx, increments, randomInt(16))),
    async touch(seen) {
      for (const part of markingSeen(seen.map(({ source, at }) => ({ source, name: '', at })))) await part.execute(db);
    },
    onDirty: (callback) => {
      dirtyListeners.push(callback);
    },
    onCommitted: (callback) => {
      committedListeners.push(callback);
    },
    onConnectionLost: (callback) => {
      database.onConnectionLost(callback);
    },
    async ping() {
      await sql`select 1`.execute(db);
    },
    async close() {
      await jobs.stop();
      await database.close();
    },
  };
}
