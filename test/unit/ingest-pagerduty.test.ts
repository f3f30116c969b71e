import { readPagerDutyWebhook } from '../../src/ingest/pagerduty.ts';
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

  test.each([
    ['incident.acknowledged', 'acknowledged'],
    ['incident.resolved', 'resolved'],
  ])('%s by a person is news', (type, news) => {
    expect(read(webhook(type, own))).toEqual({
      kind: 'own-page',
      eventId: '5ac64822-4adc-4fda-ade0-410becf0de4f',
      at: Date.UTC(2026, 10, 23, 15, 12, 0, 169),
      news: { incidentId: 'INC-20261123-151300', news, by: 'Tenex Engineer' },
    });
  });

  test.each([null, undefined, 'user_reference', { type: 'integration_reference' }, { type: 'service_reference' }, {}])(
    'by %j it is our own doing, and ignored',
    (agent) => {
      expect(read(webhook('incident.resolved', own, { agent }))).toMatchObject({ kind: 'ignored' });
    },
  );

  test.each(['incident.triggered', 'incident.escalated', 'incident.priority_updated', 'incident.constructor'])(
    '%s is none',
    (type) => {
      expect(read(webhook(type, own))).toMatchObject({ kind: 'ignored', because: `${type} of our own page` });
    },
  );

  test('without a name or a time it is news all the same', () => {
    const body = webhook('incident.resolved', own, { agent: { ...PERSON, summary: null }, occurred_at: 'yesterday' });
    expect(read(body)).toMatchObject({ at: NOW, news: { by: 'PLH1HKV' } });
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
    ['incident.annotated', { id: 'P2LA89X', type: 'incident_note', incident: { id: 'PGR0VU2' } }],
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
