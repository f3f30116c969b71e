import { createServer } from 'node:http';
import { createFront, listen, stop, type Answer, type FaultControls, type RecordedRequest } from './faults.ts';

interface FakeNote {
  readonly id: string;
  readonly content: string;
  readonly from: string;
}

export interface FakePagerDutyRest extends FaultControls {
  readonly url: string;
  /** By PagerDuty's id. */
  readonly notes: ReadonlyMap<string, readonly FakeNote[]>;
  /** An incident that has this key. Later ones are newer. */
  raise(id: string, key: string, status?: 'triggered' | 'acknowledged' | 'resolved'): void;
  stop(): Promise<void>;
}

export interface FakeRestOptions {
  readonly token: string;
  /** Addresses of the users there are. */
  readonly users: readonly string[];
  /** Every key that is asked for has an incident, `P-` and the key. */
  readonly knowsEveryKey?: boolean;
}

const no = (status: number, message: string, code = 2001): Answer => ({ status, body: { error: { message, code } } });

/** PagerDuty's REST API as documented, as far as notes need it. */
export const startPagerDutyRest = async ({
  token,
  users,
  knowsEveryKey = false,
}: FakeRestOptions): Promise<FakePagerDutyRest> => {
  const incidents: { id: string; incident_key: string; status: string; created_at: string }[] = [];
  const notes = new Map<string, FakeNote[]>();

  const raise: FakePagerDutyRest['raise'] = (id, key, status = 'triggered') => {
    const at = new Date(Date.UTC(2026, 10, 23) + incidents.length * 1_000);
    incidents.push({ id, incident_key: key, status, created_at: at.toISOString() });
  };

  const list = ({ query }: RecordedRequest): Answer => {
    const key = query.get('incident_key');
    if (knowsEveryKey && key !== null && !incidents.some((each) => each.incident_key === key)) raise(`P-${key}`, key);
    const found = incidents.filter((each) => key === null || each.incident_key === key);
    // Without a range only the last month is searched.
    const shown = query.get('date_range') === 'all' ? found : [];
    return { status: 200, body: { incidents: shown, limit: 25, offset: 0, more: false, total: null } };
  };

  const write = (id: string, { raw, headers }: RecordedRequest): Answer => {
    if (!headers['content-type']?.startsWith('application/json')) return no(415, 'Unsupported Media Type');
    const from = headers['from'] ?? '';
    if (!users.includes(from)) return no(400, 'Requester User Not Found', 2100);
    const { note } = JSON.parse(raw) as { note?: { content?: unknown } };
    if (typeof note?.content !== 'string' || note.content === '') return no(400, 'Content cannot be empty.');
    const written = { id: `PNOTE${[...notes.values()].flat().length + 1}`, content: note.content, from };
    notes.set(id, [...(notes.get(id) ?? []), written]);
    return { status: 200, body: { note: { ...written, user: {}, created_at: new Date().toISOString() } } };
  };

  const front = createFront((request) => {
    const { headers, path, method } = request;
    if (headers.authorization !== `Token token=${token}`) return no(401, 'Unauthorized', 2006);
    if (headers.accept !== 'application/vnd.pagerduty+json;version=2') return no(406, 'Not acceptable');
    if (path === '/incidents' && method === 'GET') return list(request);
    if (path === '/users' && method === 'GET') {
      const found = users.filter((email) => email.toLowerCase().includes(request.query.get('query') ?? ''));
      return { status: 200, body: { users: found.map((email) => ({ email, type: 'user' })) } };
    }
    const id = /^\/incidents\/([^/]+)\/notes$/.exec(path)?.[1];
    if (id === undefined || !incidents.some((each) => each.id === id)) return no(404, 'Not Found', 2100);
    return method === 'POST' ? write(id, request) : { status: 200, body: { notes: notes.get(id) ?? [] } };
  });
  const server = createServer(front.listener);
  const host = await listen(server, front);
  return {
    ...front,
    url: `http://${host}`,
    notes,
    raise,
    stop: () => stop(server),
  };
};
