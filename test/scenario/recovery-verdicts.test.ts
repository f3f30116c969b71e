import { iso } from '../../src/domain/time.ts';
import { CORE_START } from '../harness/core.ts';
import { describeWith } from '../harness/tools.ts';
import {
  always,
  badThen,
  badUntil,
  between,
  READY,
  through,
  TO,
  traffic,
  USUAL_RATE,
  USUAL_RATIO,
} from './recovery-series.ts';
import { checkOf, resultsOf, useStage } from './recovery-world.ts';

/** A P0 at 60 %, a P1 at 30 %. */
const [P0, P1] = [0.6, 0.3];
/** A P0 is rolled back at once, a P1 after a minute. */
const SERIES = [
  ...traffic('minute', { ratio: badUntil(1, P0) }),
  ...traffic('checkout', { ratio: badUntil(READY, P0) }),
  ...traffic('late', { ratio: badUntil(230 / 60, P0) }),
  ...traffic('basket', { ratio: badUntil(1 + READY, P1) }),
  // Its verdict comes after 15 min; what follows gives the rules reason to decide anew.
  ...traffic('stuck', { ratio: (m) => (m >= 16 && m < 17.5 ? 0.05 : badUntil(TO, P0)(m)) }),
  ...traffic('worse', { ratio: badThen(P0, READY, always(0.95)) }),
  ...traffic('dip', { ratio: badThen(P0, READY, through([1.2, 0.05], [1.5, 0.08], [3, 0.08], [3.2, USUAL_RATIO])) }),
  ...traffic('silent', { ratio: badThen(P0, READY, always(0)), rate: between(READY, TO, 5, USUAL_RATE) }),
  ...traffic('healed', { ratio: badUntil(0.5, P1) }),
  // It climbs, so that every minute has a value of its own.
  ...traffic('measured', { ratio: (m) => (m < -3 ? 0.0002 * (m + 60) : P0) }),
];

const seconds = (samples: readonly { readonly second: number }[]): readonly number[] =>
  samples.map(({ second }) => second);

