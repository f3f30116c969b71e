import type { SimulatedWorld } from '../../harness/simulated-world.ts';
import { startSimulatedWorld } from '../../harness/simulated-world.ts';
import { firing, incidentOn, resolved, rolledBack } from './cast.ts';
import { expectTranscript } from './transcript.ts';

const ALERT = {
  name: 'ReportOfOneTenantFails',
  service: 'reports',
  severity: 'info',
  summary: 'The monthly report of one tenant fails',
  usersPercent: 0.1,
};

let world: SimulatedWorld;

afterEach(() => world.close());

test('a P3: mail, no page, no post, no rollback; over with its alert, closed a day later', async () => {
  world = await startSimulatedWorld({ services: { reports: rolledBack('reports') }, series: {} });
  const { simulation } = world;
  await world.deployBad('reports', 10);
  await simulation.deliver(firing(ALERT));
  await simulation.runTo(5_400);
  await simulation.deliver(resolved(ALERT, simulation.clock.at));
  await simulation.runTo(30 * 3_600);

  expect(await incidentOn(world, 'reports')).toMatchObject({ severity: 'P3', status: 'closed', rollback: null });
  expect(world.pagerduty.requests).toEqual([]);
  expect(world.slack.requests).toEqual([]);
  expect(world.backAt('reports')).toBeNull();
  await expectTranscript('p3', world);
}, 180_000);
