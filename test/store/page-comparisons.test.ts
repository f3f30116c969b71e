import { compareYesterday } from '../../src/app/sources/page-comparison.ts';
import { readPagerDutyWebhook } from '../../src/ingest/pagerduty.ts';
import { listComparisons } from '../../src/store/page-comparisons.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import type { Core } from '../harness/core.ts';
import { CORE_START, raw, startCore } from '../harness/core.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let core: Core;
beforeEach(async () => {
  core = await startCore();
});
afterEach(() => core.close());

const yesterday = () => compareYesterday({ store: core.store, clock: core.clock, log: createLogger('silent') });
const kept = async () =>
  (await listComparisons(core.store.db, 10)).map(({ day, comparison }) => [
    day,
    comparison.both.length,
    comparison.onlyPagerDuty.length,
    comparison.onlyFirebreak.length,
  ]);

async function raised(id: string, service: string, at: number): Promise<void> {
  const created = new Date(at).toISOString();
  const data = { id, type: 'incident', created_at: created, title: id, urgency: 'high', service: { summary: service } };
  const body = { event: { id, event_type: 'incident.triggered', occurred_at: created, data } };
  const notice = readPagerDutyWebhook(body, { correlation: core.policy.correlation, receivedAt: core.clock.now() });
  if (notice.kind !== 'alert') throw new Error(notice.kind);
  const delivery = { id: crypto.randomUUID(), source: 'pagerduty', receivedAt: core.clock.now() };
  await core.store.commitDeliveries([{ ...delivery, alerts: [notice.observed], heartbeats: [], rejected: [] }]);
  await core.settle();
}

/** CORE_START is a midnight. */
test('a day is compared once, when it is over and what belongs to its end has come', async () => {
  core.clock.at = CORE_START + 23 * HOUR + 58 * MINUTE;
  await core.deliver(raw('Errors', { annotations: { users_affected_percent: '95' }, startsAt: core.clock.at }));
  await core.settle();
  await raised('P1', 'checkout', core.clock.at);
  await raised('P2', 'mainframe', core.clock.at);
  core.clock.at = CORE_START + 24 * HOUR + 19 * MINUTE;
  await yesterday();
  expect(await kept()).toEqual([]);
  core.clock.at += MINUTE;
  await Promise.all([yesterday(), yesterday(), yesterday()]);
  expect(await kept()).toEqual([['2035-01-01', 1, 1, 0]]);
  core.clock.at += HOUR;
  await yesterday();
  expect(await kept()).toHaveLength(1);
  core.clock.at += 24 * HOUR;
  await yesterday();
  expect((await kept())[0]).toEqual(['2035-01-02', 0, 0, 0]);
});
