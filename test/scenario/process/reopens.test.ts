import type { SimulatedWorld } from '../../harness/simulated-world.ts';
import { startSimulatedWorld } from '../../harness/simulated-world.ts';
import { firing, incidentOn, resolved, rolledBack, SECOND, START } from './cast.ts';
import { expectTranscript } from './transcript.ts';

const ALERT = { name: 'QueueSlow', service: 'queue', severity: 'warning', summary: 'Messages wait for minutes' };

let world: SimulatedWorld;

afterEach(() => world.close());

test('an incident that comes back within its monitoring reopens; after it, it is another one', async () => {
  world = await startSimulatedWorld({ services: { queue: rolledBack('queue', { rollback: null }) } });
  const { simulation } = world;
  await simulation.deliver(firing(ALERT));
  await simulation.runTo(1_200);
  await simulation.deliver(resolved(ALERT, simulation.clock.at));
  const HOURS = 3_600;
  await simulation.runTo(10 * HOURS);
  await simulation.deliver(firing({ ...ALERT, startsAt: START + 10 * HOURS * SECOND }));
  expect(await incidentOn(world, 'queue')).toMatchObject({ status: 'open' });
  await simulation.runTo(11 * HOURS);
  await simulation.deliver(resolved({ ...ALERT, startsAt: START + 10 * HOURS * SECOND }, simulation.clock.at));
  await simulation.runTo(40 * HOURS);
  expect(await incidentOn(world, 'queue')).toMatchObject({ status: 'closed' });
  await simulation.deliver(firing({ ...ALERT, startsAt: START + 40 * HOURS * SECOND }));
  await simulation.runTo(40 * HOURS + 120);

  expect((await simulation.incidents()).map(({ status }) => status)).toEqual(['closed', 'open']);
  await expectTranscript('reopens', world);
}, 180_000);
