import type { SimulatedWorld } from '../../harness/simulated-world.ts';
import { startSimulatedWorld } from '../../harness/simulated-world.ts';
import { firing, incidentOn, rolledBack } from './cast.ts';
import { expectTranscript } from './transcript.ts';

const SERVICES = 200;
const ALERTS = 5_000;
const PER_SERVICE = ALERTS / SERVICES;
const A_SECOND = 4;

let world: SimulatedWorld;

afterEach(() => world.close());

const storm = Array.from({ length: ALERTS }, (_, i) =>
  firing({
    name: `HostUnreachable${i % PER_SERVICE}`,
    service: `service-${String(Math.floor(i / PER_SERVICE)).padStart(3, '0')}`,
    severity: 'warning',
    summary: `Host ${i} does not answer`,
  }),
);

test('a storm of 5,000 alerts on 200 services: one readable message, and a P0 in the midst of it at once', async () => {
  world = await startSimulatedWorld({ services: { checkout: rolledBack('checkout') } });
  const { simulation } = world;
  // One group a service, as Alertmanager does, four a second.
  for (let service = 0; service < SERVICES; service += 1) {
    await simulation.runTo(Math.floor(service / A_SECOND));
    await simulation.deliver(...storm.slice(service * PER_SERVICE, (service + 1) * PER_SERVICE));
    if (service !== SERVICES / 2) continue;
    await simulation.deliver(
      firing({ name: 'CheckoutErrors', service: 'checkout', summary: 'Checkout fails', usersPercent: 95 }),
    );
  }
  await simulation.runTo(330);

  const incidents = await simulation.incidents();
  expect(incidents).toHaveLength(SERVICES + 1);
  expect(incidents.reduce((sum, { alertCounts }) => sum + alertCounts.firing, 0)).toBe(ALERTS + 1);
  expect(world.pagerduty.alerts.map(({ summaries }) => summaries[0])).toEqual([expect.stringContaining('checkout')]);
  expect(world.messages().find((line) => line.includes('pagerduty trigger'))).toMatch(/^\+0:00:25 /);
  // Ten were announced before it was a storm; the last of those speaks for all that came after.
  const checkout = await incidentOn(world, 'checkout');
  await expectTranscript('storm', world, [checkout.id, incidents[0]!.id, incidents.at(-1)!.id]);
}, 180_000);
