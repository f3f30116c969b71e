import { classifyHttp, createHttp } from '../../src/clients/http.ts';
import type { Channel } from '../../src/notify/ports.ts';
import { createWebhook } from '../../src/notify/webhook/index.ts';
import { context, effect, incident } from '../fakes/effects.ts';
import { startWebhook, type FakeWebhook } from '../fakes/webhook.ts';

const NOW = Date.UTC(2026, 10, 23, 15, 13);
let receiver: FakeWebhook;

const channelWith = (options: { secret?: string; timeoutMs?: number } = {}): Channel =>
  createWebhook({
    url: receiver.url,
    secret: () => options.secret ?? 'shared secret',
    http: createHttp({ timeoutMs: options.timeoutMs ?? 5_000, userAgent: 'firebreak' }),
    classify: classifyHttp,
    clock: { now: () => NOW },
  });

beforeEach(async () => {
  receiver = await startWebhook({ secret: 'shared secret' });
});
afterEach(() => receiver.stop());

const event = effect('webhook', 'event', { data: { event: 'incident-opened' } });

test('posts the incident, signed and dated', async () => {
  expect(await channelWith().deliver(event, context())).toEqual({ kind: 'delivered', receipt: { status: 200 } });
  expect(receiver.received).toEqual([
    {
      idempotencyKey: event.id,
      timestamp: NOW / 1000,
      body: expect.objectContaining({
        version: 1,
        effectId: event.id,
        kind: 'event',
        incident: expect.objectContaining({ id: 'INC-20261123-151300', severity: 'P1' }),
        message: event.message,
        data: { event: 'incident-opened' },
      }),
    },
  ]);
});

test('the signature holds for text of any script', async () => {
  const odd = context({ incident: incident({ title: ' ünïcode 💥 \u2028 "quoted" </script> ' }) });
  expect((await channelWith().deliver(event, odd)).kind).toBe('delivered');
});

test('a repeat carries the same key, so that it is recognised', async () => {
  receiver.misbehave({ mode: 'drop-after-apply' });
  const channel = channelWith();
  expect(await channel.deliver(event, context())).toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
  expect((await channel.deliver(event, context({ ambiguous: true }))).kind).toBe('delivered');
  expect(receiver.requests).toHaveLength(2);
  expect(receiver.received).toHaveLength(1);
});

describe('failures', () => {
  test('a wrong secret is unauthorized', async () => {
    const delivery = await channelWith({ secret: 'another' }).deliver(event, context());
    expect(delivery).toEqual({ kind: 'failed', failure: { kind: 'unauthorized', message: 'webhook: HTTP 401' } });
  });

  test('a redirect is not followed', async () => {
    receiver.misbehave({ mode: 'status', status: 307, location: receiver.url });
    const delivery = await channelWith().deliver(event, context());
    expect(delivery).toMatchObject({
      kind: 'failed',
      failure: { kind: 'rejected', message: expect.stringContaining('redirect') },
    });
    expect(receiver.requests).toHaveLength(1);
  });

  test.each([
    [404, 'rejected'],
    [420, 'rate-limited'],
    [500, 'server'],
  ])('HTTP %i is %s', async (status, kind) => {
    receiver.misbehave({ mode: 'status', status });
    expect(await channelWith().deliver(event, context())).toMatchObject({ failure: { kind } });
  });

  test('a wait that was asked for is passed on', async () => {
    receiver.misbehave({ mode: 'status', status: 429, retryAfter: 7 });
    expect(await channelWith().deliver(event, context())).toMatchObject({
      failure: { kind: 'rate-limited', retryAfterMs: 7_000 },
    });
  });

  test('no answer in time is ambiguous', async () => {
    receiver.misbehave({ mode: 'timeout' });
    const delivery = await channelWith({ timeoutMs: 200 }).deliver(event, context());
    expect(delivery).toEqual({
      kind: 'failed',
      failure: { kind: 'ambiguous', message: 'webhook: no complete answer in time' },
    });
  });

  test('a cut connection is ambiguous, a refused one is not', async () => {
    receiver.misbehave({ mode: 'reset' });
    expect(await channelWith().deliver(event, context())).toMatchObject({ failure: { kind: 'ambiguous' } });
    const channel = channelWith();
    await receiver.stop();
    expect(await channel.deliver(event, context())).toMatchObject({ failure: { kind: 'unreachable' } });
    receiver = await startWebhook({ secret: 'shared secret' });
  });
});
