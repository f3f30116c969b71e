import type { DeliveryWriter, DeliveryWriterOptions } from '../../src/ingest/delivery-writer.ts';
import { createDeliveryWriter, Overloaded } from '../../src/ingest/delivery-writer.ts';
import type { Delivery, DeliveryResult, DeliveryStore, ObservedAlert, SourceSeen } from '../../src/ingest/ports.ts';
import { deliveryOf, LATE_MS, ManualClock, MemoryStore, observed, quiet } from './ingest-support.ts';

interface Commit {
  readonly ids: readonly string[];
  succeed(): void;
  fail(error?: Error): void;
}

/** A store whose commits end when the test says so. */
class ScriptedStore implements DeliveryStore {
  readonly commits: Commit[] = [];
  readonly repeats: SourceSeen[] = [];
  underWay = 0;
  mostUnderWay = 0;
  #waiting: (() => void) | null = null;

  commitDeliveries(deliveries: readonly Delivery[]): Promise<readonly DeliveryResult[]> {
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    return new Promise<readonly DeliveryResult[]>((resolve, reject) => {
      this.commits.push({
        ids: deliveries.map(({ id }) => id),
        succeed: () => {
          resolve(deliveries.map(({ alerts }) => ({ accepted: alerts.length, duplicates: 0 })));
        },
        fail: (error = new Error('no')) => {
          reject(error);
        },
      });
      this.#waiting?.();
    }).finally(() => {
      this.underWay -= 1;
    });
  }

  async touch(seen: readonly SourceSeen[]): Promise<void> {
    this.repeats.push(...seen);
  }

  /** The nth commit, as soon as it begins. */
  async commit(n: number): Promise<Commit> {
    while (this.commits.length <= n) await new Promise<void>((resolve) => (this.#waiting = resolve));
    return this.commits[n]!;
  }
}

const clock = new ManualClock();
const writerOn = (store: DeliveryStore, options: Partial<DeliveryWriterOptions> = {}): DeliveryWriter =>
  createDeliveryWriter({
    store,
    clock,
    log: quiet,
    maxRowsPerCommit: 2000,
    maxQueuedRows: 20_000,
    lateFiringMs: LATE_MS,
    ...options,
  });
const alertOf = (fingerprint: string, changes = {}): ObservedAlert => observed({ fingerprint, ...changes });
const many = (count: number): Delivery[] => Array.from({ length: count }, (_, i) => deliveryOf([alertOf(`f${i}`)]));
/** Whether the promise is settled once everything that is due has run. */
const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
};

describe('group commit', () => {
  test('answers after the commit, not before', async () => {
    const store = new ScriptedStore();
    const answer = writerOn(store).accept(deliveryOf([alertOf('a')]));
    expect(await isSettled(answer)).toBe(false);
    store.commits[0]!.succeed();
    await expect(answer).resolves.toEqual({ accepted: 1, duplicates: 0, fromMemory: false });
  });

  test('what arrives during a commit goes together into the next', async () => {
    const store = new ScriptedStore();
    const writer = writerOn(store);
    const deliveries = many(4);
    const answers = deliveries.map((delivery) => writer.accept(delivery));
    expect(store.commits.map(({ ids }) => ids)).toEqual([[deliveries[0]!.id]]);
    expect(writer.queuedRows()).toBe(4);
    store.commits[0]!.succeed();
    (await store.commit(1)).succeed();
    await Promise.all(answers);
    expect(store.commits[1]!.ids).toEqual(deliveries.slice(1).map(({ id }) => id));
    expect(store.mostUnderWay).toBe(1);
    expect(writer.queuedRows()).toBe(0);
  });

  test('puts together up to the limit, and what is larger alone', async () => {
    const store = new ScriptedStore();
    const writer = writerOn(store, { maxRowsPerCommit: 3 });
    const sizes = [1, 2, 1, 5, 1].map((size, n) =>
      deliveryOf(Array.from({ length: size }, (_, i) => alertOf(`${n}-${i}`))),
    );
    const answers = sizes.map((delivery) => writer.accept(delivery));
    for (let n = 0; n < 4; n += 1) (await store.commit(n)).succeed();
    await Promise.all(answers);
    expect(store.commits.map(({ ids }) => ids.length)).toEqual([1, 2, 1, 1]);
  });

  test('rejected alerts and heartbeats are committed too, and count as rows', async () => {
    const store = new MemoryStore();
    const rows: number[] = [];
    const writer = writerOn(store, { onCommit: (_, count) => rows.push(count) });
    const rejected = [{ index: 0, field: 'alerts[0]', message: 'no', raw: null }];
    await writer.accept(deliveryOf([], { rejected, heartbeats: ['Watchdog'] }));
    await writer.accept(deliveryOf([]));
    expect(store.deliveries).toHaveLength(2);
    expect(rows).toEqual([2, 1]);
  });

  test('a wrong number of results is a failure, not a guess', async () => {
    const store: DeliveryStore = { commitDeliveries: async () => [], touch: async () => undefined };
    await expect(writerOn(store).accept(deliveryOf([alertOf('a')]))).rejects.toThrow('0 results for 1 deliveries');
  });
});

describe('a delivery that the store cannot take', () => {
  /** Fails every commit with a delivery of these alerts. */
  const poisonedBy = (...fingerprints: string[]) => {
    const store = new MemoryStore();
    const commit = store.commitDeliveries.bind(store);
    let commits = 0;
    store.commitDeliveries = (batch) => {
      commits += 1;
      const bad = batch.some(({ alerts }) => alerts.some(({ alert }) => fingerprints.includes(alert.fingerprint)));
      return bad ? Promise.reject(new Error('invalid byte sequence')) : commit(batch);
    };
    return { store, commits: () => commits };
  };

  test('does not cost the others of its commit', async () => {
    const { store, commits } = poisonedBy('f17', 'f600');
    const writer = writerOn(store);
    const outcomes = await Promise.allSettled(many(1000).map((delivery) => writer.accept(delivery)));
    expect(outcomes.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []))).toEqual([17, 600]);
    expect(store.alerts.size).toBe(998);
    expect(commits()).toBeLessThan(60);
  });

