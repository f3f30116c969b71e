import { createServer, type Server } from 'node:http';
import { createAlertmanager, type Alertmanager } from '../../src/clients/alertmanager.ts';
import { createFront, listen, stop, type Answer, type Front } from '../fakes/faults.ts';

/** Gives bodies as api/v2/openapi.yaml has them, under a path prefix and behind a credential. */
let answers: Record<string, Answer>;
let front: Front;
let server: Server;
let alertmanager: Alertmanager;
const signal = new AbortController().signal;

const ALERT = {
  fingerprint: '21f03b44146da3e1',
  labels: { alertname: 'Errors', service: 'checkout' },
  annotations: { summary: 'x' },
  startsAt: '2026-11-28T11:32:47.951Z',
  updatedAt: '2026-11-28T11:32:47.951Z',
  endsAt: '2026-11-28T11:37:47.951Z',
  generatorURL: 'http://prometheus:9090/graph',
  receivers: [{ name: 'firebreak' }],
  status: { state: 'active', silencedBy: [], inhibitedBy: [] },
};

beforeEach(async () => {
  front = createFront((request) => {
    if (request.headers.authorization !== 'Bearer secret') return { status: 401, body: 'Unauthorized' };
    return answers[request.path] ?? { status: 404, body: 'not found' };
  });
  server = createServer(front.listener);
  const url = `http://${await listen(server)}/prefix`;
  alertmanager = createAlertmanager({ url, headers: () => ({ Authorization: 'Bearer secret' }), timeoutMs: 2_000 });
});
afterEach(() => stop(server));

const says = (path: string, body: unknown): void => {
  answers = { [`/prefix/api/v2${path}`]: { status: 200, body, headers: { date: 'Sat, 28 Nov 2026 11:32:47 GMT' } } };
};

test('alerts of every state are asked for, and what newer versions add is kept apart', async () => {
  const muted = { ...ALERT, status: { state: 'suppressed', silencedBy: [], inhibitedBy: [], mutedBy: ['weekend'] } };
  says('/alerts', [ALERT, muted]);
  const answer = await alertmanager.alerts(signal);
  expect(answer).toMatchObject({ ok: true, at: Date.UTC(2026, 10, 28, 11, 32, 47) });
  expect(answer.ok && answer.value.map(({ status }) => status.mutedBy)).toEqual([[], ['weekend']]);
  expect(Object.fromEntries(front.requests[0]!.query)).toEqual({
    ...{ active: 'true', silenced: 'true', inhibited: 'true', unprocessed: 'true' },
  });
});

test('the status says since when it runs', async () => {
  const status = {
    uptime: '2026-11-28T11:32:46.036Z',
    cluster: { status: 'disabled', peers: [] },
    versionInfo: { version: '0.25.0', branch: 'x' },
    config: { original: 'route: { receiver: a }' },
  };
  says('/status', status);
  expect(await alertmanager.status(signal)).toMatchObject({ ok: true, value: { uptime: status.uptime } });
});

test.each([
  ['a page for people', '<html>'],
  ['an alert without a fingerprint', [{ ...ALERT, fingerprint: '' }]],
  ['a state nobody knows', [{ ...ALERT, status: { ...ALERT.status, state: 'resolved' } }]],
  ['times that are none', [{ ...ALERT, startsAt: 'yesterday' }]],
  ['nothing', null],
])('%s is no answer', async (_, body) => {
  says('/alerts', body);
  expect(await alertmanager.alerts(signal)).toEqual({
    ok: false,
    failure: { kind: 'rejected', message: 'the answer is not one of the Alertmanager API' },
  });
});

test.each([
  [{ mode: 'status', status: 503 } as const, 'server'],
  [{ mode: 'status', status: 401 } as const, 'unauthorized'],
  [{ mode: 'status', status: 302, location: 'https://sso.example.com' } as const, 'rejected'],
  [{ mode: 'reset' } as const, 'ambiguous'],
  [{ mode: 'timeout' } as const, 'ambiguous'],
])('%j is a failure and throws nothing', async (fault, kind) => {
  says('/alerts', []);
  front.misbehave(fault);
  expect(await alertmanager.alerts(signal)).toMatchObject({ ok: false, failure: { kind } });
});
