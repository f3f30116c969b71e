import { chainHash, GENESIS } from '../../src/domain/incident/chain.ts';
import { incident, startApi } from './api-support.ts';
import type { RunningApi } from './api-support.ts';

const ID = 'INC-20240115-143215';
const PATH = `/api/v1/incidents/${ID}`;
let api: RunningApi;

beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.stop());

describe('an incident', () => {
  test('is shown as the public interface says', async () => {
    const { status, body } = await api.ask(PATH);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: ID,
      severity: 'P1',
      status: 'open',
      startedAt: '2024-01-15T14:30:00.000Z',
      onsetSource: 'starts-at',
      detectedAt: '2024-01-15T14:32:15.000Z',
      acknowledgedAt: null,
      fixDeployedAt: null,
      monitoringUntil: null,
      commander: null,
      alertCounts: { firing: 2, resolved: 1 },
      decision: { action: 'roll-back', rule: 'p1-rolls-back', rulesHash: 'cafe', facts: { errorRatio: 0.12 } },
      routing: { specialist: 'backend', rule: 'backend-words', page: true, slackChannels: ['#night'] },
      rollback: {
        state: 'awaiting-approval',
        planHash: 'ab'.repeat(32),
        steps: [{ name: 'app', state: 'pending', provider: 'deployment', from: 'r42', to: 'r41' }],
        verdict: null,
      },
    });
    expect(body.alerts).toEqual([expect.objectContaining({ fingerprint: 'f/1', status: 'firing' })]);
    expect(body.clocks.map((clock: { name: string }) => clock.name)).toEqual(['acknowledge', 'restore']);
  });

  test('has an unknown impact where a fact is missing or is no number', async () => {
    const { impact } = (await api.ask(PATH)).body;
    expect(impact).toMatchObject({ errorRatio: 0.12, usersAffectedPercent: null, latencyP95Seconds: null });
  });

  test('is watched from its end for the monitoring time', async () => {
    await api.post(`${PATH}/resolve`, {});
    expect((await api.ask(PATH)).body.monitoringUntil).toBe('2024-01-16T15:00:00.000Z');
  });

  test('keeps to itself what only the provider of a step needs', async () => {
    expect(JSON.stringify((await api.ask(PATH)).body)).not.toContain('provider-only');
  });

  test('has a timeline whose hashes are those of the chain', async () => {
    const { items, nextCursor } = (await api.ask(`${PATH}/timeline`)).body;
    expect(nextCursor).toBeNull();
    expect(items.map((item: { text: string }) => item.text)).toEqual([
      'Severity P1: a tenth of all requests fail',
      'Note by ann: <b>looking</b>',
    ]);
    const [first, second] = items;
    const { seq, at, type, data } = first;
    const stored = JSON.stringify({ incidentId: ID, seq, at, type, version: 1, data });
    expect(first).toMatchObject({ seq: 1, previousHash: GENESIS, hash: chainHash(GENESIS, stored) });
    expect(second.previousHash).toBe(first.hash);
  });

  test('has its effects', async () => {
    expect((await api.ask(`${PATH}/effects`)).body.items).toMatchObject([{ channel: 'slack', status: 'dead' }]);
  });

  test.each(['', '/timeline', '/effects'])('that is not there is 404 (%s)', async (part) => {
    const { status, body } = await api.ask(`/api/v1/incidents/INC-19990101-000000${part}`);
    expect(status).toBe(404);
    expect(body).toEqual({
      error: { code: 'not-found', message: 'There is no incident INC-19990101-000000', field: null },
    });
  });

  test.each(['%00', 'a%2Fb', '%27%3B--', 'x'.repeat(65)])(
    'of an impossible name is 404, unasked (%s)',
    async (name) => {
      api.backend.failWith = new Error('the store must not be asked');
      expect((await api.ask(`/api/v1/incidents/${name}`)).status).toBe(404);
    },
  );
});

