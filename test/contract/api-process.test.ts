import { rm, mkdtemp } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiBackend } from '../../src/api/ports.ts';
import { createBackend } from '../../src/app/backend.ts';
import { changeStore } from '../../src/app/changes.ts';
import type { SnapshotSource } from '../../src/clients/prometheus.ts';
import { createPrometheus } from '../../src/clients/prometheus.ts';
import { iso } from '../../src/domain/time.ts';
import { listen, stop } from '../fakes/faults.ts';
import type { Core } from '../harness/core.ts';
import { CORE_START, raw, startCore } from '../harness/core.ts';
import type { ScriptedPrometheus } from '../harness/prometheus.ts';
import { startScripted, writeScripted } from '../harness/prometheus.ts';
import { describeWith } from '../harness/tools.ts';
import { MINUTE, SECOND, policyWith, service } from '../unit/support/incident.ts';
import type { AnyJson, RunningApi } from './api-support.ts';
import { fakeBackend, startApi } from './api-support.ts';

/** Diagnosis, fix and learning through the API, on the real store. */
let core: Core;
let api: RunningApi;
let source: SnapshotSource | null = null;

const never = (): never => {
  throw new Error('not in this test');
};

beforeAll(async () => {
  const services = { shop: service(null, { dependsOn: ['orders-db'] }), quiet: service(null) };
  core = await startCore({ policy: policyWith({}, { services }) });
  const { store, commander, clock } = core;
  const policy = () => Promise.resolve(core.policy);
  const snapshots: SnapshotSource = {
    snapshot: (...asked) =>
      source?.snapshot(...asked) ?? Promise.resolve({ kind: 'failed', reason: 'nobody is there' }),
  };
  const rules = { current: never, lastReload: never, close: never } as never;
  const rest = { rules, policyChanged: never, preview: never, drill: never, handover: never };
  const backend: ApiBackend = createBackend({ store, commander, policy, clock, snapshots, ...rest });
  api = await startApi({}, { ...fakeBackend(), ...backend });
});
afterAll(async () => {
  await api.stop();
  await core.close();
});
beforeEach(() => {
  source = null;
});

let environments = 0;
interface Opened {
  readonly id: string;
  readonly path: string;
  readonly environment: string;
  end(): Promise<void>;
}

/** A new P1 of `shop` in an environment that no other test has. */
async function open(of = 'shop'): Promise<Opened> {
  const environment = `e${(environments += 1)}`;
  const labels = { severity: 'critical', env: environment, handler: '/pay' };
  const startsAt = core.clock.at - MINUTE;
  const annotations = { description: 'Payments fail: connection refused' };
  await core.deliver(raw('ShopDown', { service: of, labels, annotations, startsAt }));
  await core.settle();
  const { id } = (await core.incidents()).find((incident) => incident.environment === environment)!;
  const end = async (): Promise<void> => {
    core.clock.at += MINUTE;
    await core.deliver(raw('ShopDown', { service: of, labels, annotations, startsAt, endsAt: core.clock.at }));
    await core.settle();
  };
  return { id, path: `/api/v1/incidents/${id}`, environment, end };
}

const refused = ({ status, body }: { status: number; body: AnyJson }): unknown => [status, body.error?.field];

