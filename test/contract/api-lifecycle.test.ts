import { incident, startApi } from './api-support.ts';
import type { RunningApi } from './api-support.ts';

const ID = 'INC-20240115-143215';
const PATH = `/api/v1/incidents/${ID}`;
let api: RunningApi;

beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.stop());

const say = (command: string, body: unknown = {}) => api.post(`${PATH}/${command}`, body);
const refused = (answer: { status: number; body: { error: { field: string | null; message: string } } }) => ({
  status: answer.status,
  field: answer.body.error.field,
  message: answer.body.error.message,
});

describe('an incident shows', () => {
  test('what people decided about it, and how it stands among the others', async () => {
    api.backend.incidents.set(
      ID,
      incident({
        worst: 'P0',
        override: { severity: 'P1', by: 'ada', because: 'one customer' },
        statedImpact: { usersAffectedPercent: 40, features: ['login'] },
        quiet: [
          { kind: 'silenced', because: 'known', until: null },
          { kind: 'storm', because: 'one of many', until: null, head: 'INC-1' },
        ],
        linkedTo: 'INC-1',
        links: ['INC-3'],
        absorbed: ['INC-4'],
        reopenedAt: '2024-01-15T15:00:00.000Z',
        storm: { incidents: 12, services: ['a'], bySeverity: { P2: 12 } },
      }),
    );
    expect((await api.ask(PATH)).body).toMatchObject({
      worstSeverity: 'P0',
      override: { severity: 'P1', by: 'ada', because: 'one customer' },
      statedImpact: { usersAffectedPercent: 40, features: ['login'] },
      quiet: [
        { kind: 'silenced', because: 'known', until: null, head: null },
        { kind: 'storm', head: 'INC-1' },
      ],
      linkedTo: 'INC-1',
      linkedIncidents: ['INC-3'],
      absorbed: ['INC-4'],
      mergedInto: null,
      dismissed: null,
      reopenedAt: '2024-01-15T15:00:00.000Z',
      monitoringEndedAt: null,
      storm: { incidents: 12, services: ['a'], bySeverity: { P2: 12 }, over: null },
    });
  });

  test('nothing of that where there is nothing', async () => {
    expect((await api.ask(PATH)).body).toMatchObject({
      override: null,
      statedImpact: {},
      quiet: [],
      dismissed: null,
      mergedInto: null,
      absorbed: [],
      linkedTo: null,
      linkedIncidents: [],
      storm: null,
    });
  });
});

