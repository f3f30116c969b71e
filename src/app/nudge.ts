import type { JobHandlers, JobName, NewJob } from '../store/jobs.ts';

export interface Nudge {
  /** Carries out jobs that were just committed, as soon as there is room. */
  run(jobs: readonly NewJob[]): void;
  /** Takes nothing more, and resolves when what runs has ended. */
  drain(): Promise<void>;
}

/** So many at once, by name: urgent effects have room of their own. */
const ROOM: Readonly<Record<JobName, number>> = {
  'effects-urgent': 16,
  effects: 4,
  rollback: 4,
  'slack-request': 2,
  'follow-up': 2,
  'page-news': 2,
};
/** What does not fit in here is done by the job queue a moment later. */
const WAITING = 1_000;

/**
 * Does at once, in the process that committed them, what jobs promise. The job queue stays the promise: it comes a few
 * seconds later, and for what failed, or what a process that died has left, it comes again.
 */
export function createNudge(handlers: JobHandlers, log: { debug(details: object, message: string): void }): Nudge {
  const lanes = Object.fromEntries(
    Object.entries(ROOM).map(([name, room]) => [name, new Lane(room, handlers[name as JobName] as Handle, log)]),
  ) as Record<JobName, Lane>;
  return {
    run: (jobs) => {
      for (const job of jobs) lanes[job.name].add(job);
    },
    drain: async () => {
      await Promise.all(Object.values(lanes).map((lane) => lane.drain()));
    },
  };
}

type Handle = (data: NewJob['data'], signal: AbortSignal) => Promise<void>;

class Lane {
  readonly #room: number;
  readonly #handle: Handle;
  readonly #log: { debug(details: object, message: string): void };
  /** By what they say: the same promise twice, before it is begun, is one. */
  readonly #waiting = new Map<string, NewJob>();
  /** Those of P0s, which are taken before and always find room to wait. */
  readonly #first = new Map<string, NewJob>();
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(room: number, handle: Handle, log: { debug(details: object, message: string): void }) {
    this.#room = room;
    this.#handle = handle;
    this.#log = log;
  }

  add(job: NewJob): void {
    const isFirst = job.first === true;
    if (this.#stopping.signal.aborted || (!isFirst && this.#waiting.size >= WAITING)) return;
    const key = JSON.stringify(job.data);
    if (isFirst) this.#waiting.delete(key);
    if (isFirst || !this.#first.has(key)) (isFirst ? this.#first : this.#waiting).set(key, job);
    this.#fill();
  }

  async drain(): Promise<void> {
    this.#stopping.abort(new Error('stopping'));
    this.#waiting.clear();
    this.#first.clear();
    await Promise.all(this.#running);
  }

  #fill(): void {
    for (const [key, job] of [...this.#first, ...this.#waiting]) {
      if (this.#running.size >= this.#room) return;
      this.#first.delete(key);
      this.#waiting.delete(key);
      const running = this.#carryOut(job).finally(() => {
        this.#running.delete(running);
        this.#fill();
      });
      this.#running.add(running);
    }
  }

  async #carryOut(job: NewJob): Promise<void> {
    try {
      await this.#handle(job.data, this.#stopping.signal);
    } catch (error) {
      this.#log.debug({ err: error, job }, 'not done at once; the job queue comes to it');
    }
  }
}
