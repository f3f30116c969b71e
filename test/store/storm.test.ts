import { advanceKey } from '../../src/app/advance.ts';
import type { IncidentState } from '../../src/domain/incident/state.ts';
import { sql } from '../../src/store/database.ts';
import { currentStorm } from '../../src/store/storms.ts';
import type { Core } from '../harness/core.ts';
import { startCore } from '../harness/core.ts';
import type { Around } from '../unit/support/around.ts';
import { around } from '../unit/support/around.ts';
import { HOUR, MINUTE } from '../unit/support/incident.ts';

let core: Core;
let here: Around;

beforeEach(async () => {
  core = await startCore();
  here = around(core);
});
afterEach(() => core.close());

const names = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, i) => `service-${from + i}`);
const p2s = (from: number, to: number): readonly object[] => names(from, to).map((name) => here.p2(name));
const held = (all: readonly IncidentState[]): readonly IncidentState[] => all.filter(({ quiet }) => quiet.length > 0);
const grown = async () => {
  const all = await Promise.all((await core.incidents()).map(({ id }) => core.timeline(id)));
  const told = all.flat().flatMap((event) => (event.type === 'storm-grew' ? [event] : []));
  return told.sort((a, b) => (a.at < b.at ? -1 : 1));
};

test('ten incidents in a minute are no storm; from the eleventh on they are recorded without a message', async () => {
  await here.fires(...p2s(0, 10));
  expect(held(await core.incidents())).toEqual([]);
  expect(await grown()).toEqual([]);
  await here.fires(here.p2('service-10'));
  const last = await here.of('service-10');
  const head = (await core.incidents()).at(-1)!;
  expect(last).toMatchObject({ status: 'open', quiet: [{ kind: 'storm', until: null, head: head.id }] });
  expect(last.quiet[0]?.because).toContain(`${head.id} tells of all of them`);
  expect(held(await core.incidents())).toHaveLength(1);
  const told = await grown();
  expect(told.map(({ incidentId }) => incidentId)).toEqual([head.id]);
  expect(told[0]?.data).toMatchObject({ incidents: 11, bySeverity: { P2: 11 } });
  expect(told[0]?.data.services).toHaveLength(11);
});

test('eleven that open slowly are no storm', async () => {
  for (const name of names(0, 15)) {
    await here.fires(here.p2(name));
    core.clock.at += 7_000;
  }
  expect(await grown()).toEqual([]);
});

test('a P0 is never part of it and pages at once, as does one that becomes P0 in it', async () => {
  await here.fires(...p2s(0, 15));
  await here.fires(here.p0('the-core'));
  expect(await here.of('the-core')).toMatchObject({ quiet: [], page: { reason: 'first-page' } });
  const part = held(await core.incidents())[0]!.service!;
  await here.fires(here.p0(part));
  expect(await here.of(part)).toMatchObject({ severity: 'P0', quiet: [], page: { reason: 'severity-raised' } });
});

test('is told of once a minute while it grows, and ends when nothing opened for two minutes', async () => {
  await here.fires(...p2s(0, 12));
  await here.fires(...p2s(12, 20));
  expect(await grown()).toHaveLength(1);
  await here.pass(MINUTE);
  expect((await grown()).map(({ data }) => data.incidents)).toEqual([11, 20]);
  await here.fires(...p2s(20, 25));
  await here.pass(MINUTE);
  await here.pass(MINUTE + 30_000);
  const told = await grown();
  expect(told.map(({ data }) => data.incidents)).toEqual([11, 20, 25, 25]);
  expect(told.at(-1)?.data.over).toMatchObject({ stillFiring: 15 });
  expect(told.at(-1)?.data.over?.ids).toHaveLength(15);
  expect(held(await core.incidents())).toEqual([]);
  expect(await currentStorm(core.store.db)).toBeNull();
});

