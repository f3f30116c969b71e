import type { Figures, StatisticsFilter } from '../../src/domain/statistics.ts';
import { sql } from '../../src/store/database.ts';
import { countActions, countDocumented, countRepeats, readStatistics } from '../../src/store/stats.ts';
import { FIGURES_NOW, Story, figureStories } from '../unit/support/figures.ts';
import { assessmentOf } from '../unit/support/incident.ts';
import type { TestStore } from '../unit/support/store.ts';
import { openTestStore, persist } from '../unit/support/store.ts';

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
  for (const { incident } of figureStories()) await store.transaction((trx) => persist(trx, incident));
});
afterAll(() => store.close());

const ALL: StatisticsFilter = {
  since: '2026-10-01T00:00:00.000Z',
  until: '2026-11-20T00:00:00.000Z',
  service: null,
  severity: [],
  groupBy: null,
};
const statistics = (filter: Partial<StatisticsFilter> = {}, now = FIGURES_NOW) =>
  readStatistics(store.db, { ...ALL, ...filter }, now);
const spread = (
  count: number,
  meanSeconds: number | null,
  medianSeconds: number | null,
  p95Seconds: number | null,
) => ({
  count,
  meanSeconds: meanSeconds === null ? null : (expect.closeTo(meanSeconds, 3) as number),
  medianSeconds,
  p95Seconds: p95Seconds === null ? null : (expect.closeTo(p95Seconds, 3) as number),
});
const share = (count: number, of: number) => ({ count, of, share: of === 0 ? null : count / of });
const clock = ({ clocks }: Figures, name: string) => clocks.find((each) => each.clock === name);

test('the figures are those that one gets by hand', async () => {
  const { total, groups } = await statistics();
  expect(groups).toEqual([]);
  expect(total).toMatchObject({
    incidents: 7,
    // 30, 30, 30, 30, 60, 90, 600
    timeToDetect: spread(7, 870 / 7, 30, 90 + 0.7 * 510),
    // 60, 120, 700: the second acknowledgement of what came back is none of an incident
    timeToAcknowledge: spread(3, 880 / 3, 120, 120 + 0.9 * 580),
    // 60, 200, 400, 1000, 900 + 300
    timeToRestore: spread(5, 572, 400, 1000 + 0.8 * 200),
    // 1000, 2400, 3600
    timeToResolve: spread(3, 7000 / 3, 2400, 2400 + 0.9 * 1200),
    rollbacks: { ...share(1, 2), verdicts: { recovered: 1, 'not-recovered': 1 } },
    postmortems: share(1, 2),
    rootCauses: share(1, 3),
    repeats: share(1, 7),
    // The false alarm's too.
    actions: { open: 2, overdue: 2, done: 1, verified: 0 },
    goals: [
      { goal: 'p0-restored-in-5-min', ...share(1, 2) },
      { goal: 'p1-restored-in-30-min', ...share(2, 4) },
      { goal: 'p1-resolved-in-30-min', ...share(0, 4) },
    ],
  });
  expect(clock(total, 'detect')).toEqual({ clock: 'detect', met: 6, breached: 1 });
  expect(clock(total, 'acknowledge')).toEqual({ clock: 'acknowledge', met: 3, breached: 1 });
  expect(clock(total, 'restore')).toEqual({ clock: 'restore', met: 5, breached: 1 });
});

test('by severity', async () => {
  const { groups, total } = await statistics({ groupBy: 'severity' });
  expect(total.incidents).toBe(7);
  expect(groups.map(({ key, incidents }) => [key, incidents])).toEqual([
    ['P0', 2],
    ['P1', 4],
    ['P2', 1],
  ]);
  expect(groups[0]).toMatchObject({
    timeToRestore: spread(2, 300, 300, 200 + 0.95 * 200),
    rollbacks: { ...share(0, 0), verdicts: {} },
    postmortems: share(1, 1),
    repeats: share(0, 2),
    actions: { open: 2, overdue: 2, done: 1, verified: 0 },
  });
  expect(groups[1]).toMatchObject({
    timeToRestore: spread(2, 630, 630, 60 + 0.95 * 1140),
    rollbacks: { ...share(1, 2), verdicts: { recovered: 1, 'not-recovered': 1 } },
    postmortems: share(0, 1),
    rootCauses: share(0, 1),
    repeats: share(1, 4),
    actions: { open: 0, overdue: 0, done: 0, verified: 0 },
  });
  expect(clock(groups[1]!, 'detect')).toEqual({ clock: 'detect', met: 3, breached: 1 });
  expect(groups[2]).toMatchObject({ timeToAcknowledge: spread(0, null, null, null), postmortems: share(0, 0) });
});

test('by service, and by ISO week', async () => {
  const byService = await statistics({ groupBy: 'service' });
  expect(byService.groups.map(({ key, incidents }) => [key, incidents])).toEqual([
    ['cart', 3],
    ['checkout', 4],
  ]);
  const byWeek = await statistics({ groupBy: 'week' });
  expect(byWeek.groups.map(({ key, incidents }) => [key, incidents])).toEqual([
    ['2026-W45', 2],
    ['2026-W46', 5],
  ]);
});

