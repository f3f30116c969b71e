import { handoverExample, statisticsExample } from './overview-support.ts';
import { NO_PROCESS } from '../../src/domain/incident/process-state.ts';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { createApi } from '../../src/api/index.ts';
import type { ApiOptions } from '../../src/api/index.ts';
import type { Actor, ApiBackend, EffectRecord, IncidentFilter, PlanPreview } from '../../src/api/ports.ts';
import type { Alert } from '../../src/domain/alert.ts';
import type { Change } from '../../src/domain/change.ts';
import { chain, GENESIS, parseEvent } from '../../src/domain/incident/chain.ts';
import { CommandRefused } from '../../src/domain/incident/commands.ts';
import { decide } from '../../src/domain/incident/decide.ts';
import { evolve } from '../../src/domain/incident/evolve.ts';
import type { IncidentEvent, NewEvent } from '../../src/domain/incident/events.ts';
import type { IncidentState, RollbackState } from '../../src/domain/incident/state.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { MaintenanceWindow } from '../../src/domain/maintenance.ts';
import { NO_SAMPLES } from '../../src/domain/recovery.ts';
import type { PageComparison } from '../../src/domain/page-comparison.ts';
import { Secret } from '../../src/domain/secret.ts';
import { renderReport } from '../../src/report/render.ts';
import { reportOf } from '../../src/report/report.ts';
import { opened } from '../unit/support/incident.ts';
import { fakeProcess } from './api-process-fake.ts';
import { policyWith } from '../unit/support/incident.ts';

const OPENED = '2024-01-15T14:32:15.000Z';
/** When commands are given. */
const NOW = Date.parse('2024-01-15T14:40:00.000Z');

const version = (name: string) => ({ version: name, identity: `uid-${name}`, images: [], since: null });

export const rollback = (more: Partial<RollbackState> = {}): RollbackState => ({
  stage: 'awaiting-approval',
  service: 'checkout',
  purpose: 'roll-back',
  mode: 'approve',
  requestedAt: OPENED,
  requestedBy: 'rules',
  plan: {
    service: 'checkout',
    madeAt: OPENED,
    steps: [
      {
        config: {
          name: 'app',
          provider: 'deployment',
          timeoutSeconds: 120,
          onFailure: 'stop',
          with: { webhookToken: 'provider-only' },
        },
        target: {
          key: 'kubernetes/eu-1/shop/deployment/checkout',
          from: version('r42'),
          to: version('r41'),
          pin: { template: 'provider-only' },
          notReverted: ['ConfigMap checkout'],
          warnings: [],
        },
      },
    ],
  },
  undoes: null,
  carriedOut: null,
  planHash: 'ab'.repeat(32),
  suspect: { kind: 'deployment', id: 'd1' },
  estimate: null,
  approvalUntil: '2024-01-15T14:42:15.000Z',
  approvedBy: null,
  startsAt: null,
  startedAt: null,
  steps: [
    {
      name: 'app',
      state: 'pending',
      receipt: null,
      intendedAt: null,
      acceptedAt: null,
      finishedAt: null,
      detail: null,
    },
  ],
  captured: [],
  validatingSince: null,
  validateUntil: null,
  during: {},
  recovery: NO_SAMPLES,
  sampledAt: null,
  watchUntil: null,
  verdict: null,
  stoppedBy: null,
  because: 'everyone is affected',
  ...more,
});

export const incident = (more: Partial<IncidentState> = {}): IncidentState => ({
  ...NO_PROCESS,
  id: 'INC-20240115-143215',
  version: 3,
  correlationKey: '["checkout","production"]',
  afterKeyVersion: 0,
  service: 'checkout',
  environment: 'production',
  title: 'checkout: error ratio 12 %',
  labels: { alertname: 'HighErrorRatio' },
  runbookUrl: null,
  sourceUrl: null,
  status: 'open',
  severity: 'P1',
  worst: 'P1',
  severityBecause: 'a tenth of all requests fail',
  severityRule: 'p1-errors',
  ruledLast: 'p1-errors',
  unclassified: false,
  lowerSince: null,
  facts: { errorRatio: 0.12, usersAffectedPercent: 'a lot' },
  onset: { at: '2024-01-15T14:30:00.000Z', source: 'starts-at' },
  inPrometheus: false,
  openedAt: OPENED,
  acknowledgedAt: null,
  acknowledgedBy: null,
  mitigatedAt: null,
  resolvedAt: null,
  closedAt: null,
  alertNames: ['HighErrorRatio'],
  alertSamples: [
    {
      key: 'alertmanager/f/1',
      name: 'HighErrorRatio',
      labels: { alertname: 'HighErrorRatio' },
      annotations: {},
      startsAt: '2024-01-15T14:30:00.000Z',
      generatorUrl: null,
    },
  ],
  alertCounts: { firing: 2, resolved: 1 },
  clocks: {
    restore: { startedAt: OPENED, deadline: '2024-01-15T15:02:15.000Z', state: 'running' },
    acknowledge: { startedAt: OPENED, deadline: '2024-01-15T14:42:15.000Z', state: 'breached' },
  },
  decision: {
    action: 'roll-back',
    rule: 'p1-rolls-back',
    because: 'P1 after a deployment',
    rulesHash: 'cafe',
    conditions: [{ fact: 'severity', operator: 'equal', expected: 'P1', actual: 'P1', result: true }],
    facts: { errorRatio: 0.12 },
    unknownFacts: ['usersAffectedPercent'],
    at: OPENED,
    mode: 'approve',
  },
  routing: {
    rule: 'backend-words',
    because: 'the alerts tell of failing requests',
    rulesHash: 'cafe',
    specialist: 'backend',
    routes: [{ rule: 'nights', because: 'a P1 at night' }],
    page: true,
    slackChannels: ['#night'],
    emails: [],
    audiences: ['stakeholders'],
  },
  page: null,
  toldAt: OPENED,
  announcedAt: null,
  announced: true,
  receipts: {},
  rollback: rollback(),
  fix: null,
  badVersions: [],
  ...more,
});

