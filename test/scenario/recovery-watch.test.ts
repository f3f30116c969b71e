import { describeWith } from '../harness/tools.ts';
import { badUntil, READY, traffic } from './recovery-series.ts';
import type { World } from './recovery-world.ts';
import { useStage } from './recovery-world.ts';

const RECOVERED = 90;
const WATCHED = 1_800;

describeWith(['prometheus', 'promtool'], 'the watch after a recovery', () => {
  const stage = useStage(traffic('checkout', { ratio: badUntil(READY, 0.6) }));

  const recovered = async (): Promise<World> => {
    const world = await stage.world({ service: 'checkout', alertInPrometheus: true });
    await world.open();
    await world.prometheus.fires();
    expect(await world.untilVerdict()).toBe(RECOVERED);
    return world;
  };

  test('it stays rolled back for 30 minutes: the watch ends', async () => {
    const world = await recovered();
    const before = world.target.looks;
    await world.runTo(RECOVERED + WATCHED - 1);
    expect(world.target.looks - before).toBe(29);
    expect(await world.all('rollback-watched')).toEqual([]);
    await world.runTo(RECOVERED + WATCHED);
    expect(await world.all('rollback-watched')).toEqual([
      { second: RECOVERED + WATCHED, because: 'the watch is over and nobody moved it' },
    ]);
    expect((await world.rollback()).watchUntil).toBeNull();
    const [after] = [world.target.looks];
    await world.runTo(RECOVERED + 2 * WATCHED);
    expect(world.target.looks).toBe(after);
    expect(await world.all('rollback-reverted')).toEqual([]);
  });

  test('somebody puts the bad version back: they are named, a person is woken, and the watch is over', async () => {
    const world = await recovered();
    await world.runTo(600);
    world.target.movedBy = 'argocd-application-controller';
    await world.runTo(4_000);
    // It looks once a minute, counted from the verdict.
    expect(await world.all('rollback-reverted')).toEqual([
      { second: 630, name: 'checkout', detail: 'argocd-application-controller put r42 back' },
    ]);
    expect((await world.all('page-requested')).at(-1)).toEqual({
      second: 630,
      reason: 'rollback-reverted',
      because: 'the rollback of checkout did not stay: argocd-application-controller put r42 back',
    });
    expect((await world.rollback()).watchUntil).toBeNull();
    expect(await world.all('rollback-watched')).toEqual([]);
    expect(world.target.changed).toHaveLength(1);
  });

  test('it is put back after the watch: that is another story', async () => {
    const world = await recovered();
    await world.runTo(RECOVERED + WATCHED);
    world.target.movedBy = 'ci';
    await world.runTo(RECOVERED + 2 * WATCHED);
    expect(await world.all('rollback-reverted')).toEqual([]);
  });
});
