import fc from 'fast-check';
import type { RecoveryPolicy } from '../../src/domain/policy.ts';
import {
  NO_SAMPLES,
  cadenceOf,
  foldSample,
  recoveryVerdict,
  sampleOf,
  settleMs,
  type JudgedCheck,
  type RecoveryRun,
  type RecoverySample,
} from '../../src/domain/recovery.ts';
import { SEVERITIES } from '../../src/domain/severity.ts';
import { iso } from '../../src/domain/time.ts';

const START = Date.UTC(2026, 10, 23, 15);
const EVERY = 10_000;
const DEADLINE = START + 900_000;

const judged = (result: RecoverySample['result'], worse = false, name = 'errorRatio'): JudgedCheck => ({
  check: { name, result, detail: `${name} is ${result}` },
  worse,
});
const fold = (samples: readonly RecoverySample[]): RecoveryRun =>
  samples.reduce((run, sample, at) => foldSample(run, sample, iso(START + at * EVERY)), NO_SAMPLES);
const samples = (...results: RecoverySample['result'][]) => fold(results.map((result) => sampleOf([judged(result)])));
const atP0 = (run: RecoveryRun, now = START) => recoveryVerdict(run, { severity: 'P0', now, deadline: DEADLINE });

const result = fc.constantFrom<RecoverySample['result'][]>('pass', 'pass', 'pass', 'fail', 'unknown');
const sample: fc.Arbitrary<RecoverySample> = fc
  .array(fc.tuple(result, fc.boolean()), { maxLength: 3 })
  .map((checks) => sampleOf(checks.map(([is, worse]) => judged(is, worse))));
const severity = fc.constantFrom(...SEVERITIES);

describe('a sample', () => {
  test.each([
    [['pass', 'pass'], 'pass'],
    [['pass', 'unknown'], 'unknown'],
    [['fail', 'unknown', 'pass'], 'fail'],
    [[], 'unknown'],
  ] as const)('of %j is %s', (results, expected) => {
    expect(sampleOf(results.map((is) => judged(is))).result).toBe(expected);
  });

  test('is worse when one of its checks is', () => {
    expect(sampleOf([judged('fail'), judged('fail', true)]).worse).toBe(true);
    expect(sampleOf([judged('fail')]).worse).toBe(false);
  });
});

describe('the run', () => {
  test.each(['fail', 'unknown'] as const)('%s ends what passed before', (end) => {
    expect(samples('pass', 'pass', end)).toMatchObject({ samples: 3, passes: 0, passingSince: null });
    expect(samples('pass', end, 'pass', 'pass')).toMatchObject({ passes: 2, passingSince: iso(START + 2 * EVERY) });
  });

  test('samples worse than during the incident count in a row', () => {
    const [worse, failed, better] = [
      sampleOf([judged('fail', true)]),
      sampleOf([judged('fail')]),
      // Contradictory: what passes is not worse than an incident.
      sampleOf([judged('pass', true)]),
    ];
    expect(fold([worse, worse]).worse).toBe(2);
    expect(fold([worse, worse, failed]).worse).toBe(0);
    expect(fold([worse, better]).worse).toBe(0);
  });

  test('keeps the last sample for people to read', () => {
    expect(samples('pass', 'fail').last).toEqual({
      result: 'fail',
      checks: [{ name: 'errorRatio', result: 'fail', detail: 'errorRatio is fail' }],
    });
  });
});

test('P0 is sampled more often and believed sooner', () => {
  expect(SEVERITIES.map(cadenceOf)).toEqual([
    { everyMs: 10_000, passes: 3 },
    { everyMs: 30_000, passes: 5 },
    { everyMs: 30_000, passes: 5 },
    { everyMs: 30_000, passes: 5 },
  ]);
});

