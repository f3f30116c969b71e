import type { Delivery, DeliveryStore, Log, RepeatCount } from './ports.ts';

const FLUSH_MS = 1000;

export interface RepeatCountsOptions {
  readonly store: DeliveryStore;
  readonly log: Log;
  /** The store did not take the counts, so it may not be there. */
  readonly onFailure: () => void;
}

type Tally = { -readonly [K in keyof RepeatCount]: RepeatCount[K] };

/**
 * Counts what was answered from memory, and tells the store once a second while there is anything to tell. Counts that
 * it did not take are kept for the next time.
 */
export class RepeatCounts {
  readonly #options: RepeatCountsOptions;
  #tallies = new Map<string, Tally>();
  #timer: NodeJS.Timeout | null = null;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: RepeatCountsOptions) {
    this.#options = options;
  }

  add(delivery: Delivery): void {
    const tally = this.#tallyOf(delivery.source);
    tally.deliveries += 1;
    for (const { alert } of delivery.alerts) tally[alert.status] += 1;
    tally.lastSeenAt = Math.max(tally.lastSeenAt, delivery.receivedAt);
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.flush();
    }, FLUSH_MS).unref();
  }

  /** Tells the store now. Never rejects. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#flushing = this.#flushing.then(() => this.#send());
    return this.#flushing;
  }

  async #send(): Promise<void> {
    const tallies = this.#tallies;
    if (tallies.size === 0) return;
    this.#tallies = new Map();
    try {
      await this.#options.store.countRepeats([...tallies.values()]);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'repeats could not be counted; counted again later');
      this.#options.onFailure();
      for (const tally of tallies.values()) this.#putBack(tally);
    }
  }

  #putBack(tally: Tally): void {
    const present = this.#tallyOf(tally.source);
    present.deliveries += tally.deliveries;
    present.firing += tally.firing;
    present.resolved += tally.resolved;
    present.lastSeenAt = Math.max(present.lastSeenAt, tally.lastSeenAt);
    this.#schedule();
  }

  #tallyOf(source: string): Tally {
    const present = this.#tallies.get(source);
    if (present !== undefined) return present;
    const fresh: Tally = { source, deliveries: 0, firing: 0, resolved: 0, lastSeenAt: 0 };
    this.#tallies.set(source, fresh);
    return fresh;
  }
}
