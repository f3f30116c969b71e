/* eslint-disable @typescript-eslint/no-explicit-any -- answers are looked at as they come */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders, Server } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import type { Change } from '../../src/domain/change.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { DeliveryWriter, DeliveryWriterOptions, WebhookAuthOptions } from '../../src/ingest/index.ts';
import { createDeliveryWriter, createWebhookAuth, createWebhooks } from '../../src/ingest/index.ts';
import type { PageNews, RefusedRequest } from '../../src/ingest/ports.ts';
import {
  correlation,
  fixture,
  LATE_MS,
  ManualClock,
  MemoryStore,
  NOW,
  quiet,
  rawAlert,
} from '../unit/ingest-support.ts';

const MAX_BODY = 1024 * 1024;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

class Target {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock();
  readonly changes: Change[] = [];
  readonly news: { noticeIds: readonly string[]; news: PageNews; at: number }[] = [];
  readonly refusals: RefusedRequest[] = [];
  readonly counted: string[] = [];
  alertsCounted = '';
  readonly writer: DeliveryWriter;
  readonly server: Server;

  constructor(auth: Partial<WebhookAuthOptions> = {}, writer: Partial<DeliveryWriterOptions> = {}) {
    const { store, clock } = this;
    this.writer = createDeliveryWriter({
      store,
      clock,
      log: quiet,
      maxRowsPerCommit: 2000,
      maxQueuedRows: 20_000,
      lateFiringMs: LATE_MS,
      ...writer,
    });
    const webhooks = createWebhooks({
      auth: createWebhookAuth({
        bearerTokens: [],
        basic: [],
        hmacSecrets: [],
        pagerdutySecrets: [],
        slackSecrets: [],
        loopbackWithoutCredentials: true,
        ...auth,
      }),
      policy: { correlation },
      writer: this.writer,
      changes: {
        saveChange: async (change) => {
          if (store.down) throw new Error('down');
          this.changes.push(change);
          return 'new';
        },
      },
      pageNews: {
        apply: async (noticeIds, news, at) => {
          if (store.down) throw new Error('down');
          const seen = this.news.some((known) => known.noticeIds.some((id) => noticeIds.includes(id)));
          if (!seen) this.news.push({ noticeIds, news, at });
          return seen ? 'seen' : 'applied';
        },
      },
      slack: null,
      maxBodyBytes: MAX_BODY,
      clock,
      log: quiet,
      metrics: {
        delivery: (source, outcome) => this.counted.push(`${source} ${outcome}`),
        alerts: (source, firing, resolved) => (this.alertsCounted = `${source} ${firing}/${resolved}`),
      },
      recordRefusal: (refused) => this.refusals.push(refused),
    });
    this.server = createServer((req, res) => {
      if (!webhooks.handle(req, res)) res.writeHead(418).end();
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
}

let target: Target;
const start = async (...options: ConstructorParameters<typeof Target>): Promise<Target> => {
  target = new Target(...options);
  await once(target.server.listen(0, '127.0.0.1'), 'listening');
  return target;
};
afterEach(async () => {
  target.server.closeAllConnections();
  await new Promise((resolve) => target.server.close(resolve));
});

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: any;
}

interface Sent {
  readonly headers?: Record<string, string>;
  readonly method?: string;
}

function send(path: string, body: string | Buffer, { headers = {}, method = 'POST' }: Sent = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        port: target.port,
        host: '127.0.0.1',
        path,
        method,
        headers: { 'content-type': 'application/json', ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: text === '' ? null : JSON.parse(text),
          });
        });
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
  send(`/webhooks/${path}`, JSON.stringify(body), { headers });
const error = (code: string, field: string | null = null) => ({
  error: { code, message: expect.any(String), field },
});

