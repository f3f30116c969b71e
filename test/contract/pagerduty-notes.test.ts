import { classifyHttp, createHttp } from '../../src/clients/http.ts';
import { isOwnNote } from '../../src/domain/pagerduty-note.ts';
import { createPagerDutyNotes } from '../../src/notify/pagerduty/notes.ts';
import type { Channel, Delivery } from '../../src/notify/ports.ts';
import { context, effect, incident } from '../fakes/effects.ts';
import { startPagerDutyRest, type FakePagerDutyRest } from '../fakes/pagerduty-rest.ts';

const KEY = 'firebreak-INC-20261123-151300';
const TOKEN = 'rest-token';
const OPENED = Date.UTC(2026, 10, 23, 15, 13);
let pagerduty: FakePagerDutyRest;
let channel: Channel;
let now: number;

const channelWith = (changes: { token?: string; from?: string; url?: string; timeoutMs?: number } = {}): Channel =>
  createPagerDutyNotes({
    http: createHttp({
      timeoutMs: changes.timeoutMs ?? 4_000,
      userAgent: 'firebreak',
      baseUrl: changes.url ?? pagerduty.url,
    }),
    apiToken: () => changes.token ?? TOKEN,
    from: changes.from ?? 'bot@example.com',
    clock: { now: () => now },
    classify: classifyHttp,
  });

beforeEach(async () => {
  pagerduty = await startPagerDutyRest({ token: TOKEN, users: ['bot@example.com'] });
  channel = channelWith();
  now = OPENED + 600_000;
});
afterEach(() => pagerduty.stop());

const write = (message = 'ada via slack: looking', changes: Parameters<typeof context>[0] = {}): Promise<Delivery> =>
  channel.deliver(
    effect('pagerduty-notes', 'note', { message, data: { seq: 17 } }),
    context({ incident: incident({ openedAt: new Date(OPENED).toISOString() }), ...changes }),
  );
const contents = (id: string): string[] => (pagerduty.notes.get(id) ?? []).map(({ content }) => content);

test('a note goes to the incident with our key, and says whose it is', async () => {
  pagerduty.raise('POTHER', 'another');
  pagerduty.raise('PPAGE', KEY);
  expect(await write()).toEqual({ kind: 'delivered', receipt: { page: 'PPAGE', note: 'PNOTE1' } });
  expect(pagerduty.notes.get('PPAGE')).toEqual([
    { id: 'PNOTE1', from: 'bot@example.com', content: '[Firebreak INC-20261123-151300 #17] ada via slack: looking' },
  ]);
  expect(isOwnNote(contents('PPAGE')[0]!)).toBe(true);
});

test('of several the one that is open, else the newest', async () => {
  pagerduty.raise('POLD', KEY, 'resolved');
  pagerduty.raise('POPEN', KEY, 'acknowledged');
  pagerduty.raise('PLATER', KEY, 'resolved');
  expect(await write()).toMatchObject({ receipt: { page: 'POPEN' } });
  await pagerduty.stop();
  pagerduty = await startPagerDutyRest({ token: TOKEN, users: ['bot@example.com'] });
  channel = channelWith();
  pagerduty.raise('POLD', KEY, 'resolved');
  pagerduty.raise('PNEW', KEY, 'resolved');
  expect(await write()).toMatchObject({ receipt: { page: 'PNEW' } });
});

test('an incident that is not there yet is waited for, one that never was is not', async () => {
  now = OPENED + 5_000;
  expect(await write()).toMatchObject({ failure: { kind: 'server', retryAfterMs: 10_000 } });
  now = OPENED + 600_000;
  expect(await write()).toMatchObject({ kind: 'skipped' });
});

test('after an ambiguous outcome it is looked for, and written once', async () => {
  pagerduty.raise('PPAGE', KEY);
  pagerduty.misbehave({ mode: 'drop-after-apply', path: '/notes' });
  expect(await write()).toMatchObject({ failure: { kind: 'ambiguous' } });
  expect(await write(undefined, { ambiguous: true })).toMatchObject({ kind: 'delivered', receipt: { note: 'PNOTE1' } });
  expect(contents('PPAGE')).toHaveLength(1);
  pagerduty.misbehave({ mode: 'reset', path: '/notes' });
  expect(await write('another')).toMatchObject({ failure: { kind: 'ambiguous' } });
});

test('text of people is data, cleaned and shortened', async () => {
  pagerduty.raise('PPAGE', KEY);
  await write(`\0\u202e<b>${'💥'.repeat(60_000)}`);
  expect(contents('PPAGE')[0]).toMatch(/^\[Firebreak INC-20261123-151300 #17\] <b>💥/);
  expect(contents('PPAGE')[0]!.length).toBeLessThanOrEqual(10_000);
});

test.each<[string, Parameters<typeof channelWith>[0], string]>([
  ['a wrong token', { token: 'x' }, 'unauthorized'],
  ['a user that is not there', { from: 'nobody@example.com' }, 'rejected'],
])('%s is not tried again', async (_, changes, kind) => {
  pagerduty.raise('PPAGE', KEY);
  channel = channelWith(changes);
  expect(await write()).toMatchObject({ kind: 'failed', failure: { kind } });
  expect(JSON.stringify(await write())).not.toContain(TOKEN);
});

test('too many requests: waits for as long as it says', async () => {
  pagerduty.raise('PPAGE', KEY);
  pagerduty.misbehave({
    mode: 'status',
    status: 429,
    retryAfter: 7,
    body: { error: { message: 'Rate Limit Exceeded' } },
  });
  expect(await write()).toMatchObject({ failure: { kind: 'rate-limited', retryAfterMs: 7_000 } });
});

test.each([
  ['HTTP 500 while looking', { mode: 'status', status: 500 } as const, 'server'],
  ['a cut connection while looking', { mode: 'reset' } as const, 'unreachable'],
  ["a proxy's page", { mode: 'status', status: 200, body: '<html>' } as const, 'unreachable'],
])('%s is tried again', async (_, how, kind) => {
  pagerduty.misbehave(how);
  expect(await write()).toMatchObject({ failure: { kind } });
});

test('another effect is refused', async () => {
  const other = await channel.deliver(effect('pagerduty-notes', 'trigger'), context());
  expect(other).toMatchObject({ failure: { kind: 'rejected' } });
});