test('what ended meanwhile is not listed, and what is let go pages nobody', async () => {
  await here.fires(...p2s(0, 14));
  const part = held(await core.incidents())[0]!.service!;
  await here.fires(here.p2(part, { endsAt: core.clock.at }));
  await here.pass(3 * MINUTE);
  expect((await grown()).at(-1)?.data.over?.stillFiring).toBe(3);
  expect(await here.of(part)).toMatchObject({ status: 'resolved', quiet: [] });
  expect((await core.incidents()).filter(({ page }) => page !== null)).toEqual([]);
});

test('a storm that nobody was there to end does not hold back what opens later', async () => {
  await here.fires(...p2s(0, 15));
  core.clock.at += HOUR;
  await here.fires(here.p2('later'));
  expect((await here.of('later')).quiet).toEqual([]);
  expect((await grown()).at(-1)?.data.over).toBeDefined();
  await here.pass(1_000);
  expect(held(await core.incidents())).toEqual([]);
});

test('where its head is dismissed another one tells of it', async () => {
  await here.fires(...p2s(0, 15));
  const { head } = (await currentStorm(core.store.db))!;
  await core.commander.handle(head, [{ kind: 'dismiss', by: 'ada', via: 'api', because: 'a false alarm' }]);
  await here.fires(here.p2('one-more'));
  await here.pass(MINUTE + 1_000);
  const storm = (await currentStorm(core.store.db))!;
  expect(storm.head).not.toBe(head);
  expect((await grown()).at(-1)).toMatchObject({ incidentId: storm.head, data: { incidents: 16 } });
  const heads = (await core.incidents()).filter(({ id }) => id === storm.head);
  expect(heads).toMatchObject([{ quiet: [] }]);
});

test('replicas that open incidents at the same moment agree on where it began and on one head', async () => {
  await core.deliver(...p2s(0, 40));
  const keys = await Promise.all(names(0, 40).map(() => core.claim()));
  await Promise.all(keys.map((key) => advanceKey(core.advance, key!)));
  const all = await core.incidents();
  expect(held(all)).toHaveLength(30);
  expect(new Set(held(all).map(({ quiet }) => quiet[0]?.head)).size).toBe(1);
});

test('5,000 alerts on 300 services: every incident is recorded, people get a handful of messages, the P0 its page', async () => {
  const SERVICES = 300;
  for (let round = 0; round < 2; round += 1) {
    const alerts = Array.from({ length: 2_500 }, (_, i) =>
      here.p2(`service-${i % SERVICES}`, { labels: { pod: `pod-${round}-${i}` } }),
    );
    await core.deliver(...alerts);
    if (round === 1) await core.deliver(here.p0('the-core'));
    await core.look();
    core.clock.at += 10_000;
  }
  await core.settle();
  // Nothing is measured here: what the rules would say again is left out.
  await sql`delete from timers where name = 'reassess'`.execute(core.store.db);
  for (let minute = 0; minute < 4; minute += 1) {
    core.clock.at += MINUTE;
    await core.fire();
  }
  const all = await core.incidents();
  expect(all).toHaveLength(SERVICES + 1);
  expect(all.reduce((sum, { alertCounts }) => sum + alertCounts.firing, 0)).toBe(5_001);
  const told = await grown();
  expect(told.length).toBeLessThanOrEqual(6);
  expect(new Set(told.map(({ incidentId }) => incidentId)).size).toBe(1);
  expect(told.at(-1)?.data).toMatchObject({ incidents: SERVICES + 1, over: { stillFiring: SERVICES - 10 } });
  const quieted = await Promise.all(
    all.map(async ({ id }) => (await core.timeline(id)).some(({ type }) => type === 'quieted')),
  );
  expect(quieted.filter(Boolean)).toHaveLength(SERVICES - 10);
  expect((await here.pages('the-core'))[0]).toBe('first-page');
  expect(await here.said('the-core', 'quieted')).toEqual([]);
}, 240_000);
