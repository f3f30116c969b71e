import { setTimeout as delay } from 'node:timers/promises';
import { classifyHttp, createHttp } from '../../src/clients/http.ts';
import type { Channel, Delivery } from '../../src/notify/ports.ts';
import { createStatuspage, type StatuspageOptions } from '../../src/notify/statuspage/index.ts';
import { context, effect, incident } from '../fakes/effects.ts';
import {
  startStatuspage,
  type FakeStatuspage,
  type FakeStatuspageOptions,
  type PageIncident,
} from '../fakes/statuspage.ts';
import { eventually } from '../harness/firebreak.ts';

const KEY = 'statuspage-test-key';
const ID = 'INC-20261123-151300';

let statuspage: FakeStatuspage;
let channel: Channel;
/** Waiting takes no time here: it moves the clock. */
let clock: { at: number; now(): number };

const channelWith = (options: Partial<StatuspageOptions> = {}, timeoutMs = 5_000): Channel =>
  createStatuspage({
    http: createHttp({ timeoutMs, userAgent: 'firebreak', baseUrl: statuspage.url }),
    apiKey: () => KEY,
    pageId: 'page1',
    classify: classifyHttp,
    componentsOf: () => [],
    clock,
    sleep: (milliseconds) => {
      clock.at += milliseconds;
      return Promise.resolve();
    },
    ...options,
  });

const restart = async (options: Partial<FakeStatuspageOptions> = {}): Promise<void> => {
  await statuspage.stop();
  statuspage = await start(options);
  channel = channelWith();
};
const start = (options: Partial<FakeStatuspageOptions> = {}): Promise<FakeStatuspage> =>
  startStatuspage({ apiKey: KEY, pageId: 'page1', components: ['c1', 'c2'], ...options });

beforeEach(async () => {
  clock = {
    at: Date.UTC(2026, 10, 23, 15, 13),
    now() {
      return this.at;
    },
  };
  statuspage = await start();
  channel = channelWith();
});
afterEach(() => statuspage.stop());

type Around = Parameters<typeof context>[0];

const publish = (around: Around = {}, data: Parameters<typeof effect>[2] = {}): Promise<Delivery> =>
  channel.deliver(effect('statuspage', 'publish', { message: 'We are looking into it.', ...data }), context(around));
const follow = (kind: string, around: Around = {}, data: Parameters<typeof effect>[2] = {}): Promise<Delivery> =>
  channel.deliver(effect('statuspage', kind, { message: `${kind}.`, ...data }), context(around));
const published = async (
  around: Around = {},
): Promise<{ readonly receipts: NonNullable<Around>['receipts'] & object }> => {
  const delivery = await publish(around);
  if (delivery.kind !== 'delivered') throw new Error(JSON.stringify(delivery));
  return { receipts: { publish: delivery.receipt } };
};
const page = (): PageIncident => statuspage.incidents[0]!;
const calls = (): string[] => statuspage.requests.map(({ method, path }) => `${method} ${path.split('/page1/')[1]!}`);
const bodies = (): string[] => page().updates.map(({ body }) => body);

