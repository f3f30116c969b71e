import { iso } from '../../../src/domain/time.ts';
import type { SimulatedWorld } from '../../harness/simulated-world.ts';
import { startSimulatedWorld } from '../../harness/simulated-world.ts';
import { at, BY_ADA, firing, resolved, rolledBack, SECOND, START } from './cast.ts';
import { expectTranscript } from './transcript.ts';

const ALERT = {
  name: 'PoolExhausted',
  service: 'orders',
  severity: 'warning',
  summary: 'The connection pool is used up',
};
const DAY = 24 * 3_600;

let world: SimulatedWorld;

afterEach(() => world.close());

/** An incident of half an hour with a cause, on a day. */
async function happens(day: number): Promise<string> {
  const { simulation } = world;
  await simulation.runTo(day * DAY);
  const alert = { ...ALERT, startsAt: START + day * DAY * SECOND };
  await simulation.deliver(firing(alert));
  const id = (await simulation.incidents()).at(-1)!.id;
  await at(world, day * DAY + 600, id, {
    kind: 'record-root-cause',
    category: 'capacity',
    summary: 'The pool is too small',
    confidence: 0.9,
    evidence: [],
    ...BY_ADA,
  });
  await simulation.runTo(day * DAY + 1_800);
  await simulation.deliver(resolved(alert, simulation.clock.at));
  return id;
}

test('the third time in 60 days says so, and which action item is still open', async () => {
  world = await startSimulatedWorld({ services: { orders: rolledBack('orders', { rollback: null }) } });
  const { simulation } = world;
  const first = await happens(0);
  await at(world, 3_600, first, {
    kind: 'add-action',
    action: 'Double the pool',
    of: 'technical',
    owner: 'ben@example.com',
    dueAt: iso(START + 7 * DAY * SECOND),
    ...BY_ADA,
  });
  const second = await happens(20);
  const third = await happens(40);
  await simulation.runTo(41 * DAY);

  const last = (await simulation.incidents()).at(-1)!;
  expect(last).toMatchObject({
    id: third,
    recurrence: { why: 'same-cause', of: [second, first], openActions: [{ incidentId: first, id: 'A1' }] },
  });
  await expectTranscript('repeat', world);
}, 180_000);
