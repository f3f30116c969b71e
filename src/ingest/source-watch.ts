import type { DeliveryStore, Log } from './ports.ts';

const FLUSH_MS = 1000;

export interface SourceWatchOptions {
  readonly store: DeliveryStore;
  readonly log: Log;
  /** The store did not answer, so it may not be there. */
  readonly onFailure: () => void;
}

/**
 * Remembers which sources were answered from memory, and tells the store once a second while there is anything to tell:
 * a source that only repeats itself is alive, and a store that has gone is noticed although nothing is committed.
 */
export class SourceWatch {
  readonly #options: SourceWatchOptions;
  #seen = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: SourceWatchOptions) {
    this.#options = options;
  }

  saw(source: string, at: number): void {
    this.#seen.set(source, Math.max(at, this.#seen.get(source) ?? 0));
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
    const seen = this.#seen;
    if (seen.size === 0) return;
    this.#seen = new Map();
    try {
      await this.#options.store.touch([...seen].map(([source, at]) => ({ source, at })));
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the store did not answer; nothing is answered from memory until it does');
      this.#options.onFailure();
      for (const [source, at] of seen) this.saw(source, at);
    }
  }
}