describe('publish', () => {
  test('opens an incident that customers can read, and remembers where', async () => {
    expect(await publish()).toEqual({
      kind: 'delivered',
      receipt: { statuspageId: page().id, shortlink: page().shortlink },
    });
    expect(page()).toMatchObject({
      name: 'Problems with checkout',
      status: 'investigating',
      impact: 'major',
      metadata: { firebreak: { incident: ID, effects: [`${ID}:7:statuspage:publish`] } },
      updates: [{ status: 'investigating', body: 'We are looking into it.', notified: true }],
    });
    expect(calls()).toEqual(['POST incidents']);
  });

  test('says nothing that an alert or the team says', async () => {
    const secret = 'payments-db-7 lost its primary';
    const all = { title: secret, because: secret, rollback: secret, acknowledgedBy: secret, environment: secret };
    await publish({
      incident: incident({ ...all, facts: { secret }, links: [{ text: secret, href: 'https://a.example' }] }),
    });
    await follow('update', { incident: incident(all) });
    expect(statuspage.requests.map(({ raw }) => raw).join()).not.toMatch(/payments-db|a\.example/);
  });

  test.each([
    ['P0', 'critical', 'major_outage'],
    ['P1', 'major', 'partial_outage'],
    ['P2', 'minor', 'degraded_performance'],
    ['P3', 'none', 'operational'],
  ] as const)('%s has the impact %s, and its components %s', async (severity, impact, status) => {
    channel = channelWith({ componentsOf: (service) => (service === 'checkout' ? ['c1'] : []) });
    await publish({ incident: incident({ severity }) });
    expect(page()).toMatchObject({ impact, componentIds: ['c1'] });
    expect([...statuspage.components]).toEqual([
      ['c1', status],
      ['c2', 'operational'],
    ]);
  });

  test('begins with the status that is asked for', async () => {
    await publish({}, { data: { status: 'identified' } });
    expect(page().status).toBe('identified');
  });

  test('of markup and marks that reorder is text, and of any length fits', async () => {
    await publish({}, { message: '<script>\u202eevil\u0000 & 💥' });
    expect(bodies()).toEqual(['&lt;script&gt;evil &amp; 💥']);
    const long = '<💥'.repeat(50_000);
    const delivery = await publish({ incident: incident({ service: long }) }, { message: long });
    expect(delivery.kind).toBe('delivered');
    expect(statuspage.incidents[1]!.updates[0]!.body).toMatch(/^(&lt;💥)+(&lt;)?…$/u);
  });

  test('of nothing to say, and of no service, is still readable', async () => {
    await publish({ incident: incident({ service: null }) }, { message: ' ' });
    expect(page()).toMatchObject({
      name: 'Problems with our service',
      updates: [{ body: 'Problems with our service.' }],
    });
  });

  test('a second time is an update of the same incident', async () => {
    const { receipts } = await published();
    await publish({ receipts }, { id: 'again', message: 'It is back.' });
    expect(statuspage.incidents).toHaveLength(1);
    expect(bodies()).toEqual(['We are looking into it.', 'It is back.']);
  });

  test('of a drill is skipped', async () => {
    expect(await publish({ incident: incident({ drill: true }) })).toEqual({
      kind: 'skipped',
      because: 'a drill is not published',
    });
    expect(calls()).toEqual([]);
  });
});

describe('update, resolve, retract', () => {
  test('say more about the same incident, and keep what others wrote into its metadata', async () => {
    const around = await published();
    page().metadata['jira'] = { key: 'OPS-7' };
    page().name = 'Paying by card fails';
    await follow('update', around, { data: { status: 'identified' } });
    await follow('update', around, { id: 'second' });
    await follow('resolve', { ...around, incident: incident({ status: 'resolved' }) });
    expect(page()).toMatchObject({
      name: 'Paying by card fails',
      status: 'resolved',
      impact: 'major',
      metadata: { jira: { key: 'OPS-7' }, firebreak: { effects: expect.arrayContaining(['second']) } },
    });
    expect(page().updates).toMatchObject([
      { status: 'investigating' },
      { status: 'identified', body: 'update.' },
      { status: 'identified', body: 'update.' },
      { status: 'resolved', body: 'resolve.' },
    ]);
  });

  test('an update follows the severity', async () => {
    channel = channelWith({ componentsOf: () => ['c1', 'c2'] });
    const around = await published();
    await follow('update', { ...around, incident: incident({ severity: 'P0' }) });
    expect(page().impact).toBe('critical');
    expect([...statuspage.components.values()]).toEqual(['major_outage', 'major_outage']);
  });

  test.each([
    ['update', 'mitigated', 'monitoring'],
    ['resolve', 'open', 'resolved'],
    ['retract', 'open', 'resolved'],
  ] as const)('%s of what is %s: its components are operational', async (kind, status, shown) => {
    channel = channelWith({ componentsOf: () => ['c1'] });
    const around = await published();
    await follow(kind, { ...around, incident: incident({ status }) }, { data: { status: 'monitoring' } });
    expect(statuspage.components.get('c1')).toBe('operational');
    expect(page().status).toBe(shown);
  });

  test('a retraction leaves no impact in the history, and tells whom the page told', async () => {
    await follow('retract', await published(), { message: 'This was a mistake of our monitoring.' });
    expect(page()).toMatchObject({ status: 'resolved', impact: 'none' });
    expect(page().updates[1]).toEqual({
      status: 'resolved',
      body: 'This was a mistake of our monitoring.',
      notified: true,
    });
  });

  test('find the incident by its metadata when the receipt is lost, also when it is resolved', async () => {
    await restart({ pageSize: 100 });
    await published();
    expect(await follow('update')).toMatchObject({ receipt: { statuspageId: page().id } });
    page().status = 'resolved';
    expect(await follow('retract')).toMatchObject({ receipt: { statuspageId: page().id } });
    expect(bodies()).toEqual(['We are looking into it.', 'update.', 'retract.']);
  });

  test.each(['update', 'resolve', 'retract'])('%s of what is not on the page is skipped', async (kind) => {
    await published({ incident: incident({ id: 'INC-20250101-000000' }) });
    expect(await follow(kind)).toEqual({
      kind: 'skipped',
      because: `nothing to ${kind}: this incident is not on the status page`,
    });
  });

  test('of what somebody removed is skipped', async () => {
    const around = await published();
    statuspage.incidents.length = 0;
    expect(await follow('update', around)).toMatchObject({
      kind: 'skipped',
      because: expect.stringContaining('removed'),
    });
  });

  test('an effect that it does not know is rejected', async () => {
    expect(await follow('shout')).toMatchObject({ kind: 'failed', failure: { kind: 'rejected' } });
  });
});

