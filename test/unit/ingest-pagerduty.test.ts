import { readPagerDutyWebhook } from '../../src/ingest/pagerduty.ts';
import { ownNoteMark } from '../../src/domain/pagerduty-note.ts';
import { correlation, NOW } from './ingest-support.ts';

const options = { correlation, receivedAt: NOW };
const PERSON = { id: 'PLH1HKV', type: 'user_reference', summary: 'Tenex Engineer' };

const incident = (changes: Record<string, unknown> = {}) => ({
  id: 'PGR0VU2',
  type: 'incident',
  html_url: 'https://acme.pagerduty.com/incidents/PGR0VU2',
  number: 2,
  status: 'triggered',
  incident_key: 'd3640fbd41094207a1c11e58e46b1662',
  created_at: '2026-11-23T15:00:00Z',
  title: 'A little bump in the road',
  service: { id: 'PF9KMXH', type: 'service_reference', summary: 'API Service' },
  priority: { id: 'PSO75BM', type: 'priority_reference', summary: 'P1' },
  urgency: 'high',
  ...changes,
});

const webhook = (type: string, data: unknown, changes: Record<string, unknown> = {}) => ({
  event: {
    id: '5ac64822-4adc-4fda-ade0-410becf0de4f',
    event_type: type,
    resource_type: 'incident',
    occurred_at: '2026-11-23T15:12:00.169Z',
    agent: PERSON,
    client: { name: 'PagerDuty' },
    data,
    ...changes,
  },
});
const read = (body: unknown) => readPagerDutyWebhook(body, options);

describe('a page of ours', () => {
  const own = incident({ incident_key: 'firebreak-INC-20261123-151300' });

  const at = Date.UTC(2026, 10, 23, 15, 12, 0, 169);
  const about = { incidentId: 'INC-20261123-151300', pageId: 'PGR0VU2' };

  test.each([
    ['incident.acknowledged', { kind: 'acknowledged' }],
    ['incident.resolved', { kind: 'resolved' }],
    ['incident.triggered', { kind: 'raised' }],
  ])('%s by a person is news', (type, news) => {
    expect(read(webhook(type, own))).toEqual({
      kind: 'page-news',
      eventId: '5ac64822-4adc-4fda-ade0-410becf0de4f',
      at,
      news: { ...about, news, by: 'Tenex Engineer' },
    });
  });

  test.each([null, undefined, 'user_reference', { type: 'integration_reference' }, { type: 'service_reference' }, {}])(
    'by %j it is our own doing, and ignored',
    (agent) => {
      for (const type of ['incident.acknowledged', 'incident.resolved']) {
        expect(read(webhook(type, own, { agent }))).toMatchObject({ kind: 'ignored' });
      }
    },
  );

  const assignees = [{ type: 'user_reference', summary: 'Maeve' }, { summary: 'Bo' }, 'x'];
  test.each<[string, object, string]>([
    ['incident.unacknowledged', {}, 'The page is no longer acknowledged in PagerDuty'],
    ['incident.reopened', {}, 'The page was reopened in PagerDuty'],
    ['incident.escalated', { assignees }, 'The page was escalated in PagerDuty to Maeve, Bo'],
    ['incident.escalated', { assignees: [] }, 'The page was escalated in PagerDuty to nobody named'],
    ['incident.reassigned', { assignees }, 'The page was reassigned in PagerDuty to Maeve, Bo'],
    ['incident.delegated', { escalation_policy: { summary: 'Night' } }, 'The page was delegated in PagerDuty to Night'],
    ['incident.priority_updated', {}, "The page's priority in PagerDuty is now P1"],
    ['incident.priority_updated', { priority: null }, "The page's priority in PagerDuty is now none"],
  ])('%s (%j) is a note', (type, changes, text) => {
    expect(read(webhook(type, { ...own, ...changes }))).toMatchObject({
      kind: 'page-news',
      news: { ...about, news: { kind: 'note', text }, by: 'Tenex Engineer' },
    });
  });

  test('what PagerDuty does by itself, because nobody answered, is a note as well', () => {
    expect(read(webhook('incident.escalated', own, { agent: null }))).toMatchObject({ news: { by: 'PagerDuty' } });
    expect(read(webhook('incident.unacknowledged', own, { agent: { type: 'service_reference' } }))).toMatchObject({
      news: { by: 'PagerDuty' },
    });
  });

  test.each(['incident.constructor', 'incident.conference_bridge.updated'])('%s is none', (type) => {
    expect(read(webhook(type, own))).toMatchObject({ kind: 'ignored', because: `${type} of our own page` });
  });

  test('without a name or a time it is news all the same', () => {
    const body = webhook('incident.resolved', own, { agent: { ...PERSON, summary: null }, occurred_at: 'yesterday' });
    expect(read(body)).toMatchObject({ at: NOW, news: { by: 'PLH1HKV' } });
  });
});

