import { createNudge } from '../../src/app/nudge.ts';
import type { JobHandlers, NewJob } from '../../src/store/jobs.ts';

const done: string[] = [];
let letGo: (() => void)[] = [];

/** Every job takes until it is let go, and says whose it was. */
function start() {
  done.length = 0;
  letGo = [];
  const handle = ({ incidentId }: { incidentId: string }): Promise<void> =>
    new Promise((resolve) => {
      done.push(incidentId);
      letGo.push(resolve);
    });
  const handlers = { 'effects-urgent': handle, effects: handle, rollback: handle } as unknown as JobHandlers;
  return createNudge(handlers, { debug: () => undefined });
}
const job = (incidentId: string, first?: boolean): NewJob => ({
  name: 'effects-urgent',
  data: { v: 1, incidentId, channel: 'slack' },
  ...(first === undefined ? {} : { first }),
});
const many = (n: number): NewJob[] => Array.from({ length: n }, (_, i) => job(`P1-${i}`));
const turn = async (): Promise<void> => {
  letGo.shift()?.();
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
};

test('what a P0 needs is begun before all that waits', async () => {
  const nudge = start();
  nudge.run(many(40));
  expect(done).toHaveLength(16);
  nudge.run([job('P0', true)]);
  await turn();
  expect(done[16]).toBe('P0');
});

test('it finds room to wait in the largest storm, and the same promise is kept once', async () => {
  const nudge = start();
  nudge.run([...many(2_000), job('P1-1999'), job('P0', true), job('P0', true), job('P0')]);
  await turn();
  await turn();
  expect(done.filter((id) => id === 'P0')).toHaveLength(1);
  expect(done[16]).toBe('P0');
});

test('one that waits as another’s becomes the first when it turns out to be a P0', async () => {
  const nudge = start();
  nudge.run([...many(30), job('grown'), ...many(20)]);
  nudge.run([job('grown', true)]);
  await turn();
  expect(done[16]).toBe('grown');
});