describe('alerts', () => {
  test('are answered when they are stored', async () => {
    await start();
    const reply = await post('alertmanager', fixture('firing-single'));
    expect(reply).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', connection: 'keep-alive' },
    });
    expect(reply.body).toEqual({ deliveryId: expect.stringMatching(UUID), accepted: 1, duplicates: 0, rejected: [] });
    expect(target.store.deliveries[0]).toMatchObject({
      id: reply.body.deliveryId,
      source: 'alertmanager',
      receivedAt: NOW,
    });
    expect(target.counted).toEqual(['alertmanager stored']);
    expect(target.alertsCounted).toBe('alertmanager 1/0');
  });

  test('that repeat are duplicates, from either peer, and their resolve is news', async () => {
    await start();
    await post('alertmanager', fixture('firing-single'));
    expect((await post('alertmanager', fixture('firing-repeat-from-ha-peer'))).body).toMatchObject({
      accepted: 0,
      duplicates: 1,
    });
    expect((await post('alertmanager', fixture('resolved-single'))).body).toMatchObject({ accepted: 1, duplicates: 0 });
    expect((await post('alertmanager', fixture('firing-single'))).body).toMatchObject({ accepted: 0, duplicates: 1 });
    expect([...target.store.alerts.values()]).toMatchObject([{ status: 'resolved', fired: true }]);
    expect(target.counted).toEqual(['stored', 'repeated', 'stored', 'stored'].map((o) => `alertmanager ${o}`));
  });

  test('that are good are kept beside those that are not', async () => {
    await start();
    const alerts = [rawAlert(), rawAlert({ fingerprint: 'b', labels: { severity: 3 } }), 'x'];
    const reply = await post('alertmanager', { alerts });
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({
      accepted: 1,
      rejected: [
        { index: 1, field: 'alerts[1].labels.severity', message: 'expected a string, got a number' },
        { index: 2, field: 'alerts[2]', message: 'expected an object, got a string' },
      ],
    });
    expect(reply.body.rejected[0]).not.toHaveProperty('raw');
    expect(target.store.deliveries[0]?.rejected).toHaveLength(2);
  });

  test('of which none can be read are refused, and quarantined', async () => {
    await start();
    const reply = await post('alerts', [{ labels: {} }, 17]);
    expect(reply.status).toBe(400);
    expect(reply.body).toEqual({
      ...error('no-readable-alert', 'alerts[0].labels.alertname'),
      rejected: [expect.objectContaining({ index: 0 }), expect.objectContaining({ index: 1 })],
    });
    expect(target.store.deliveries[0]?.rejected).toHaveLength(2);
    expect(target.refusals).toMatchObject([{ source: 'generic', status: 400, code: 'no-readable-alert' }]);
  });

  test('may be none at all, or a heartbeat', async () => {
    await start();
    expect(await post('alertmanager', { alerts: [] })).toMatchObject({
      status: 200,
      body: { accepted: 0, rejected: [] },
    });
    expect(await post('alertmanager', fixture('watchdog-severity-none'))).toMatchObject({
      status: 200,
      body: { accepted: 0 },
    });
    expect(target.store.deliveries.map(({ heartbeats }) => heartbeats)).toEqual([[], ['Watchdog']]);
  });

  test('come in any of the three shapes to the generic endpoint', async () => {
    await start();
    const alert = { labels: { alertname: 'DiskFull' } };
    for (const body of [alert, [alert], { alerts: [alert] }]) expect((await post('alerts', body)).status).toBe(200);
    expect(target.store.alerts.size).toBe(1);
  });

  test('of 1,000 senders at once are committed together', async () => {
    await start();
    const alerts = Array.from({ length: 1000 }, (_, i) => rawAlert({ fingerprint: `f${i}` }));
    const replies = await Promise.all(alerts.map((alert) => post('alertmanager', { alerts: [alert] })));
    expect(replies.every(({ status, body }) => status === 200 && body.accepted === 1)).toBe(true);
    expect(new Set(replies.map(({ body }) => body.deliveryId)).size).toBe(1000);
    expect(target.store.alerts.size).toBe(1000);
  });

  test('with a query in the address are as good', async () => {
    await start();
    expect((await post('alertmanager?cluster=eu', fixture('firing-single'))).status).toBe(200);
  });
});

