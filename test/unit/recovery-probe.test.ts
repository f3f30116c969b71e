import fc from 'fast-check';
import type { RecoveryPolicy } from '../../src/domain/policy.ts';
import type { Baseline, MetricReading } from '../../src/domain/recovery.ts';
import {
  judgeVersions,
  type VersionContext,
  type VersionMetric,
} from '../../src/rollback/validation/judge-versions.ts';
import type { Metrics, ProbeDeps } from '../../src/rollback/validation/ports.ts';
import { createRecoveryProbe } from '../../src/rollback/validation/probe.ts';

const never = (): Promise<never> => new Promise(() => undefined);
const hanging: Metrics = { query: never, queryRange: never, firingAlerts: never };
const boom = (): never => {
  throw new Error('boom');
};
const throwing: Metrics = { query: boom, queryRange: boom, firingAlerts: boom };

const RECOVERY: RecoveryPolicy = {
  health: [],
  errorRatio: 'ratio',
  latencyP95: null,
  requestsPerSecond: null,
  errorRatioByVersion: 'ratio{version="$version"}',
  latencyP95ByVersion: null,
  sloErrorRatio: null,
  scrapeSeconds: 15,
  settleSeconds: null,
  journeys: [],
};
const scope = { service: 'checkout', environment: null, recovery: RECOVERY, facts: {} };
const version = (name: string) => ({ version: name, identity: name, images: [], since: null });
const versions = { ...scope, from: version('r2'), to: version('r1'), at: 0 };
const alerts = { ...scope, names: ['A'], serviceLabels: ['service'], environmentLabels: [] };
const classify: ProbeDeps['classify'] = () => ({ kind: 'ambiguous', message: 'cut off' });
const probeOf = (metrics: Metrics | null, request: ProbeDeps['http']['request'] = never) =>
  createRecoveryProbe({ metrics, http: { request }, classify, clock: { now: () => 0 } });

const lookEverywhere = async (metrics: Metrics | null, request: ProbeDeps['http']['request'], signal: AbortSignal) => {
  const probe = probeOf(metrics, request);
  const journey = {
    name: 'j',
    steps: [{ method: 'GET', url: 'http://x/', expectStatus: 200, expectBody: null }],
  };
  return Promise.all([
    probe.freezeBaseline({ ...scope, before: 0 }, signal),
    probe.measure({ ...scope, at: 0 }, signal),
    probe.alerts(alerts, signal),
    probe.compareVersions(versions, signal),
    probe.health(['http://x/'], signal),
    probe.journeys([journey], signal),
  ]);
};

describe('no call throws, and each ends with its signal', () => {
  test('when nothing that is asked ever ends', async () => {
    const [frozen, measured, firing, compared, health, journeys] = await lookEverywhere(
      hanging,
      never,
      AbortSignal.timeout(50),
    );
    expect(frozen).toMatchObject({ answered: false, baseline: { metrics: {} } });
    expect(measured.errorRatio).toEqual({ missing: expect.stringContaining('no answer in time') });
    expect([firing.result, compared.answer, health[0]?.result, journeys[0]?.result]).toEqual(Array(4).fill('unknown'));
  });

  test('when everything that is asked throws', async () => {
    const [frozen, measured, firing, compared, health] = await lookEverywhere(
      throwing,
      boom,
      new AbortController().signal,
    );
    expect(frozen.answered).toBe(false);
    expect(measured.errorRatio).toEqual({ missing: expect.stringContaining('boom') });
    expect([firing.result, compared.answer]).toEqual(['unknown', 'unknown']);
    expect(health[0]).toMatchObject({ result: 'fail', detail: 'cut off' });
  });

  test('when it is over before it begins', async () => {
    const found = await lookEverywhere(hanging, never, AbortSignal.abort());
    expect(found[2].result).toBe('unknown');
  });
});

test('without a Prometheus there is no baseline, and what is declared is missing', async () => {
  const probe = probeOf(null);
  const signal = new AbortController().signal;
  expect(await probe.freezeBaseline({ ...scope, before: 0 }, signal)).toEqual({ baseline: null, answered: true });
  expect(await probe.measure({ ...scope, at: 0 }, signal)).toEqual({
    errorRatio: { missing: 'no Prometheus is configured' },
  });
  expect((await probe.alerts(alerts, signal)).result).toBe('unknown');
  expect((await probe.compareVersions(versions, signal)).answer).toBe('unknown');
});

test('an incident without alerts, and a journey without steps, prove nothing', async () => {
  const answering: Metrics = { ...hanging, firingAlerts: () => Promise.resolve({ kind: 'alerts', alerts: [] }) };
  const signal = new AbortController().signal;
  expect((await probeOf(answering).alerts({ ...alerts, names: [] }, signal)).result).toBe('unknown');
  expect((await probeOf(answering).journeys([{ name: 'j', steps: [] }], signal))[0]?.result).toBe('unknown');
});

