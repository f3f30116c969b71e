import { createBackend } from '../../src/app/backend.ts';
import { readHandover } from '../../src/app/handover.ts';
import { addWindow, endWindow } from '../../src/store/maintenance.ts';
import { writeAutomation } from '../../src/store/rollbacks.ts';
import { overdueActions, unclosedIncidents } from '../../src/store/handover.ts';
import type { Core } from '../harness/core.ts';
import { startCore } from '../harness/core.ts';
import { FIGURES_NOW, figureStories } from '../unit/support/figures.ts';
import { persist } from '../unit/support/store.ts';

let core: Core;
beforeAll(async () => {
  core = await startCore();
  core.clock.at = FIGURES_NOW;
  for (const { incident } of figureStories()) await core.store.transaction(({ trx }) => persist(trx, incident));
});
afterAll(() => core.close());

const handover = () =>
  readHandover({ store: core.store, policy: () => Promise.resolve(core.policy), clock: core.clock, silent: null });

test('incidents that are not closed: the worst and oldest open ones first, however many there are', async () => {
  const ids = async (limit: number) => (await unclosedIncidents(core.store.db, limit)).map(({ id }) => id);
  const open = ['INC-20261104-080000', 'INC-20261103-100000', 'INC-20261111-080000', 'INC-20261112-080000'];
  expect(await ids(100)).toEqual([
    // The slow P0, the drill, the P1s.
    ...[open[1], open[0], open[2], open[3]],
    'INC-20261112-090000',
    // Over: the newest first.
    ...['INC-20261110-080000', 'INC-20261109-080000', 'INC-20261102-100000'],
  ]);
  expect(await ids(1)).toEqual(['INC-20261103-100000', 'INC-20261110-080000']);
});

test('overdue action items: the longest first, none of a drill', async () => {
  expect(await overdueActions(core.store.db, FIGURES_NOW, 10)).toEqual([
    {
      ...{ incidentId: 'INC-20261102-100000', id: 'A1', action: 'Test it', owner: 'ada' },
      dueAt: '2026-11-10T00:00:00.000Z',
    },
    expect.objectContaining({ incidentId: 'INC-20261105-080000', id: 'A1', dueAt: '2026-11-15T00:00:00.000Z' }),
  ]);
  expect(await overdueActions(core.store.db, FIGURES_NOW, 1)).toHaveLength(1);
});

test('the handover is made of what is stored, and of what is switched', async () => {
  const before = await handover();
  expect(before).toMatchObject({
    at: '2026-11-20T00:00:00.000Z',
    automation: { mode: 'auto', killSwitch: false, changedBy: null },
    incidents: [{ id: 'INC-20261103-100000', severity: 'P0', commander: 'ada', status: 'mitigated' }, {}, {}, {}],
    watched: [{}, { postmortemMissing: true }, { postmortemMissing: false }],
    overdueActions: [{ overdueSeconds: 864_000 }, { overdueSeconds: 432_000 }],
  });
  await writeAutomation(core.store.db, { killSwitch: true }, 'bob', FIGURES_NOW - 1000);
  expect((await handover()).automation).toMatchObject({ changedBy: 'bob', changedAt: '2026-11-19T23:59:59.000Z' });
});

test('maintenance: what holds and what is to come, the next one first', async () => {
  const at = (hours: number): string => new Date(FIGURES_NOW + hours * 3_600_000).toISOString();
  const window = (service: string | null, environment: string | null, from: number, until: number) =>
    core.store.transaction(({ trx }) =>
      addWindow(
        trx,
        { service, environment, from: at(from), until: at(until), because: 'an upgrade', by: 'bob' },
        FIGURES_NOW,
      ),
    );
  await window('cart', 'production', 5, 6);
  await window(null, 'staging', -1, 2);
  await window('checkout', null, -3, -1);
  const ended = await window('search', null, -1, 3);
  await core.store.transaction(({ trx }) => endWindow(trx, ended, 'bob', FIGURES_NOW));
  expect((await handover()).maintenance).toEqual([
    { what: 'in staging', from: at(-1), until: at(2), because: 'an upgrade', by: 'bob' },
    { what: 'cart in production', from: at(5), until: at(6), because: 'an upgrade', by: 'bob' },
  ]);
});

test('statistics without a time are those of the last 90 days', async () => {
  const backend = createBackend({
    ...{ store: core.store, commander: core.commander, clock: core.clock },
    policy: () => Promise.resolve(core.policy),
    handover,
  } as unknown as Parameters<typeof createBackend>[0]);
  const query = { since: null, until: null, service: null, severity: [], groupBy: null };
  expect(await backend.statistics(query)).toMatchObject({
    since: '2026-08-22T00:00:00.000Z',
    until: '2026-11-20T00:00:00.000Z',
    total: { incidents: 7 },
  });
  expect(await backend.statistics({ ...query, until: '2026-11-03T00:00:00.000Z' })).toMatchObject({
    since: '2026-08-05T00:00:00.000Z',
    total: { incidents: 1 },
  });
});
