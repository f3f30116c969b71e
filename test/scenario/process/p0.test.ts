import { iso } from '../../../src/domain/time.ts';
import type { SimulatedWorld } from '../../harness/simulated-world.ts';
import { startSimulatedWorld } from '../../harness/simulated-world.ts';
import { at, BY_ADA, course, firing, HOUR, incidentOn, mended, resolved, rolledBack, SECOND, START } from './cast.ts';
import { expectTranscript } from './transcript.ts';

const ALERT = { name: 'CheckoutErrors', service: 'checkout', summary: 'Checkout fails', usersPercent: 95 };
const ONSET = START - 20 * SECOND;

let world: SimulatedWorld;

afterEach(() => world.close());

test('a P0: paged, rolled back, restored in its five minutes, diagnosed, mended, watched for a day, learned from', async () => {
  world = await startSimulatedWorld({
    services: { checkout: rolledBack('checkout') },
    series: { 'errors{service="checkout"}': course({ from: ONSET, bad: 0.6, until: () => mended(world, 'checkout') }) },
    firing: () =>
      world.backAt('checkout') === null
        ? [{ labels: { alertname: 'CheckoutErrors', service: 'checkout' }, since: ONSET }]
        : [],
  });
  const { simulation, cluster } = world;
  await world.deployBad('checkout', 3);
  cluster.freeze('pods');
  await simulation.deliver(firing(ALERT));
  const { id } = await incidentOn(world, 'checkout');
  await at(world, 40, id, { kind: 'acknowledge', ...BY_ADA });
  await simulation.runTo(60);
  cluster.release('pods');
  await cluster.settled();
  await simulation.runTo(150);
  await simulation.deliver(resolved(ALERT, simulation.clock.at));
  await at(world, 240, id, {
    kind: 'record-root-cause',
    category: 'code-bug',
    summary: 'A null cart is not checked',
    confidence: 0.8,
    evidence: [],
    ...BY_ADA,
  });
  const fix = {
    kind: 'record-fix',
    url: 'https://git.example.com/pull/7',
    version: 'r3',
    text: null,
    ...BY_ADA,
  } as const;
  const stages = ['linked', 'tested', 'staging', 'deployed', 'validated'] as const;
  for (const [index, stage] of stages.entries()) {
    const seconds = 3_600 + 600 * index;
    await at(world, seconds, id, { ...fix, stage, at: iso(START + seconds * SECOND) });
  }
  await at(
    world,
    8_000,
    id,
    { kind: 'judge-root-cause', id: 'H1', state: 'confirmed', because: 'reproduced in staging', ...BY_ADA },
    {
      kind: 'add-action',
      action: 'Test checkout with an empty cart',
      of: 'technical',
      owner: 'ben@example.com',
      dueAt: iso(START + 72 * HOUR),
      ...BY_ADA,
    },
    { kind: 'write-section', section: 'went-well', text: 'Nobody had to do anything.', ...BY_ADA },
    { kind: 'publish-postmortem', ...BY_ADA },
  );
  await simulation.runTo(40 * 24 * 3_600);

  const incident = await incidentOn(world, 'checkout');
  expect(incident).toMatchObject({ severity: 'P0', status: 'closed', rollback: { verdict: 'recovered' } });
  expect(Date.parse(incident.mitigatedAt ?? '') - START).toBeLessThanOrEqual(300 * SECOND);
  expect(world.pagerduty.alerts).toMatchObject([{ state: 'resolved' }]);
  await expectTranscript('p0', world);
}, 180_000);
