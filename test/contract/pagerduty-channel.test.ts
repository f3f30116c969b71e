import { classifyHttp } from '../../src/clients/http.ts';
import { createPagerDuty } from '../../src/notify/pagerduty/index.ts';
import type { Channel, Delivery } from '../../src/notify/ports.ts';
import { trust } from '../fakes/certificate.ts';
import { context, effect, incident } from '../fakes/effects.ts';
import { startPagerDuty, type FakePagerDuty } from '../fakes/pagerduty.ts';

const KEYS: Record<string, string> = { checkout: 'c'.repeat(32), default: 'd'.repeat(32) };
const DEDUP_KEY = 'firebreak-INC-20261123-151300';

let pagerduty: FakePagerDuty;
let distrust: () => void;
let channel: Channel;

const channelTo = (server: string, timeoutMs = 5_000): Channel =>
  createPagerDuty({
    server,
    routingKeyFor: (service) => KEYS[service ?? 'default'] ?? KEYS['default']!,
    clientName: 'Firebreak',
    clientUrl: 'https://firebreak.example.com',
    timeoutMs,
    classify: classifyHttp,
  });

beforeEach(async () => {
  pagerduty = await startPagerDuty();
  distrust = trust(pagerduty.cert);
  channel = channelTo(pagerduty.host);
});

afterEach(async () => {
  distrust();
  await pagerduty.stop();
});

const trigger = (changes: Parameters<typeof context>[0] = {}): Promise<Delivery> =>
  channel.deliver(effect('pagerduty', 'trigger'), context(changes));
const receiptOf = (delivery: Delivery) => (delivery.kind === 'delivered' ? delivery.receipt : {});

describe('trigger', () => {
  test('pages with everything that a responder needs', async () => {
    expect(await trigger()).toEqual({
      kind: 'delivered',
      receipt: { dedupKey: DEDUP_KEY, status: 'success', service: 'checkout' },
    });
    const [alert] = pagerduty.alerts;
    expect(alert).toMatchObject({ routingKey: KEYS['checkout'], dedupKey: DEDUP_KEY, state: 'open' });
    expect(alert!.payload).toMatchObject({
      summary: 'P1 on checkout. Rolling back checkout from r42 to r41. Estimated 4 minutes.',
      source: 'checkout',
      severity: 'error',
      component: 'checkout',
      group: 'production',
      custom_details: { incident: 'INC-20261123-151300', alerts: '12 of 14 firing', 'users.affected': 0.31 },
    });
    expect(alert!.event).toMatchObject({
      client: 'Firebreak',
      client_url: 'https://firebreak.example.com',
      links: [{ href: 'https://runbooks.example.com/checkout', text: 'Runbook' }, { text: 'Source' }],
    });
  });

  test.each([
    ['P0', 'critical'],
    ['P1', 'error'],
    ['P2', 'warning'],
    ['P3', 'info'],
  ] as const)('%s is %s', async (severity, expected) => {
    await trigger({ incident: incident({ severity }) });
    expect(pagerduty.alerts[0]!.payload['severity']).toBe(expected);
  });

  test('is shortened rather than refused when there is too much', async () => {
    const facts = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`fact ${i}`, '€'.repeat(20_000)]));
    const links = Array.from({ length: 500 }, (_, i) => ({
      text: '💥'.repeat(900),
      href: `https://example.com/${i}?${'é'.repeat(300)}`,
    }));
    const huge = incident({
      facts,
      links,
      title: '💥'.repeat(5_000),
      service: 's'.repeat(5_000),
      because: 'x'.repeat(1e6),
    });
    const delivery = await channel.deliver(
      effect('pagerduty', 'trigger', { message: `a${'💥'.repeat(2_000)}` }),
      context({ incident: huge }),
    );
    expect(delivery.kind).toBe('delivered');
    const { summary, custom_details: details } = pagerduty.alerts[0]!.payload as {
      summary: string;
      custom_details: object;
    };
    expect(summary).toMatch(/^a(💥)+…$/u);
    expect(details).toHaveProperty('omitted', expect.stringMatching(/^\d+ details/));
  });

  test('of an incident that knows nothing still pages', async () => {
    const bare = incident({
      service: null,
      environment: null,
      rollback: null,
      title: '',
      because: '',
      links: [],
      facts: {},
    });
    const delivery = await channel.deliver(
      effect('pagerduty', 'trigger', { message: '\u202e\u0000 ' }),
      context({ incident: bare }),
    );
    expect(delivery.kind).toBe('delivered');
    expect(pagerduty.alerts[0]).toMatchObject({ routingKey: KEYS['default'], payload: { source: 'unknown service' } });
  });

  test('leaves out links that are not web addresses', async () => {
    await trigger({ incident: incident({ links: [{ text: 'x', href: 'javascript:alert(1)' }] }) });
    expect(pagerduty.alerts[0]!.event['links']).toEqual([]);
  });

  test('sent again after an ambiguous outcome opens no second alert', async () => {
    pagerduty.misbehave({ mode: 'drop-after-apply' });
    expect(await trigger()).toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
    expect(await trigger({ ambiguous: true })).toMatchObject({ kind: 'delivered' });
    expect(pagerduty.alerts).toHaveLength(1);
  });
});

