import type { SimulatedWorld } from '../../harness/simulated-world.ts';
import { startSimulatedWorld } from '../../harness/simulated-world.ts';
import { firing, incidentOn, mended, resolved, rolledBack, SECOND, START } from './cast.ts';
import { expectTranscript } from './transcript.ts';

const ALERT = {
  name: 'CatalogErrors',
  service: 'catalog',
  severity: 'warning',
  summary: 'Some pages of the catalog fail',
};
const ONSET = START - 30 * SECOND;

let world: SimulatedWorld;

/** A tenth of a percent, then 3 % for five minutes, then a steady rise to 40 % in ten. */
function errors(at: number): number {
  const back = mended(world, 'catalog');
  if (at < ONSET || (back !== null && at >= back)) return 0.001;
  const minutes = (at - START) / 60_000;
  return minutes < 5 ? 0.03 : Math.min(0.4, 0.03 + 0.037 * (minutes - 5));
}

afterEach(() => world.close());

test('a P2 that grows: mail first, then everything that a P1 asks for, and a rollback', async () => {
  world = await startSimulatedWorld({
    services: { catalog: rolledBack('catalog') },
    series: { 'errors{service="catalog"}': errors },
    firing: () =>
      world.backAt('catalog') === null
        ? [{ labels: { alertname: 'CatalogErrors', service: 'catalog' }, since: ONSET }]
        : [],
  });
  const { simulation } = world;
  await world.deployBad('catalog', 4);
  await simulation.deliver(firing(ALERT));
  expect(await incidentOn(world, 'catalog')).toMatchObject({ severity: 'P2', rollback: null });
  await simulation.runTo(1_500);
  await simulation.deliver(resolved(ALERT, simulation.clock.at));
  await simulation.runTo(3_600);

  const incident = await incidentOn(world, 'catalog');
  expect(['P0', 'P1']).toContain(incident.severity);
  expect(incident).toMatchObject({ status: 'mitigated', rollback: { verdict: 'recovered' } });
  await expectTranscript('p2-grows', world);
}, 180_000);
