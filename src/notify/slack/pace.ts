import type { Clock } from '../../domain/time.ts';

export interface PaceOptions {
  readonly clock: Clock;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** From one message of a channel to the next. */
  readonly intervalMs: number;
}

/** Null: it is its turn. Else how long it had to wait, and nothing is to be done now: the job queue waits better. */
export type Turn = { readonly waitMs: number } | null;

export interface Pace {
  /** `rank`: the lower goes first. Of one rank, who came first. */
  turn(channel: string, rank: number, signal: AbortSignal): Promise<Turn>;
  /** Nobody's turn in this channel comes before this time is over. */
  hold(channel: string, milliseconds: number): void;
}

/** Who would have to wait longer hears so at once. Leaves enough of a delivery's own time for the call. */
const LONGEST_WAIT_MS = 4_000;
const NEVER = new AbortController().signal;

interface Waiting {
  readonly rank: number;
  readonly answer: (turn: Turn) => void;
}

/** Paces what this process posts; what other replicas post is noticed by Slack's own refusals. */
export function createPace(options: PaceOptions): Pace {
  const queues = new Map<string, Queue>();
  const queueOf = (channel: string): Queue => {
    const known = queues.get(channel) ?? new Queue(options);
    queues.set(channel, known);
    return known;
  };
  return {
    turn: (channel, rank, signal) => queueOf(channel).turn(rank, signal),
    hold: (channel, milliseconds) => {
      queueOf(channel).hold(milliseconds);
    },
  };
}

class Queue {
  readonly #options: PaceOptions;
  #waiting: readonly Waiting[] = [];
  #freeAt = -Infinity;
  #isPumping = false;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  turn(rank: number, signal: AbortSignal): Promise<Turn> {
    const before = this.#waiting.filter((other) => other.rank <= rank).length;
    const waitMs = this.#freeIn() + before * this.#options.intervalMs;
    if (waitMs > LONGEST_WAIT_MS) return Promise.resolve({ waitMs });
    return new Promise((resolve) => {
      const entry: Waiting = {
        rank,
        answer: (turn) => {
          signal.removeEventListener('abort', giveUp);
          resolve(turn);
        },
      };
      const giveUp = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== entry);
        resolve({ waitMs: this.#freeIn() });
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting = [...this.#waiting, entry];
      void this.#pump();
    });
  }

  hold(milliseconds: number): void {
    this.#freeAt = Math.max(this.#freeAt, this.#options.clock.now() + milliseconds);
    const waitMs = this.#freeIn();
    if (waitMs <= LONGEST_WAIT_MS) return;
    const gone = this.#waiting;
    this.#waiting = [];
    for (const { answer } of gone) answer({ waitMs });
  }

  #freeIn(): number {
    return Math.max(0, this.#freeAt - this.#options.clock.now());
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#waiting.length > 0) {
      const wait = this.#freeIn();
      if (wait > 0) await this.#options.sleep(wait, NEVER);
      else this.#next();
    }
    this.#isPumping = false;
  }

  #next(): void {
    const [first, ...others] = [...this.#waiting].sort((a, b) => a.rank - b.rank);
    if (first === undefined) return;
    this.#waiting = others;
    this.#freeAt = this.#options.clock.now() + this.#options.intervalMs;
    first.answer(null);
  }
}