describe('evidence', () => {
  test('a link, a text, and what the alert said are one list', async () => {
    const { path } = await open();
    const link = { kind: 'link', title: 'dashboard', url: 'https://grafana.example.com/d/1' };
    expect((await api.post(`${path}/evidence`, link)).body).toMatchObject({ evidenceCount: 1 });
    await api.post(`${path}/evidence`, { kind: 'user-report', title: '12 tickets', text: 'Card is refused' });
    const { items } = (await api.ask(`${path}/evidence`)).body;
    expect(items.map((item: AnyJson) => [item.id, item.kind, item.by])).toEqual([
      [expect.stringMatching(/^alert:alertmanager\//), 'alert', 'alerts'],
      ['E1', 'link', 'root'],
      ['E2', 'user-report', 'root'],
    ]);
    const { items: events } = (await api.ask(`${path}/timeline`)).body;
    expect(events[items[2].eventSeq - 1]).toMatchObject({ type: 'evidence-added', data: { title: '12 tickets' } });
  });

  test.each([
    [{ kind: 'link', title: 'x' }, 'text'],
    [{ kind: 'guess', title: 'x', text: 'y' }, 'kind'],
    [{ kind: 'link', title: 'x', url: 'javascript:alert(1)' }, 'url'],
    [{ kind: 'text', title: '', text: 'y' }, 'title'],
    [{ kind: 'text', title: 'x', text: 'y', at: '2035-01-01T00:00:00Z' }, 'query'],
    [{ kind: 'metric', title: 'x', query: 'up', at: 'yesterday' }, 'at'],
    [{ kind: 'metric', title: 'x', query: 'up', to: '2035-01-01T00:00:00Z' }, 'at'],
    [{ kind: 'metric', title: 'x', query: 'up', from: '2035-01-01T01:00:00Z', to: '2035-01-01T00:00:00Z' }, 'to'],
    [{ kind: 'metric', title: 'x', query: 'up{service=$service}' }, 'query'],
  ])('%j is refused for its %s', async (body, field) => {
    const { path } = await open();
    expect(refused(await api.post(`${path}/evidence`, body))).toEqual([400, field]);
  });

  test.each([
    ['logs', { kind: 'log', text: 'ERROR order 4711: connection refused' }],
    ['the state of a third party', { kind: 'third-party', url: 'https://status.vendor.example.com/incidents/1' }],
    ['what users report', { kind: 'user-report', text: 'The card is refused' }],
    ['a ticket', { kind: 'ticket', url: 'https://tickets.example.com/42' }],
  ])('%s can be recorded', async (title, piece) => {
    const { path } = await open();
    expect((await api.post(`${path}/evidence`, { title, ...piece })).status).toBe(200);
    const { items } = (await api.ask(`${path}/evidence`)).body;
    expect(items.at(-1)).toMatchObject({ id: 'E1', title, by: 'root', ...piece });
    const report = (await api.ask(`${path}/report?format=md`)).body as string;
    expect(report).toContain(`**E1:** `);
  });

  test('that Prometheus cannot be asked is recorded, and refuses nothing', async () => {
    const { path } = await open();
    const server: Server = createServer((request) => request.socket.destroy());
    source = createPrometheus({ url: `http://${await listen(server)}`, timeoutMs: 1_000 });
    await api.post(`${path}/evidence`, { kind: 'metric', title: 'errors', query: 'up{service="$service"}' });
    await stop(server);
    const { items } = (await api.ask(`${path}/evidence`)).body;
    expect(items.at(-1)).toMatchObject({
      ...{ kind: 'metric', query: 'up{service="shop"}', url: null },
      result: { kind: 'failed', reason: expect.any(String) as string },
    });
  });

  test('is of an incident that there is', async () => {
    const nowhere = '/api/v1/incidents/INC-19990101-000000';
    for (const part of ['evidence', 'checklist', 'diagnosis']) {
      expect((await api.ask(`${nowhere}/${part}`)).status).toBe(404);
    }
    expect((await api.post(`${nowhere}/evidence`, { kind: 'text', title: 'x', text: 'y' })).status).toBe(404);
  });

  describeWith(['prometheus', 'promtool'], 'with a real Prometheus', () => {
    let directory: string;
    let prometheus: ScriptedPrometheus;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'firebreak-evidence-'));
      const one = (instance: string, perSecond: number) => ({
        ...{ name: 'requests_total', labels: { service: 'shop', instance }, from: -30, to: 30 },
        perSecond: () => perSecond,
      });
      const blocks = await writeScripted(directory, CORE_START, [one('a', 1), one('b', 2)]);
      prometheus = await startScripted(join(directory, 'prometheus'), blocks);
    });
    afterAll(async () => {
      await prometheus.stop();
      await rm(directory, { recursive: true });
    });

    test('every series of a moment and of a time is recorded with its labels', async () => {
      const { path } = await open();
      source = createPrometheus({ url: prometheus.url, timeoutMs: 5_000 });
      const at = iso(CORE_START);
      const query = 'rate(requests_total{service="$service"}[1m])';
      await api.post(`${path}/evidence`, { kind: 'metric', title: 'now', query, at });
      const window = { from: iso(CORE_START - 2 * MINUTE), to: at };
      await api.post(`${path}/evidence`, { kind: 'metric', title: 'course', query, ...window });
      await api.post(`${path}/evidence`, { kind: 'metric', title: 'none', query: 'nothing_here', at });
      await api.post(`${path}/evidence`, { kind: 'metric', title: 'wrong', query: 'sum(', at });
      const { items } = (await api.ask(`${path}/evidence`)).body;
      const [now, course, none, wrong] = items.slice(-4).map((item: AnyJson) => item.result);
      expect(now).toEqual({
        ...{ kind: 'vector', from: at, to: at, total: 2, warnings: expect.any(Array) as unknown[] },
        series: [
          { labels: { instance: 'a', service: 'shop' }, values: [[CORE_START / 1000, '1']] },
          { labels: { instance: 'b', service: 'shop' }, values: [[CORE_START / 1000, '2']] },
        ],
      });
      expect(course).toMatchObject({ kind: 'matrix', ...window, total: 2 });
      expect(course.series[0].values).toHaveLength(9);
      expect(none).toEqual({ kind: 'no-data', reason: 'no series' });
      expect(wrong).toEqual({ kind: 'failed', reason: expect.stringContaining('parse error') as string });
    });
  });
});