const alert: Alert = {
  source: 'alertmanager',
  fingerprint: 'f/1',
  status: 'firing',
  labels: { alertname: 'HighErrorRatio' },
  annotations: { summary: 'errors' },
  startsAt: '2024-01-15T14:30:00.000Z',
  endsAt: null,
  generatorUrl: 'http://prometheus/graph',
  service: 'checkout',
  environment: 'production',
};

const change: Change = {
  id: 'd1',
  service: 'checkout',
  environment: 'production',
  kind: 'deployment',
  version: 'r42',
  previousVersion: 'r41',
  startedAt: '2024-01-15T14:28:00.000Z',
  finishedAt: null,
  by: 'ci',
  url: null,
  evidence: { tests: 'passed' },
};

const deadEffect: EffectRecord = {
  id: 'INC-20240115-143215:3:slack:announce',
  incidentId: 'INC-20240115-143215',
  channel: 'slack',
  kind: 'announce',
  status: 'dead',
  attempts: 9,
  createdAt: OPENED,
  finishedAt: '2024-01-15T14:52:15.000Z',
  message: 'P1 on checkout',
  result: { status: 'dead', failure: { kind: 'rejected', message: 'channel_not_found' } },
};

const EVENTS: readonly NewEvent[] = [
  {
    type: 'severity-changed',
    data: { from: null, to: 'P1', because: 'a tenth of all requests fail' },
  },
  { type: 'note-added', data: { by: 'ann', via: 'api', text: '<b>looking</b>' } },
];

export interface FakeBackend extends ApiBackend {
  readonly incidents: Map<string, IncidentState>;
  /** What was asked of it, as text. */
  readonly calls: string[];
  readonly filters: IncidentFilter[];
  /** Thrown by whatever is asked next. */
  failWith: unknown;
}

const preview: PlanPreview = {
  service: 'checkout',
  mode: 'approve',
  at: OPENED,
  reason: 'ready',
  text: 'checkout would go from r42 to r41',
  steps: [
    {
      name: 'app',
      provider: 'deployment',
      target: 'Deployment shop/checkout in eu-1',
      reason: 'ready',
      message: 'accepted by the API server (dry run)',
      from: version('r42'),
      to: version('r41'),
      notReverted: ['ConfigMap checkout'],
      warnings: [],
    },
  ],
};

const NOT_ENDED = { endedAt: null, endedBy: null };