test('only what was asked for', async () => {
  expect((await statistics({ severity: ['P0', 'P2'] })).total.incidents).toBe(3);
  expect((await statistics({ service: 'cart' })).total).toMatchObject({ incidents: 3, timeToDetect: { count: 3 } });
  // From its opening on, and up to but not with it.
  expect((await statistics({ since: '2026-11-12T09:00:00.000Z' })).total.incidents).toBe(1);
  expect((await statistics({ until: '2026-11-12T09:00:00.000Z' })).total.incidents).toBe(6);
});

test('nothing measured is not zero', async () => {
  const { total, groups } = await statistics({ service: 'nothing', groupBy: 'week' });
  expect(groups).toEqual([]);
  expect(total).toMatchObject({
    incidents: 0,
    timeToRestore: spread(0, null, null, null),
    clocks: [],
    rollbacks: { ...share(0, 0), verdicts: {} },
    postmortems: share(0, 0),
    actions: { open: 0, overdue: 0, done: 0, verified: 0 },
  });
});

test('detection counts from the first onset, or from the one that a person knows', async () => {
  const opened = '2026-12-01T08:00:00Z';
  const story = new Story({ severity: 'P2', service: 'cart', opened, onsetSeconds: 60 });
  story.at(600, { kind: 'assess', assessment: assessmentOf('P0') });
  expect(story.incident.must.onset.at).not.toBe('2026-12-01T07:59:00.000Z');
  const before = await store.transaction((trx) => persist(trx, story.incident));
  const median = async (): Promise<number | null> => {
    const { total } = await statistics({ since: '2026-12-01T00:00:00.000Z', until: '2026-12-02T00:00:00.000Z' });
    return total.timeToDetect.medianSeconds;
  };
  expect(await median()).toBe(60);
  story.at(700, { kind: 'correct-onset', by: 'ada', via: 'api', at: '2026-12-01T07:55:00.000Z', because: 'the logs' });
  await store.transaction((trx) => persist(trx, story.incident, { before }));
  expect(await median()).toBe(300);
});

test('a promise is judged when it was kept or when its time is over', async () => {
  const opened = Date.parse('2026-11-12T09:00:00Z');
  const goals = async (now: number) =>
    (await statistics({ since: '2026-11-12T09:00:00.000Z' }, now)).total.goals.map(({ of }) => of);
  expect(await goals(opened + 1_799_000)).toEqual([0, 0, 0]);
  expect(await goals(opened + 1_800_000)).toEqual([0, 1, 1]);
});

test('what the metrics read: action items, repeats, post-mortems, root causes', async () => {
  expect(await countActions(store.db, FIGURES_NOW)).toEqual({ open: 2, overdue: 2, done: 1, verified: 0 });
  const overdueAt = async (at: string): Promise<number> => (await countActions(store.db, Date.parse(at))).overdue;
  expect(await overdueAt('2026-11-10T00:00:00.000Z')).toBe(0);
  expect(await overdueAt('2026-11-10T00:00:00.001Z')).toBe(1);
  expect(await countRepeats(store.db)).toBe(1);
  expect(await countDocumented(store.db, 0)).toEqual({ due: 2, published: 1, over: 3, causes: 1 });
  const later = await countDocumented(store.db, Date.parse('2026-11-03T00:00:00Z'));
  expect(later).toEqual({ due: 1, published: 0, over: 2, causes: 0 });
});

test('figures are found by their indexes', async () => {
  await store.transaction(async (trx) => {
    await sql`set local enable_seqscan = off`.execute(trx);
    const planOf = async (query: string): Promise<string> => {
      const { rows } = await sql<{ 'QUERY PLAN': string }>`explain ${sql.raw(query)}`.execute(trx);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    expect(await planOf('select count(*) from incidents where is_repeat')).toContain('repeat_incidents');
    expect(await planOf('select id from incidents where actions is not null')).toContain('incidents_with_actions');
    const events = "incident_id = 'x' and type in ('incident-acknowledged', 'clock-met')";
    expect(await planOf(`select * from incident_events where ${events}`)).toContain('incident_figures');
  });
});

test('an update that changes no figure needs no new entry in any index', async () => {
  await store.transaction(async (trx) => {
    const updatedInPlace = async (): Promise<number> => {
      const { rows } = await sql<{ n: number }>`
        select n_tup_hot_upd as n from pg_stat_xact_user_tables where relname = 'incidents'`.execute(trx);
      return rows[0]!.n;
    };
    const inPlace = async (change: string): Promise<number> => {
      const before = await updatedInPlace();
      await sql`update incidents set state = state || ${change}::jsonb where id = 'INC-20261112-090000'`.execute(trx);
      return (await updatedInPlace()) - before;
    };
    expect(await inPlace('{"title": "another"}')).toBe(1);
    expect(await inPlace('{"actions": [{"status": "open"}]}')).toBe(0);
  });
});