test('a hypothesis is proposed, judged, and shown', async () => {
  const { path } = await open();
  const cause = { category: 'configuration', summary: 'the pool is too small', confidence: 0.8, evidence: [] };
  expect((await api.post(`${path}/root-cause`, cause)).body.rootCauses).toMatchObject([
    { id: 'H1', state: 'proposed', confidence: 0.8, by: 'root' },
  ]);
  const judged = { id: 'H1', state: 'confirmed', because: 'reproduced in staging' };
  expect((await api.post(`${path}/root-cause`, judged)).body.rootCauses).toMatchObject([{ state: 'confirmed' }]);
  const bad: [object, unknown][] = [
    [{ ...cause, confidence: 80 }, [400, 'confidence']],
    [{ ...cause, category: 'gremlins' }, [400, 'category']],
    [{ ...cause, evidence: ['E7'] }, [400, 'evidence[0]']],
    [{ id: 'H1', state: 'maybe', because: 'x' }, [400, 'state']],
    [{ id: 'H9', state: 'refuted', because: 'x' }, [404, 'id']],
    [{ id: 'H1', state: 'refuted' }, [400, 'because']],
  ];
  for (const [body, expected] of bad) expect(refused(await api.post(`${path}/root-cause`, body))).toEqual(expected);
});

test('a hypothesis is of one of seven kinds, and of no other', async () => {
  const { path } = await open();
  const kinds = ['code-bug', 'database-migration', 'configuration', 'infrastructure', 'third-party', 'capacity'];
  const record = (category: string) =>
    api.post(`${path}/root-cause`, { category, summary: 'x', confidence: 0.5, evidence: [] });
  for (const category of [...kinds, 'security']) {
    expect((await record(category)).body.rootCauses.at(-1)).toMatchObject({ category, state: 'proposed' });
  }
  for (const category of ['human-error', 'unknown', 'code bug', '']) {
    expect(refused(await record(category))).toEqual([400, 'category']);
  }
  const { rootCauses } = (await api.ask(path)).body;
  expect(rootCauses).toHaveLength(7);
});

test('what blocks is shown until it is out of the way', async () => {
  const { path } = await open();
  await api.post(`${path}/blockers`, { text: 'the vendor does not answer' });
  expect((await api.ask(path)).body.blockers).toMatchObject([{ id: 'B1', clearedAt: null }]);
  expect((await api.post(`${path}/blockers`, { clear: 'B1' })).body.blockers).toMatchObject([
    { clearedAt: iso(core.clock.at) },
  ]);
  expect(refused(await api.post(`${path}/blockers`, { clear: 'B2' }))).toEqual([404, 'clear']);
  expect(refused(await api.post(`${path}/blockers`, {}))).toEqual([400, 'text']);
});