/** The port in memory: as strict as the real one, and it remembers what it was asked. */
export function fakeBackend(states: readonly IncidentState[] = [incident()]): FakeBackend {
  const incidents = new Map(states.map((state) => [state.id, state]));
  const calls: string[] = [];
  const filters: IncidentFilter[] = [];
  const windows: MaintenanceWindow[] = [];
  let automation: Awaited<ReturnType<ApiBackend['readAutomation']>> = {
    mode: 'auto',
    killSwitch: false,
    changedBy: null,
    changedAt: null,
  };
  const guard = (): void => {
    if (backend.failWith !== null) throw backend.failWith as Error;
  };
  const change_ = async (id: string, actor: Actor, what: string, update: Partial<IncidentState>): Promise<void> => {
    guard();
    const state = incidents.get(id);
    if (state === undefined) throw new CommandRefused('not-found', `no incident ${id}`);
    if (state.status === 'closed') throw new CommandRefused('conflict', `incident ${id} is closed`);
    calls.push(`${what} ${id} by ${actor.name} via ${actor.via}`);
    incidents.set(id, { ...state, ...update });
  };
  const backend: FakeBackend = {
    incidents,
    calls,
    filters,
    failWith: null,
    listIncidents: async (filter) => {
      guard();
      filters.push(filter);
      return page([...incidents.values()], filter);
    },
    readIncident: async (id) => {
      guard();
      return incidents.get(id) ?? null;
    },
    incidentAlerts: async (id) => (incidents.has(id) ? [alert] : []),
    timeline: async (id) => (incidents.has(id) ? timelineOf(id) : []),
    report: async (id, format) => (incidents.has(id) ? renderReport(reportOf(opened('P1').events)!, format) : null),
    effects: async (id) => (incidents.has(id) ? [deadEffect] : []),
    ...fakeProcess(incidents, (id, command) => backend.carryOut(id, command), new Date(NOW).toISOString()),
    carryOut: async (id, command) => {
      guard();
      const state = incidents.get(id) ?? null;
      const said = 'by' in command ? ` by ${command.by} via ${command.via}` : '';
      const news = decide(state, command, { now: NOW, policy: policyWith() });
      calls.push(`${command.kind} ${id}${said}`);
      const events = chain(id, { seq: state?.version ?? 0, hash: GENESIS }, news, new Date(NOW).toISOString());
      const after = events.map(parseEvent).reduce(evolve, state);
      if (after !== null) incidents.set(id, after);
    },
    merge: async (id, into, actor, because) => {
      guard();
      if (!incidents.has(into)) throw new CommandRefused('invalid', `no incident ${into}`, 'into');
      await backend.carryOut(id, { kind: 'merge', into, because, by: actor.name, via: actor.via });
    },
    listMaintenance: async (withPast, limit) => {
      guard();
      const all = withPast ? windows : windows.filter(({ until, endedAt }) => Date.parse(endedAt ?? until) > NOW);
      return { now: NOW, windows: all.slice(0, limit) };
    },
    announceMaintenance: async ({ from, until, minutes, ...asked }, actor) => {
      guard();
      const begins = from ?? new Date(NOW).toISOString();
      const ends = until ?? new Date(Date.parse(begins) + (minutes ?? 0) * 60_000).toISOString();
      if (ends <= begins) throw new CommandRefused('invalid', 'must be after "from"', 'until');
      const window = { ...asked, id: windows.length + 1, from: begins, until: ends, by: actor.name, ...NOT_ENDED };
      windows.push(window);
      return { now: NOW, window };
    },
    endMaintenance: async (id, actor) => {
      const at = windows.findIndex((window) => window.id === id);
      if (at >= 0) windows[at] = { ...windows[at]!, endedAt: new Date(NOW).toISOString(), endedBy: actor.name };
      return { now: NOW, window: windows[at] ?? null };
    },
    acknowledge: (id, actor) =>
      change_(id, actor, 'acknowledge', {
        status: 'acknowledged',
        acknowledgedAt: '2024-01-15T14:33:00.000Z',
        acknowledgedBy: actor.name,
        commander: actor.name,
      }),
    resolve: (id, actor, because) =>
      change_(id, actor, `resolve (${because})`, { status: 'resolved', resolvedAt: '2024-01-15T15:00:00.000Z' }),
    addNote: (id, actor, text) => change_(id, actor, `note (${text})`, {}),
    approveRollback: (id, actor, hash) => change_(id, actor, `approve (${String(hash)})`, {}),
    abortRollback: (id, actor, because) =>
      change_(id, actor, `abort (${because})`, { rollback: rollback({ stage: 'stopped', stoppedBy: 'aborted' }) }),
    startRollback: (id, actor, because) =>
      change_(id, actor, `start (${because})`, { rollback: rollback({ stage: 'requested' }) }),
    undoRollback: (id, actor, because) =>
      change_(id, actor, `undo (${because})`, { rollback: rollback({ stage: 'requested', purpose: 'undo' }) }),
    declareFix: (id, actor, seconds) =>
      change_(id, actor, `fix in ${seconds} s`, { fix: { by: actor.name, until: '2024-01-15T14:36:15.000Z' } }),
    previewRollback: async (service) => {
      guard();
      return service === 'checkout' ? preview : null;
    },
    startDrill: async (service, actor) => {
      guard();
      calls.push(`drill ${service} by ${actor.name} via ${actor.via}`);
      return service === 'checkout' ? 'INC-20240115-143215' : null;
    },
    listChanges: async (service) => [change].filter((c) => service === null || c.service === service),
    listQuarantine: async () => [
      { deliveryId: 'd', source: 'alerts', receivedAt: OPENED, index: 2, field: 'labels', message: 'is not', raw: '{' },
    ],
    comparePages: async (since, until) => ({
      ...compared,
      since: since ?? compared.since,
      until: until ?? compared.until,
      pagerdutyHeardAt: null,
    }),
    listComparisons: async (limit) => [{ day: '2024-01-15', comparison: compared }].slice(0, limit),
    deadLetters: async () => [deadEffect],
    retryEffects: async (ids) => {
      calls.push(`retry ${JSON.stringify(ids)}`);
      return ids === 'all' ? 1 : ids.length;
    },
    readAutomation: async () => automation,
    writeAutomation: async ({ mode, killSwitch }, actor) => {
      const { mode: oldMode, killSwitch: oldSwitch } = automation;
      automation = {
        mode: mode ?? oldMode,
        killSwitch: killSwitch ?? oldSwitch,
        changedBy: actor.name,
        changedAt: OPENED,
      };
    },
    statistics: async (query) => {
      guard();
      calls.push(`statistics ${JSON.stringify(query)}`);
      return statisticsExample;
    },
    handover: async () => {
      guard();
      return handoverExample;
    },
    rules: () => ({ hash: 'cafe', lastReload: { ok: true } }),
    explain: async (facts): Promise<JsonObject> => ({ facts: { ...facts }, rules: [] }),
  };
  return backend;
}

