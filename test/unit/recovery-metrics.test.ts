import fc from 'fast-check';
import {
  MIN_BASELINE_SAMPLES,
  RECOVERY_METRICS,
  baselineOf,
  judgeMetric,
  type Baseline,
  type MetricBaseline,
  type RecoveryMetric,
} from '../../src/domain/recovery.ts';

const usual = (median: number, mad = 0): MetricBaseline => ({ median, p95: median, mad, samples: 31 });
const baselineWith = (metrics: Baseline['metrics'], missing: Baseline['missing'] = {}): Baseline => ({
  from: '2026-11-23T14:25:00.000Z',
  to: '2026-11-23T14:55:00.000Z',
  metrics,
  missing,
});
interface Given {
  readonly now: number;
  readonly base?: MetricBaseline;
  readonly slo?: number;
  readonly during?: number;
}
const judge = (metric: RecoveryMetric, { now, base, slo, during }: Given) =>
  judgeMetric(metric, { value: now }, base === undefined ? null : baselineWith({ [metric]: base }), during ?? null, {
    sloErrorRatio: slo ?? null,
  });

describe('a baseline', () => {
  test('is the median, the p95 and the usual distance from the median', () => {
    const values = [10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100];
    expect(baselineOf(values)).toEqual({ median: 6, p95: 100, mad: 3, samples: 11 });
    expect(baselineOf([1, 1, 1, 1, 1, 3, 3, 3, 3, 3])).toMatchObject({ median: 2, mad: 1 });
  });

  test('is null with fewer values than it takes, and counts no value that is no number', () => {
    const enough = Array<number>(MIN_BASELINE_SAMPLES).fill(1);
    expect(baselineOf(enough)).toMatchObject({ samples: MIN_BASELINE_SAMPLES, mad: 0 });
    expect(baselineOf([...enough.slice(1), Number.NaN, Number.POSITIVE_INFINITY])).toBeNull();
    expect(baselineOf([])).toBeNull();
  });

  test('lies within the values, in whatever order they come', () => {
    const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 10, maxLength: 60 });
    fc.assert(
      fc.property(values, (list) => {
        const found = baselineOf(list)!;
        expect(baselineOf([...list].reverse())).toEqual(found);
        expect(found.median).toBeGreaterThanOrEqual(Math.min(...list));
        expect(found.p95).toBeLessThanOrEqual(Math.max(...list));
        expect(found.p95).toBeGreaterThanOrEqual(found.median);
        expect(list.filter((value) => Math.abs(value - found.median) <= found.mad).length * 2).toBeGreaterThanOrEqual(
          list.length,
        );
      }),
    );
  });
});

describe('the limits', () => {
  test.each<[string, RecoveryMetric, Given, string]>([
    ['a fifth more errors', 'errorRatio', { now: 0.12, base: usual(0.1) }, 'pass'],
    ['beyond a fifth', 'errorRatio', { now: 0.1201, base: usual(0.1) }, 'fail'],
    ['a tenth of a point more, where there were none', 'errorRatio', { now: 0.001, base: usual(0) }, 'pass'],
    ['beyond a tenth of a point', 'errorRatio', { now: 0.0011, base: usual(0) }, 'fail'],
    ['what the objective allows', 'errorRatio', { now: 0.01, base: usual(0), slo: 0.01 }, 'pass'],
    ['beyond the objective', 'errorRatio', { now: 0.0101, base: usual(0), slo: 0.01 }, 'fail'],
    ['the objective alone', 'errorRatio', { now: 0.009, slo: 0.01 }, 'pass'],
    ['beyond the objective alone', 'errorRatio', { now: 0.011, slo: 0.01 }, 'fail'],
    ['nothing to compare with', 'errorRatio', { now: 0 }, 'unknown'],
    ['a fifth slower', 'latencyP95', { now: 0.24, base: usual(0.2) }, 'pass'],
    ['beyond a fifth slower', 'latencyP95', { now: 0.241, base: usual(0.2) }, 'fail'],
    ['what is usual for an unsteady service', 'latencyP95', { now: 0.49, base: usual(0.2, 0.1) }, 'pass'],
    ['beyond what is usual for it', 'latencyP95', { now: 0.51, base: usual(0.2, 0.1) }, 'fail'],
    ['milliseconds of a service without any deviation', 'latencyP95', { now: 0.006, base: usual(0.002) }, 'pass'],
    ['more than milliseconds', 'latencyP95', { now: 0.008, base: usual(0.002) }, 'fail'],
    ['a latency without a baseline', 'latencyP95', { now: 0.001, slo: 0.01 }, 'unknown'],
    ['half the traffic', 'requestsPerSecond', { now: 50, base: usual(100) }, 'pass'],
    ['less than half', 'requestsPerSecond', { now: 49.9, base: usual(100) }, 'fail'],
    ['a dead service', 'requestsPerSecond', { now: 0, base: usual(0.01) }, 'fail'],
    ['a service that had no traffic', 'requestsPerSecond', { now: 0, base: usual(0) }, 'pass'],
    ['traffic without a baseline', 'requestsPerSecond', { now: 100 }, 'unknown'],
  ])('%s: %s', (_, metric, given, expected) => {
    expect(judge(metric, given).check).toMatchObject({ name: metric, result: expected });
  });

  test('the detail has both numbers, for people', () => {
    expect(judge('errorRatio', { now: 0.04, base: usual(0.005) }).check.detail).toBe(
      '4 %; expected at most 0.6 % (0.5 % before the incident)',
    );
    expect(judge('latencyP95', { now: 1.5, base: usual(0.2, 0.01) }).check.detail).toBe(
      '1.5 s; expected at most 240 ms (200 ms before the incident)',
    );
    expect(judge('requestsPerSecond', { now: 0, base: usual(12.5) }).check.detail).toBe(
      '0/s; expected at least 6.25/s (12.5/s before the incident)',
    );
    expect(judge('requestsPerSecond', { now: 3, base: usual(0) }).check.detail).toBe(
      '3/s; not judged: there was no traffic before the incident',
    );
  });

  test('what could not be measured is unknown, and so is what no ratio can be', () => {
    const baseline = baselineWith({ errorRatio: usual(0.1), requestsPerSecond: usual(0) }, { latencyP95: 'no series' });
    const of = (metric: RecoveryMetric, now: Parameters<typeof judgeMetric>[1]) =>
      judgeMetric(metric, now, baseline, null, { sloErrorRatio: 1 }).check;
    expect(of('errorRatio', { missing: 'the value is NaN' })).toMatchObject({
      result: 'unknown',
      detail: 'no data: the value is NaN',
    });
    expect(of('requestsPerSecond', { missing: 'no series' }).result).toBe('unknown');
    expect(of('errorRatio', { value: 45 }).result).toBe('unknown');
    expect(of('errorRatio', { value: -0.1 }).result).toBe('unknown');
    expect(of('errorRatio', { value: Number.NaN }).result).toBe('unknown');
    // The sum of rates that ends a hair above.
    expect(of('errorRatio', { value: 1.0000001 }).result).toBe('pass');
    expect(of('latencyP95', { value: 0.1 }).detail).toBe('100 ms, and no baseline to compare it with: no series');
  });
});

