import { advanceKey } from '../../src/app/advance.ts';
import { raw, startCore, CORE_START } from '../harness/core.ts';

test('a resolve that is committed between a claim and its look is told once', async () => {
  const core = await startCore();
  await core.deliver(raw('A'));
  await core.settle();
  await core.deliver(raw('B'));
  core.clock.at += 5_000;
  const claimed = await core.claim();
  await core.deliver(raw('A', { endsAt: CORE_START + 1_000 }));
  await advanceKey(core.advance, claimed!);
  await core.settle();
  const [incident] = await core.incidents();
  const types = (await core.timeline(incident!.id)).map(({ type }) => type).filter((t) => t.startsWith('alerts'));
  await core.close();
  expect(types).toEqual(['alerts-joined', 'alerts-joined', 'alerts-resolved']);
});