const compared: PageComparison = {
  since: '2024-01-15T00:00:00.000Z',
  until: '2024-01-16T00:00:00.000Z',
  both: [],
  onlyPagerDuty: [
    {
      ...{ id: 'PGR0VU2', at: OPENED, title: 'DiskFull', service: 'Checkout', url: null, incidentKey: null },
      because: 'INC-1 is P2, which does not page: labelled warning (rule label-warning)',
      incidentId: 'INC-1',
    },
  ],
  onlyFirebreak: [],
};

function page(all: readonly IncidentState[], filter: IncidentFilter): readonly IncidentState[] {
  const place = ({ openedAt, id }: { openedAt: string; id: string }): string => `${openedAt} ${id}`;
  const { cursor } = filter;
  return all
    .filter((s) => filter.status.length === 0 || filter.status.includes(s.status))
    .filter((s) => filter.severity.length === 0 || filter.severity.includes(s.severity ?? ''))
    .filter((s) => filter.service === null || s.service === filter.service)
    .filter((s) => filter.since === null || s.openedAt >= filter.since)
    .sort((a, b) => (place(a) < place(b) ? 1 : -1))
    .filter((s) => cursor === null || place(s) < place(cursor))
    .slice(0, filter.limit);
}

const timelineOf = (id: string): readonly IncidentEvent[] =>
  chain(id, { seq: 0, hash: GENESIS }, EVENTS, OPENED).map(parseEvent);

const TOKENS = [
  { name: 'grafana', role: 'viewer', token: new Secret('viewer-token') },
  { name: 'ann', role: 'responder', token: new Secret('responder-token') },
  { name: 'root', role: 'admin', token: new Secret('admin-token') },
] as const;

interface Logged {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** An answer whose shape the test is about to look at. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyJson = any;

export interface RunningApi {
  readonly url: string;
  readonly port: number;
  readonly backend: FakeBackend;
  readonly logged: Logged[];
  /** Asks as the admin, unless the headers say otherwise. */
  ask(path: string, init?: RequestInit): Promise<{ status: number; headers: Headers; body: AnyJson }>;
  post(path: string, body?: unknown, headers?: Record<string, string>): ReturnType<RunningApi['ask']>;
  stop(): Promise<void>;
}

export async function startApi(more: Partial<ApiOptions> = {}, backend = fakeBackend()): Promise<RunningApi> {
  const logged: Logged[] = [];
  const note = (level: Logged['level']) => (fields: object, message: string) => {
    logged.push({ level, fields: { ...fields }, message });
  };
  const app = createApi({
    backend,
    health: {
      ready: async () => null,
      metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'firebreak_sandbox 1\n' }),
    },
    tokens: TOKENS,
    openWithoutCredentials: false,
    version: '1.2.3',
    sandbox: null,
    monitoringSeconds: 86_400,
    log: { info: note('info'), warn: note('warn'), error: note('error') },
    ...more,
  });
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => {
      resolve(listening);
    });
  });
  // A test that computes for long must not find its connection closed meanwhile.
  server.keepAliveTimeout = 60_000;
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const ask: RunningApi['ask'] = async (path, init = {}) => {
    const headers = { authorization: 'Bearer admin-token', ...(init.headers as Record<string, string> | undefined) };
    const response = await fetch(`${url}${path}`, { redirect: 'manual', ...init, headers });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };
  return {
    url,
    port,
    backend,
    logged,
    ask,
    post: (path, body, headers = {}) =>
      ask(path, {
        method: 'POST',
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