describe('worse than during the incident', () => {
  test.each<[string, RecoveryMetric, Given, boolean]>([
    ['half as many errors again', 'errorRatio', { now: 0.6, base: usual(0.01), during: 0.4 }, true],
    ['a little more errors', 'errorRatio', { now: 0.42, base: usual(0.01), during: 0.4 }, false],
    ['less than a point', 'errorRatio', { now: 0.012, base: usual(0), during: 0.004 }, false],
    ['fewer errors', 'errorRatio', { now: 0.3, base: usual(0.01), during: 0.4 }, false],
    ['nobody measured during the incident', 'errorRatio', { now: 1, base: usual(0.01) }, false],
    ['no baseline, but clearly worse', 'errorRatio', { now: 0.9, during: 0.2 }, true],
    ['errors that are as before', 'errorRatio', { now: 0.1, base: usual(0.1), during: 0.01 }, false],
    ['twice as slow', 'latencyP95', { now: 4, base: usual(0.2), during: 2 }, true],
    ['slower within what is usual', 'latencyP95', { now: 2, base: usual(0.2, 0.5), during: 1 }, false],
    ['half the traffic', 'requestsPerSecond', { now: 10, base: usual(100), during: 20 }, true],
    ['a retry storm that ends', 'requestsPerSecond', { now: 90, base: usual(100), during: 900 }, false],
    ['no traffic, as during the incident', 'requestsPerSecond', { now: 0, base: usual(100), during: 0 }, false],
  ])('%s: %s', (_, metric, given, worse) => {
    expect(judge(metric, given).worse).toBe(worse);
  });

  const number = fc.double({ min: 0, max: 10, noNaN: true });
  const any = fc.record({
    metric: fc.constantFrom(...RECOVERY_METRICS),
    now: fc.oneof(number, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1)),
    base: fc.option(fc.tuple(number, number)),
    during: fc.option(number),
    slo: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  });

  test('what passes is never worse, and what has no number never passes or fails', () => {
    fc.assert(
      fc.property(any, ({ metric, now, base, during, slo }) => {
        const given = base === null ? {} : { [metric]: usual(base[0], base[1]) };
        const { check, worse } = judgeMetric(metric, { value: now }, baselineWith(given), during, {
          sloErrorRatio: slo,
        });
        if (check.result === 'pass') expect(worse).toBe(false);
        if (!Number.isFinite(now) || now < 0) expect([check.result, worse]).toEqual(['unknown', false]);
        if (base === null && (metric !== 'errorRatio' || slo === null)) expect(check.result).toBe('unknown');
      }),
      { numRuns: 500 },
    );
  });

  test('fewer errors and less latency never make a verdict worse, nor does more traffic', () => {
    const order = { pass: 0, unknown: 1, fail: 2 };
    fc.assert(
      fc.property(any, number, ({ metric, base, slo }, other) => {
        const given = base === null ? {} : { [metric]: usual(base[0], base[1]) };
        const [low, high] = [Math.min(other, 1) / 2, Math.min(other, 1)];
        const [better, lesser] = metric === 'requestsPerSecond' ? [high, low] : [low, high];
        const of = (value: number) =>
          order[judgeMetric(metric, { value }, baselineWith(given), null, { sloErrorRatio: slo }).check.result];
        expect(of(better)).toBeLessThanOrEqual(of(lesser));
      }),
    );
  });
});