describe('commands', () => {
  test('take command', async () => {
    expect((await say('command')).body).toMatchObject({ commander: 'root' });
    expect(api.backend.calls).toEqual([`take-command ${ID} by root via api`]);
  });

  test('set the severity and release it', async () => {
    const set = await say('severity', { severity: 'P0', because: 'nobody can pay' });
    expect(set.body).toMatchObject({
      severity: 'P0',
      override: { severity: 'P0', by: 'root', because: 'nobody can pay' },
    });
    expect((await say('severity', { release: true })).body).toMatchObject({ severity: 'P0', override: null });
  });

  test('state the impact, piece by piece', async () => {
    await say('impact', { usersAffectedPercent: 40, features: ['login', 'search'] });
    const { body } = await say('impact', { supportTickets: 12, errorExperience: 'an empty page' });
    expect(body.statedImpact).toEqual({
      usersAffectedPercent: 40,
      features: ['login', 'search'],
      supportTickets: 12,
      errorExperience: 'an empty page',
    });
  });

  test('correct the onset, whatever the zone it is told in', async () => {
    const { body } = await say('onset', { at: '2024-01-15T15:10:00+01:00', because: 'seen in the logs' });
    expect(body).toMatchObject({ startedAt: '2024-01-15T14:10:00.000Z', onsetSource: 'person' });
  });

  test('dismiss', async () => {
    const { body } = await say('dismiss', { because: 'the probe was wrong' });
    expect(body).toMatchObject({
      status: 'closed',
      dismissed: { by: 'root', because: 'the probe was wrong' },
      actions: [{ id: 'A1', status: 'open' }],
    });
  });

  test('merge', async () => {
    api.backend.incidents.set('INC-2', incident({ id: 'INC-2' }));
    const { body } = await say('merge', { into: 'INC-2', because: 'the same database' });
    expect(body).toMatchObject({ status: 'closed', mergedInto: 'INC-2' });
  });

  test('close', async () => {
    api.backend.incidents.set(
      ID,
      incident({ status: 'resolved', severity: 'P2', worst: 'P2', resolvedAt: '2024-01-15T15:00:00.000Z' }),
    );
    expect((await say('close')).body).toMatchObject({ status: 'closed' });
  });

  test.each([
    ['severity', { severity: 'P1' }, 400, 'because'],
    ['severity', { severity: 'P9', because: 'x' }, 400, 'severity'],
    ['severity', {}, 400, 'severity'],
    ['severity', { release: false }, 400, 'release'],
    ['impact', {}, 400, 'usersAffectedPercent'],
    ['impact', { usersAffectedPercent: 101 }, 400, 'usersAffectedPercent'],
    ['impact', { usersAffected: -1 }, 400, 'usersAffected'],
    ['impact', { features: [] }, 400, 'features'],
    ['impact', { mood: 'bad' }, 400, 'mood'],
    ['onset', { at: 'yesterday', because: 'x' }, 400, 'at'],
    ['onset', { at: '2024-01-15T14:10:00Z' }, 400, 'because'],
    ['dismiss', {}, 400, 'because'],
    ['dismiss', { because: ' ' }, 400, 'because'],
    ['merge', {}, 400, 'into'],
    ['merge', { into: '../automation' }, 400, 'into'],
    ['merge', { into: 'INC-0' }, 400, 'into'],
    ['command', { by: 'somebody else' }, 400, 'by'],
  ])('%s %j is %i and names %s', async (command, body, status, field) => {
    expect(refused(await say(command, body))).toMatchObject({ status, field });
  });

  test.each([
    ['close', {}, 'is open: resolve it first'],
    ['onset', { at: '2024-01-15T14:32:16Z', because: 'x' }, 'the onset cannot be after the incident was opened'],
  ])('%s %j is refused with the reason', async (command, body, message) => {
    const answer = refused(await say(command, body));
    expect([400, 409]).toContain(answer.status);
    expect(answer.message).toContain(message);
  });

  test('what the state does not allow is 409, with what has to come first', async () => {
    api.backend.incidents.set(ID, incident({ status: 'resolved', resolvedAt: '2024-01-15T15:00:00.000Z' }));
    expect(refused(await say('close'))).toMatchObject({
      status: 409,
      message: `incident ${ID} was P1: it is closed when its post-mortem is published`,
    });
    expect(refused(await say('severity', { severity: 'P0', because: 'x' })).status).toBe(409);
    api.backend.incidents.set(ID, incident({ status: 'closed', mergedInto: 'INC-2' }));
    expect(refused(await say('dismiss', { because: 'x' })).message).toContain('is merged into INC-2');
    expect(refused(await say('command')).status).toBe(409);
  });

  test('only responders give them', async () => {
    const headers = { authorization: 'Bearer viewer-token' };
    for (const command of ['command', 'severity', 'impact', 'onset', 'dismiss', 'merge', 'close']) {
      expect((await api.post(`${PATH}/${command}`, {}, headers)).status).toBe(403);
    }
    expect((await api.post('/api/v1/maintenance', {}, headers)).status).toBe(403);
    expect((await api.ask('/api/v1/maintenance', { headers })).status).toBe(200);
  });
});

describe('maintenance', () => {
  const announce = (body: object) => api.post('/api/v1/maintenance', body);
  const list = async (query = '') => (await api.ask(`/api/v1/maintenance${query}`)).body.items;

  test('is announced, listed and ended', async () => {
    const { body } = await announce({ service: 'checkout', minutes: 30, because: 'new disks' });
    expect(body).toMatchObject({
      id: 1,
      service: 'checkout',
      environment: null,
      state: 'holds',
      by: 'root',
      endedAt: null,
    });
    expect(Date.parse(body.until) - Date.parse(body.from)).toBe(30 * 60_000);
    const later = new Date(Date.parse(body.from) + 3_600_000).toISOString();
    const end = new Date(Date.parse(body.from) + 7_200_000).toISOString();
    await announce({ environment: 'staging', from: later, until: end, because: 'a move' });
    expect(await list()).toMatchObject([{ id: 1 }, { id: 2, state: 'to-come' }]);
    expect((await api.post('/api/v1/maintenance/1/end', {})).body).toMatchObject({ state: 'over', endedBy: 'root' });
    expect(await list()).toMatchObject([{ id: 2 }]);
    expect(await list('?past=true')).toHaveLength(2);
  });

  test.each([
    [{ minutes: 30, because: 'x' }, 'service'],
    [{ service: 'a', because: 'x' }, 'until'],
    [{ service: 'a', minutes: 30, until: '2030-01-01T00:00:00Z', because: 'x' }, 'until'],
    [{ service: 'a', minutes: 0, because: 'x' }, 'minutes'],
    [{ service: 'a', minutes: 1e9, because: 'x' }, 'minutes'],
    [{ service: 'a', minutes: 30 }, 'because'],
    [{ service: 'a', until: 'later', because: 'x' }, 'until'],
    [{ service: 'a', from: '2030-01-02T00:00:00Z', until: '2030-01-01T00:00:00Z', because: 'x' }, 'until'],
    [{ service: 'a', minutes: 5, because: 'x', everybody: true }, 'everybody'],
  ])('%j is refused and names %s', async (body, field) => {
    expect(refused(await announce(body))).toMatchObject({ status: 400, field });
  });

  test.each(['/7/end', '/x/end', '/-1/end'])('%s is 404', async (path) => {
    expect((await api.post(`/api/v1/maintenance${path}`, {})).status).toBe(404);
  });
});
