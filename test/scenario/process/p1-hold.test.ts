import type { SimulatedWorld } from '../../harness/simulated-world.ts';
import { startSimulatedWorld } from '../../harness/simulated-world.ts';
import { at, BY_ADA, course, firing, incidentOn, mended, resolved, rolledBack, SECOND, START } from './cast.ts';
import { expectTranscript } from './transcript.ts';

const ALERT = { name: 'LoginErrors', service: 'login', summary: 'A third of the logins fail', usersPercent: 30 };
const ONSET = START - 30 * SECOND;

let world: SimulatedWorld;

afterEach(() => world.close());

test('a P1 whose declared fix does not arrive: the rollback waits once, and goes ahead by itself', async () => {
  world = await startSimulatedWorld({
    services: { login: rolledBack('login') },
    series: { 'errors{service="login"}': course({ from: ONSET, bad: 0.3, until: () => mended(world, 'login') }) },
    firing: () =>
      world.backAt('login') === null ? [{ labels: { alertname: 'LoginErrors', service: 'login' }, since: ONSET }] : [],
  });
  const { simulation } = world;
  await world.deployBad('login', 5);
  await simulation.deliver(firing(ALERT));
  const { id } = await incidentOn(world, 'login');
  await at(world, 20, id, { kind: 'acknowledge', ...BY_ADA }, { kind: 'declare-fix', seconds: 240, ...BY_ADA });
  await simulation.runTo(100);
  await expect(simulation.commander.handle(id, [{ kind: 'declare-fix', seconds: 200, ...BY_ADA }])).rejects.toThrow();
  await simulation.runTo(259);
  expect(world.backAt('login')).toBeNull();
  await simulation.runTo(520);
  await simulation.deliver(resolved(ALERT, simulation.clock.at));
  await at(world, 3_000, id, { kind: 'write-update', text: 'We look for the cause.', ...BY_ADA });
  await at(world, 9_000, id, { kind: 'resolve', because: 'no fix is needed: r2 is withdrawn', ...BY_ADA });
  await simulation.runTo(9_600);

  const incident = await incidentOn(world, 'login');
  expect(incident).toMatchObject({ severity: 'P1', status: 'resolved', rollback: { verdict: 'recovered' } });
  expect(world.backAt('login')).toBe(START + 260 * SECOND);
  // Not for the P1 itself: nobody had found the cause in its half hour.
  expect(world.pagerduty.alerts).toMatchObject([
    { state: 'resolved', summaries: [expect.stringContaining('find the cause')] },
  ]);
  await expectTranscript('p1-hold', world);
}, 180_000);