describe('after an ambiguous outcome', () => {
  test.each(['drop-after-apply', 'garbage-after-apply'] as const)('(%s) finds what was published', async (mode) => {
    statuspage.misbehave({ mode });
    expect(await publish()).toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
    for (let i = 0; i < 150; i += 1) await publish({ incident: incident({ id: `INC-other-${i}` }) });
    page().status = 'resolved';
    const before = statuspage.requests.length;
    expect(await publish({ ambiguous: true })).toMatchObject({ receipt: { statuspageId: page().id } });
    expect(calls().slice(before)).toEqual(['GET incidents/unresolved', 'GET incidents', 'GET incidents']);
    expect(bodies()).toHaveLength(1);
  });

  test('publishes when it finds nothing', async () => {
    statuspage.misbehave({ mode: 'reset' });
    expect(await publish()).toMatchObject({ failure: { kind: 'ambiguous' } });
    expect(await publish({ ambiguous: true })).toMatchObject({ kind: 'delivered' });
    expect(statuspage.incidents).toHaveLength(1);
  });

  test('says nothing twice', async () => {
    const around = await published();
    statuspage.misbehave({ mode: 'drop-after-apply', method: 'PATCH' });
    expect(await follow('update', around)).toMatchObject({ failure: { kind: 'ambiguous' } });
    expect(await follow('update', { ...around, ambiguous: true })).toMatchObject({ kind: 'delivered' });
    expect(bodies()).toEqual(['We are looking into it.', 'update.']);
  });

  test('an update that was given up for long is still known', async () => {
    const around = await published();
    statuspage.misbehave({ mode: 'drop-after-apply', method: 'PATCH' });
    await follow('update', around, { id: 'given up' });
    for (let i = 0; i < 20; i += 1) await follow('update', around, { id: `later ${i}` });
    await follow('update', { ...around, ambiguous: true }, { id: 'given up' });
    expect(bodies()).toHaveLength(22);
  });

  test('does not publish again while it cannot look', async () => {
    statuspage.misbehave({ mode: 'status', status: 503 });
    expect(await publish({ ambiguous: true })).toMatchObject({ failure: { kind: 'server' } });
    expect(calls()).toEqual(['GET incidents/unresolved']);
  });
});