describeWith(['prometheus', 'promtool'], 'the verdict on a rollback, with a real Prometheus', () => {
  const stage = useStage(SERIES);

  describe('recovered', () => {
    test('a P0 whose pods are ready after 60 s is restored 120 s after it opened, within its 5 minutes', async () => {
      const world = await stage.world({ service: 'minute', alertInPrometheus: true });
      world.target.podsReadyAfterMs = 60_000;
      await world.open();
      await world.runTo(90);
      await world.prometheus.fires();
      expect(await world.untilVerdict()).toBe(140);
      expect(seconds(await world.all('recovery-sampled'))).toEqual([120, 130, 140]);
      expect(await world.all('rollback-verdict')).toMatchObject([{ verdict: 'recovered', seconds: 140 }]);
      expect(await world.all('incident-mitigated')).toMatchObject([
        { via: 'validation', at: iso(CORE_START + 120_000) },
      ]);
      expect(await world.all('clock-met')).toContainEqual({ second: 140, clock: 'restore', seconds: 120 });
      expect(await world.state()).toMatchObject({
        severity: 'P0',
        status: 'mitigated',
        mitigatedAt: iso(CORE_START + 120_000),
      });
      expect(world.target.changed).toEqual([CORE_START]);
    });

    test('its alerts are gone in Prometheus, while Alertmanager has not said so', async () => {
      const world = await stage.world({ service: 'checkout', alertInPrometheus: true });
      await world.open();
      await world.runTo(75);
      expect(await checkOf(world, 'alerts')).toEqual({
        name: 'alerts',
        result: 'fail',
        detail: '1 still firing: ServiceFails',
      });
      await world.prometheus.fires();
      expect(await world.untilVerdict()).toBe(100);
      expect(await resultsOf(world)).toBe('fppp');
      expect(await checkOf(world, 'alerts')).toMatchObject({ result: 'pass', detail: 'none of ServiceFails fires' });
      expect((await world.state()).alertCounts).toEqual({ firing: 1, resolved: 0 });
    });

    test('Prometheus never had the alert: that it has none proves nothing, and Alertmanager is waited for', async () => {
      const world = await stage.world({ service: 'checkout' });
      await world.open();
      await world.runTo(95);
      expect(await resultsOf(world)).toBe('fff');
      expect(await checkOf(world, 'alerts')).toMatchObject({
        detail: '1 still firing by the last word of their sender',
      });
      await world.resolveAlert();
      expect(await world.untilVerdict()).toBe(120);
      expect((await world.state()).mitigatedAt).toBe(iso(CORE_START + 100_000));
    });

    test('proven after the deadline and restored before it: the clock is met', async () => {
      const world = await stage.world({ service: 'late', alertInPrometheus: true });
      await world.open();
      await world.prometheus.fires();
      expect(await world.untilVerdict()).toBe(310);
      expect(await world.all('clock-met')).toContainEqual({ second: 310, clock: 'restore', seconds: 290 });
      expect((await world.all('clock-breached')).map(({ clock }) => clock)).toEqual(['acknowledge', 'update']);
    });

    test('a P1 needs 5 samples, 30 s apart', async () => {
      const world = await stage.world({ service: 'basket', alertInPrometheus: true });
      await world.open();
      await world.prometheus.fires();
      expect(await world.untilVerdict()).toBe(250);
      expect(seconds(await world.all('recovery-sampled'))).toEqual([130, 160, 190, 220, 250]);
      expect(await world.state()).toMatchObject({ severity: 'P1', mitigatedAt: iso(CORE_START + 130_000) });
      expect(await world.all('clock-met')).toContainEqual({ second: 250, clock: 'restore', seconds: 130 });
    });

    test('a dip on the way: what is worse than the dip is not worse than the incident', async () => {
      const world = await stage.world({ service: 'dip', feed: true, alertInPrometheus: true });
      await world.open();
      await world.prometheus.fires();
      await world.untilVerdict();
      expect(await world.all('rollback-verdict')).toMatchObject([{ verdict: 'recovered' }]);
    });
  });

  describe('not recovered', () => {
    test('errors stay: at the deadline. A person is asked, and nothing is rolled back again', async () => {
      const world = await stage.world({ service: 'stuck', feed: true });
      await world.open();
      expect(await world.untilVerdict()).toBe(910);
      expect(await world.all('rollback-verdict')).toMatchObject([
        {
          verdict: 'not-recovered',
          because:
            'the last of 85 samples failed: errorRatio: 60 %; expected at most 0.6 % (0.5 % before the incident); alerts: 1 still firing by the last word of their sender',
        },
      ]);
      expect((await world.all('page-requested')).map(({ reason }) => reason)).toEqual([
        'first-page',
        'escalated',
        'escalated',
        'rollback-failed',
      ]);
      expect(await world.all('clock-breached')).toContainEqual(
        expect.objectContaining({ second: 300, clock: 'restore' }),
      );
      // Frozen at the first look, though it was looked at a hundred times.
      expect(seconds(await world.all('baseline-frozen'))).toEqual([0]);
      await world.runTo(1_200);
      const decided = (await world.all('rollback-decided')).map(({ action }) => action);
      expect(decided).toEqual(['roll-back', 'hold', 'roll-back']);
      expect(world.target.changed).toEqual([CORE_START]);
      expect(await world.all('rollback-requested')).toHaveLength(1);
    });

    test('worse than during the incident: 3 samples end it', async () => {
      const world = await stage.world({ service: 'worse' });
      await world.open();
      expect(await world.untilVerdict()).toBe(90);
      const [verdict] = await world.all('rollback-verdict');
      expect(verdict).toMatchObject({ verdict: 'not-recovered' });
      expect(verdict?.because).toMatch(/^3 samples in a row were worse than during the incident: errorRatio: 95 %; /);
      expect((await world.state()).status).toBe('open');
    });

    test('trap: traffic gone. No errors, all alerts resolved, and not recovered', async () => {
      const world = await stage.world({ service: 'silent' });
      await world.open();
      await world.runTo(50);
      await world.resolveAlert();
      expect((await world.state()).status).toBe('open');
      expect(await world.untilVerdict()).toBe(90);
      expect(await checkOf(world, 'errorRatio')).toMatchObject({ result: 'pass' });
      expect(await world.all('rollback-verdict')).toMatchObject([
        {
          verdict: 'not-recovered',
          because:
            '3 samples in a row were worse than during the incident: requestsPerSecond: 5/s; expected at least 50/s (100/s before the incident)',
        },
      ]);
      expect((await world.state()).status).toBe('open');
      expect((await world.all('page-requested')).map(({ reason }) => reason)).toEqual([
        'first-page',
        'rollback-failed',
      ]);
    });
  });

  describe('recovered without us: in the hold, before anything was changed', () => {
    const hold = { holdSeconds: { P0: 0, P1: 120, P2: 120 } };

    test('the metrics are back and Prometheus has no alert: found when the hold ends', async () => {
      const world = await stage.world({ service: 'healed', automation: hold, alertInPrometheus: true });
      await world.open();
      await world.runTo(60);
      await world.prometheus.fires();
      expect(await world.untilVerdict()).toBe(120);
      const [verdict] = await world.all('rollback-verdict');
      expect(verdict?.verdict).toBe('recovered-without-us');
      expect(verdict?.because).toMatch(
        /^it is well again before anything was changed: 0.5 %; expected at most 0.6 %.*; 100\/s; .*; none of ServiceFails fires$/,
      );
      expect(world.target.changed).toEqual([]);
    });

    test('its alerts have resolved: at once', async () => {
      const world = await stage.world({ service: 'healed', automation: hold });
      await world.open();
      await world.runTo(70);
      await world.resolveAlert();
      expect(await world.untilVerdict()).toBe(70);
      expect(await world.state()).toMatchObject({ status: 'mitigated', rollback: { verdict: 'recovered-without-us' } });
      await world.runTo(600);
      expect(world.target.changed).toEqual([]);
    });

    test('the metrics are back, and nobody knows of the alert: nothing is claimed, and nothing is changed', async () => {
      const world = await stage.world({ service: 'healed', automation: hold });
      await world.open();
      await world.runTo(600);
      expect(await world.rollback()).toMatchObject({ stage: 'stopped', stoppedBy: 'state-moved', verdict: null });
      expect(world.target.changed).toEqual([]);
    });
  });

  test('the baseline is of the 30 minutes that end 5 minutes before the release, by the minute', async () => {
    const world = await stage.world({ service: 'measured' });
    await world.open();
    const [frozen] = await world.all('baseline-frozen');
    // Released at -4, so it is of -39 to -9: half way is -24, and the second highest is of -10. A rate is of the minute before.
    expect(frozen?.baseline).toMatchObject({
      from: iso(CORE_START - 39 * 60_000),
      to: iso(CORE_START - 9 * 60_000),
      metrics: {
        errorRatio: {
          median: expect.closeTo(0.0002 * (60 - 24.625), 6),
          p95: expect.closeTo(0.0002 * (60 - 10.625), 6),
          samples: 31,
        },
      },
      missing: {},
    });
  });
});
