import type { Clock } from '../domain/time.ts';
import type { Delivery, DeliveryResult, DeliveryStore, Log } from './ports.ts';
import { SourceWatch } from './source-watch.ts';
import { REPEAT_LIFETIME_MS, RepeatMemory } from './repeat-memory.ts';

/** More waits to be committed than may wait, or the program is about to stop. Nothing of the delivery was kept. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded';
}

export interface DeliveryWriterOptions {
  readonly store: DeliveryStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Deliveries are put together up to this many rows; a larger one is committed alone. */
  readonly maxRowsPerCommit: number;
  /** Rows that may wait while a commit is under way. */
  readonly maxQueuedRows: number;
  /** A repeat of a firing this long after its resolve counts as a re-fire (`correlation.lateFiringSeconds`). */
  readonly lateFiringMs: number;
  /** Alerts that are remembered. */
  readonly memoryCapacity?: number;
  readonly onCommit?: (seconds: number, rows: number) => void;
  /** Whether the error means that the store is not there, so that trying the deliveries apart is of no use. */
  readonly isStoreDown?: (error: unknown) => boolean;
}

export interface AcceptedDelivery extends DeliveryResult {
  /** It said nothing new and was answered from memory, without a transaction of its own. */
  readonly fromMemory: boolean;
}

export interface DeliveryWriter {
  /** Resolves when the delivery is durable. Rejects with Overloaded at once, or with what the store said. */
  accept(delivery: Delivery): Promise<AcceptedDelivery>;
  /** Answer nothing from memory until it has been committed anew: to be called when the store's connection was lost. */
  forget(): void;
  /** Rows that wait or are being committed. */
  queuedRows(): number;
  /** Takes nothing more, and resolves when everything taken is answered. */
  drain(): Promise<void>;
}

interface Job {
  readonly delivery: Delivery;
  readonly rows: number;
  readonly ticket: number;
  readonly resolve: (result: AcceptedDelivery) => void;
  readonly reject: (error: unknown) => void;
}

const MEMORY_CAPACITY = 100_000;
/** When this many deliveries failed each alone and none went through, it is not the deliveries. */
const FAILURES_THAT_MEAN_DOWN = 3;

/**
 * Group commit. One transaction is under way at a time, and what arrives meanwhile goes together into the next one: the
 * busier it gets, the fewer commits a delivery costs.
 */
export function createDeliveryWriter(options: DeliveryWriterOptions): DeliveryWriter {
  return new GroupCommit(options);
}

class GroupCommit implements DeliveryWriter {
  readonly #options: DeliveryWriterOptions;
  readonly #memory: RepeatMemory;
  readonly #sources: SourceWatch;
  #queue: Job[] = [];
  #waitingRows = 0;
  #busyRows = 0;
  #tickets = 0;
  #running: Promise<void> | null = null;
  #draining = false;

