import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classifyHttp, createHttp } from '../../src/clients/http.ts';
import { createPrometheus } from '../../src/clients/prometheus.ts';
import type { FactQuery, RecoveryPolicy } from '../../src/domain/policy.ts';
import type { Baseline, RecoveryMetric } from '../../src/domain/recovery.ts';
import {
  NO_SAMPLES,
  RECOVERY_METRICS,
  foldSample,
  judgeMetric,
  recoveryVerdict,
  sampleOf,
} from '../../src/domain/recovery.ts';
import { iso } from '../../src/domain/time.ts';
import type { Metrics, RecoveryProbe } from '../../src/rollback/validation/ports.ts';
import { createRecoveryProbe } from '../../src/rollback/validation/probe.ts';
import { listen, stop } from '../fakes/faults.ts';
import { eventually } from '../harness/firebreak.ts';
import type { Listening } from '../harness/ports.ts';
import { describeWith } from '../harness/tools.ts';
import { CHANGE, MINUTE, startScripted, writeBlocks, type Script } from './recovery-support.ts';

/** In minutes after the change: it is bad from the change on, and rolled back at 20. */
const DURING = CHANGE + 15 * MINUTE;
const AFTER = CHANGE + 40 * MINUTE;
const whileBad = (bad: number, good: number) => (minute: number) => (minute >= 0 && minute < 20 ? bad : good);

const requests = (
  service: string,
  code: string,
  perSecond: Script['perSecond'],
  more: Partial<Script> = {},
): Script => ({
  name: 'http_requests_total',
  labels: { service, code },
  perSecond,
  ...more,
});
const bucket = (le: string, perSecond: Script['perSecond']): Script => ({
  name: 'http_duration_seconds_bucket',
  labels: { service: 'checkout', le },
  perSecond,
});
const byPod = (pod: string, code: string, perSecond: number): Script => ({
  name: 'pod_requests_total',
  labels: { pod, code },
  perSecond: () => perSecond,
});

const SERIES: readonly Script[] = [
  // 0.5 % errors and 100 requests a second; 40 % while it is bad.
  requests('checkout', '200', whileBad(60, 99.5)),
  requests('checkout', '500', whileBad(40, 0.5)),
  bucket('0.1', whileBad(0, 90)),
  bucket('0.5', whileBad(0, 100)),
  bucket('2', whileBad(100, 100)),
  bucket('+Inf', whileBad(100, 100)),
  // Not better after the rollback; and twice as bad.
  requests('stuck', '200', whileBad(60, 60)),
  requests('stuck', '500', (minute) => (minute < 0 ? 0.3 : 40)),
  requests('worse', '200', (minute) => (minute < 0 ? 100 : minute < 20 ? 80 : 20)),
  requests('worse', '500', (minute) => (minute < 0 ? 0 : minute < 20 ? 20 : 80)),
  // Its errors begin with the change: no series of them before.
  requests('clean', '200', whileBad(60, 100)),
  requests('clean', '500', whileBad(40, 0), { from: 0 }),
  // Counters that stand still, and pods that are gone.
  requests('dead', '200', (minute) => (minute < 20 ? 99 : 0)),
  requests('dead', '500', (minute) => (minute < 20 ? 1 : 0)),
  requests('gone', '200', () => 100, { to: 20 }),
  requests('gone', '500', () => 1, { to: 20 }),
  // Errors that are counted beside the requests.
  requests('beside', '500', () => 1),
  { name: 'accepted_total', labels: { service: 'beside' }, perSecond: () => 0 },
  // Began 9 minutes before the change.
  requests('young', '200', () => 100, { from: -9 }),
  requests('young', '500', () => 0, { from: -9 }),
  requests('idle', '200', () => 0),
  requests('idle', '500', () => 0),
  byPod('checkout-bad-1', '200', 6),
  byPod('checkout-bad-1', '500', 4),
  byPod('checkout-good-1', '200', 10),
  byPod('checkout-good-1', '500', 0),
  byPod('checkout-ill-1', '200', 6),
  byPod('checkout-ill-1', '500', 3.9),
];