describe('the list', () => {
  const many = Array.from({ length: 7 }, (_, i) =>
    incident({
      id: `INC-20240115-14321${i}`,
      openedAt: `2024-01-15T14:32:1${Math.floor(i / 2)}.000Z`,
      severity: i % 2 === 0 ? 'P0' : 'P3',
      service: i === 3 ? 'search' : 'checkout',
    }),
  );
  beforeEach(() => {
    for (const state of many) api.backend.incidents.set(state.id, state);
    api.backend.incidents.delete(ID);
    api.backend.incidents.set(many[5]!.id, many[5]!);
  });
  const ids = (body: { items: { id: string }[] }): string[] => body.items.map((item) => item.id);

  test('gives every incident once, newest first, over pages', async () => {
    const seen: string[] = [];
    let cursor: string | null = '';
    let pages = 0;
    while (cursor !== null) {
      const { body } = await api.ask(`/api/v1/incidents?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...ids(body));
      cursor = body.nextCursor;
      pages += 1;
      expect(cursor ?? 'last').toMatch(/^[\w-]+$/);
    }
    expect(seen).toEqual(many.map((state) => state.id).reverse());
    expect(pages).toBe(3);
  });

  test('has no next page when the last one is just full', async () => {
    expect((await api.ask('/api/v1/incidents?limit=7')).body.nextCursor).toBeNull();
  });

  test.each(['severity=P0&severity=P3', 'severity=P0,P3', 'severity=P0&severity=P3,'])('filters: %s', async (query) => {
    expect((await api.ask(`/api/v1/incidents?${query}&service=search`)).body.items).toHaveLength(1);
    expect(api.backend.filters[0]).toMatchObject({ severity: ['P0', 'P3'], service: 'search', limit: 51 });
  });

  test('takes a time with any offset', async () => {
    const since = encodeURIComponent('2024-01-15T15:32:13+01:00');
    expect(ids((await api.ask(`/api/v1/incidents?since=${since}`)).body)).toEqual([many[6]!.id]);
    expect(api.backend.filters[0]?.since).toBe('2024-01-15T14:32:13.000Z');
  });

  test('shows samples of the alerts; which of several fires is unknown', async () => {
    const { items } = (await api.ask('/api/v1/incidents')).body;
    expect(items[0].alerts).toMatchObject([{ source: 'alertmanager', fingerprint: 'f/1', status: null }]);
  });
});

describe('commands answer with the incident as it then stands', () => {
  test('acknowledge, without a body', async () => {
    const { status, body } = await api.post(`${PATH}/acknowledge`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: ID, status: 'acknowledged', commander: 'root' });
    expect(api.backend.calls).toEqual([`acknowledge ${ID} by root via api`]);
  });

  test.each([
    ['resolve', { because: ' fixed ' }, `resolve (fixed) ${ID} by root via api`],
    ['resolve', {}, `resolve (no reason given) ${ID} by root via api`],
    ['notes', { text: 'disk is full' }, `note (disk is full) ${ID} by root via api`],
    ['rollback/approve', { planHash: 'ab'.repeat(32) }, `approve (${'ab'.repeat(32)}) ${ID} by root via api`],
    ['rollback/approve', {}, `approve (null) ${ID} by root via api`],
    ['update', { text: ' We are on it. ' }, `write-update ${ID} by root via api`],
    ['rollback/abort', { because: 'wrong service' }, `abort (wrong service) ${ID} by root via api`],
  ])('%s %j', async (name, body, call) => {
    const answer = await api.post(`${PATH}/${name}`, body);
    expect(answer).toMatchObject({ status: 200, body: { id: ID } });
    expect(api.backend.calls).toEqual([call]);
  });

  test('what awaits publication is published, and nothing else', async () => {
    expect((await api.post(`${PATH}/publish`)).status).toBe(409);
    api.backend.incidents.set(ID, incident({ publication: 'awaiting-approval' }));
    expect((await api.post(`${PATH}/publish`)).status).toBe(200);
    expect(api.backend.calls).toEqual([`approve-publication ${ID} by root via api`]);
    expect((await api.post(`${PATH}/update`, { text: ' ' })).body.error).toMatchObject({ field: 'text' });
  });

  test('an order that the state does not allow is 409', async () => {
    api.backend.incidents.set(ID, incident({ status: 'closed' }));
    const { status, body } = await api.post(`${PATH}/acknowledge`);
    expect(status).toBe(409);
    expect(body).toEqual({ error: { code: 'conflict', message: `incident ${ID} is closed`, field: null } });
  });

  test('an incident that is not there is 404', async () => {
    expect((await api.post('/api/v1/incidents/INC-19990101-000000/acknowledge')).status).toBe(404);
  });
});

describe('operations', () => {
  test('changes, of one service or all', async () => {
    expect((await api.ask('/api/v1/changes?service=checkout')).body.items).toMatchObject([{ version: 'r42' }]);
    expect((await api.ask('/api/v1/changes?service=other')).body).toEqual({ items: [], nextCursor: null });
  });

  test('quarantine', async () => {
    expect((await api.ask('/api/v1/quarantine')).body.items).toMatchObject([{ index: 2, field: 'labels' }]);
  });

  test('dead effects are listed and sent again', async () => {
    const { items } = (await api.ask('/api/v1/effects/dead')).body;
    expect((await api.post('/api/v1/effects/retry', { ids: [items[0].id] })).body).toEqual({ retried: 1 });
    expect((await api.post('/api/v1/effects/retry', { all: true })).body).toEqual({ retried: 1 });
    expect(api.backend.calls).toEqual([`retry ["${items[0].id}"]`, 'retry "all"']);
  });

  test('automation is read and changed, with the name of who did', async () => {
    expect((await api.ask('/api/v1/automation')).body).toMatchObject({ mode: 'auto', killSwitch: false });
    const { body } = await api.post('/api/v1/automation', { killSwitch: true });
    expect(body).toMatchObject({ mode: 'auto', killSwitch: true, changedBy: 'root' });
    expect(api.logged).toMatchObject([{ level: 'info', fields: { by: 'root', killSwitch: true } }]);
  });

  test('rules and what they make of facts', async () => {
    expect((await api.ask('/api/v1/rules')).body).toMatchObject({ hash: 'cafe' });
    const facts = { errorRatio: 0.2, labels: { severity: 'critical' } };
    expect((await api.post('/api/v1/rules/explain', { facts })).body).toMatchObject({ facts });
  });
});

describe('probes need no credentials', () => {
  const anonymous = { headers: { authorization: '' } };

  test('healthz, readyz, metrics', async () => {
    expect((await api.ask('/healthz', anonymous)).body).toEqual({ status: 'ok', version: '1.2.3' });
    expect((await api.ask('/readyz', anonymous)).status).toBe(200);
    const metrics = await api.ask('/metrics', anonymous);
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(metrics.body).toBe('firebreak_sandbox 1\n');
  });

  test('readyz is 503 with the reason', async () => {
    const health = { ready: async () => 'the store does not answer', metrics: async () => Promise.reject(new Error()) };
    const unready = await startApi({ health });
    const { status, body } = await unready.ask('/readyz', anonymous);
    await unready.stop();
    expect({ status, message: body.error.message }).toEqual({ status: 503, message: 'the store does not answer' });
  });
});