describe('one request a second', () => {
  test('requests of all incidents pass one by one, a second apart', async () => {
    const began = clock.at;
    const starts: number[] = [];
    const http = createHttp({ timeoutMs: 5_000, userAgent: 'firebreak', baseUrl: statuspage.url });
    http.interceptors.request.use((config) => {
      starts.push(clock.at - began);
      return config;
    });
    channel = channelWith({ http });
    await Promise.all(['a', 'b', 'c', 'd'].map((id) => publish({ incident: incident({ id }) })));
    expect(starts).toEqual([0, 1_000, 2_000, 3_000]);
    expect(statuspage.incidents).toHaveLength(4);
  });

  test.each([420, 429] as const)('a page that really counts (%i) has nothing to complain of', async (limit) => {
    await restart({ limit });
    const real = { clock: { now: () => performance.now() }, sleep: (ms: number) => delay(ms + 1) };
    channel = channelWith(real);
    expect((await Promise.all([publish(), publish()])).map(({ kind }) => kind)).toEqual(['delivered', 'delivered']);
    const [first, second] = statuspage.requests;
    expect(second!.arrivedAt - first!.arrivedAt).toBeGreaterThanOrEqual(1_000);
  });

  test.each([420, 429] as const)('%i says how long to wait, and holds back all others as long', async (status) => {
    statuspage.misbehave({ mode: 'status', status, retryAfter: 60, body: { error: 'Rate limit exceeded' } });
    expect(await publish()).toEqual({
      kind: 'failed',
      failure: {
        kind: 'rate-limited',
        message: `Statuspage: HTTP ${status}: Rate limit exceeded`,
        retryAfterMs: 60_000,
      },
    });
    clock.at += 20_000;
    expect(await publish()).toMatchObject({ failure: { kind: 'rate-limited', retryAfterMs: 40_000 } });
    expect(statuspage.requests).toHaveLength(1);
    clock.at += 40_000;
    expect(await publish()).toMatchObject({ kind: 'delivered' });
  });

  test('who runs out of time behind a slow one is told so, and those behind it have their turn', async () => {
    statuspage.misbehave({ mode: 'slow', delayMs: 300 });
    const impatient = new AbortController();
    const first = publish();
    const second = publish({ signal: impatient.signal });
    const third = publish({ incident: incident({ id: 'third' }) });
    impatient.abort();
    expect(await second).toMatchObject({ failure: { kind: 'rate-limited', message: expect.stringContaining('turn') } });
    expect([(await first).kind, (await third).kind]).toEqual(['delivered', 'delivered']);
    expect(statuspage.requests).toHaveLength(2);
  });
});

describe('failures', () => {
  test.each([
    [422, 'rejected'],
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'rejected'],
    [500, 'server'],
    [503, 'server'],
  ])('HTTP %i is %s, with what Statuspage says', async (status, kind) => {
    statuspage.misbehave({ mode: 'status', status, body: { error: ["Name can't be blank", 'No way'] } });
    expect(await publish()).toEqual({
      kind: 'failed',
      failure: { kind, message: `Statuspage: HTTP ${status}: Name can't be blank; No way` },
    });
    expect(statuspage.requests).toHaveLength(1);
  });

  test('a wrong key is unauthorized and not shown', async () => {
    channel = channelWith({ apiKey: () => 'wrong-secret' });
    expect(await publish()).toEqual({
      kind: 'failed',
      failure: { kind: 'unauthorized', message: 'Statuspage: HTTP 401: Could not authenticate' },
    });
  });

  test('a component that the page does not have is refused', async () => {
    channel = channelWith({ componentsOf: () => ['c9'] });
    expect(await publish()).toMatchObject({
      failure: { kind: 'rejected', message: expect.stringContaining('component') },
    });
  });

  test('no answer in time and a cut connection are ambiguous', async () => {
    statuspage.misbehave({ mode: 'reset' });
    expect(await publish()).toMatchObject({ failure: { kind: 'ambiguous' } });
    statuspage.misbehave({ mode: 'timeout' });
    channel = channelWith({}, 200);
    expect(await publish()).toMatchObject({
      failure: { kind: 'ambiguous', message: 'Statuspage: no complete answer in time' },
    });
  });

  test('an answer that is lost while only reading has changed nothing', async () => {
    const around = await published();
    for (const mode of ['reset', 'garbage-after-apply'] as const) {
      statuspage.misbehave({ mode, method: 'GET' });
      const kind = mode === 'reset' ? 'unreachable' : 'server';
      expect(await follow('update', around)).toMatchObject({ failure: { kind } });
    }
    expect(bodies()).toHaveLength(1);
  });

  test('a connection that is refused never arrived', async () => {
    await statuspage.stop();
    expect(await publish()).toMatchObject({ failure: { kind: 'unreachable' } });
    statuspage = await start();
  });

  test('a caller who gives up ends it', async () => {
    statuspage.misbehave({ mode: 'timeout' });
    channel = channelWith({}, 300_000);
    const waiting = new AbortController();
    const delivery = publish({ signal: waiting.signal });
    await eventually(
      () => Promise.resolve(statuspage.requests.length),
      (count) => count === 1,
    );
    waiting.abort();
    expect(await delivery).toMatchObject({ failure: { kind: 'ambiguous' } });
  });
});