  test('keeps the order of the others', async () => {
    const { store } = poisonedBy('f2');
    const deliveries = many(7);
    const writer = writerOn(store);
    await Promise.allSettled(deliveries.map((delivery) => writer.accept(delivery)));
    const expected = deliveries.filter((_, i) => i !== 2).map(({ id }) => id);
    expect(store.deliveries.map(({ id }) => id)).toEqual(expected);
  });

  test('when nothing goes through it is the store, and all are refused soon', async () => {
    const { store, commits } = poisonedBy(...Array.from({ length: 500 }, (_, i) => `f${i}`));
    const writer = writerOn(store);
    const outcomes = await Promise.allSettled(many(500).map((delivery) => writer.accept(delivery)));
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    expect(commits()).toBeLessThan(20);
  });

  test('a store that is known to be down is asked once', async () => {
    const store = new MemoryStore();
    store.down = true;
    const commit = store.commitDeliveries.bind(store);
    let commits = 0;
    store.commitDeliveries = (batch) => {
      commits += 1;
      return commit(batch);
    };
    const writer = writerOn(store, { isStoreDown: () => true });
    await Promise.allSettled(many(50).map((delivery) => writer.accept(delivery)));
    expect(commits).toBe(2);
    store.down = false;
    await expect(writer.accept(deliveryOf([alertOf('a')]))).resolves.toMatchObject({ accepted: 1 });
  });
});

describe('overload', () => {
  test('is refused at once, and over when the queue is', async () => {
    const store = new ScriptedStore();
    const writer = writerOn(store, { maxQueuedRows: 2 });
    const [first, second, third, fourth, fifth] = many(5) as [Delivery, Delivery, Delivery, Delivery, Delivery];
    const taken = [first, second, third].map((delivery) => writer.accept(delivery));
    await expect(writer.accept(fourth)).rejects.toThrow(Overloaded);
    store.commits[0]!.succeed();
    (await store.commit(1)).succeed();
    await Promise.all(taken);
    const later = writer.accept(fifth);
    (await store.commit(2)).succeed();
    await expect(later).resolves.toMatchObject({ accepted: 1 });
    expect(store.commits.flatMap(({ ids }) => ids)).not.toContain(fourth.id);
  });

  test('a delivery larger than the whole queue gets its turn', async () => {
    const store = new MemoryStore();
    const writer = writerOn(store, { maxQueuedRows: 2 });
    const large = deliveryOf(['a', 'b', 'c'].map((fingerprint) => alertOf(fingerprint)));
    await expect(writer.accept(large)).resolves.toMatchObject({ accepted: 3 });
  });
});