describe('a body that cannot be read', () => {
  test.each([
    [
      'cut off',
      '{"alerts":[{"status":"firing"',
      'invalid-json',
      'expected "," or "}" at position 29 (line 1, column 30)',
    ],
    ['empty', '', 'invalid-json', 'expected a value at position 0 (line 1, column 1)'],
    ['no JSON', 'alerts=1', 'invalid-json', 'expected a value at position 0 (line 1, column 1)'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'invalid-utf8', 'UTF-8'],
    ['not an object', '[]', 'invalid-body', 'expected an object with an array "alerts", got an array'],
  ])('%s', async (_, body, code, message) => {
    await start();
    const reply = await send('/webhooks/alertmanager', body);
    expect(reply).toMatchObject({ status: 400, body: error(code, '') });
    expect(reply.body.error.message).toContain(message);
    expect(target.store.deliveries).toEqual([]);
  });

  test('names the field', async () => {
    await start();
    expect(await post('alertmanager', {})).toMatchObject({ status: 400, body: error('missing-field', 'alerts') });
  });

  test('a byte order mark is no problem', async () => {
    await start();
    expect((await send('/webhooks/alertmanager', '\u{FEFF}{"alerts":[]}')).status).toBe(200);
  });

  test('nesting however deep is none', async () => {
    await start();
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const reply = await send('/webhooks/alertmanager', `{"alerts":[${JSON.stringify(rawAlert())},${deep}]}`);
    expect(reply).toMatchObject({ status: 200, body: { accepted: 1, rejected: [{ index: 1 }] } });
  });
});

