import { PgBoss, fromKysely } from 'pg-boss';
import type { JobResult, Queue, WorkOptions } from 'pg-boss';
import type { ChannelName } from '../domain/view.ts';
import type { PageNews, SlackRequest } from '../ingest/ports.ts';
import type { ConnectionSettings, Trx } from './database.ts';

/** Every job there is, with its payload. Payloads carry a version: a job may be older than the program that runs it. */
export interface Jobs {
  /** Carry out what stands in one lane of the ledger. The urgent lane has workers of its own. */
  'effects-urgent': { readonly v: 1; readonly incidentId: string; readonly channel: ChannelName };
  effects: { readonly v: 1; readonly incidentId: string; readonly channel: ChannelName };
  /** Take a rollback one move further. */
  rollback: { readonly v: 1; readonly incidentId: string };
  /** What somebody did in Slack that could not be carried out while Slack waited. */
  'slack-request': { readonly v: 1; readonly request: SlackRequest };
  /** The same of PagerDuty. */
  'page-news': {
    readonly v: 1;
    readonly noticeId: string;
    /** Other names of the same notice. */
    readonly otherIds?: readonly string[];
    readonly news: PageNews;
    readonly at: number;
  };
  /** Look up what nobody waits for: earlier incidents, whether a fix holds. */
  'follow-up': { readonly v: 1; readonly incidentId: string };
}

export type JobName = keyof Jobs;

/** `first`: of a P0, before all others of its name. */
export type NewJob = {
  readonly [N in JobName]: { readonly name: N; readonly data: Jobs[N]; readonly first?: boolean };
}[JobName];

export type JobHandlers = { readonly [N in JobName]: (data: Jobs[N], signal: AbortSignal) => Promise<void> };

const DEAD_LETTERS = 'dead-letters';

/**
 * A job is the promise that something is done, not the way it is usually done: whoever commits it carries it out at once
 * (see app/nudge). The job itself starts a moment later, finds nothing left, and ends; or it finds what a process that
 * died, or a provider that was down, has left. Retries outlast a night of that; whether an effect is given up is decided
 * by its own age, in the ledger.
 */
const START_AFTER_SECONDS = 5;
const retries = {
  retryLimit: 5_000,
  retryDelay: 1,
  retryBackoff: true,
  expireInSeconds: 60,
  deleteAfterSeconds: 600,
  deadLetter: DEAD_LETTERS,
};
const QUEUES: Readonly<Record<JobName, Omit<Queue, 'name'>>> = {
  'effects-urgent': { ...retries, retryDelayMax: 30 },
  effects: { ...retries, retryDelayMax: 60 },
  rollback: { ...retries, retryDelayMax: 5, expireInSeconds: 120 },
  // After half an hour nobody waits for it any more, and what was meant then may be wrong now.
  'slack-request': { ...retries, retryLimit: 120, retryDelayMax: 15, retentionSeconds: 1_800 },
  'follow-up': { ...retries, retryDelayMax: 60 },
  'page-news': { ...retries, retryDelayMax: 60 },
};

/** Each name has workers of its own, so that a P0's effects never wait behind others. */
const WORK: Readonly<Record<JobName, WorkOptions & { readonly workers: number }>> = {
  'effects-urgent': { workers: 3, batchSize: 10, pollingIntervalSeconds: 0.5 },
  effects: { workers: 2, batchSize: 10, pollingIntervalSeconds: 1 },
  rollback: { workers: 2, batchSize: 2, pollingIntervalSeconds: 0.5 },
  'slack-request': { workers: 1, batchSize: 2, pollingIntervalSeconds: 0.5 },
  'follow-up': { workers: 1, batchSize: 5, pollingIntervalSeconds: 2 },
  'page-news': { workers: 1, batchSize: 2, pollingIntervalSeconds: 1 },
};

const NAMES = Object.keys(QUEUES) as JobName[];

export interface JobQueue {
  /** Enqueues in the caller's transaction: the jobs are there exactly if its events are. */
  enqueue(trx: Trx, jobs: readonly NewJob[]): Promise<void>;
  work(handlers: JobHandlers): Promise<void>;
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
    stop: () => boss.stop({ graceful: true, timeout: 10_000, close: true }),
  };
}

async function enqueue(boss: PgBoss, trx: Trx, jobs: readonly NewJob[]): Promise<void> {
  for (const name of NAMES) {
    const ofName = jobs.filter((job) => job.name === name);
    const rows = ofName.map(({ data, first }) => ({
      data,
      startAfter: START_AFTER_SECONDS,
      priority: first === true ? 1 : 0,
    }));
    if (rows.length > 0) await boss.insert(name, rows, { db: fromKysely(trx) });
  }
}

async function work(boss: PgBoss, handlers: JobHandlers): Promise<void> {
  for (const name of NAMES) {
    const handle = handlers[name] as (data: Jobs[JobName], signal: AbortSignal) => Promise<void>;
    const { workers, ...options } = WORK[name];
    for (let i = 0; i < workers; i += 1) {
      await boss.work<Jobs[JobName]>(name, { ...options, perJobResults: true }, (jobs) =>
        Promise.all(jobs.map((job) => settled(job.id, handle(job.data, job.signal)))),
      );
    }
  }
}

/** One job of a batch that fails is tried again; the others are done. */
async function settled(id: string, work: Promise<void>): Promise<JobResult> {
  try {
    await work;
    return { id, status: 'completed' };
  } catch (error) {
    return { id, status: 'failed', output: { message: error instanceof Error ? error.message : String(error) } };
  }
}
