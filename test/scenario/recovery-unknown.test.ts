import { CORE_START } from '../harness/core.ts';
import { describeWith } from '../harness/tools.ts';
import { badUntil, between, READY, TO, traffic, USUAL_RATE } from './recovery-series.ts';
import type { World } from './recovery-world.ts';
import { checkOf, RATIO_WITHOUT_ZERO, resultsOf, useStage } from './recovery-world.ts';

/** A P0 from a release on, until the pods of the older version are ready. */
const bad = badUntil(READY, 0.6);
const SERIES = [
  ...traffic('checkout', { ratio: bad }),
  // The series of failures goes with the pods that failed.
  ...traffic('empty', { ratio: bad, failuresTo: READY }),
  ...traffic('nan', { ratio: bad, rate: between(READY, TO, 0, USUAL_RATE) }),
  ...traffic('young', { ratio: bad, from: -9 }),
  ...traffic('first-failures', { ratio: bad, failuresFrom: -3 }),
];

/** Long after a verdict, in seconds. */
const LATER = 120;
/** A verdict 5 minutes after the pods are ready, so that less has to be looked at. */
const automation = { verdictDeadlineSeconds: 300 };

describeWith(['prometheus', 'promtool'], 'an unknown verdict on a rollback, with a real Prometheus', () => {
  const stage = useStage(SERIES);
  /** `because` of the verdict; it is unknown at the deadline, and long after nothing else has been done. */
  async function unknownAt(world: World, second: number, status = 'open'): Promise<string> {
    expect(await world.untilVerdict()).toBe(second);
    const [verdict] = await world.all('rollback-verdict');
    expect(verdict?.verdict).toBe('unknown');
    const asked = (await world.all('page-requested')).at(-1);
    expect(asked).toEqual({
      second,
      reason: 'rollback-failed',
      because: `nobody can say whether the rollback helped: ${verdict?.because}`,
    });
    await world.runTo(second + LATER);
    expect(world.target.changed).toEqual([CORE_START]);
    expect(await world.all('rollback-requested')).toHaveLength(1);
    expect(await world.all('rollback-verdict')).toHaveLength(1);
    expect((await world.state()).status).toBe(status);
    return verdict?.because ?? '';
  }

  test('trap: Prometheus stops answering after the rollback', async () => {
    const prometheus = await stage.another();
    const world = await stage.world({ service: 'checkout', prometheus, automation });
    await world.open();
    await world.runTo(15);
    await prometheus.stop();
    const because = await unknownAt(world, 310);
    expect(because).toMatch(
      /^the last of 25 samples could not be judged: errorRatio: no data: Prometheus did not answer/,
    );
    expect(await resultsOf(world)).toBe('u'.repeat(25));
  });

  test('trap: empty ratio. The query lacks "or vector(0)"', async () => {
    const world = await stage.world({ service: 'empty', recovery: { errorRatio: RATIO_WITHOUT_ZERO }, automation });
    await world.open();
    await world.runTo(50);
    await world.resolveAlert();
    expect(await unknownAt(world, 310)).toBe(
      'the last of 25 samples could not be judged: errorRatio: no data: no series',
    );
  });

  test('with "or vector(0)" the same service has recovered', async () => {
    const world = await stage.world({ service: 'empty' });
    await world.open();
    await world.runTo(50);
    await world.resolveAlert();
    expect(await world.untilVerdict()).toBe(90);
    expect((await world.rollback()).verdict).toBe('recovered');
  });

  test('trap: NaN. Nobody asks any more, and traffic is not measured', async () => {
    const world = await stage.world({ service: 'nan', recovery: { requestsPerSecond: null } });
    await world.open();
    await world.runTo(50);
    await world.resolveAlert();
    expect(await unknownAt(world, 910)).toBe(
      'the last of 85 samples could not be judged: errorRatio: no data: the value is NaN',
    );
  });

  test('trap: baseline missing. It has no past', async () => {
    const world = await stage.world({ service: 'young', automation });
    await world.open();
    await world.runTo(50);
    await world.resolveAlert();
    // Failures are as few as they ever are, and no alert fires: it is over for all that, by the alerts.
    expect(await unknownAt(world, 310, 'mitigated')).toContain(
      'errorRatio: 0.5 %, and no baseline to compare it with: no series',
    );
  });

  test('trap: baseline missing, as nothing had ever failed; with an objective it has recovered', async () => {
    const recovery = { errorRatio: RATIO_WITHOUT_ZERO, sloErrorRatio: 0.01 };
    const world = await stage.world({ service: 'first-failures', recovery });
    await world.open();
    await world.runTo(50);
    await world.resolveAlert();
    expect(await world.untilVerdict()).toBe(90);
    expect(await checkOf(world, 'errorRatio')).toMatchObject({
      result: 'pass',
      detail: '0.5 %; expected at most 1 % (the objective; no baseline)',
    });
  });
});
