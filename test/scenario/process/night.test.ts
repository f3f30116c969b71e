import type { SimulatedWorld } from '../../harness/simulated-world.ts';
import { startSimulatedWorld } from '../../harness/simulated-world.ts';
import { at, BY_ADA, course, firing, incidentOn, resolved, rolledBack, SECOND, START } from './cast.ts';
import { expectTranscript } from './transcript.ts';

const ALERT = { name: 'CheckoutErrors', service: 'checkout', summary: 'Checkout fails', usersPercent: 95 };
const ONSET = START - 20 * SECOND;
const TWO_HOURS = 7_200;

let world: SimulatedWorld;

afterEach(() => world.close());

test('PagerDuty and Slack are down for two hours of the night: the page goes to every other channel, and nothing is lost or doubled', async () => {
  world = await startSimulatedWorld({
    services: { checkout: rolledBack('checkout', { rollback: null }) },
    series: { 'errors{service="checkout"}': course({ from: ONSET, bad: 0.6, until: () => null }) },
  });
  const { simulation, pagerduty, slack } = world;
  const isDown = (): boolean => simulation.clock.at < START + TWO_HOURS * SECOND;
  pagerduty.failWhile(isDown);
  slack.failWhile(isDown);
  await simulation.deliver(firing(ALERT));
  const { id } = await incidentOn(world, 'checkout');
  await simulation.runTo(TWO_HOURS - 1);
  expect(pagerduty.alerts).toEqual([]);
  await simulation.runTo(TWO_HOURS + 300);
  expect(pagerduty.alerts).toMatchObject([{ state: 'open' }]);
  await simulation.deliver(resolved(ALERT, simulation.clock.at));
  await at(world, TWO_HOURS + 330, id, {
    kind: 'record-root-cause',
    category: 'infrastructure',
    summary: 'The load balancer lost its certificate',
    confidence: 0.9,
    evidence: [],
    ...BY_ADA,
  });
  await simulation.runTo(TWO_HOURS + 900);

  expect(pagerduty.alerts).toHaveLength(1);
  const texts = [...slack.channels.values()].flat().map(({ metadata }) => metadata?.event_payload['effect_id']);
  expect(new Set(texts).size).toBe(texts.length);
  await expectTranscript('night', world, [id]);
}, 180_000);