describe('repeats', () => {
  const repeat = () => deliveryOf([alertOf('a')]);

  test('are answered from memory, and their source is seen', async () => {
    const store = new MemoryStore();
    const writer = writerOn(store);
    await writer.accept(repeat());
    await expect(writer.accept(repeat())).resolves.toEqual({ accepted: 0, duplicates: 1, fromMemory: true });
    await writer.accept(deliveryOf([alertOf('a')], { receivedAt: clock.at + 5 }));
    expect(store.deliveries).toHaveLength(1);
    await writer.drain();
    expect(store.repeats).toEqual([{ source: 'alertmanager', at: clock.at + 5 }]);
  });

  test.each([
    ['another content', () => deliveryOf([alertOf('a', { annotations: { summary: 'new' } })])],
    ['one more alert', () => deliveryOf([alertOf('a'), alertOf('b')])],
    [
      'an alert that cannot be read',
      () => deliveryOf([alertOf('a')], { rejected: [{ index: 1, field: '', message: '', raw: 1 }] }),
    ],
    ['a heartbeat', () => deliveryOf([alertOf('a')], { heartbeats: ['Watchdog'] })],
    ['no alerts', () => deliveryOf([])],
    ['a start that the source did not give', () => deliveryOf([{ ...alertOf('a'), startAssumed: true }])],
  ])('but not with %s', async (_, next) => {
    const store = new MemoryStore();
    const writer = writerOn(store);
    await writer.accept(repeat());
    await expect(writer.accept(next())).resolves.toMatchObject({ fromMemory: false });
    expect(store.deliveries).toHaveLength(2);
  });

  test('for 30 seconds, or half the late window if that is less', async () => {
    const started = clock.at;
    for (const [lateFiringMs, lifetime] of [
      [LATE_MS, 30_000],
      [10_000, 5_000],
    ] as const) {
      const store = new MemoryStore();
      const writer = writerOn(store, { lateFiringMs });
      clock.at = started;
      await writer.accept(repeat());
      clock.at = started + lifetime - 1;
      await expect(writer.accept(repeat())).resolves.toMatchObject({ fromMemory: true });
      clock.at = started + lifetime;
      await expect(writer.accept(repeat())).resolves.toMatchObject({ fromMemory: false, duplicates: 1 });
      await expect(writer.accept(repeat())).resolves.toMatchObject({ fromMemory: true });
    }
    clock.at = started;
  });

  test('not while a newer word of the same alert is on its way', async () => {
    const store = new ScriptedStore();
    const writer = writerOn(store);
    const [first, end, second] = [repeat(), deliveryOf([alertOf('a', { status: 'resolved' })]), repeat()];
    const firing = writer.accept(first);
    const resolved = writer.accept(end);
    store.commits[0]!.succeed();
    await firing;
    // Firing is committed, its resolve is not yet: the next firing must come after it.
    const endAgain = writer.accept(deliveryOf([alertOf('a', { status: 'resolved' })]));
    const again = writer.accept(second);
    (await store.commit(1)).succeed();
    await resolved;
    if (store.commits[1]!.ids.length === 1) (await store.commit(2)).succeed();
    await expect(endAgain).resolves.toMatchObject({ fromMemory: false });
    await expect(again).resolves.toMatchObject({ fromMemory: false });
    expect(store.commits.flatMap(({ ids }) => ids)).toEqual([first.id, end.id, expect.any(String), second.id]);
  });

  test('not of a word that came too late to count', async () => {
    const store = new MemoryStore();
    const writer = writerOn(store);
    await writer.accept(deliveryOf([alertOf('a', { startsAt: '2026-11-23T15:05:00Z' })]));
    const late = () => writer.accept(repeat());
    await expect(late()).resolves.toMatchObject({ duplicates: 1, fromMemory: false });
    await expect(late()).resolves.toMatchObject({ duplicates: 1, fromMemory: false });
  });

  test('not after a failure, whatever failed', async () => {
    const store = new MemoryStore();
    const writer = writerOn(store);
    await writer.accept(repeat());
    store.down = true;
    await expect(writer.accept(deliveryOf([alertOf('other')]))).rejects.toThrow();
    await expect(writer.accept(repeat())).rejects.toThrow();
    store.down = false;
    await expect(writer.accept(repeat())).resolves.toMatchObject({ fromMemory: false });
  });

  test('not after forget(), even for a commit that was under way', async () => {
    const store = new ScriptedStore();
    const writer = writerOn(store);
    const first = writer.accept(repeat());
    writer.forget();
    store.commits[0]!.succeed();
    await first;
    const second = writer.accept(repeat());
    (await store.commit(1)).succeed();
    await expect(second).resolves.toMatchObject({ fromMemory: false });
  });

  test('of no more alerts than the memory holds; the oldest go first', async () => {
    const store = new MemoryStore();
    const writer = writerOn(store, { memoryCapacity: 2 });
    for (const name of ['a', 'b', 'c']) await writer.accept(deliveryOf([alertOf(name)]));
    await expect(writer.accept(deliveryOf([alertOf('b')]))).resolves.toMatchObject({ fromMemory: true });
    await expect(writer.accept(deliveryOf([alertOf('a')]))).resolves.toMatchObject({ fromMemory: false });
  });

  test('when the store does not answer, nothing more is answered from memory', async () => {
    const store = new MemoryStore();
    const writer = writerOn(store);
    await writer.accept(repeat());
    await writer.accept(repeat());
    store.down = true;
    await writer.drain();
    expect(store.repeats).toEqual([]);
    store.down = false;
    await writer.drain();
    expect(store.repeats).toEqual([{ source: 'alertmanager', at: clock.at }]);
  });
});

describe('draining', () => {
  test('answers what was taken and takes no more', async () => {
    const store = new ScriptedStore();
    const writer = writerOn(store);
    const [first, second, third] = many(3) as [Delivery, Delivery, Delivery];
    const taken = [writer.accept(first), writer.accept(second)];
    const drained = writer.drain();
    await expect(writer.accept(third)).rejects.toThrow(Overloaded);
    expect(await isSettled(drained)).toBe(false);
    store.commits[0]!.succeed();
    (await store.commit(1)).succeed();
    await Promise.all([...taken, drained]);
  });

  test('with nothing to do is done', async () => {
    await writerOn(new MemoryStore()).drain();
  });
});