describe('acknowledge and resolve', () => {
  test('follow the alert that was opened', async () => {
    const receipts = { trigger: receiptOf(await trigger()) };
    await channel.deliver(effect('pagerduty', 'acknowledge'), context({ receipts }));
    expect(pagerduty.alerts[0]!.state).toBe('acknowledged');
    await channel.deliver(effect('pagerduty', 'resolve'), context({ receipts }));
    expect(pagerduty.alerts[0]!.state).toBe('resolved');
  });

  test.each(['acknowledge', 'resolve'])('%s without a page that was accepted is skipped', async (kind) => {
    const delivery = await channel.deliver(effect('pagerduty', kind), context());
    expect(delivery).toEqual({ kind: 'skipped', because: expect.stringContaining(`nothing to ${kind}`) });
    expect(pagerduty.requests).toHaveLength(0);
  });

  test('keep the routing key of the page when the service becomes known later', async () => {
    const receipts = { trigger: receiptOf(await trigger({ incident: incident({ service: null }) })) };
    await channel.deliver(effect('pagerduty', 'resolve'), context({ receipts }));
    expect(pagerduty.dropped).toEqual([]);
    expect(pagerduty.alerts[0]!.state).toBe('resolved');
  });

  test('a page after a resolve is a new alert', async () => {
    const receipts = { trigger: receiptOf(await trigger()) };
    await channel.deliver(effect('pagerduty', 'resolve'), context({ receipts }));
    await trigger({ receipts });
    expect(pagerduty.alerts.map((a) => a.state)).toEqual(['resolved', 'open']);
  });
});

test('a change event says what was rolled back', async () => {
  const change = effect('pagerduty', 'change', { message: 'Rolled back checkout', data: { from: 'r42', to: 'r41' } });
  expect((await channel.deliver(change, context())).kind).toBe('delivered');
  expect(pagerduty.changes).toMatchObject([
    {
      routingKey: KEYS['checkout'],
      payload: { summary: 'Rolled back checkout', custom_details: { from: 'r42', to: 'r41' } },
    },
  ]);
});

test('an effect that it does not know is rejected', async () => {
  const delivery = await channel.deliver(effect('pagerduty', 'shout'), context());
  expect(delivery).toMatchObject({ kind: 'failed', failure: { kind: 'rejected' } });
});

describe('failures', () => {
  test.each([
    [400, 'rejected'],
    [403, 'unauthorized'],
    [500, 'server'],
    [503, 'server'],
  ])('HTTP %i is %s, with what PagerDuty says', async (status, kind) => {
    pagerduty.misbehave({ mode: 'status', status, body: { status: 'x', message: 'No way', errors: ['bad key'] } });
    const delivery = await trigger();
    expect(delivery).toEqual({
      kind: 'failed',
      failure: { kind, message: `PagerDuty: HTTP ${status}: No way; bad key` },
    });
  });

  test('a wrong routing key is named, not shown', async () => {
    KEYS['checkout'] = 'too-short-secret';
    const delivery = await trigger();
    KEYS['checkout'] = 'c'.repeat(32);
    expect(delivery).toMatchObject({ failure: { kind: 'rejected', message: expect.stringContaining('routing_key') } });
    expect(JSON.stringify(delivery)).not.toContain('too-short-secret');
  });

  test('HTTP 429 comes back at once, after one request', async () => {
    pagerduty.misbehave({ mode: 'status', status: 429, times: 4, body: { status: 'throttled' } });
    expect(await trigger()).toMatchObject({ kind: 'failed', failure: { kind: 'rate-limited' } });
    expect(pagerduty.requests).toHaveLength(1);
  });

  test('a redirect is not followed', async () => {
    pagerduty.misbehave({ mode: 'status', status: 307, location: '/v2/enqueue' });
    expect(await trigger()).toMatchObject({ kind: 'failed', failure: { kind: 'rejected' } });
    expect(pagerduty.alerts).toHaveLength(0);
  });

  test('an answer that is not JSON is ambiguous', async () => {
    pagerduty.misbehave({ mode: 'status', status: 502, body: '<html>Bad gateway</html>' });
    expect(await trigger()).toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
  });

  test('no answer in time is ambiguous', async () => {
    pagerduty.misbehave({ mode: 'timeout' });
    channel = channelTo(pagerduty.host, 200);
    expect(await trigger()).toMatchObject({
      kind: 'failed',
      failure: { kind: 'ambiguous', message: 'PagerDuty: no complete answer in time' },
    });
  });

  test('a caller who gives up ends it', async () => {
    pagerduty.misbehave({ mode: 'timeout' });
    channel = channelTo(pagerduty.host, 300_000);
    const waiting = new AbortController();
    const delivery = trigger({ signal: waiting.signal });
    waiting.abort();
    expect(await delivery).toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
  });

  test('a connection that is refused never arrived', async () => {
    await pagerduty.stop();
    expect(await trigger()).toMatchObject({ kind: 'failed', failure: { kind: 'unreachable' } });
    pagerduty = await startPagerDuty();
  });

  test('a certificate that nobody vouches for gets nothing', async () => {
    distrust();
    expect(await trigger()).toMatchObject({ kind: 'failed', failure: { kind: 'unreachable' } });
    expect(pagerduty.requests).toHaveLength(0);
  });
});
