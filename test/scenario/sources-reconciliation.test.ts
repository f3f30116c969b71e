import { createServer } from 'node:http';
import { readAlertmanager } from '../../src/ingest/read-delivery.ts';
import { createAlertmanager } from '../../src/clients/alertmanager.ts';
import type { ReconcileDeps, RoundOutcome } from '../../src/app/sources/reconcile.ts';
import { reconcile } from '../../src/app/sources/reconcile.ts';
import { createQuietSink } from '../../src/app/sources/quiet.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { readCounters } from '../../src/store/counters.ts';
import { listen, stop } from '../fakes/faults.ts';
import { startAlertmanager } from '../harness/alertmanager.ts';
import type { Core } from '../harness/core.ts';
import { startCore } from '../harness/core.ts';
import { eventually, removeDirectory, temporaryDirectory } from '../harness/firebreak.ts';
import type { Listening } from '../harness/ports.ts';
import { describeWith } from '../harness/tools.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Of the route below, and a little more: from then on a resolve is overdue. */
const OVERDUE_MS = 2 * MINUTE + 31 * SECOND;

/** HTTP dates are whole seconds, so what has just started may seem to start in a moment. */
const NO_GRACE = -SECOND;

/** The receiver is nobody: what Alertmanager sends is lost. What it says is handed over by the test where it should arrive. */
const CONFIG = {
  route: { receiver: 'nobody', group_by: ['alertname'], group_interval: '2m' },
  inhibit_rules: [
    { source_matchers: ['alertname = "DatacentreDown"'], target_matchers: ['severity = "warning"'], equal: ['dc'] },
  ],
  receivers: [{ name: 'nobody' }],
};

