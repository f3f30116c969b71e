import { createRefusalLog } from '../../src/app/sources/refusal-log.ts';
import type { RefusalLog } from '../../src/app/sources/refusal-log.ts';
import type { SourceWatcher } from '../../src/app/sources/watch.ts';
import { createSourceWatcher } from '../../src/app/sources/watch.ts';
import type { Source } from '../../src/ingest/ports.ts';
import { recordRound, takeRound } from '../../src/store/rounds.ts';
import type { Core } from '../harness/core.ts';
import { raw, startCore } from '../harness/core.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

let core: Core;
let refusals: RefusalLog;
let watcher: SourceWatcher;

const newWatcher = (): SourceWatcher =>
  createSourceWatcher({
    store: core.store,
    writer: {
      accept: async (delivery) => {
        const [result] = await core.store.commitDeliveries([delivery]);
        return { ...result!, fromMemory: false };
      },
    },
    clock: core.clock,
    correlation: core.policy.correlation,
    refusals,
    dependencies: ['prometheus'],
  });

beforeEach(async () => {
  core = await startCore();
  refusals = createRefusalLog(core.store);
  watcher = newWatcher();
});
afterEach(() => core.close());

const look = async (afterMs = 0): Promise<void> => {
  core.clock.at += afterMs;
  await watcher.look();
  await core.settle();
};
const watchdog = () => core.deliver(raw('Watchdog', { service: null }));
const refuse = (source: Source, code: string, identified = true): void => {
  refusals.refused({ source, code, status: 401, message: '', identified, at: core.clock.now() });
};
/** Name, severity and status of each incident, the newest first. */
const incidents = async () =>
  (await core.incidents()).map(({ title, severity, status }) => [title.split(' ')[0], severity, status].join(' '));

describe('a heartbeat', () => {
  test('that stops opens one incident, which is over when it comes again', async () => {
    await watchdog();
    await look();
    await look(5 * MINUTE);
    expect(await incidents()).toEqual([]);
    await look(SECOND);
    const [incident] = await core.incidents();
    expect(incident).toMatchObject({
      service: 'firebreak',
      environment: null,
      severity: 'P1',
      severityRule: 'pipeline-loses-alerts',
      decision: { action: 'fix-forward' },
      rollback: null,
      status: 'open',
    });
    for (let i = 0; i < 10; i += 1) await look(MINUTE);
    expect(await core.incidents()).toHaveLength(1);
    await watchdog();
    await look(SECOND);
    expect((await core.incidents())[0]).toMatchObject({ status: 'mitigated', alertCounts: { firing: 0, resolved: 1 } });
  });

  test('that was never heard is not missed', async () => {
    await look();
    await look(60 * MINUTE);
    expect(await incidents()).toEqual([]);
  });

  test('of a time in which we were down is waited for; one that is missed stays so over our restart', async () => {
    await watchdog();
    core.clock.at += 60 * MINUTE;
    await look();
    expect(await incidents()).toEqual([]);
    await look(5 * MINUTE + SECOND);
    expect(await core.incidents()).toHaveLength(1);
    watcher = newWatcher();
    await look(SECOND);
    expect((await core.incidents())[0]?.status).toBe('open');
  });
});

describe('refused deliveries', () => {
  test('that repeat open one incident a cause, whatever a stranger sends, and it ends by itself', async () => {
    for (let i = 0; i < 2; i += 1) refuse('alertmanager', 'unauthorized', false);
    await look();
    expect(await incidents()).toEqual([]);
    for (let i = 0; i < 5_000; i += 1) refuse('alertmanager', 'unauthorized', false);
    for (let i = 0; i < 5_000; i += 1) refuse('generic', `made-up-${i}`);
    await look(MINUTE);
    expect((await core.incidents()).map(({ labels }) => labels['firebreak_cause']).sort()).toEqual([
      'refused/alertmanager/unauthorized',
      'refused/generic/unreadable',
    ]);
    expect((await core.incidents()).every(({ severity }) => severity === 'P1')).toBe(true);
    for (let i = 0; i < 20; i += 1) {
      refuse('alertmanager', 'unauthorized', false);
      await look(MINUTE);
    }
    expect(await core.incidents()).toHaveLength(2);
    await look(30 * MINUTE);
    expect(new Set((await core.incidents()).map(({ status }) => status))).toEqual(new Set(['mitigated']));
    // Again: what was over is not carried over, and the incident is the same.
    refuse('alertmanager', 'unauthorized');
    await look(MINUTE);
    expect((await core.incidents()).map(({ alertCounts }) => alertCounts.firing)).toEqual([0, 0]);
    for (let i = 0; i < 2; i += 1) refuse('alertmanager', 'unauthorized');
    await look(MINUTE);
    expect(await core.incidents()).toHaveLength(2);
    expect((await core.incidents()).map(({ alertCounts }) => alertCounts.firing).sort()).toEqual([0, 1]);
  });

  test('one that was too large is one too many', async () => {
    refuse('alertmanager', 'too-large');
    await look();
    expect(await core.incidents()).toHaveLength(1);
  });
});