test('the checklist is ticked by people where no event proves it', async () => {
  const { path } = await open();
  const find = async (id: string): Promise<AnyJson> =>
    (await api.ask(`${path}/checklist`)).body.items.find((item: AnyJson) => item.id === id);
  expect(await find('incident-opened')).toMatchObject({ done: true, by: 'firebreak', proved: true, eventSeq: 1 });
  expect(await find('runbook-updated')).toMatchObject({ done: false, phase: 'learning' });
  await api.post(`${path}/checklist`, { item: 'runbook-updated' });
  expect(await find('runbook-updated')).toMatchObject({ done: true, by: 'root', proved: false });
  await api.post(`${path}/checklist`, { item: 'runbook-updated', done: false });
  expect(await find('runbook-updated')).toMatchObject({ done: false });
  const untick = await api.post(`${path}/checklist`, { item: 'incident-opened', done: false });
  expect(refused(untick)).toEqual([409, 'item']);
  expect(untick.body.error.message).toMatch(/proved by event 1 \(Incident opened: /);
  expect(refused(await api.post(`${path}/checklist`, { item: 'have-lunch' }))).toEqual([400, 'item']);
});

test('the timeline questions are answered from events, the change feed and earlier incidents', async () => {
  const { path, environment } = await open();
  const changes = changeStore(core.store, core.commander, () => Promise.resolve(core.policy));
  const base = {
    environment,
    version: 'v2',
    previousVersion: 'v1',
    finishedAt: null,
    by: 'ci',
    url: null,
    evidence: {},
  };
  const startedAt = iso(core.clock.at - 5 * MINUTE);
  await changes.saveChange({ id: 'd1', service: 'shop', kind: 'deployment', startedAt, ...base }, core.clock.at);
  await changes.saveChange({ id: 'm1', service: 'orders-db', kind: 'migration', startedAt, ...base }, core.clock.at);
  await changes.saveChange({ id: 'c1', service: 'shop', kind: 'config', startedAt, ...base }, core.clock.at);
  const { body } = await api.ask(`${path}/diagnosis`);
  expect(body).toMatchObject({
    began: { at: iso(core.clock.at - MINUTE), source: 'starts-at', eventSeq: 1 },
    escalation: [{ severity: 'P1', secondsAfterOnset: 60 }],
    detectedBy: { alerts: ['ShopDown'], inTime: true },
    affected: { services: ['shop'], endpoints: ['/pay'] },
    errors: [{ text: 'Payments fail: connection refused', from: 'alert ShopDown', count: 1 }],
  });
  expect(
    body.changedBefore.map((change: AnyJson) => [change.kind, change.service, change.secondsBefore]).sort(),
  ).toEqual([
    ['config', 'shop', 240],
    ['deployment', 'shop', 240],
    ['migration', 'orders-db', 240],
  ]);
});

test('the fix and the gate: from the P1 to its validated fix', async () => {
  const opened = await open('quiet');
  const { id, path, environment } = opened;
  const gate = async (version: string): Promise<AnyJson> =>
    (await api.ask(`/api/v1/gate?service=quiet&version=${version}&environment=${environment}`)).body;
  expect(await gate('v43')).toMatchObject({ allowed: false, incident: id });
  await opened.end();
  const fix = (body: object) => api.post(`${path}/fix`, body);
  expect(refused(await fix({ stage: 'linked' }))).toEqual([400, 'url']);
  expect(refused(await fix({ stage: 'shipped' }))).toEqual([400, 'stage']);
  expect(refused(await fix({ stage: 'validated' }))).toEqual([409, 'stage']);
  expect(refused(await fix({ stage: 'tested', at: iso(core.clock.at + SECOND) }))).toEqual([400, 'at']);
  await fix({ stage: 'linked', url: 'https://git.example.com/pull/7', version: 'v43' });
  expect((await gate('v43')).because[0]).toMatch(/lacks the evidence of its tests and its run in staging/);
  await fix({ stage: 'tested', version: 'v43' });
  await fix({ stage: 'staging', version: 'v43' });
  expect(await gate('v43')).toMatchObject({ allowed: true, incident: null });
  const { body } = await fix({ stage: 'deployed', version: 'v43' });
  expect(body).toMatchObject({ status: 'resolved', fixDeployedAt: iso(core.clock.at), fixValidatedAt: null });
  expect((await fix({ stage: 'validated', text: 'looks well' })).body).toMatchObject({
    fixValidatedAt: iso(core.clock.at),
    fixSteps: [{ stage: 'linked' }, { stage: 'tested' }, { stage: 'staging' }, { stage: 'deployed' }, { by: 'root' }],
  });
  expect((await api.ask('/api/v1/gate?service=quiet')).body.error).toMatchObject({ field: 'version' });
});

test('action items, the report’s sections, its publication and the review', async () => {
  const opened = await open();
  const { id, path } = opened;
  const act = (body: object) => api.post(`${path}/actions`, body);
  await act({ action: 'A test for empty carts', kind: 'technical', owner: 'list-dee', dueAt: '2035-02-01' });
  expect((await api.ask(path)).body.actions).toMatchObject([
    { id: 'A1', status: 'open', owner: 'list-dee', dueAt: '2035-02-01T23:59:59.999Z' },
  ]);
  expect(refused(await act({ id: 'A1', status: 'verified' }))).toEqual([409, 'status']);
  expect(refused(await act({ id: 'A1' }))).toEqual([400, 'status']);
  expect(refused(await act({ id: 'A5', status: 'done' }))).toEqual([404, 'id']);
  expect(refused(await act({ action: 'x', dueAt: 'soon' }))).toEqual([400, 'dueAt']);
  const list = async (query: string): Promise<AnyJson[]> => (await api.ask(`/api/v1/actions?${query}`)).body.items;
  expect(await list('owner=list-dee')).toMatchObject([{ incidentId: id, id: 'A1', overdue: false, service: 'shop' }]);
  expect(await list('owner=list-dee&status=done,verified')).toEqual([]);
  await act({ id: 'A1', status: 'done', note: 'merged' });
  expect(await list('owner=list-dee&status=done,verified')).toHaveLength(1);
  expect(refused(await api.ask('/api/v1/actions?overdue=yes'))).toEqual([400, 'overdue']);

  expect(refused(await api.post(`${path}/report/publish`))).toEqual([409, null]);
  await api.post(`${path}/report/sections`, { section: 'takeaways', text: 'Roll back first' });
  expect(refused(await api.post(`${path}/report/sections`, { section: 'gossip', text: 'x' }))).toEqual([
    400,
    'section',
  ]);
  expect(refused(await api.post(`${path}/review`, { text: 'x' }))).toEqual([409, null]);
  await opened.end();
  await api.post(`${path}/fix`, { stage: 'unnecessary', text: 'it was the vendor' });
  const published = (await api.post(`${path}/report/publish`)).body;
  expect(published).toMatchObject({
    postmortem: { by: 'root', publishedAt: iso(core.clock.at) },
    review: { dueAt: iso(core.clock.at + 30 * 24 * 60 * MINUTE), heldAt: null },
  });
  expect((await api.post(`${path}/review`, { text: 'all of it works' })).body.review).toMatchObject({
    heldAt: iso(core.clock.at),
  });
});

test('viewers read and responders act', async () => {
  const { path } = await open();
  const headers = { authorization: 'Bearer viewer-token' };
  for (const part of ['evidence', 'checklist', 'diagnosis']) {
    expect((await api.ask(`${path}/${part}`, { headers })).status).toBe(200);
  }
  expect((await api.post(`${path}/fix`, { stage: 'unnecessary' }, headers)).status).toBe(403);
  expect((await api.ask('/api/v1/gate?service=a&version=b', { headers })).status).toBe(200);
});
