import { createHmac, randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { startPagerDuty, type FakePagerDuty } from '../fakes/pagerduty.ts';
import { startPagerDutyRest, type FakePagerDutyRest } from '../fakes/pagerduty-rest.ts';
import { testDatabase, urlOf } from '../harness/database.ts';
import { eventually, startFirebreakProcess, type FirebreakProcess } from '../harness/firebreak.ts';

const SECRET = 'webhook-secret';
/** What PagerDuty waits, and then counts it as a failure. */
const PAGERDUTY_WAITS_MS = 5_000;
const PERSON = { id: 'PLH1HKV', type: 'user_reference', summary: 'Tenex Engineer' };

let database: Awaited<ReturnType<typeof testDatabase>>;
let pagerduty: FakePagerDuty;
let rest: FakePagerDutyRest;
let firebreak: FirebreakProcess;

beforeAll(async () => {
  database = await testDatabase();
  pagerduty = await startPagerDuty();
  rest = await startPagerDutyRest({ token: 'rest', users: ['bot@example.com'] });
  firebreak = await startFirebreakProcess({
    databaseUrl: urlOf(database.connection),
    env: { NODE_EXTRA_CA_CERTS: pagerduty.certFile },
    config: {
      pagerduty: {
        routingKey: 'R'.repeat(32),
        server: pagerduty.host,
        webhookSecrets: [SECRET],
        apiToken: 'rest',
        from: 'bot@example.com',
        apiUrl: rest.url,
      },
    },
  });
});

afterAll(async () => {
  await firebreak.stop();
  await Promise.all([pagerduty.stop(), rest.stop()]);
  await database.drop();
});

interface Event {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const get = async <T>(path: string): Promise<T> => (await firebreak.get(`/api/v1${path}`)) as T;
const statusOf = async (id: string): Promise<string> => (await get<{ status: string }>(`/incidents/${id}`)).status;
const eventsOf = async (id: string, type: string): Promise<Event[]> =>
  (await get<{ items: Event[] }>(`/incidents/${id}/timeline`)).items.filter((event) => event.type === type);
const pageOf = (id: string) => pagerduty.alerts.findLast(({ dedupKey }) => dedupKey === `firebreak-${id}`);

const alert = (service: string, status = 'firing') =>
  firebreak.post('/webhooks/alerts', {
    alerts: [
      {
        status,
        labels: { alertname: 'Errors', service, environment: 'production', severity: 'critical' },
        annotations: { summary: `${service} fails`, users_affected_percent: '95' },
      },
    ],
  });

/** A P0 whose page is out. PagerDuty calls it by a name of its own. */
async function paged(service: string): Promise<{ id: string; page: string }> {
  await alert(service);
  const { items } = await eventually(
    () => get<{ items: { id: string }[] }>(`/incidents?service=${service}`),
    ({ items }) => items[0] !== undefined && pageOf(items[0].id) !== undefined,
  );
  const { id } = items[0]!;
  const page = `P${service.toUpperCase()}`;
  rest.raise(page, `firebreak-${id}`);
  return { id, page };
}

interface Webhook {
  readonly agent?: object | null;
  readonly at?: string;
  readonly webhookId?: string;
  readonly eventId?: string;
}

/** As PagerDuty sends it: signed, and with the id that stays the same over its retries. */
async function send(type: string, data: object, { agent = PERSON, at, webhookId, eventId }: Webhook = {}) {
  const body = JSON.stringify({
    event: {
      id: eventId ?? randomUUID(),
      event_type: type,
      resource_type: 'incident',
      occurred_at: at ?? new Date().toISOString(),
      agent,
      client: null,
      data,
    },
  });
  const begun = performance.now();
  const { status } = await firebreak.post('/webhooks/pagerduty', body, {
    'X-Webhook-Id': webhookId ?? randomUUID(),
    'X-PagerDuty-Signature': `v1=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
  });
  return { status, ms: performance.now() - begun };
}

const ours = ({ id, page }: { id: string; page: string }, changes: object = {}) => ({
  id: page,
  type: 'incident',
  status: 'triggered',
  incident_key: `firebreak-${id}`,
  created_at: new Date().toISOString(),
  title: 'x',
  ...changes,
});
const noteOn = (page: string, content: string) => ({
  type: 'incident_note',
  id: `N${randomUUID()}`,
  content,
  trimmed: false,
  incident: { id: page, type: 'incident_reference', summary: 'x' },
});

describe('what people do there', () => {
  test('acknowledging is acknowledging here, and is not said back', async () => {
    const incident = await paged('checkout');
    expect((await send('incident.acknowledged', ours(incident))).status).toBe(202);
    expect(await statusOf(incident.id)).toBe('acknowledged');
    expect(await eventsOf(incident.id, 'incident-acknowledged')).toMatchObject([
      { data: { by: 'Tenex Engineer', via: 'pagerduty' } },
    ]);
    // What we say in an answer to an API call goes there; what came from there does not. The note is behind it in time.
    await firebreak.post(`/api/v1/incidents/${incident.id}/notes`, { text: 'after it' });
    await eventually(
      async () => rest.notes.get(incident.page) ?? [],
      (notes) => notes.length === 1,
    );
    expect(pageOf(incident.id)!.state).toBe('open');
  });

  test('a note comes in, and does not go back', async () => {
    const incident = await paged('notes');
    await send('incident.triggered', ours(incident), { agent: null });
    const webhookId = randomUUID();
    for (let i = 0; i < 3; i += 1) {
      expect((await send('incident.annotated', noteOn(incident.page, 'disk is full'), { webhookId })).status).toBe(202);
    }
    expect(await eventsOf(incident.id, 'note-added')).toMatchObject([
      { data: { by: 'Tenex Engineer', via: 'pagerduty', text: 'disk is full' } },
    ]);
    await firebreak.post(`/api/v1/incidents/${incident.id}/notes`, { text: 'seen' });
    const written = await eventually(
      async () => rest.notes.get(incident.page) ?? [],
      (notes) => notes.length > 0,
    );
    expect(written.map(({ content }) => content)).toEqual([
      expect.stringMatching(/^\[Firebreak INC-.* #\d+\] local via api: seen$/),
    ]);
    // PagerDuty tells us of our own note, in the name of the user that the key belongs to.
    await send('incident.annotated', noteOn(incident.page, written[0]!.content));
    expect(await eventsOf(incident.id, 'note-added')).toHaveLength(2);
  });

  test('a request that somebody recorded and sends again under another id is known by what is signed', async () => {
    const incident = await paged('recorded');
    await send('incident.triggered', ours(incident));
    const eventId = randomUUID();
    for (let i = 0; i < 2; i += 1) {
      expect((await send('incident.annotated', noteOn(incident.page, 'disk is full'), { eventId })).status).toBe(202);
    }
    expect(await eventsOf(incident.id, 'note-added')).toHaveLength(1);
  });

  test('a note on an incident that others raised there stands with the alert that it became', async () => {
    const foreign = {
      ...{ id: 'PFOREIGN', type: 'incident', status: 'triggered', incident_key: 'theirs' },
      ...{ created_at: new Date().toISOString(), title: 'Queue is long', service: { summary: 'queue' } },
    };
    expect((await send('incident.triggered', foreign)).status).toBe(202);
    const { items } = await eventually(
      () => get<{ items: { id: string }[] }>('/incidents?service=queue'),
      (list) => list.items.length > 0,
    );
    await send('incident.annotated', noteOn('PFOREIGN', 'consumer restarted'));
    expect(await eventsOf(items[0]!.id, 'note-added')).toMatchObject([{ data: { text: 'consumer restarted' } }]);
    expect((await send('incident.annotated', noteOn('PNOWHERE', 'lost'))).status).toBe(202);
  });

  test('what happens to the page is noted, also what PagerDuty does because nobody answers', async () => {
    const incident = await paged('escalate');
    const assignees = [{ type: 'user_reference', summary: 'Maeve' }];
    await send('incident.acknowledged', ours(incident));
    await send('incident.unacknowledged', ours(incident), { agent: null });
    await send('incident.escalated', ours(incident, { assignees }), { agent: null });
    await send('incident.reassigned', ours(incident, { assignees }));
    expect(
      (await eventsOf(incident.id, 'note-added')).map(({ data }) => `${String(data['by'])}: ${String(data['text'])}`),
    ).toEqual([
      'PagerDuty: The page is no longer acknowledged in PagerDuty',
      'PagerDuty: The page was escalated in PagerDuty to Maeve',
      'Tenex Engineer: The page was reassigned in PagerDuty to Maeve',
    ]);
    expect(await statusOf(incident.id)).toBe('acknowledged');
  });

  test('resolved there while alerts still fire: it says so; what comes after it changes nothing', async () => {
    const incident = await paged('resolve');
    await send('incident.resolved', ours(incident, { status: 'resolved' }));
    expect(await eventsOf(incident.id, 'incident-resolved')).toMatchObject([
      { data: { by: 'Tenex Engineer', because: 'resolved in PagerDuty while 1 alert still fires' } },
    ]);
    expect((await send('incident.acknowledged', ours(incident))).status).toBe(202);
    await send('incident.resolved', ours(incident, { status: 'resolved' }));
    expect(await eventsOf(incident.id, 'incident-resolved')).toHaveLength(1);
    expect(await eventsOf(incident.id, 'incident-acknowledged')).toHaveLength(0);
    await send('incident.reopened', ours(incident));
    expect((await eventsOf(incident.id, 'note-added')).map(({ data }) => data['text'])).toEqual([
      'The page was reopened in PagerDuty',
    ]);
  });

  test('word of the page before does not end an incident that was reopened since', async () => {
    const incident = await paged('reopen');
    await firebreak.post(`/api/v1/incidents/${incident.id}/resolve`, { because: 'it looked well' });
    await alert('reopen', 'resolved');
    await alert('reopen');
    await eventually(
      () => statusOf(incident.id),
      (status) => status === 'open',
    );
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
    expect((await send('incident.resolved', ours(incident), { at: hourAgo })).status).toBe(202);
    expect(await statusOf(incident.id)).toBe('open');
    await send('incident.resolved', ours(incident));
    expect(await statusOf(incident.id)).toBe('resolved');
  });
});

test('late word of an earlier page does not end a P1 that has come back since and has paged nobody yet', async () => {
  const incident = await paged('lateword');
  const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
  await firebreak.post(`/api/v1/incidents/${incident.id}/severity`, { severity: 'P1', because: 'less than it seemed' });
  await firebreak.post(`/api/v1/incidents/${incident.id}/resolve`, { because: 'it looked well' });
  await alert('lateword', 'resolved');
  await alert('lateword');
  await eventually(
    () => statusOf(incident.id),
    (status) => status === 'open',
  );
  expect((await send('incident.acknowledged', ours(incident), { at: hourAgo })).status).toBe(202);
  expect((await send('incident.resolved', ours(incident), { at: hourAgo })).status).toBe(202);
  expect(await statusOf(incident.id)).toBe('open');
  await send('incident.resolved', ours(incident));
  expect(await statusOf(incident.id)).toBe('resolved');
});

describe('in time, whatever the store does', () => {
  let holder: Client;
  beforeEach(async () => {
    holder = new Client(database.connection);
    await holder.connect();
    await holder.query('begin');
  });
  afterEach(() => holder.end());

  test('an incident that somebody holds: 202, kept, and told once, however often it comes', async () => {
    const incident = await paged('held');
    await holder.query('select from incidents where id = $1 for update', [incident.id]);
    const webhookId = randomUUID();
    const answers = await Promise.all(
      [1, 2, 3].map(() => send('incident.acknowledged', ours(incident), { webhookId })),
    );
    for (const { status, ms } of answers) {
      expect(status).toBe(202);
      expect(ms).toBeLessThan(PAGERDUTY_WAITS_MS);
    }
    await holder.query('rollback');
    await eventually(
      () => statusOf(incident.id),
      (status) => status === 'acknowledged',
    );
    expect(await eventsOf(incident.id, 'incident-acknowledged')).toHaveLength(1);
  });

  test('a store that takes nothing: 503, and the retry is applied once', async () => {
    const incident = await paged('blocked');
    await send('incident.triggered', ours(incident));
    await holder.query('lock table seen_notices, jobs.job in access exclusive mode');
    const webhookId = randomUUID();
    const blocked = await send('incident.annotated', noteOn(incident.page, 'once'), { webhookId });
    expect(blocked.status).toBe(503);
    expect(blocked.ms).toBeLessThan(PAGERDUTY_WAITS_MS);
    await holder.query('rollback');
    for (let i = 0; i < 2; i += 1) {
      expect((await send('incident.annotated', noteOn(incident.page, 'once'), { webhookId })).status).toBe(202);
    }
    expect(await eventsOf(incident.id, 'note-added')).toHaveLength(1);
  });

  test('an incident of others when no alert can be stored: 503 in time, and then it is one', async () => {
    const foreign = {
      ...{ id: 'PLATE', type: 'incident', status: 'triggered', incident_key: 'theirs-too' },
      ...{ created_at: new Date().toISOString(), title: 'Late', service: { summary: 'late' } },
    };
    await holder.query('lock table alerts in access exclusive mode');
    const blocked = await send('incident.triggered', foreign);
    expect(blocked.status).toBe(503);
    expect(blocked.ms).toBeLessThan(PAGERDUTY_WAITS_MS);
    await holder.query('rollback');
    expect((await send('incident.triggered', foreign)).status).toBe(202);
    await eventually(
      () => get<{ items: { id: string }[] }>('/incidents?service=late'),
      ({ items }) => items.length === 1,
    );
  });
});
