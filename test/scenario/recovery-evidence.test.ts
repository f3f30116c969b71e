import { describeWith } from '../harness/tools.ts';
import { always, badUntil, between, through, TO, traffic, USUAL_RATE, USUAL_RATIO } from './recovery-series.ts';
import type { World } from './recovery-world.ts';
import { RATIO_BY_PODS, RATIO_BY_VERSION, useStage } from './recovery-world.ts';

const P0 = badUntil(TO, 0.6);

/** A share of the requests by version and pod, beside those of the whole service. */
const pods = (service: string, version: string, ratio: number) =>
  traffic(service, {
    ...{ name: 'pod_requests_total', rate: always(USUAL_RATE / 2) },
    ...{ ratio: badUntil(TO, ratio), labels: { version, pod: `${service}-${version}-x7x` } },
  });

const SERIES = [
  ...traffic('alike', { ratio: P0 }),
  ...pods('alike', 'r42', 0.6),
  ...pods('alike', 'r41', 0.58),
  ...traffic('new-only', { ratio: P0 }),
  ...pods('new-only', 'r42', 0.6),
  ...pods('new-only', 'r41', USUAL_RATIO),
  // It needs what broke two minutes before it was released; and what broke only then.
  ...traffic('victim', { ratio: P0 }),
  ...traffic('broken-before', { ratio: between(-6, TO, 0.4) }),
  ...traffic('culprit', { ratio: P0 }),
  ...traffic('broken-since', { ratio: P0 }),
  // Both were released 50 minutes ago.
  ...traffic('filling', { ratio: through([-11, USUAL_RATIO], [-1, 0.6]) }),
  ...traffic('sudden', { ratio: between(-8, TO, 0.6) }),
  ...traffic('starved', { rate: between(-3, TO, 4, USUAL_RATE) }),
  ...traffic('deserted', { rate: between(-3, TO, 4, USUAL_RATE) }),
  ...traffic('growing', { ratio: through([-3, USUAL_RATIO], [-2.9, 0.03], [0, 0.03], [6, 0.07], [6.1, USUAL_RATIO]) }),
  ...traffic('steady', { ratio: badUntil(TO, 0.03) }),
  ...traffic('fix-fails', { ratio: badUntil(260 / 60, 0.3) }),
  ...traffic('fix-works', { ratio: badUntil(2, 0.3) }),
];

