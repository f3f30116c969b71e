import { sql } from '../../src/store/database.ts';
import type { NewJob } from '../../src/store/jobs.ts';
import type { Core } from '../harness/core.ts';
import { raw, startCore } from '../harness/core.ts';

let core: Core;
beforeEach(async () => {
  core = await startCore();
});
afterEach(() => core.close());

const job = (incidentId: string): NewJob => ({ name: 'rollback', data: { v: 1, incidentId } });
const depth = async (queue: string) => {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from jobs.job where name = ${queue} and state < 'completed'`.execute(core.store.db);
  return rows[0]!.n;
};

test('jobs are there exactly if the transaction that enqueued them is', async () => {
  const killed = core.store.transaction(async (uow) => {
    await uow.enqueue([job('a'), job('b')]);
    throw new Error('killed');
  });
  await expect(killed).rejects.toThrow('killed');
  expect(await depth('rollback')).toBe(0);
  await core.store.transaction((uow) => uow.enqueue([job('a'), job('b')]));
  expect(await depth('rollback')).toBe(2);
});

test('nobody can work on one before the commit, and then somebody does', async () => {
  const seen: string[] = [];
  let arrived: () => void = () => undefined;
  const arrival = new Promise<void>((resolve) => (arrived = resolve));
  await core.store.jobs.work({
    'effects-urgent': async () => undefined,
    'follow-up': async () => undefined,
    effects: async () => undefined,
    rollback: async ({ incidentId }) => {
      seen.push(incidentId);
      arrived();
    },
    'slack-request': async () => undefined,
    'page-news': async () => undefined,
  });
  await core.store.transaction(async (uow) => {
    await uow.enqueue([job('a')]);
    expect(seen).toEqual([]);
  });
  await arrival;
  expect(seen).toEqual(['a']);
});

test('an urgent incident has the lane of its own, another one does not, and repeats enqueue nothing', async () => {
  await core.deliver(raw('A', { labels: { severity: 'critical' } }));
  await core.settle();
  expect([await depth('effects-urgent'), await depth('effects')]).toEqual([1, 0]);
  await core.deliver(raw('A', { service: 'search', labels: { severity: 'warning' } }));
  await core.deliver(raw('A', { labels: { severity: 'critical' } }));
  await core.settle();
  // The other one is told by mail.
  expect([await depth('effects-urgent'), await depth('effects')]).toEqual([1, 1]);
});
