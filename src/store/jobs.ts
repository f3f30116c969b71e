import { PgBoss, fromKysely } from 'pg-boss';
import type { Queue, WorkOptions } from 'pg-boss';
import type { ChannelName } from '../domain/view.ts';
import type { ConnectionSettings, Database, Trx } from './database.ts';
import { sql } from './database.ts';

/** Every job there is, with its payload. Payloads carry a version: a job may be older than the program that runs it. */
export interface Jobs {
  /** Carry out what stands in one lane of the ledger. The urgent lane has workers of its own. */
  'effects-urgent': { readonly v: 1; readonly incidentId: string; readonly channel: ChannelName };
  effects: { readonly v: 1; readonly incidentId: string; readonly channel: ChannelName };
  /** Take a rollback one move further. */
  rollback: { readonly v: 1; readonly incidentId: string };
}

export type JobName = keyof Jobs;

export type NewJob = { readonly [N in JobName]: { readonly name: N; readonly data: Jobs[N] } }[JobName];

export type JobHandlers = { readonly [N in JobName]: (data: Jobs[N], signal: AbortSignal) => Promise<void> };

const DEAD_LETTERS = 'dead-letters';

/**
 * Retries outlast a night of a provider being down; whether an effect is given up is decided by its own age, in the
 * ledger. An active job whose process died comes back after `expireInSeconds`; the ledger's own sweep is faster.
 */
const retries = { retryLimit: 5_000, retryDelay: 1, retryBackoff: true, retryDelayMax: 60, deadLetter: DEAD_LETTERS };
const QUEUES: Readonly<Record<JobName, Omit<Queue, 'name'>>> = {
  'effects-urgent': { ...retries, retryDelayMax: 30, expireInSeconds: 60, deleteAfterSeconds: 3_600, notify: true },
  effects: { ...retries, expireInSeconds: 120, deleteAfterSeconds: 3_600, notify: true },
  rollback: { ...retries, retryDelayMax: 5, expireInSeconds: 120, deleteAfterSeconds: 3_600, notify: true },
};

const WORK: Readonly<Record<JobName, WorkOptions>> = {
  'effects-urgent': { localConcurrency: 8, notifyPollingIntervalSeconds: 1, pollingIntervalSeconds: 0.5 },
  effects: { localConcurrency: 4, notifyPollingIntervalSeconds: 2, pollingIntervalSeconds: 1 },
  rollback: { localConcurrency: 2, notifyPollingIntervalSeconds: 1, pollingIntervalSeconds: 0.5 },
};

const NAMES = Object.keys(QUEUES) as JobName[];

export interface JobQueue {
  /** Enqueues in the caller's transaction: the jobs are there exactly if its events are. */
  enqueue(trx: Trx, jobs: readonly NewJob[]): Promise<void>;
  work(handlers: JobHandlers): Promise<void>;
  /** Jobs that wait or run, by queue; `dead-letters` holds those that were given up. */
  depths(db: Database): Promise<ReadonlyMap<string, number>>;
  stop(): Promise<void>;
}

export interface JobLog {
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Starts pg-boss on the same database, in its own schema, and makes the queues. */
export async function startJobs(connection: ConnectionSettings, log: JobLog): Promise<JobQueue> {
  const boss = new PgBoss({
    ...connection,
    schema: 'jobs',
    application_name: 'firebreak-jobs',
    max: 6,
    useListenNotify: true,
    schedule: false,
    superviseIntervalSeconds: 15,
    monitorVacuum: false,
  });
  boss.on('error', (error) => {
    log.warn({ err: error }, 'job queue: a query failed and will be tried again');
  });
  boss.on('warning', (warning) => {
    log.warn({ warning }, 'job queue: warning');
  });
  await boss.start();
  await boss.createQueue(DEAD_LETTERS, { retentionSeconds: 30 * 86_400 });
  for (const name of NAMES) await boss.createQueue(name, QUEUES[name]);
  return {
    enqueue: (trx, jobs) => enqueue(boss, trx, jobs),
    work: (handlers) => work(boss, handlers),
    depths,
    stop: () => boss.stop({ graceful: true, timeout: 10_000, close: true }),
  };
}

async function enqueue(boss: PgBoss, trx: Trx, jobs: readonly NewJob[]): Promise<void> {
  for (const name of NAMES) {
    const data = jobs.filter((job) => job.name === name).map((job) => ({ data: job.data }));
    if (data.length > 0) await boss.insert(name, data, { db: fromKysely(trx) });
  }
}

async function work(boss: PgBoss, handlers: JobHandlers): Promise<void> {
  for (const name of NAMES) {
    const handle = handlers[name] as (data: Jobs[JobName], signal: AbortSignal) => Promise<void>;
    const { localConcurrency = 1, ...options } = WORK[name];
    for (let i = 0; i < localConcurrency; i += 1) {
      const worker: string = await boss.work<Jobs[JobName]>(name, options, async (jobs) => {
        try {
          for (const job of jobs) await handle(job.data, job.signal);
        } finally {
          // By itself a worker waits out its polling interval after every job, however many are ready.
          boss.notifyWorker(worker);
        }
      });
    }
  }
}

async function depths(db: Database): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ name: string; depth: number }>`
    select q.name, count(j.id) as depth from jobs.queue q
    left join jobs.job j on j.name = q.name and j.state < 'completed'
    where q.name = any(${[...NAMES, DEAD_LETTERS]}::text[]) group by q.name`.execute(db);
  return new Map(rows.map((row) => [row.name, row.depth]));
}
