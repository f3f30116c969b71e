import { count, incrementsOf, readCounters } from '../../src/store/counters.ts';
import { sql } from '../../src/store/database.ts';
import type { TestStore } from '../unit/support/store.ts';
import { openTestStore } from '../unit/support/store.ts';

let store: TestStore;
beforeEach(async () => {
  store = await openTestStore();
});
afterEach(() => store.close());

const one = (metric: string, labels: Record<string, string>) => ({ metric, labels, by: 1 });
const value = async (metric: string) =>
  (await readCounters(store.db)).filter((counter) => counter.metric === metric).map((counter) => counter.value);

test('are exact under concurrency, in any order and any shard, and nobody deadlocks', async () => {
  const metrics = Array.from({ length: 8 }, (_, i) => one(`m${i}`, { a: '1' }));
  await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      store.transaction((trx) => count(trx, i % 2 === 0 ? metrics : [...metrics].reverse(), i % 3)),
    ),
  );
  for (const { metric } of metrics) expect(await value(metric)).toEqual([60]);
});

test('what fails is not counted', async () => {
  const failing = store.transaction(async (trx) => {
    await count(trx, [one('m', {})], 0);
    throw new Error('killed');
  });
  await expect(failing).rejects.toThrow('killed');
  expect(await value('m')).toEqual([]);
});

test('labels in any order are one series, and any text is a label', async () => {
  await store.transaction((trx) => count(trx, [one('m', { a: '"', b: 'ä' }), one('m', { b: 'ä', a: '"' })], 0));
  await store.transaction((trx) => count(trx, [one('m', { a: '"', b: 'ä' })], 5));
  expect(await readCounters(store.db)).toEqual([{ metric: 'm', labels: { a: '"', b: 'ä' }, value: 3 }]);
  const { rows } = await sql<{ n: number }>`select count(*) as n from counters`.execute(store.db);
  expect(rows[0]?.n).toBe(2);
});

test('a histogram at rest is cumulative, with a sum and a count', async () => {
  const observe = (seconds: number) =>
    incrementsOf({ kind: 'observe', metric: 'incident_time_to_detect_seconds', labels: {}, value: seconds });
  await store.transaction((trx) => count(trx, [...observe(5), ...observe(45), ...observe(1e9)], 0));
  const buckets = (await readCounters(store.db)).filter((counter) => counter.metric.endsWith('_bucket'));
  const at = (le: string) => buckets.find((bucket) => bucket.labels['le'] === le)?.value;
  expect([at('5'), at('30'), at('60'), at('604800')]).toEqual([1, 1, 2, 2]);
  expect(await value('incident_time_to_detect_seconds_count')).toEqual([3]);
  expect(await value('incident_time_to_detect_seconds_sum')).toEqual([1e9 + 50]);
});

test('nothing to count is no query that could fail', async () => {
  await store.transaction((trx) => count(trx, [], 0));
  expect(await readCounters(store.db)).toEqual([]);
});