const rate = (matchers: string) => `sum(rate(http_requests_total{service="$service"${matchers}}[2m]))`;
const RECOVERY: RecoveryPolicy = {
  health: [],
  errorRatio: `${rate(',code=~"5.."')} / ${rate('')}`,
  latencyP95: null,
  requestsPerSecond: `${rate('')} or vector(0)`,
  errorRatioByVersion:
    'sum(rate(pod_requests_total{pod=~"$pods",code="500"}[2m])) / sum(rate(pod_requests_total{pod=~"$pods"}[2m]))',
  latencyP95ByVersion: null,
  sloErrorRatio: null,
  scrapeSeconds: 15,
  settleSeconds: null,
  journeys: [],
};
const P95 = 'histogram_quantile(0.95, sum by (le) (rate(http_duration_seconds_bucket{service="$service"}[2m])))';

const signal = new AbortController().signal;
const scope = (service: string, over: Partial<RecoveryPolicy> = {}, facts: Record<string, FactQuery> = {}) => ({
  service,
  environment: 'production',
  recovery: { ...RECOVERY, ...over },
  facts,
});
const probeOf = (metrics: Metrics): RecoveryProbe =>
  createRecoveryProbe({
    metrics,
    http: createHttp({ timeoutMs: 2_000, userAgent: 'firebreak' }),
    classify: classifyHttp,
    clock: { now: () => CHANGE },
  });

const alertRule = (alert: string, labels: object, more: object = {}) => ({ alert, expr: 'vector(1)', labels, ...more });
const RULES = [
  alertRule('HighErrors', { service: 'checkout', severity: 'critical' }),
  alertRule('HighErrors', { service: 'search' }),
  alertRule('SlowCheckout', { app: 'checkout', environment: 'staging' }),
  alertRule('Soon', { service: 'checkout' }, { for: '1h' }),
  alertRule('Nobodys', {}),
];