describeWith(['prometheus', 'promtool'], 'what the evidence says of a change, with a real Prometheus', () => {
  const stage = useStage(SERIES);

  /** It is not rolled back, now or in the next two minutes. */
  async function isLeft(world: World): Promise<void> {
    await world.open();
    await world.runTo(120);
    expect(await world.all('rollback-requested')).toEqual([]);
    expect(world.target.changed).toEqual([]);
  }
  const isRolledBack = async (world: World): Promise<void> => {
    await world.open();
    expect(world.target.changed).toHaveLength(1);
  };
  /** The tests that the suspect was put to, as `name: answer because`. */
  async function told(world: World): Promise<readonly string[]> {
    const suspect = (await world.state()).decision?.facts['suspectChange'] as { tests: readonly Told[] } | undefined;
    return suspect?.tests.map(({ name, answer, because }) => `${name}: ${answer}, ${because}`) ?? [];
  }
  interface Told {
    readonly name: string;
    readonly answer: string;
    readonly because: string;
  }
  /** Why the change is not the cause, as a person reads it. */
  const acquittal = async (world: World): Promise<string> => JSON.stringify((await world.state()).decision);

  describe('old and new pods, side by side', () => {
    test.each([
      ['$pods', RATIO_BY_PODS],
      ['$version', RATIO_BY_VERSION],
    ])('fail alike, by %s: the release is not the cause', async (_, errorRatioByVersion) => {
      const world = await stage.world({ service: 'alike', recovery: { errorRatioByVersion } });
      await isLeft(world);
      expect(await acquittal(world)).toContain('errorRatio is 60 % on r42 and 58 % on r41; 0.5 % is usual');
    });

    test.each([
      ['$pods', RATIO_BY_PODS],
      ['$version', RATIO_BY_VERSION],
    ])('only the new ones fail, by %s: it is rolled back', async (_, errorRatioByVersion) => {
      const world = await stage.world({ service: 'new-only', recovery: { errorRatioByVersion } });
      await isRolledBack(world);
      expect((await world.all('rollback-decided'))[0]?.facts['suspectChange']).toMatchObject({
        onlyNewVersionFails: 'yes',
      });
      expect(await told(world)).toContain('only-new-version-fails: yes, errorRatio is 60 % on r42 and 0.5 % on r41');
    });
  });

  describe('what it depends on', () => {
    test('broke first: the release is not the cause', async () => {
      const policy = { dependsOn: ['broken-before'] };
      const world = await stage.world({ service: 'victim', policy, others: { 'broken-before': {} } });
      await isLeft(world);
      expect(await acquittal(world)).toContain('broken-before is in trouble: its errorRatio was 0.4 (usually 0.005)');
    });

    test('broke with the release: it was dragged down, and it is rolled back', async () => {
      const policy = { dependsOn: ['broken-since'] };
      const world = await stage.world({ service: 'culprit', policy, others: { 'broken-since': {} } });
      await isRolledBack(world);
      expect(await told(world)).toContain(
        'dependencies-are-well: unknown, broken-since is in trouble, too, since this change',
      );
    });
  });

  describe('a release that ran well for 42 minutes', () => {
    const old = async (service: string): Promise<World> => {
      const world = await stage.world({ service, onset: -8 });
      world.target.releasedAt = -50;
      return world;
    };

    test('and then filled up: it is rolled back', async () => {
      const world = await old('filling');
      await isRolledBack(world);
      expect((await world.all('rollback-decided'))[0]?.facts['suspectChange']).toMatchObject({
        growth: 'gradual',
        quietSeconds: 2_520,
      });
    });

    test('and then failed at once: a person decides', async () => {
      const world = await old('sudden');
      await isLeft(world);
      expect((await world.state()).decision).toMatchObject({
        action: 'hold',
        rule: 'ran-well-before',
        because: expect.stringContaining('had run well for 2520 s'),
        facts: { suspectChange: { growth: 'sudden' } },
      });
    });
  });

  describe('traffic is gone, and what still comes is answered as ever', () => {
    test('a caller is known: it is lost there, and nothing is rolled back here', async () => {
      const world = await stage.world({ service: 'starved', others: { gateway: { dependsOn: ['starved'] } } });
      await isLeft(world);
      expect((await world.state()).severity).toBe('P0');
      expect(await acquittal(world)).toContain(
        'it answers what still arrives as ever; traffic is lost before it, at gateway',
      );
    });

    test('nobody calls it: it is its own doing, and it is rolled back', async () => {
      const world = await stage.world({ service: 'deserted' });
      await isRolledBack(world);
      expect(await told(world)).toContain('still-asked: unknown, its traffic is gone');
    });
  });

  describe('a P2', () => {
    test('that grows is rolled back, and the rollback proven', async () => {
      const world = await stage.world({ service: 'growing', alertInPrometheus: true });
      await world.open();
      expect((await world.state()).decision).toMatchObject({ action: 'evaluate', rule: 'p2-evaluate' });
      await world.runTo(299);
      expect(await world.all('rollback-requested')).toEqual([]);
      await world.runTo(360);
      expect(await world.all('rollback-requested')).toMatchObject([
        { second: 300, because: 'P2 and growing: undo deployment r42 of growing' },
      ]);
      expect(world.target.changed.map((at) => at - (world.target.changed[0] ?? 0))).toEqual([0]);
      await world.prometheus.fires();
      expect(await world.untilVerdict()).toBe(550);
      expect(await world.rollback()).toMatchObject({ verdict: 'recovered' });
    });

    test('that stays is evaluated, not rolled back', async () => {
      const world = await stage.world({ service: 'steady' });
      await world.open();
      await world.runTo(1_200);
      expect((await world.state()).decision).toMatchObject({ action: 'evaluate', rule: 'p2-evaluate' });
      expect(await world.all('rollback-requested')).toEqual([]);
      expect(world.target.changed).toEqual([]);
    });
  });

  describe('a fix that a responder has declared for a P1', () => {
    const declare = async (world: World): Promise<void> => {
      await world.open();
      await world.runTo(10);
      const { id } = await world.state();
      await world.core.commander.handle(id, [{ kind: 'declare-fix', by: 'ada', via: 'slack', seconds: 240 }]);
    };

    test('does not come: when its time is over it is rolled back, and proven', async () => {
      const world = await stage.world({ service: 'fix-fails', alertInPrometheus: true });
      await declare(world);
      await world.runTo(249);
      expect((await world.state()).decision).toMatchObject({ action: 'hold', rule: 'p1-fix-is-near' });
      expect(world.target.changed).toEqual([]);
      await world.prometheus.fires();
      await world.runTo(250);
      expect(await world.all('rollback-started')).toMatchObject([{ second: 250 }]);
      expect(world.target.changed).toHaveLength(1);
      expect(await world.untilVerdict()).toBe(440);
      expect(await world.rollback()).toMatchObject({ verdict: 'recovered' });
    });

    test('works: nothing is rolled back', async () => {
      const world = await stage.world({ service: 'fix-works', alertInPrometheus: true });
      await declare(world);
      await world.runTo(200);
      await world.prometheus.fires();
      expect(await world.untilVerdict()).toBe(250);
      expect(await world.rollback()).toMatchObject({ verdict: 'recovered-without-us' });
      await world.runTo(600);
      expect(world.target.changed).toEqual([]);
    });
  });
});