describe('PagerDuty', () => {
  test('is watched until it is accepted again', async () => {
    for (let i = 0; i < 2; i += 1) refuse('pagerduty', 'unauthorized', false);
    await look();
    expect(await incidents()).toEqual([]); // without a signature it was not PagerDuty
    for (let i = 0; i < 2; i += 1) refuse('pagerduty', 'unauthorized');
    await look();
    const find = async () =>
      (await core.incidents()).find(({ labels }) => labels['alertname'] === 'FirebreakPagerDutyRefused');
    expect(await find()).toMatchObject({ severity: 'P2', severityRule: 'pipeline-is-impaired' });
    refuse('pagerduty', 'unauthorized');
    await look(SECOND);
    expect(await find()).toMatchObject({ severity: 'P1', status: 'open' });
    refusals.accepted('pagerduty');
    await look(SECOND);
    expect(await find()).toMatchObject({ status: 'mitigated' });
    refuse('pagerduty', 'unauthorized');
    refusals.accepted('pagerduty');
    refuse('pagerduty', 'unauthorized');
    await look(SECOND);
    expect(await find()).toMatchObject({ status: 'mitigated' });
  });
});

describe('what does not answer', () => {
  test('for minutes is an incident until it answers', async () => {
    await recordRound(core.store.db, 'prometheus', core.clock.now(), 'ECONNREFUSED');
    await recordRound(core.store.db, 'somebody-else', core.clock.now(), 'ECONNREFUSED');
    await look();
    core.clock.at += 3 * MINUTE;
    await recordRound(core.store.db, 'prometheus', core.clock.now(), 'timeout');
    await look();
    expect(await core.incidents()).toEqual([expect.objectContaining({ severity: 'P2', status: 'open' })]);
    await recordRound(core.store.db, 'prometheus', core.clock.now(), null);
    await look(SECOND);
    expect(await core.incidents()).toEqual([expect.objectContaining({ status: 'resolved' })]);
  });

  test('is asked by one replica at a time', async () => {
    const take = () => takeRound(core.store.db, 'prometheus', core.clock.now(), 30 * SECOND);
    expect(await Promise.all([take(), take(), take()])).toEqual(expect.arrayContaining([true, false, false]));
    expect(await take()).toBe(false);
    core.clock.at += 30 * SECOND;
    expect(await take()).toBe(true);
    core.clock.at -= 60 * MINUTE; // a clock that was set back must not stop the rounds for an hour
    expect(await take()).toBe(true);
  });
});

test('while the store is away nothing is missing', async () => {
  await watchdog();
  await look();
  core.clock.at += 10 * MINUTE;
  const flush = refusals.flush;
  refusals = { ...refusals, flush: () => Promise.reject(new Error('the store is away')) };
  watcher = newWatcher();
  await expect(watcher.look()).rejects.toThrow('the store is away');
  Object.assign(refusals, { flush });
  await look();
  expect(await incidents()).toEqual([]);
});

test('nobody outside can join such an incident', async () => {
  await watchdog();
  await look();
  await look(6 * MINUTE);
  const [own] = await core.incidents();
  await core.deliver(raw('FirebreakSourceSilent', { service: 'firebreak', labels: { ...own!.labels } }));
  await core.settle();
  expect(await core.incidents()).toHaveLength(2);
  expect((await core.incidents()).find(({ id }) => id === own!.id)?.alertCounts).toEqual({ firing: 1, resolved: 0 });
});