describeWith(['prometheus', 'promtool'], 'the proof of a recovery, with a real Prometheus', () => {
  let directory: string;
  let prometheus: Listening;
  let halfBlind: Listening;
  let probe: RecoveryProbe;
  const client = (url: string, timeoutMs = 5_000) => createPrometheus({ url, timeoutMs });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'firebreak-recovery-'));
    const blocks = await writeBlocks(directory, SERIES);
    prometheus = await startScripted({ directory: join(directory, 'a'), blocks, rules: RULES });
    // It reads from another store, too, and that one is down.
    const more = { remote_read: [{ url: 'http://127.0.0.1:1/', read_recent: true }] };
    halfBlind = await startScripted({ directory: join(directory, 'b'), blocks, more });
    probe = probeOf(client(prometheus.url));
  });
  afterAll(async () => {
    await Promise.all([prometheus.stop(), halfBlind.stop()]);
    await rm(directory, { recursive: true });
  });

  const freeze = async (service: string, over: Partial<RecoveryPolicy> = {}) =>
    probe.freezeBaseline({ ...scope(service, over), before: CHANGE }, signal);
  const baselineFor = async (service: string, over: Partial<RecoveryPolicy> = {}): Promise<Baseline> =>
    (await freeze(service, over)).baseline!;
  const measureAt = (service: string, at: number, over: Partial<RecoveryPolicy> = {}) =>
    probe.measure({ ...scope(service, over), at }, signal);

  /** What the samples of a service after its rollback come to. */
  const verdictOf = async (service: string, over: Partial<RecoveryPolicy> = {}) => {
    const [baseline, during] = [await baselineFor(service, over), await measureAt(service, DURING, over)];
    const policy = { sloErrorRatio: over.sloErrorRatio ?? null };
    const before = (metric: RecoveryMetric) => {
      const reading = during[metric];
      return reading !== undefined && 'value' in reading ? reading.value : null;
    };
    let run = NO_SAMPLES;
    for (const at of [AFTER, AFTER + 10_000, AFTER + 20_000]) {
      const now = await measureAt(service, at, over);
      const judged = RECOVERY_METRICS.flatMap((metric) => {
        const reading = now[metric];
        return reading === undefined ? [] : [judgeMetric(metric, reading, baseline, before(metric), policy)];
      });
      run = foldSample(run, sampleOf(judged), iso(at));
    }
    return recoveryVerdict(run, { severity: 'P0', now: AFTER + 20_000, deadline: AFTER + 20_000 })!;
  };

  describe('the baseline', () => {
    test('is the half hour that ends five minutes before, in steps of a minute', async () => {
      const { baseline, answered } = await freeze('checkout', { latencyP95: P95 });
      expect(answered).toBe(true);
      expect([baseline?.from, baseline?.to]).toEqual(['2025-06-02T11:25:00.000Z', '2025-06-02T11:55:00.000Z']);
      expect(baseline?.missing).toEqual({});
      expect(baseline?.metrics.errorRatio).toEqual({
        median: expect.closeTo(0.005, 6),
        p95: expect.closeTo(0.005, 6),
        mad: expect.closeTo(0, 6),
        samples: 31,
      });
      expect(baseline?.metrics.latencyP95?.median).toBeCloseTo(0.3, 6);
      expect(baseline?.metrics.requestsPerSecond?.median).toBeCloseTo(100, 6);
    });

    test('trap: baseline missing, for there is no series of errors yet', async () => {
      expect(await freeze('clean')).toMatchObject({
        answered: true,
        baseline: { missing: { errorRatio: 'no series' } },
      });
    });

    test('trap: baseline missing, for the service is too young', async () => {
      const { missing, metrics } = await baselineFor('young');
      // 11:51 to 11:55, without the first minutes, in which there is no rate yet.
      expect(missing.errorRatio).toMatch(/^[1-5] usable values in 30 minutes, at least 10 are needed$/);
      expect(metrics.errorRatio).toBeUndefined();
    });

    test('trap: NaN (0/0) for the whole half hour', async () => {
      expect((await baselineFor('idle')).missing.errorRatio).toBe('none of 31 points is a number');
      expect((await baselineFor('idle')).metrics.requestsPerSecond).toMatchObject({ median: 0 });
    });

    test('trap: a percentage where a ratio is expected', async () => {
      const { missing } = await baselineFor('checkout', { errorRatio: '100 * vector(0.45)' });
      expect(missing.errorRatio).toBe(
        '0 usable values in 30 minutes, at least 10 are needed: 45 is more than 1, so it is no ratio',
      );
    });

    test('an expression that Prometheus refuses is not asked again', async () => {
      const { baseline, answered } = await freeze('checkout', { errorRatio: 'sum(' });
      expect(answered).toBe(true);
      expect(baseline?.missing.errorRatio).toContain('rejected: bad_data: ');
      expect(baseline?.metrics.requestsPerSecond?.samples).toBe(31);
    });

    test('there is none when no metric is declared', async () => {
      const nothing = { service: 'checkout', environment: null, recovery: null, facts: {}, before: CHANGE };
      expect(await probe.freezeBaseline(nothing, signal)).toEqual({ baseline: null, answered: true });
    });
  });

  describe('a measurement', () => {
    test('is of the moment asked for', async () => {
      const [during, after] = [await measureAt('checkout', DURING), await measureAt('checkout', AFTER)];
      expect(during).toEqual({ errorRatio: { value: expect.closeTo(0.4, 6) }, requestsPerSecond: { value: 100 } });
      expect(after.errorRatio).toEqual({ value: expect.closeTo(0.005, 6) });
    });

    test('is made with the facts where the service has no query of its own', async () => {
      const facts = { latencyP95Seconds: { promql: P95 }, errorRatio: { promql: 'vector(0.9)' } };
      const found = await probe.measure({ ...scope('checkout', {}, facts), at: DURING }, signal);
      expect(found.latencyP95).toEqual({ value: expect.closeTo(1.925, 6) });
      expect(found.errorRatio).toEqual({ value: expect.closeTo(0.4, 6) });
    });

    test.each<[string, string, Partial<RecoveryPolicy>, string]>([
      ['empty ratio', 'gone', {}, 'no series'],
      ['NaN (0/0)', 'dead', {}, 'the value is NaN'],
      [
        '+Inf',
        'beside',
        { errorRatio: `${rate('')} / sum(rate(accepted_total{service="$service"}[2m]))` },
        'the value is +Inf',
      ],
      [
        'several series',
        'checkout',
        { errorRatio: 'http_requests_total{service="$service"}' },
        '2 series, one expected',
      ],
      ['a broken expression', 'checkout', { errorRatio: 'sum(' }, 'rejected: bad_data'],
    ])('trap: %s is missing, never a number', async (_, service, over, why) => {
      const { errorRatio } = await measureAt(service, AFTER, over);
      expect(errorRatio).toEqual({ missing: expect.stringContaining(why) });
    });

    test('trap: warnings. A number from a part of the data is missing', async () => {
      const raw = await client(halfBlind.url).query('vector(1) + 0 * sum(http_requests_total)', AFTER, signal);
      expect(raw).toMatchObject({ kind: 'value', value: 1, warnings: [expect.stringContaining('remote')] });
      const blind = probeOf(client(halfBlind.url));
      const found = await blind.measure({ ...scope('checkout'), at: AFTER }, signal);
      expect(found.errorRatio).toEqual({ missing: expect.stringMatching(/^the data is incomplete: .*remote/) });
      const frozen = await blind.freezeBaseline({ ...scope('checkout'), before: CHANGE }, signal);
      expect(frozen.answered).toBe(false);
      expect(frozen.baseline?.missing.errorRatio).toMatch(/^the data is incomplete/);
    });
  });

  describe('the verdict', () => {
    test('recovered, since the first sample that passed', async () => {
      expect(await verdictOf('checkout', { latencyP95: P95 })).toMatchObject({
        verdict: 'recovered',
        since: iso(AFTER),
      });
    });

    test('as bad as before: not recovered', async () => {
      const { verdict, because } = await verdictOf('stuck');
      expect(verdict).toBe('not-recovered');
      expect(because).toBe(
        'the last of 3 samples failed: errorRatio: 40 %; expected at most 0.598 % (0.498 % before the incident)',
      );
    });

    test('worse than before: not recovered, by three samples', async () => {
      const { verdict, because } = await verdictOf('worse');
      expect(verdict).toBe('not-recovered');
      expect(because).toContain('3 samples in a row were worse than during the incident: errorRatio: 80 %');
    });

    test('trap: traffic gone. Without errors, and not recovered', async () => {
      const { verdict, because } = await verdictOf('dead');
      expect(verdict).toBe('not-recovered');
      expect(because).toContain('requestsPerSecond: 0/s; expected at least 50/s');
    });

    test('trap: traffic gone with its series, and nothing in their place: unknown', async () => {
      expect(await verdictOf('gone', { requestsPerSecond: rate('') })).toMatchObject({ verdict: 'unknown' });
    });

    test('trap: baseline missing. The objective judges, and without one it is unknown', async () => {
      expect(await verdictOf('clean')).toMatchObject({ verdict: 'unknown' });
      expect(await verdictOf('clean', { sloErrorRatio: 0.01 })).toMatchObject({ verdict: 'recovered' });
    });
  });

  describe('alerts', () => {
    const labels = { serviceLabels: ['service', 'app'], environmentLabels: ['environment'] };
    const look = (names: readonly string[], service: string | null = 'checkout', environment = 'production') =>
      probe.alerts({ names, service, environment, ...labels }, signal);
    beforeAll(async () => {
      const firing = async () => (await client(prometheus.url).firingAlerts(signal)) as { alerts?: unknown[] };
      await eventually(firing, ({ alerts }) => alerts?.length === 4);
    });

    test('of the incident that fire fail it', async () => {
      expect(await look(['HighErrors', 'Soon'])).toEqual({
        name: 'alerts',
        result: 'fail',
        detail: '1 still firing: HighErrors',
      });
    });
    test('pending ones, those of other services and those with other names do not', async () => {
      expect(await look(['Soon', 'Other'])).toEqual({
        name: 'alerts',
        result: 'pass',
        detail: 'none of Soon, Other fires',
      });
      expect(await look(['HighErrors'], 'payments')).toMatchObject({ result: 'pass' });
    });
    test('the service may stand under any of its labels; another environment is another incident', async () => {
      expect(await look(['SlowCheckout'], 'checkout', 'staging')).toMatchObject({ result: 'fail' });
      expect(await look(['SlowCheckout'], 'search', 'staging')).toMatchObject({ result: 'pass' });
      expect(await look(['SlowCheckout'])).toMatchObject({ result: 'pass' });
    });
    test('an alert without such labels is not ruled out', async () => {
      expect(await look(['Nobodys'])).toMatchObject({ result: 'fail' });
      expect(await look(['HighErrors'], null)).toMatchObject({ detail: '2 still firing: HighErrors' });
    });
  });

  describe('two versions side by side', () => {
    const version = (name: string) => ({
      version: name,
      identity: name,
      images: [],
      since: null,
      pods: `checkout-${name}-.*`,
    });
    const compare = async (from: string, to: string, baseline?: Baseline) =>
      probe.compareVersions(
        { ...scope('checkout'), from: version(from), to: version(to), at: DURING, baseline: baseline ?? null },
        signal,
      );
    test('only the new one fails: yes', async () => {
      expect(await compare('bad', 'good')).toEqual({
        answer: 'yes',
        because: 'errorRatio is 40 % on bad and 0 % on good',
      });
    });
    test('both fail, the old one far above what is usual: no', async () => {
      expect(await compare('bad', 'ill', await baselineFor('checkout'))).toEqual({
        answer: 'no',
        because: 'errorRatio is 40 % on bad and 39.4 % on ill; 0.5 % is usual',
      });
    });
    test('both fail, and what is usual is not known; or one does not serve: unknown', async () => {
      expect(await compare('bad', 'ill')).toMatchObject({ answer: 'unknown' });
      expect(await compare('bad', 'absent')).toEqual({
        answer: 'unknown',
        because: 'errorRatio of absent: no series',
      });
    });
  });

  describe('a Prometheus that does not answer', () => {
    const everything = async (metrics: Metrics, bound = signal) => {
      const blind = probeOf(metrics);
      const version = { version: 'v', identity: 'v', images: [], since: null, pods: 'p' };
      const alerts = { names: ['HighErrors'], serviceLabels: ['service'], environmentLabels: [] };
      return {
        frozen: await blind.freezeBaseline({ ...scope('checkout'), before: CHANGE }, bound),
        measured: await blind.measure({ ...scope('checkout'), at: AFTER }, bound),
        alerts: await blind.alerts({ ...scope('checkout'), ...alerts }, bound),
        compared: await blind.compareVersions(
          { ...scope('checkout'), from: version, to: { ...version, pods: 'q' }, at: AFTER },
          bound,
        ),
      };
    };
    const unknownIn = ({ frozen, measured, alerts, compared }: Awaited<ReturnType<typeof everything>>) => [
      Object.keys(frozen.baseline?.metrics ?? {}),
      Object.values(measured).filter((reading) => 'value' in reading),
      alerts.result,
      compared.answer,
    ];
    const NOTHING = [[], [], 'unknown', 'unknown'];

    let server: Server | null = null;
    const serving = async (listener: RequestListener): Promise<string> => {
      server = createServer(listener);
      return `http://${await listen(server)}`;
    };
    afterEach(async () => {
      if (server !== null) await stop(server);
      server = null;
    });

    test('trap: Prometheus down', async () => {
      const found = await everything(client('http://127.0.0.1:1'));
      expect(unknownIn(found)).toEqual(NOTHING);
      expect(found.frozen.answered).toBe(false);
      expect(found.measured.errorRatio).toEqual({ missing: expect.stringContaining('unreachable') });
    });

    test('trap: Prometheus slow, ended by our patience and by the caller', async () => {
      const url = await serving(() => undefined);
      const hasty = await everything(client(url, 50));
      expect(unknownIn(hasty)).toEqual(NOTHING);
      expect(hasty.frozen.answered).toBe(false);
      const cut = await everything(client(url), AbortSignal.timeout(50));
      expect(unknownIn(cut)).toEqual(NOTHING);
      expect(cut.frozen.answered).toBe(false);
    });

    test.each([
      ['a page', '<html>Sign in</html>'],
      ['a success without data', '{"status":"success"}'],
      ['other data', '{"status":"success","data":{"alerts":7,"resultType":"tensor"}}'],
    ])('trap: Prometheus answers garbage: %s', async (_, body) => {
      const url = await serving((_request, response) => response.end(body));
      expect(unknownIn(await everything(client(url)))).toEqual(NOTHING);
    });

    test('trap: errors of its own', async () => {
      const url = await serving((_request, response) => response.writeHead(503).end('overloaded'));
      const found = await everything(client(url));
      expect(unknownIn(found)).toEqual(NOTHING);
      expect(found.frozen.answered).toBe(false);
    });
  });
});