describe('types', () => {
  test.each([
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'Application/JSON',
    'application/vnd.alerts+json',
    'application/json; profile=x; charset=utf8',
  ])('%s is taken', async (type) => {
    await start();
    expect((await post('alertmanager', { alerts: [] }, { 'content-type': type })).status).toBe(200);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'application/json; charset=latin1',
    '',
  ])('%j is not', async (type) => {
    await start();
    const reply = await post('alertmanager', { alerts: [] }, { 'content-type': type });
    expect(reply).toMatchObject({ status: 415, body: error('unsupported-media-type') });
    expect(target.counted).toEqual(['alertmanager unsupported']);
  });

  test('compressed bodies are not taken', async () => {
    await start();
    expect((await post('alertmanager', {}, { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await post('alertmanager', { alerts: [] }, { 'content-encoding': 'identity' })).status).toBe(200);
  });
});

describe('size', () => {
  const large = Buffer.alloc(10 * 1024 * 1024, 0x20);

  test('10 MB are refused by their announcement', async () => {
    await start();
    const reply = await send('/webhooks/alertmanager', large, { headers: { 'content-length': String(large.length) } });
    expect(reply).toMatchObject({ status: 413, headers: { connection: 'close' }, body: error('too-large') });
    expect(target.refusals).toEqual([
      {
        source: 'alertmanager',
        status: 413,
        code: 'too-large',
        message: expect.any(String),
        identified: true,
        at: NOW,
      },
    ]);
  });

  test('10 MB without an announcement are refused as they come', async () => {
    await start();
    const reply = await send('/webhooks/alertmanager', large, { headers: { 'transfer-encoding': 'chunked' } });
    expect(reply).toMatchObject({ status: 413, body: error('too-large') });
  });

  test('a sender that waits to be asked is told before it sends', async () => {
    await start();
    const socket = connect(target.port, '127.0.0.1');
    socket.write(
      'POST /webhooks/alertmanager HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n',
    );
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.end();
    await once(socket, 'close');
  });

  test('just the limit is taken', async () => {
    await start();
    const body = '{"alerts":[]}'.padEnd(MAX_BODY);
    expect((await send('/webhooks/alertmanager', body)).status).toBe(200);
    expect((await send('/webhooks/alertmanager', `${body} `)).status).toBe(413);
  });

  test('a sender that goes away midway leaves nothing', async () => {
    await start();
    const socket = connect(target.port, '127.0.0.1');
    socket.write(
      'POST /webhooks/alertmanager HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{',
    );
    const [served] = (await once(target.server, 'request')) as [NodeJS.EventEmitter];
    const closed = new Promise((resolve) => served.once('close', resolve));
    socket.destroy();
    await closed;
    await new Promise((resolve) => setImmediate(resolve));
    expect(target.counted).toEqual(['alertmanager aborted']);
    expect(target.store.deliveries).toEqual([]);
  });
});

describe('methods and addresses', () => {
  test.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('%s is not allowed', async (method) => {
    await start();
    const reply = await send('/webhooks/alertmanager', '', { method });
    expect(reply).toMatchObject({ status: 405, headers: { allow: 'POST' }, body: error('method-not-allowed') });
    expect(target.refusals).toEqual([]);
  });

  test.each(['/webhooks', '/webhooks/', '/webhooks/slack', '/webhooks/alertmanagers', '/', '/webhooks/__proto__'])(
    '%s is for somebody else',
    async (path) => {
      await start();
      expect((await send(path, '{}')).status).toBe(418);
    },
  );
});

describe('credentials', () => {
  const auth = {
    bearerTokens: [new Secret('token')],
    basic: [{ username: 'am', password: new Secret('secret') }],
    hmacSecrets: [new Secret('hmac')],
    pagerdutySecrets: [new Secret('pd')],
  };
  const body = JSON.stringify({ alerts: [] });

  test.each([
    ['alertmanager', {}],
    ['alerts', { authorization: 'Bearer wrong' }],
    ['changes', { authorization: 'Basic d3Jvbmc6d3Jvbmc=' }],
    ['pagerduty', { authorization: 'Bearer token' }],
    ['pagerduty', { 'x-pagerduty-signature': 'v1=00' }],
    ['alertmanager', { 'x-grafana-alerting-signature': '00' }],
  ])('%s with %j is refused', async (path, headers) => {
    await start(auth);
    const reply = await send(`/webhooks/${path}`, body, { headers: headers });
    expect(reply).toMatchObject({ status: 401, body: error('unauthorized') });
    expect(reply.headers['www-authenticate']).toMatch(/^Bearer /);
    expect(target.refusals).toMatchObject([{ status: 401, code: 'unauthorized' }]);
    expect(target.store.deliveries).toEqual([]);
  });

  test('a refused sender with a large body gets to read why', async () => {
    await start(auth);
    expect((await send('/webhooks/alerts', Buffer.alloc(10 * 1024 * 1024))).status).toBe(401);
  });

  test.each([
    { authorization: 'Bearer token' },
    { authorization: `Basic ${Buffer.from('am:secret').toString('base64')}` },
    { 'x-grafana-alerting-signature': createHmac('sha256', 'hmac').update(body).digest('hex') },
    {
      'x-firebreak-timestamp': String(NOW / 1000),
      'x-firebreak-signature': `v1=${createHmac('sha256', 'hmac')
        .update(`${NOW / 1000}.${body}`)
        .digest('hex')}`,
    },
  ])('any is enough: %j', async (headers) => {
    await start(auth);
    expect((await send('/webhooks/alertmanager', body, { headers: headers })).status).toBe(200);
  });
});

describe('a store that is not there', () => {
  test('asks to come again, and says nothing of itself', async () => {
    await start();
    await post('alertmanager', fixture('firing-single'));
    target.store.down = true;
    for (const [path, body] of [
      ['alertmanager', fixture('resolved-single')],
      // Known from memory a moment ago: but what the store cannot confirm now is not acknowledged.
      ['alertmanager', fixture('firing-single')],
      ['alerts', [17]],
      ['changes', { id: 'x', service: 's', kind: 'flag', startedAt: '2026-11-23T15:00:00Z' }],
    ] as const) {
      const reply = await post(path, body);
      expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '5' }, body: error('store-unavailable') });
      expect(JSON.stringify(reply.body)).not.toContain('secret-host');
    }
    expect(target.refusals).toEqual([]);
    target.store.down = false;
    expect((await post('alertmanager', fixture('resolved-single'))).body).toMatchObject({ accepted: 1 });
  });

  test('nor is one that drains', async () => {
    await start();
    await target.writer.drain();
    const reply = await post('alertmanager', fixture('firing-single'));
    expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '5' }, body: error('overloaded') });
  });
});

test('a fault of ours is 500, so that the sender comes again', async () => {
  await start();
  target.clock.now = () => Number.NaN;
  expect(await post('alertmanager', fixture('firing-single'))).toMatchObject({ status: 500, body: error('internal') });
});