describe('which versions can be compared', () => {
  const asked: string[] = [];
  const counting: Metrics = {
    ...hanging,
    query: (promql) => {
      asked.push(promql);
      return Promise.resolve({ kind: 'value', value: 0.5, warnings: [] });
    },
  };
  const compare = (errorRatioByVersion: string | null, names: [string, string] = ['r2', 'r1']) => {
    asked.length = 0;
    const recovery = { ...RECOVERY, errorRatioByVersion };
    const [from, to] = [version(names[0]), version(names[1])];
    return probeOf(counting).compareVersions({ ...versions, recovery, from, to }, new AbortController().signal);
  };
  test.each<[string, string | null, [string, string], string]>([
    ['none is declared', null, ['r2', 'r1'], 'no metric is declared by version'],
    ['the query does not name them', 'ratio', ['r2', 'r1'], 'its query names neither $version nor $pods'],
    ['both have one name', 'x{v="$version"}', ['r1', 'r1'], 'its query does not tell the two versions apart'],
    ['the pods are not known', 'x{pod=~"$pods"}', ['r2', 'r1'], '$pods is not known'],
    ['$environment is not known', 'x{v="$version",e="$environment"}', ['r2', 'r1'], '$environment is not known'],
    ['the query is unsafe', 'x{v="$version"} > $service', ['r2', 'r1'], '$service must stand in quotes'],
  ])('unknown, and not asked: %s', async (_, promql, names, because) => {
    expect(await compare(promql, names)).toEqual({ answer: 'unknown', because: expect.stringContaining(because) });
    expect(asked).toEqual([]);
  });
  test('each is asked for by itself', async () => {
    await compare('x{v="$version",s="$service"}');
    expect(asked).toEqual(['x{v="r2",s="checkout"}', 'x{v="r1",s="checkout"}']);
  });
});

describe('the comparison', () => {
  const context = (over: Partial<VersionContext> = {}): VersionContext => {
    const usual = { p95: 0, mad: 0, samples: 31 };
    const metrics: Baseline['metrics'] = {
      errorRatio: { ...usual, median: 0.001 },
      latencyP95: { ...usual, median: 0.2 },
    };
    return { from: 'r2', to: 'r1', baseline: { from: '', to: '', metrics, missing: {} }, sloErrorRatio: null, ...over };
  };
  const judge = (metric: VersionMetric, from: number, to: number, over: Partial<VersionContext> = {}) =>
    judgeVersions([{ metric, from: { value: from }, to: { value: to } }], context(over)).answer;

  test.each<[string, VersionMetric, number, number, string]>([
    ['twice the errors, and a point more', 'errorRatio', 0.02, 0.01, 'yes'],
    ['twice the errors, less than a point', 'errorRatio', 0.018, 0.009, 'unknown'],
    ['a point more, not twice', 'errorRatio', 0.039, 0.02, 'unknown'],
    ['equally bad', 'errorRatio', 0.4, 0.38, 'no'],
    ['the new one is the better one of two that are bad', 'errorRatio', 0.1, 0.4, 'no'],
    ['equally well', 'errorRatio', 0.001, 0.001, 'unknown'],
    ['equal, and hardly above what is usual', 'errorRatio', 0.009, 0.009, 'unknown'],
    ['half as slow again', 'latencyP95', 0.31, 0.2, 'yes'],
    ['half as slow again, in milliseconds', 'latencyP95', 0.003, 0.002, 'unknown'],
    ['equally slow', 'latencyP95', 2, 2, 'no'],
    ['slower, both slow', 'latencyP95', 2.8, 2, 'unknown'],
  ])('%s', (_, metric, from, to, expected) => {
    expect(judge(metric, from, to)).toBe(expected);
  });

  test('what the objective allows is usual', () => {
    expect(judge('errorRatio', 0.04, 0.04, { sloErrorRatio: 0.03 })).toBe('unknown');
    expect(judge('errorRatio', 0.4, 0.4, { sloErrorRatio: 0.03, baseline: null })).toBe('no');
    expect(judge('errorRatio', 0.4, 0.4, { baseline: null })).toBe('unknown');
  });

  test('one metric that tells is enough', () => {
    const slow = { metric: 'latencyP95', from: { value: 2 }, to: { missing: 'no series' } } as const;
    const failing = { metric: 'errorRatio', from: { value: 0.4 }, to: { value: 0 } } as const;
    expect(judgeVersions([slow, failing], context())).toEqual({
      answer: 'yes',
      because: 'errorRatio is 40 % on r2 and 0 % on r1',
    });
    expect(judgeVersions([slow], context())).toEqual({ answer: 'unknown', because: 'latencyP95 of r1: no series' });
  });

  test('a number that is missing never tells', () => {
    const reading: fc.Arbitrary<MetricReading> = fc.oneof(
      fc.constant({ missing: 'no series' }),
      fc.double({ min: 0, max: 1, noNaN: true }).map((value) => ({ value })),
    );
    fc.assert(
      fc.property(reading, reading, (from, to) => {
        const { answer } = judgeVersions([{ metric: 'errorRatio', from, to }], context());
        if ('missing' in from || 'missing' in to) expect(answer).toBe('unknown');
        // The other way around it cannot be the suspect, too.
        else if (answer === 'yes') expect(judge('errorRatio', to.value, from.value)).not.toBe('yes');
      }),
    );
  });
});