  constructor(options: DeliveryWriterOptions) {
    this.#options = options;
    this.#memory = new RepeatMemory({
      capacity: options.memoryCapacity ?? MEMORY_CAPACITY,
      lifetimeMs: Math.min(REPEAT_LIFETIME_MS, options.lateFiringMs / 2),
    });
    const onFailure = (): void => {
      this.forget();
    };
    this.#sources = new SourceWatch({ store: options.store, log: options.log, onFailure });
  }

  accept(delivery: Delivery): Promise<AcceptedDelivery> {
    if (this.#draining) return Promise.reject(new Overloaded('shutting down'));
    if (this.#memory.knows(delivery, this.#options.clock.now())) {
      this.#sources.saw(delivery.source, delivery.receivedAt);
      return Promise.resolve({ accepted: 0, duplicates: delivery.alerts.length, fromMemory: true });
    }
    const rows = rowsOf(delivery);
    // One that is larger than the whole queue must still get its turn: when nothing else waits.
    if (this.#waitingRows > 0 && this.#waitingRows + rows > this.#options.maxQueuedRows) {
      return Promise.reject(new Overloaded(`${this.#waitingRows} rows wait to be committed`));
    }
    return this.#enqueue(delivery, rows);
  }

  #enqueue(delivery: Delivery, rows: number): Promise<AcceptedDelivery> {
    this.#tickets += 1;
    const ticket = this.#tickets;
    this.#memory.expect(delivery, ticket);
    this.#waitingRows += rows;
    return new Promise((resolve, reject) => {
      this.#queue.push({ delivery, rows, ticket, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  forget(): void {
    this.#memory.forget();
  }

  queuedRows(): number {
    return this.#waitingRows + this.#busyRows;
  }

  async drain(): Promise<void> {
    this.#draining = true;
    await this.#running;
    await this.#sources.flush();
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      await this.#commitOrDivide(batch);
    }
    this.#running = null;
  }

  #takeBatch(): readonly Job[] {
    let rows = 0;
    let count = 0;
    for (const job of this.#queue) {
      if (count > 0 && rows + job.rows > this.#options.maxRowsPerCommit) break;
      rows += job.rows;
      count += 1;
    }
    const batch = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    this.#waitingRows -= rows;
    this.#busyRows = rows;
    return batch;
  }

  /**
   * A delivery that the store cannot take must not cost the others of its commit. What fails together is tried again in
   * halves, down to one by one: among thousands one bad delivery is found in a few dozen commits.
   */
  async #commitOrDivide(batch: readonly Job[]): Promise<void> {
    const parts = [batch];
    let succeeded = false;
    let failedAlone = 0;
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const failure = await this.#commit(part);
      if (failure === null) {
        succeeded = true;
        continue;
      }
      this.forget();
      if (part.length > 1 && !this.#isDown(failure.error)) {
        const middle = part.length >> 1;
        parts.push(part.slice(middle), part.slice(0, middle));
        continue;
      }
      failedAlone += 1;
      this.#refuse(part, failure.error);
      if (this.#isDown(failure.error) || (!succeeded && failedAlone >= FAILURES_THAT_MEAN_DOWN)) {
        this.#refuse(parts.flat(), failure.error);
        return;
      }
    }
  }

  #isDown(error: unknown): boolean {
    return this.#options.isStoreDown?.(error) ?? false;
  }

  #refuse(jobs: readonly Job[], error: unknown): void {
    if (jobs.length === 0) return;
    const deliveryIds = jobs.slice(0, 10).map((job) => job.delivery.id);
    this.#options.log.error({ err: error, deliveries: jobs.length, deliveryIds }, 'deliveries could not be committed');
    for (const job of jobs) {
      this.#busyRows -= job.rows;
      job.reject(error);
    }
  }

  async #commit(jobs: readonly Job[]): Promise<{ readonly error: unknown } | null> {
    const startedAt = performance.now();
    try {
      const results = await this.#options.store.commitDeliveries(jobs.map((job) => job.delivery));
      if (results.length !== jobs.length) throw new Error(`${results.length} results for ${jobs.length} deliveries`);
      this.#settle(jobs, results);
    } catch (error) {
      return { error };
    }
    const rows = jobs.reduce((sum, job) => sum + job.rows, 0);
    this.#options.onCommit?.((performance.now() - startedAt) / 1000, rows);
    return null;
  }

  #settle(jobs: readonly Job[], results: readonly DeliveryResult[]): void {
    const now = this.#options.clock.now();
    for (const [i, job] of jobs.entries()) {
      const { accepted, duplicates, superseded = 0 } = results[i] ?? { accepted: 0, duplicates: 0 };
      if (superseded === 0) this.#memory.confirm(job.delivery, job.ticket, now);
      this.#busyRows -= job.rows;
      job.resolve({ accepted, duplicates, fromMemory: false });
    }
  }
}

/** What the delivery weighs. Even an empty one says that its source lives. */
const rowsOf = (delivery: Delivery): number =>
  Math.max(1, delivery.alerts.length + delivery.heartbeats.length + delivery.rejected.length);
