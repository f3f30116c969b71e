import type { SimulatedWorld } from '../../harness/simulated-world.ts';
import { startSimulatedWorld } from '../../harness/simulated-world.ts';
import { at, BY_ADA, firing, incidentOn, rolledBack, SECOND, START } from './cast.ts';
import { expectTranscript } from './transcript.ts';

const ALERT = { name: 'ProbeFails', service: 'checkout', summary: 'The probe cannot reach checkout', usersPercent: 40 };

let world: SimulatedWorld;

afterEach(() => world.close());

test('a false alarm: dismissed with its reason, its public post retracted, out of the statistics, a mended rule asked for', async () => {
  world = await startSimulatedWorld({ services: { checkout: rolledBack('checkout', { rollback: null }) } });
  const { simulation } = world;
  await simulation.deliver(firing(ALERT));
  const { id } = await incidentOn(world, 'checkout');
  await simulation.runTo(60);
  expect(world.statuspage.incidents).toHaveLength(1);
  await at(world, 240, id, { kind: 'dismiss', because: 'the probe itself was broken', ...BY_ADA });
  await simulation.runTo(7_200);

  const incident = await incidentOn(world, 'checkout');
  expect(incident).toMatchObject({ status: 'closed', publication: 'retracted' });
  expect(incident.actions).toMatchObject([{ owner: 'ben@example.com', status: 'open' }]);
  expect(world.statuspage.incidents).toMatchObject([{ status: 'resolved' }]);
  await expectTranscript('false-alarm', world);
}, 180_000);

test('a false alarm that customers could not be told of in time: they never hear of it', async () => {
  world = await startSimulatedWorld({ services: { checkout: rolledBack('checkout', { rollback: null }) } });
  const { simulation, statuspage } = world;
  statuspage.failWhile(() => simulation.clock.at < START + 600 * SECOND);
  await simulation.deliver(firing(ALERT));
  const { id } = await incidentOn(world, 'checkout');
  await at(world, 240, id, { kind: 'dismiss', because: 'the probe itself was broken', ...BY_ADA });
  await simulation.runTo(1_800);
  expect(statuspage.incidents).toEqual([]);
  expect((await simulation.timeline(id)).join('\n')).toContain('it was dismissed before customers heard of it');
}, 180_000);