describe('PagerDuty', () => {
  const incident = {
    id: 'PGR0VU2',
    type: 'incident',
    status: 'triggered',
    title: 'Bump',
    created_at: '2026-11-23T15:00:00Z',
  };
  const event = (type: string, data: object, changes = {}) => ({
    event: {
      id: 'event-1',
      event_type: type,
      occurred_at: '2026-11-23T15:12:00Z',
      agent: { type: 'user_reference', summary: 'Tenex' },
      data,
      ...changes,
    },
  });
  const own = event('incident.acknowledged', { ...incident, incident_key: 'firebreak-INC-1' });
  const accepted = { status: 202, body: { deliveryId: expect.stringMatching(UUID) } };

  test('tells of our own page, once', async () => {
    await start();
    expect(await post('pagerduty', own, { 'x-webhook-id': 'hook-1' })).toMatchObject(accepted);
    expect(await post('pagerduty', own, { 'x-webhook-id': 'hook-1' })).toMatchObject(accepted);
    expect(target.news).toEqual([
      {
        noticeIds: ['hook-1', 'event event-1'],
        news: { incidentId: 'INC-1', pageId: 'PGR0VU2', news: { kind: 'acknowledged' }, by: 'Tenex' },
        at: Date.UTC(2026, 10, 23, 15, 12),
      },
    ]);
    expect(target.counted).toEqual(['pagerduty stored', 'pagerduty repeated']);
  });

  test('is known by the event where there is no header', async () => {
    await start();
    await post('pagerduty', own);
    expect(target.news[0]?.noticeIds).toEqual(['event event-1']);
  });

  test('raises, reopens and resolves incidents of others', async () => {
    await start();
    await post('pagerduty', event('incident.triggered', incident));
    const resolved = { ...incident, status: 'resolved' };
    await post('pagerduty', event('incident.resolved', resolved));
    expect([...target.store.alerts.values()]).toMatchObject([{ status: 'resolved' }]);
    await post('pagerduty', event('incident.reopened', incident, { occurred_at: '2026-11-23T15:12:30Z' }));
    expect([...target.store.alerts.values()]).toMatchObject([{ status: 'firing' }]);
    await post('pagerduty', event('incident.resolved', resolved, { occurred_at: '2026-11-23T15:12:50Z' }));
    expect([...target.store.alerts]).toMatchObject([['pagerduty/PGR0VU2', { status: 'resolved' }]]);
  });

  test('is never refused for what it says: three refusals would silence it', async () => {
    await start();
    const ping = event('pagey.ping', { message: 'Hello from your friend Pagey!', type: 'ping' });
    for (const body of [ping, event('incident.triggered', { ...incident, id: null }), { event: {} }]) {
      expect(await post('pagerduty', body)).toMatchObject(accepted);
    }
    expect(target.store.deliveries.flatMap(({ rejected }) => rejected)).toMatchObject([{ field: 'event.data.id' }]);
    expect(await post('pagerduty', {})).toMatchObject({ status: 400, body: error('missing-field', 'event') });
  });

  test('comes again when the store is not there', async () => {
    await start();
    target.store.down = true;
    for (const body of [own, event('incident.triggered', incident)]) {
      expect(await post('pagerduty', body)).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    }
  });

  test('is known by its signature over the raw body', async () => {
    await start({ pagerdutySecrets: [new Secret('old'), new Secret('new')] });
    const body = JSON.stringify(own, null, 2);
    const signature = `v1=${createHmac('sha256', 'new').update(body).digest('hex')}`;
    const reply = await send('/webhooks/pagerduty', body, { headers: { 'x-pagerduty-signature': signature } });
    expect(reply).toMatchObject(accepted);
    expect((await post('pagerduty', own, { 'x-pagerduty-signature': signature })).status).toBe(401);
  });
});

describe('changes', () => {
  const change = {
    id: 'd1',
    service: 'checkout',
    kind: 'deployment',
    version: 'v2',
    startedAt: '2026-11-23T15:00:00Z',
  };

  test('are accepted when they are stored', async () => {
    await start();
    expect(await post('changes', change)).toMatchObject({
      status: 202,
      body: { deliveryId: expect.stringMatching(UUID) },
    });
    expect(target.changes).toMatchObject([{ id: 'd1', finishedAt: null, startedAt: '2026-11-23T15:00:00.000Z' }]);
  });

  test('that cannot be read are refused by field', async () => {
    await start();
    expect(await post('changes', { ...change, startedAt: 'today' })).toMatchObject({
      status: 400,
      body: error('invalid-field', 'startedAt'),
    });
    expect(target.changes).toEqual([]);
  });
});
