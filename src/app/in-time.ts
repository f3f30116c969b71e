import { late, within } from '../ingest/in-time.ts';
import type { NewJob } from '../store/jobs.ts';
import { limitWaits } from '../store/limits.ts';
import type { Store, UnitOfWork } from '../store/store.ts';

export interface InTime {
  /** For doing it at once. */
  readonly doMs: number;
  /** For making it durable, when it could not be done at once. */
  readonly keepMs: number;
}

export type Taken<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** It is a job: it will be done, and once. */
  | { readonly kind: 'kept' }
  /** The store is not there. Nothing was done, and nothing will be. */
  | { readonly kind: 'not-taken'; readonly error: unknown };

class TooLate extends Error {
  constructor() {
    super('the time for it is over');
    this.name = 'TooLate';
  }
}

/** What is asked of the store. */
export interface Task<P, T> {
  /** What has to be known before the transaction begins. */
  readonly prepare: () => Promise<P>;
  /** Must know a repeat of itself: the job does the same again. */
  readonly work: (uow: UnitOfWork, prepared: P) => Promise<T>;
  readonly job: () => NewJob;
}

/**
 * Does something that others wait for with little patience: at once when the store is quick and nobody holds the incident,
 * else as a job. An attempt that was given up may, in its very last moment, have been committed: hence the repeat.
 */
export async function takeInTime<P, T>(store: Store, limits: InTime, task: Task<P, T>): Promise<Taken<T>> {
  const done = await attempt(store, limits.doMs, task.prepare, task.work);
  if (done.kind === 'done') return done;
  const nothing = (): Promise<null> => Promise.resolve(null);
  const kept = await attempt(store, limits.keepMs, nothing, (uow) => uow.enqueue([task.job()]));
  return kept.kind === 'done' ? { kind: 'kept' } : { kind: 'not-taken', error: kept.error };
}

type Attempt<T> = { readonly kind: 'done'; readonly value: T } | { readonly kind: 'not-done'; readonly error: unknown };

async function attempt<P, T>(
  store: Store,
  limitMs: number,
  prepare: () => Promise<P>,
  work: (uow: UnitOfWork, prepared: P) => Promise<T>,
): Promise<Attempt<T>> {
  const deadline = performance.now() + limitMs;
  // After the deadline nothing may be committed any more: by then something else has been said.
  const check = (): void => {
    if (performance.now() >= deadline) throw new TooLate();
  };
  const run = async (): Promise<T> => {
    const prepared = await prepare();
    return store.transaction(async (uow) => {
      check();
      await limitWaits(uow.trx, deadline - performance.now());
      const value = await work(uow, prepared);
      check();
      return value;
    });
  };
  try {
    const value = await within(limitMs, run());
    return value === late ? { kind: 'not-done', error: new TooLate() } : { kind: 'done', value };
  } catch (error) {
    return { kind: 'not-done', error };
  }
}
