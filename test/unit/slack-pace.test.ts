import { createPace } from '../../src/notify/slack/pace.ts';

/** Time that moves only when somebody sleeps. */
function pace(intervalMs = 1_000) {
  const clock = {
    at: 0,
    now(): number {
      return this.at;
    },
  };
  const slept: number[] = [];
  const sleep = async (milliseconds: number): Promise<void> => {
    slept.push(milliseconds);
    await Promise.resolve();
    clock.at += milliseconds;
  };
  return { clock, slept, pace: createPace({ clock, sleep, intervalMs }) };
}

const signal = new AbortController().signal;

test('a message a second and channel; channels do not wait for each other', async () => {
  const { slept, pace: slack } = pace();
  for (const channel of ['C1', 'C2']) expect(await slack.turn(channel, 0, signal)).toBeNull();
  expect(slept).toEqual([]);
  await Promise.all([slack.turn('C1', 0, signal), slack.turn('C1', 0, signal)]);
  expect(slept).toEqual([1_000, 1_000]);
});

test('the lower rank first, whoever came before', async () => {
  const { pace: slack } = pace();
  const order: string[] = [];
  const post = async (name: string, rank: number): Promise<void> => {
    await slack.turn('C1', rank, signal);
    order.push(name);
  };
  await Promise.all([post('first', 30), post('line 1', 32), post('line 2', 32), post('P0', 0)]);
  expect(order).toEqual(['first', 'P0', 'line 1', 'line 2']);
});

test('who would wait too long hears so at once', async () => {
  const { slept, pace: slack } = pace();
  const turns = await Promise.all(Array.from({ length: 8 }, () => slack.turn('C1', 1, signal)));
  expect(turns).toEqual([null, null, null, null, null, { waitMs: 5_000 }, { waitMs: 5_000 }, { waitMs: 5_000 }]);
  expect(slept).toHaveLength(4);
});

test('what Slack asks to wait is waited, or given back', async () => {
  const { clock, pace: slack } = pace();
  await slack.turn('C1', 0, signal);
  slack.hold('C1', 3_000);
  await slack.turn('C1', 0, signal);
  expect(clock.at).toBe(3_000);
  const waiting = slack.turn('C1', 0, signal);
  slack.hold('C1', 60_000);
  expect(await waiting).toEqual({ waitMs: 60_000 });
  expect(await slack.turn('C1', 0, signal)).toMatchObject({ waitMs: expect.any(Number) });
});

test('who gives up leaves its place to the next', async () => {
  const { clock, pace: slack } = pace();
  await slack.turn('C1', 0, signal);
  const impatient = new AbortController();
  const gone = slack.turn('C1', 0, impatient.signal);
  const next = slack.turn('C1', 0, signal);
  impatient.abort();
  expect(await gone).toEqual({ waitMs: 1_000 });
  expect(await next).toBeNull();
  expect(clock.at).toBe(1_000);
});