describe('what is written there', () => {
  const page = { id: 'PGR0VU2', type: 'incident_reference', summary: 'A little bump' };
  const note = (changes: object = {}) => ({
    incident: page,
    id: 'P2LA89X',
    content: 'I sure am glad',
    trimmed: false,
    type: 'incident_note',
    ...changes,
  });

  test.each<[string, object, string]>([
    ['incident.annotated', note(), 'I sure am glad'],
    ['incident.annotated', note({ trimmed: true }), 'I sure am glad … (cut by PagerDuty)'],
    ['incident.annotated', note({ content: '\0<b>' }), '\u{FFFD}<b>'],
    [
      'incident.status_update_published',
      { incident: page, message: 'A fix is near', type: 'incident_status_update' },
      'Status update in PagerDuty: A fix is near',
    ],
    [
      'incident.responder.added',
      { incident: page, user: { summary: 'Maeve' }, state: 'pending', type: 'incident_responder' },
      'Responder in PagerDuty: Maeve, pending',
    ],
  ])('%s is a note on whatever incident it is about', (type, data, text) => {
    expect(read(webhook(type, data, { client: null }))).toMatchObject({
      kind: 'page-news',
      news: { incidentId: null, pageId: 'PGR0VU2', news: { kind: 'note', text }, by: 'Tenex Engineer' },
    });
  });

  test('is of bounded length', () => {
    const notice = read(webhook('incident.annotated', note({ content: 'x'.repeat(100_000) })));
    const { news } = notice.kind === 'page-news' ? notice.news : { news: null };
    expect(news?.kind === 'note' && news.text.length).toBe(10_000);
  });

  test('what we wrote ourselves is no news, whoever it was written as', () => {
    const content = `${ownNoteMark('INC-20261123-151300-2', 17)} ada via slack: looking`;
    expect(read(webhook('incident.annotated', note({ content })))).toMatchObject({ kind: 'ignored' });
    expect(read(webhook('incident.annotated', note({ content: `somebody quotes: ${content}` })))).toMatchObject({
      kind: 'page-news',
    });
  });

  test.each([
    ['incident.annotated', note({ incident: null })],
    ['incident.annotated', note({ incident: { id: 'P'.repeat(200) } })],
    ['incident.annotated', note({ content: '' })],
    ['incident.responder.added', { incident: page, type: 'incident_responder' }],
    ['incident.something_new', { incident: page, type: 'incident_something' }],
  ])('%s of %j says nothing', (type, data) => {
    expect(read(webhook(type, data))).toMatchObject({ kind: 'ignored' });
  });
});

describe('an incident of others', () => {
  test('is an alert', () => {
    const notice = read(webhook('incident.triggered', incident()));
    expect(notice).toMatchObject({
      kind: 'alert',
      observed: {
        identity: 'PGR0VU2',
        correlationKey: '["API Service",null]',
        startAssumed: false,
        alert: {
          source: 'pagerduty',
          fingerprint: 'PGR0VU2',
          status: 'firing',
          labels: { alertname: 'A little bump in the road', service: 'API Service', urgency: 'high', priority: 'P1' },
          startsAt: '2026-11-23T15:00:00.000Z',
          endsAt: null,
          generatorUrl: 'https://acme.pagerduty.com/incidents/PGR0VU2',
          service: 'API Service',
        },
      },
    });
  });

  test.each([
    ['incident.triggered', 'triggered', 'firing'],
    ['incident.acknowledged', 'acknowledged', 'firing'],
    ['incident.unacknowledged', 'triggered', 'firing'],
    ['incident.escalated', 'triggered', 'firing'],
    ['incident.resolved', 'resolved', 'resolved'],
    ['incident.priority_updated', 'resolved', 'resolved'],
  ])('%s (%s) is %s', (type, status, expected) => {
    expect(read(webhook(type, incident({ status })))).toMatchObject({ observed: { alert: { status: expected } } });
  });

  test('ends when PagerDuty says', () => {
    const notice = read(webhook('incident.resolved', incident({ status: 'resolved' })));
    expect(notice).toMatchObject({ observed: { alert: { endsAt: '2026-11-23T15:12:00.169Z' } } });
  });

  test('reopened, it starts anew', () => {
    const notice = read(webhook('incident.reopened', incident()));
    expect(notice).toMatchObject({ observed: { alert: { status: 'firing', startsAt: '2026-11-23T15:12:00.169Z' } } });
  });

  test('says what it can when much is missing', () => {
    const bare = { id: 'P1', type: 'incident', priority: null, service: 'x', title: '\0' };
    expect(read(webhook('incident.triggered', bare, { occurred_at: null }))).toMatchObject({
      observed: { startAssumed: true, alert: { labels: { alertname: '\u{FFFD}' }, service: null, generatorUrl: null } },
    });
  });

  test.each([undefined, '', 7, 'P'.repeat(200)])('with the id %j is kept for people', (id) => {
    expect(read(webhook('incident.triggered', incident({ id })))).toMatchObject({
      kind: 'rejected',
      rejected: { index: 0, field: 'event.data.id' },
    });
  });

  test('a key that only begins like ours is none of ours', () => {
    expect(read(webhook('incident.triggered', incident({ incident_key: 'firebreak-' })))).toMatchObject({
      kind: 'alert',
    });
  });
});

describe('everything else', () => {
  test.each([
    ['pagey.ping', { message: 'Hello from your friend Pagey!', type: 'ping' }],
    ['service.updated', { id: 'PF9KMXH', type: 'service' }],
    ['incident.responder.added', { type: 'incident_responder' }],
    ['incident.something_new', null],
    ['', incident()],
  ])('%j is ignored', (type, data) => {
    expect(read(webhook(type, data))).toMatchObject({ kind: 'ignored' });
  });

  test.each([[null], [[]], [{}], [{ event: null }], [{ event: 'x' }], [{ messages: [] }]])(
    '%j is no webhook',
    (body) => {
      expect(read(body)).toMatchObject({ kind: 'unreadable', problem: { code: 'missing-field', field: 'event' } });
    },
  );
});
