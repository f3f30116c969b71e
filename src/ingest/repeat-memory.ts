import { alertKey } from '../domain/alert.ts';
import type { Delivery, ObservedAlert } from './ports.ts';

interface Word {
  readonly contentHash: string;
  /** Which commit this word goes with; a later one replaces it. */
  readonly ticket: number;
  /** Null until the commit. */
  committedAt: number | null;
}

/** How long a word may be answered from memory. */
export const REPEAT_LIFETIME_MS = 30_000;

export interface RepeatMemoryOptions {
  readonly capacity: number;
  /** Well below `correlation.lateFiringSeconds`; see below. */
  readonly lifetimeMs: number;
}

/**
 * What this process last saw committed of each alert, so that a repeat costs no transaction.
 *
 * A delivery may be answered from here only if committing it could change nothing. That is so because `mergeAlert`
 * makes a repeat of the latest word a no-op. What could make our word not the latest one:
 *
 * - A newer word in this process: it replaces the entry when it is queued, not when it is committed, and a commit
 *   confirms only the entry that it made itself. While anything about an alert is on its way, nothing is answered.
 * - A newer word through another replica, which we do not see. Within the lifetime these are possible:
 *   firing (ours), resolved (theirs), the same firing again (ours): by the store it would be `late`, because the resolve
 *   is hardly older than our entry and so younger than `lateFiringSeconds`, of which the lifetime is half at most. (A
 *   resolve from before our entry superseded our word itself, and such a word is not confirmed.)
 *   resolved (ours), a new firing (theirs), the same resolve again (ours): `late` there too, it ended before that start.
 *   New figures (theirs), the old ones again (ours): the newer stay, until the source speaks again or we forget.
 *   A firing whose source gives no start cannot be told from a re-fire, so such words are never answered from here.
 * - The store lost what it had committed, or is not there: `forget()` on every failure, and counting the repeats once a
 *   second asks the store even when everything is answered from here.
 *
 * The oldest entries go first. All live equally long, so these are also the first to be of no use.
 */
export class RepeatMemory {
  readonly #words = new Map<string, Word>();
  readonly #capacity: number;
  readonly #lifetimeMs: number;

  constructor(options: RepeatMemoryOptions) {
    this.#capacity = options.capacity;
    this.#lifetimeMs = options.lifetimeMs;
  }

  get size(): number {
    return this.#words.size;
  }

  /** Whether the delivery has alerts, and nothing but words that are known to be committed. */
  knows(delivery: Delivery, now: number): boolean {
    if (delivery.alerts.length === 0 || delivery.rejected.length > 0 || delivery.heartbeats.length > 0) return false;
    for (const observed of delivery.alerts) {
      if (!this.#isFresh(observed, now)) return false;
    }
    return true;
  }

  #isFresh(observed: ObservedAlert, now: number): boolean {
    if (observed.startAssumed === true) return false;
    const word = this.#words.get(keyOf(observed));
    if (word === undefined || word.contentHash !== observed.contentHash || word.committedAt === null) return false;
    const age = now - word.committedAt;
    // A clock that was set back makes an entry younger than it is.
    return age >= 0 && age < this.#lifetimeMs;
  }

  /** The delivery is on its way: what it says takes the place of what was known. */
  expect(delivery: Delivery, ticket: number): void {
    for (const observed of delivery.alerts) {
      const key = keyOf(observed);
      this.#words.delete(key);
      this.#words.set(key, { contentHash: observed.contentHash, ticket, committedAt: null });
    }
    for (const key of this.#words.keys()) {
      if (this.#words.size <= this.#capacity) break;
      this.#words.delete(key);
    }
  }

  /** The delivery that was expected under this ticket is committed. */
  confirm(delivery: Delivery, ticket: number, now: number): void {
    for (const observed of delivery.alerts) {
      const word = this.#words.get(keyOf(observed));
      if (word?.ticket === ticket) word.committedAt = now;
    }
  }

  /** Nothing is answered from memory until it has been committed anew. */
  forget(): void {
    this.#words.clear();
  }
}

const keyOf = ({ alert }: ObservedAlert): string => alertKey(alert.source, alert.fingerprint);