describe('the verdict', () => {
  test('recovered, since the first sample of the passing run', () => {
    expect(atP0(samples('fail', 'pass', 'pass', 'pass'))).toEqual({
      verdict: 'recovered',
      because: '3 samples in a row passed, the first at 2026-11-23T15:00:10.000Z',
      since: iso(START + EVERY),
    });
  });

  test('not recovered as soon as three samples in a row are worse than the incident', () => {
    const worse = sampleOf([judged('fail', true), judged('pass', false, 'alerts')]);
    expect(atP0(fold([worse, worse]))).toBeNull();
    expect(atP0(fold([worse, worse, worse]))).toEqual({
      verdict: 'not-recovered',
      because: '3 samples in a row were worse than during the incident: errorRatio: errorRatio is fail',
      since: null,
    });
  });

  test.each([
    [samples('pass', 'fail'), 'not-recovered', 'the last of 2 samples failed: errorRatio: errorRatio is fail'],
    [samples('unknown'), 'unknown', 'the last of 1 sample could not be judged: errorRatio: errorRatio is unknown'],
    [samples('fail', 'pass'), 'unknown', 'at the deadline 1 sample in a row had passed, 3 are needed'],
    [fold([sampleOf([])]), 'unknown', 'the last of 1 sample could not be judged: nothing was looked at'],
    [NO_SAMPLES, 'unknown', 'no sample had been taken at the deadline'],
  ])('at the deadline, and not before (%#)', (run, verdict, because) => {
    expect(atP0(run, DEADLINE - 1)).toBeNull();
    expect(atP0(run, DEADLINE)).toEqual({ verdict, because, since: null });
  });

  test('names what failed, at most three', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const run = fold([sampleOf([judged('pass', false, 'ok'), ...names.map((name) => judged('fail', false, name))])]);
    expect(atP0(run, DEADLINE)?.because).toBe(
      'the last of 1 sample failed: a: a is fail; b: b is fail; c: c is fail; and 2 more',
    );
  });

  test('is recovered exactly when the needed samples in a row passed, whatever the clock says', () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 12 }), severity, fc.boolean(), (list, at, late) => {
        const run = fold(list);
        const needed = cadenceOf(at).passes;
        const tail = list.slice(list.findLastIndex(({ result: is }) => is !== 'pass') + 1);
        const now = late ? DEADLINE + 1 : START;
        const verdict = recoveryVerdict(run, { severity: at, now, deadline: DEADLINE });
        expect(verdict?.verdict === 'recovered').toBe(tail.length >= needed);
        if (verdict?.verdict === 'recovered')
          expect(verdict.since).toBe(iso(START + (list.length - tail.length) * EVERY));
      }),
      { numRuns: 500 },
    );
  });

  test('is never reached by what is not known: neither way', () => {
    const blind = fc.array(fc.constantFrom(sampleOf([]), sampleOf([judged('unknown')])), { maxLength: 20 });
    fc.assert(
      fc.property(blind, severity, fc.boolean(), (list, at, late) => {
        const now = late ? DEADLINE : START;
        const verdict = recoveryVerdict(fold(list), { severity: at, now, deadline: DEADLINE });
        expect(verdict?.verdict ?? null).toBe(late ? 'unknown' : null);
      }),
    );
  });

  test('is never taken back by a check that becomes unknown: an unknown can only make it later', () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 12 }), fc.nat(11), severity, (list, nth, at) => {
        const look = { severity: at, now: START, deadline: DEADLINE };
        const blinded = list.map((one, index) => (index === nth ? sampleOf([judged('unknown')]) : one));
        const [before, after] = [recoveryVerdict(fold(list), look), recoveryVerdict(fold(blinded), look)];
        if (before?.verdict !== 'recovered') expect(after?.verdict).not.toBe('recovered');
        if (before?.verdict !== 'not-recovered') expect(after?.verdict).not.toBe('not-recovered');
      }),
      { numRuns: 300 },
    );
  });
});

describe('the time to settle', () => {
  const recovery = (over: Partial<RecoveryPolicy>): RecoveryPolicy => ({
    health: [],
    errorRatio: null,
    latencyP95: null,
    requestsPerSecond: null,
    errorRatioByVersion: null,
    latencyP95ByVersion: null,
    sloErrorRatio: null,
    scrapeSeconds: 15,
    settleSeconds: null,
    journeys: [],
    ...over,
  });
  test.each<[string, number, RecoveryPolicy | null]>([
    ['what is configured, also when it is nothing', 0, recovery({ settleSeconds: 0, errorRatio: 'rate(x[5m])' })],
    ['two scrapes', 60_000, recovery({ scrapeSeconds: 30, errorRatio: 'rate(x[1m])' })],
    ['the longest range', 300_000, recovery({ errorRatio: 'rate(x[1m])', latencyP95: 'rate(x[5m])' })],
    ['two scrapes of 15 s when nothing is said', 30_000, null],
  ])('is %s', (_, expected, policy) => {
    expect(settleMs(policy)).toBe(expected);
  });

  test('counts the facts that measure what has no query of its own', () => {
    const facts = { errorRatio: { promql: 'rate(x[10m])' }, queueLag: { promql: 'rate(x[9d])' } };
    expect(settleMs(recovery({}), facts)).toBe(600_000);
    expect(settleMs(recovery({ errorRatio: 'rate(x[2m])' }), facts)).toBe(120_000);
  });
});
