import { sql } from '../../src/store/database.ts';
import type { LoadedIncident } from '../../src/store/incidents.ts';
import { VersionConflict, lockIncident, readIncident, takeIncidentId } from '../../src/store/incidents.ts';
import type { Core } from '../harness/core.ts';
import { raw, startCore } from '../harness/core.ts';
import { Incident, NOON, newsOf, opened, openingOf } from '../unit/support/incident.ts';
import type { TestStore } from '../unit/support/store.ts';
import { intentOf, openTestStore, persist } from '../unit/support/store.ts';

let store: TestStore;
beforeEach(async () => {
  store = await openTestStore();
});
afterEach(() => store.close());

const save = (incident: Incident, before: LoadedIncident | null = null, extras = {}) =>
  store.transaction((trx) => persist(trx, incident, { ...extras, before }));
const note = (incident: Incident) => incident.do({ kind: 'add-note', by: 'ada', via: 'api', text: 'x' });
const rows = async (table: string) =>
  (await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(store.db)).rows[0]!.n;

test('what was saved is read back, and only once its transaction ended', async () => {
  const incident = opened('P0');
  await expect(
    store.transaction(async (trx) => {
      await persist(trx, incident, { effects: [intentOf(incident.id, 1, 'slack', 'announce')] });
      expect(await readIncident(store.db, incident.id)).toBeNull();
      throw new Error('killed');
    }),
  ).rejects.toThrow('killed');
  for (const table of ['incidents', 'incident_events', 'timers', 'effects', 'counters']) {
    expect([table, await rows(table)]).toEqual([table, 0]);
  }
  const saved = await save(incident);
  expect(await readIncident(store.db, incident.id)).toEqual(saved);
});

describe('two writers', () => {
  test('who read the same version: one wins, the other is told, and nothing of it is left', async () => {
    const first = opened('P0');
    const before = await save(first);
    const second = opened('P0');
    note(first);
    second.do({ kind: 'acknowledge', by: 'bob', via: 'api' });
    const results = await Promise.allSettled([save(first, before), save(second, before)]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    const [lost] = results.filter((result) => result.status === 'rejected');
    const code = (lost!.reason as { code?: string }).code;
    // Whoever is later meets the other's events (unique key) or its version; both mean "take it again".
    expect(lost!.reason instanceof VersionConflict || code === '23505').toBe(true);
    expect(await rows('incident_events')).toBe((await readIncident(store.db, first.id))!.head.seq);
  });

  test('who come one after another with an old version', async () => {
    const first = opened('P0');
    const before = await save(first);
    const second = opened('P0');
    note(first);
    note(second);
    await save(first, before);
    await expect(save(second, before)).rejects.toMatchObject({ code: '23505' });
    const stale = { ...before, head: { seq: before.head.seq - 1, hash: before.head.hash } };
    note(first);
    await expect(store.transaction((trx) => persist(trx, first, { before: stale }))).rejects.toThrow(VersionConflict);
  });

  test('who lock: the second sees what the first wrote', async () => {
    const incident = opened('P0');
    await save(incident);
    const seen: number[] = [];
    const write = () =>
      store.transaction(async (trx) => {
        const before = (await lockIncident(trx, incident.id))!;
        seen.push(before.head.seq);
        note(incident);
        await persist(trx, incident, { before });
      });
    await Promise.all([write(), write(), write()]);
    expect(seen).toEqual([seen[0]!, seen[0]! + 1, seen[0]! + 2]);
  });
});

test('a key has one active incident, whoever opens it; one that is over does not count', async () => {
  class Other extends Incident {
    override readonly id = 'INC-20261123-120000-2';
  }
  const [first, second] = [new Incident(), new Other()];
  const open = { kind: 'open', opening: openingOf(), news: newsOf({ firing: 1 }, ['A']) } as const;
  first.do(open);
  second.do(open);
  const before = await save(first);
  await expect(save(second)).rejects.toMatchObject({ code: '23505', constraint: 'one_active_incident' });
  first.do({ kind: 'resolve', by: 'ada', via: 'api', because: 'x' });
  await save(first, before);
  await save(second);
  expect(await rows('incidents')).toBe(2);
});

describe('ids', () => {
  test('hold the second of the opening, and a suffix only where two open in one', async () => {
    expect(await takeIncidentId(store.db, NOON + 999)).toBe('INC-20261123-120000');
    expect(await takeIncidentId(store.db, NOON)).toBe('INC-20261123-120000-2');
    expect(await takeIncidentId(store.db, NOON + 1000)).toBe('INC-20261123-120001');
  });

  test('are unique when many are taken at once', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => takeIncidentId(store.db, NOON)));
    expect(new Set(ids).size).toBe(20);
  });
});

describe('the projection', () => {
  let core: Core;
  beforeAll(async () => {
    core = await startCore();
  });
  afterAll(() => core.close());

  test('of every incident is what its events fold to, whatever happened to it', async () => {
    const { verifyAll } = await import('../../src/store/timeline.ts');
    const alertOf = (i: number, end?: { readonly endsAt: number }): object => {
      const labels = { severity: i % 2 === 0 ? 'critical' : 'warning', 'ä\n"': '\u{1F525}' };
      return raw('A', { service: `service-${i}`, labels, ...end });
    };
    for (let i = 0; i < 5; i += 1) await core.deliver(alertOf(i));
    await core.settle();
    const idOf = async (i: number): Promise<string> =>
      (await core.incidents()).find(({ service }) => service === `service-${i}`)!.id;
    const [first, second, third] = [await idOf(0), await idOf(1), await idOf(2)];
    await core.commander.handle(first, [{ kind: 'acknowledge', by: 'a\0\ud800', via: 'api' }]);
    await core.commander.handle(second, [{ kind: 'resolve', by: 'ada', via: 'api', because: '\0' }]);
    await core.commander.handle(third, [
      {
        kind: 'report-effect',
        effect: { effectId: 'x', channel: 'slack', kind: 'announce' },
        outcome: { kind: 'sent', receipt: { 'a\0b': '\udfff' }, latencyMs: 1 },
      },
    ]);
    await core.deliver(alertOf(1, { endsAt: core.clock.at }));
    await core.settle();
    core.clock.at += 25 * 3_600_000;
    await core.fire();
    expect(await verifyAll(core.store.db)).toEqual({ checked: 5, faults: [] });
    expect(new Set((await core.incidents()).map((incident) => incident.status))).toEqual(
      new Set(['closed', 'acknowledged', 'open']),
    );
  });
});
