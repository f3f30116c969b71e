import { randomUUID } from 'node:crypto';
import type { Delivery, ObservedAlert } from '../../src/ingest/ports.ts';
import { sql } from '../../src/store/database.ts';
import type { CommitOptions } from '../../src/store/deliveries.ts';
import { commitDeliveries } from '../../src/store/deliveries.ts';
import { countDirtyKeys } from '../../src/store/keys.ts';
import { LATE_MS, NOW, observed } from '../unit/ingest-support.ts';
import type { TestStore } from '../unit/support/store.ts';
import { openTestStore } from '../unit/support/store.ts';

const options: CommitOptions = { lateFiringMs: LATE_MS, refreshMs: 60_000, exclusive: false };
let store: TestStore;
beforeEach(async () => {
  store = await openTestStore();
});
afterEach(() => store.close());

/** An alert of its own for every name. */
const alert = (name: string, changes: Record<string, unknown> = {}): ObservedAlert =>
  observed({ fingerprint: undefined, labels: { alertname: name, service: 'checkout' }, ...changes });
const delivery = (alerts: readonly ObservedAlert[], changes: Partial<Delivery> = {}): Delivery => ({
  id: randomUUID(),
  source: 'alertmanager',
  receivedAt: NOW,
  alerts,
  heartbeats: [],
  rejected: [],
  ...changes,
});
const commit = (...deliveries: readonly Delivery[]) => commitDeliveries(store.db, deliveries, options);
const resolved = (name: string) => alert(name, { status: 'resolved', endsAt: '2026-11-23T15:10:00Z' });
const scalar = async (query: string): Promise<unknown> =>
  (await sql<{ value: unknown }>`select (${sql.raw(query)}) as value`.execute(store.db)).rows[0]!.value;

test('one result a delivery, in order; a batch sees its own earlier deliveries', async () => {
  const { results, dirty } = await commit(
    delivery([alert('A'), alert('B')]),
    delivery([alert('A')]),
    delivery([resolved('A')]),
  );
  expect(results).toMatchObject([
    { accepted: 2, duplicates: 0 },
    { accepted: 0, duplicates: 1 },
    { accepted: 1, duplicates: 0 },
  ]);
  expect(dirty).toHaveLength(1);
  expect(await scalar(`select status from alerts where content like '%"A"%'`)).toBe('resolved');
});

test('a repeat writes nothing but when it was seen, and that not often', async () => {
  await commit(delivery([alert('A')]));
  const before = await scalar('select xmin::text from alerts');
  await commit(delivery([alert('A')], { receivedAt: NOW + 59_999 }));
  expect(await scalar('select xmin::text from alerts')).toBe(before);
  expect((await commit(delivery([alert('A')], { receivedAt: NOW + 60_000 }))).dirty).toEqual([]);
  expect(await scalar('select last_seen_at from alerts')).toEqual(new Date(NOW + 60_000));
  expect(await scalar('select version from correlation_keys')).toBe(1);
  expect(await scalar('select count(*) from deliveries')).toBe(1);
});

test('each commit with news gives its key one version, and the alerts that changed carry it', async () => {
  await commit(delivery([alert('A'), alert('B')]));
  await commit(delivery([alert('B', { annotations: { summary: 'worse' } })]));
  await commit(delivery([resolved('A')]));
  const { rows } = await sql<Record<string, unknown>>`
    select status, key_version, status_version from alerts order by key_version`.execute(store.db);
  expect(rows).toEqual([
    { status: 'firing', key_version: 2, status_version: 1 },
    { status: 'resolved', key_version: 3, status_version: 3 },
  ]);
  expect(await countDirtyKeys(store.db)).toBe(1);
});

test('what is late leaves the alert as it is', async () => {
  await commit(delivery([alert('A')]), delivery([resolved('A')]));
  const { results, dirty } = await commit(delivery([alert('A')], { receivedAt: NOW + LATE_MS }));
  expect([results[0]!.accepted, dirty]).toEqual([0, []]);
  expect((await commit(delivery([alert('A')], { receivedAt: NOW + LATE_MS + 1 }))).dirty).toHaveLength(1);
});

test('the same news on many connections at once is news once', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 12 }, (_, i) => commit(delivery([alert('A'), alert(`Own${i}`)]))),
  );
  const accepted = outcomes.flatMap(({ results }) => results.map((result) => result.accepted));
  expect(accepted.sort()).toEqual([...Array<number>(11).fill(1), 2]);
  expect(await scalar('select count(*) from alerts')).toBe(13);
  expect(await scalar('select version from correlation_keys')).toBeGreaterThanOrEqual(12);
});

test('many keys in any order at once do not deadlock', async () => {
  const keys = Array.from({ length: 10 }, (_, i) => `service-${i}`);
  const of = (order: readonly string[], round: number) =>
    delivery(order.map((service) => alert(`R${round}`, { labels: { alertname: `R${round}`, service } })));
  const outcomes = await Promise.all(
    Array.from({ length: 12 }, (_, i) => commit(of(i % 2 === 0 ? keys : [...keys].reverse(), i))),
  );
  expect(outcomes.flatMap(({ results }) => results.map((r) => r.accepted))).toEqual(Array<number>(12).fill(10));
});

test('all of it or nothing', async () => {
  const bad = delivery([alert('B')], { id: 'no uuid' });
  await expect(commit(delivery([alert('A')]), bad)).rejects.toThrow('uuid');
  for (const table of ['alerts', 'correlation_keys', 'deliveries', 'heartbeats']) {
    expect([table, await scalar(`select count(*) from ${table}`)]).toEqual([table, 0]);
  }
});

test('the unreadable is kept beside the good, storable whatever it holds; heartbeats and sources are seen', async () => {
  const rejected = [{ index: 1, field: 'alerts[1]\0', message: 'bad \ud800', raw: { text: 'a\0b' } }];
  await commit(delivery([alert('A')], { rejected, heartbeats: ['Watchdog'] }));
  await commit(delivery([], { receivedAt: NOW - 5_000, heartbeats: ['Watchdog'] }));
  expect(await scalar('select count(*) from quarantine')).toBe(1);
  expect(await scalar('select position from quarantine')).toBe(1);
  const { rows } = await sql<object>`select name, last_seen_at as at from heartbeats order by name`.execute(store.db);
  expect(rows).toEqual([
    { name: '', at: new Date(NOW) },
    { name: 'Watchdog', at: new Date(NOW) },
  ]);
});