describeWith(['prometheus-alertmanager'], 'reconciliation with a real Alertmanager', () => {
  let directory: string;
  let alertmanager: Listening;
  let core: Core;
  let told: [string, { because: string; until: string | null } | null][];
  let deps: ReconcileDeps;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    [alertmanager, core] = await Promise.all([startAlertmanager(directory, CONFIG), startCore()]);
    told = [];
    deps = depsFor(alertmanager.url);
  });
  afterEach(async () => {
    await Promise.all([alertmanager.stop(), core.close()]);
    await removeDirectory(directory);
  });

  const depsFor = (url: string, restartGraceMs = NO_GRACE): ReconcileDeps => ({
    store: core.store,
    writer: {
      accept: async (delivery) => {
        const [result] = await core.store.commitDeliveries([delivery]);
        return { ...result!, fromMemory: false };
      },
    },
    clock: core.clock,
    alertmanager: createAlertmanager({ url, timeoutMs: 2 * SECOND }),
    correlation: core.policy.correlation,
    quiet: (id, quiet) => {
      told.push([id, quiet]);
      return createQuietSink(core.store, core.commander)(id, quiet);
    },
    log: createLogger('silent'),
    timings: { restartGraceMs },
  });

  const post = async (path: string, body: unknown): Promise<void> => {
    const response = await fetch(`${alertmanager.url}/api/v2${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(await response.text());
  };
  const labels = (alertname: string, more: object = {}) => ({
    alertname,
    service: 'checkout',
    env: 'production',
    severity: 'warning',
    dc: 'fra',
    ...more,
  });
  const fire = (...alerts: readonly object[]) =>
    post(
      '/alerts',
      alerts.map((each) => ({ labels: each })),
    );
  const end = (of: object) =>
    post('/alerts', [{ labels: of, startsAt: '2026-01-01T00:00:00Z', endsAt: new Date().toISOString() }]);
  const listed = async () => (await alertmanager.get('/api/v2/alerts')) as { fingerprint: string }[];
  const gone = (of: number) => eventually(listed, (alerts) => alerts.length === of);

  /** What it would have sent: its own words, by its own API. */
  const deliverAll = async (): Promise<void> => {
    const alerts = (await listed()).map((alert) => ({ ...alert, status: 'firing' }));
    const read = readAlertmanager({ alerts }, { correlation: core.policy.correlation, receivedAt: core.clock.now() });
    if (read.kind === 'unreadable') throw new Error(read.problem.message);
    expect(read.rejected).toEqual([]);
    await core.store.commitDeliveries([
      { id: crypto.randomUUID(), source: 'alertmanager', receivedAt: core.clock.now(), ...read },
    ]);
    await core.settle();
  };
  const look = async (afterMs = 30 * SECOND): Promise<RoundOutcome> => {
    core.clock.at += afterMs;
    const outcome = await reconcile(deps);
    await core.settle();
    return outcome;
  };
  const incident = async () => (await core.incidents())[0]!;

  test('a resolve that was lost comes all the same, and says where it comes from', async () => {
    await fire(labels('Errors'), labels('Latency'));
    await deliverAll();
    expect(await look()).toEqual({ kind: 'reconciled', lost: 0, back: 0 });
    await end(labels('Errors'));
    await gone(1);
    expect(await look()).toEqual({ kind: 'reconciled', lost: 0, back: 0 });
    expect(await look()).toEqual({ kind: 'reconciled', lost: 0, back: 0 }); // its group may still be waiting
    expect(await look(OVERDUE_MS)).toEqual({ kind: 'reconciled', lost: 1, back: 0 });
    expect((await incident()).alertCounts).toEqual({ firing: 1, resolved: 1 });
    await end(labels('Latency'));
    await gone(0);
    await look();
    await look(OVERDUE_MS);
    expect((await incident()).status).toBe('resolved');
    const resolved = (await core.timeline((await incident()).id)).filter((event) => event.type === 'alerts-resolved');
    expect(resolved.map((event) => event.data.samples[0]?.annotations['firebreak_reconciled'])).toEqual([
      expect.stringContaining('its resolve never came'),
      expect.stringContaining('its resolve never came'),
    ]);
    expect(await readCounters(core.store.db)).toContainEqual({
      metric: 'reconciled_alerts_total',
      labels: { outcome: 'resolved' },
      value: 2,
    });
    expect(await look()).toEqual({ kind: 'reconciled', lost: 0, back: 0 });
  });

  test('what was missing and is listed again fires again at once', async () => {
    await fire(labels('Errors'));
    await deliverAll();
    await look();
    await end(labels('Errors'));
    await gone(0);
    await look();
    await look(OVERDUE_MS);
    expect((await incident()).status).toBe('resolved');
    await fire(labels('Errors'));
    expect(await look()).toEqual({ kind: 'reconciled', lost: 0, back: 1 });
    expect(await incident()).toMatchObject({ status: 'open', alertCounts: { firing: 1, resolved: 0 } });
    expect(await look()).toEqual({ kind: 'reconciled', lost: 0, back: 0 });
    // And ends by its ordinary resolve.
    await core.deliver({
      ...(await listed())[0],
      status: 'resolved',
      startsAt: '2026-01-01T00:00:00Z',
      endsAt: new Date(core.clock.now()).toISOString(),
    });
    await core.settle();
    expect((await incident()).status).toBe('resolved');
  });

  test('one that was never seen there is not ours to end: Grafana sends to the same address', async () => {
    await core.deliver({
      status: 'firing',
      labels: labels('FromGrafana'),
      startsAt: '2026-01-01T00:00:00Z',
      fingerprint: 'ffff',
    });
    await core.settle();
    for (let i = 0; i < 5; i += 1) expect(await look(OVERDUE_MS)).toMatchObject({ lost: 0 });
    expect((await incident()).status).toBe('open');
    // Nobody has repeated it for a day.
    expect(await look(24 * 60 * MINUTE)).toMatchObject({ lost: 1 });
    expect((await incident()).status).toBe('resolved');
  });

  test('after a restart its memory is empty, and that proves nothing', async () => {
    await fire(labels('Errors'));
    await deliverAll();
    await look();
    await alertmanager.stop();
    expect(await look()).toMatchObject({ kind: 'failed', because: expect.stringContaining('ECONNREFUSED') as string });
    alertmanager = await startAlertmanager(directory, CONFIG);
    deps = depsFor(alertmanager.url, 5 * MINUTE);
    for (let i = 0; i < 5; i += 1) {
      expect(await look(OVERDUE_MS)).toEqual({
        kind: 'inconclusive',
        because: expect.stringMatching(/^it started \d s ago$/) as string,
      });
    }
    expect((await incident()).status).toBe('open');
    // It has been up for long enough, and still does not know it.
    deps = depsFor(alertmanager.url);
    await look();
    expect(await look(OVERDUE_MS)).toMatchObject({ lost: 1 });
    expect((await incident()).status).toBe('resolved');
  });

  test.each([
    ['garbage', () => '<html>Sign in</html>'],
    ['an error', () => null],
    ['a list that is none', () => '{"alerts": []}'],
  ])('%s proves nothing', async (_, body) => {
    await fire(labels('Errors'));
    await deliverAll();
    await look();
    const server = createServer((_request, response) => {
      const text = body();
      response.writeHead(text === null ? 503 : 200, { 'content-type': 'application/json' }).end(text ?? '');
    });
    deps = depsFor(`http://${await listen(server)}`);
    for (let i = 0; i < 3; i += 1) expect(await look(OVERDUE_MS)).toMatchObject({ kind: 'failed' });
    await stop(server);
    expect((await incident()).status).toBe('open');
    expect(told.every(([, quiet]) => quiet === null)).toBe(true);
  });

  test('two of them behind one address prove nothing', async () => {
    await fire(labels('Errors'));
    await deliverAll();
    await look();
    // Each request goes to another one, and the second one knows nothing.
    let turn = 0;
    const server = createServer((request, response) => {
      turn += 1;
      const uptime = turn % 3 === 0 ? '2026-01-01T00:00:00Z' : '2026-01-02T00:00:00Z';
      const status = {
        uptime,
        cluster: { status: 'ready' },
        versionInfo: { version: '0.25.0' },
        config: { original: '' },
      };
      const body = request.url?.startsWith('/api/v2/status') === true ? status : [];
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    deps = depsFor(`http://${await listen(server)}`);
    for (let i = 0; i < 3; i += 1) expect(await look(OVERDUE_MS)).toMatchObject({ kind: 'inconclusive' });
    await stop(server);
    expect((await incident()).status).toBe('open');
  });

  describe('an incident whose alerts nobody hears', () => {
    const quiet = () => told.at(-1)?.[1];

    test('is quiet while all of them are silenced, and never resolved by that', async () => {
      await fire(labels('Errors'), labels('Latency'));
      await deliverAll();
      await look();
      expect(quiet()).toBeNull();
      const silence = (alertname: string, endsAt: string) =>
        post('/silences', {
          matchers: [{ name: 'alertname', value: alertname, isRegex: false, isEqual: true }],
          ...{ startsAt: new Date().toISOString(), endsAt, createdBy: 'ada', comment: 'planned work <!channel>' },
        });
      await silence('Errors', '2036-01-01T00:00:00Z');
      await eventually(listed, (alerts) => JSON.stringify(alerts).includes('suppressed'));
      await look();
      expect(quiet()).toBeNull();
      await silence('Latency', '2037-01-01T00:00:00Z');
      await eventually(listed, (alerts) => !JSON.stringify(alerts).includes('active'));
      await look();
      expect(told.at(-1)).toEqual([
        (await incident()).id,
        { because: 'silenced in Alertmanager by ada: planned work <!channel>', until: '2036-01-01T00:00:00.000Z' },
      ]);
      for (let i = 0; i < 3; i += 1) expect(await look(OVERDUE_MS)).toMatchObject({ lost: 0 });
      expect(await incident()).toMatchObject({ status: 'open', quiet: [{ kind: 'silenced' }] });
      // A third one, which is heard.
      await fire(labels('Traffic'));
      await deliverAll();
      await look();
      expect(quiet()).toBeNull();
      expect(await incident()).toMatchObject({ status: 'open', quiet: [] });
      const types = (await core.timeline((await incident()).id)).map(({ type }) => type);
      expect(types.filter((type) => type.endsWith('quieted'))).toEqual(['quieted', 'unquieted']);
    });

    test('is not quiet any more when nothing of it fires: what comes next must be heard at once', async () => {
      await fire(labels('Errors'));
      await deliverAll();
      await fire(labels('DatacentreDown', { service: 'network', severity: 'critical' }));
      await eventually(listed, (alerts) => JSON.stringify(alerts).includes('suppressed'));
      await look();
      expect(await incident()).toMatchObject({ quiet: [{ kind: 'silenced' }] });
      const [alert] = (await listed()).filter((each) => JSON.stringify(each).includes('Errors'));
      await core.deliver({ ...alert, status: 'resolved', endsAt: new Date().toISOString() });
      await core.settle();
      await look();
      expect(await incident()).toMatchObject({ status: 'resolved', quiet: [] });
    });

    test('stays quiet when a silenced alert ends, whose resolve is silenced as well, until that is found out', async () => {
      await fire(labels('Errors'));
      await deliverAll();
      await look();
      await post('/silences', {
        matchers: [{ name: 'alertname', value: 'Errors', isRegex: false, isEqual: true }],
        ...{ startsAt: new Date().toISOString(), endsAt: '2036-01-01T00:00:00Z', createdBy: 'ada', comment: '' },
      });
      await eventually(listed, (alerts) => JSON.stringify(alerts).includes('suppressed'));
      await look();
      await end(labels('Errors'));
      await gone(0);
      await look();
      expect(await incident()).toMatchObject({
        status: 'open',
        quiet: [{ because: 'silenced in Alertmanager by ada' }],
      });
      await look(OVERDUE_MS);
      await look();
      expect(await incident()).toMatchObject({ status: 'resolved', quiet: [] });
    });

    test('is quiet while another alert inhibits them', async () => {
      await fire(labels('Errors'));
      await deliverAll();
      await fire(labels('DatacentreDown', { service: 'network', severity: 'critical' }));
      await eventually(listed, (alerts) => JSON.stringify(alerts).includes('suppressed'));
      await look();
      expect(quiet()).toEqual({ because: 'inhibited in Alertmanager by DatacentreDown', until: null });
      expect((await incident()).status).toBe('open');
    });
  });
});
