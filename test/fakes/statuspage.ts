import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createFront, listen, stop, type Answer, type FaultControls, type RecordedRequest } from './faults.ts';
import { incidentErrors, type IncidentFields } from './statuspage-rules.ts';

interface PageUpdate {
  readonly status: string;
  readonly body: string;
  readonly notified: boolean;
}

export interface PageIncident {
  readonly id: string;
  name: string;
  status: string;
  impact: string;
  readonly shortlink: string;
  metadata: Record<string, unknown>;
  componentIds: readonly string[];
  /** Oldest first. */
  readonly updates: PageUpdate[];
  readonly createdAt: string;
}

export interface FakeStatuspage extends FaultControls {
  /** What a client takes for `https://api.statuspage.io/v1`. */
  readonly url: string;
  /** Oldest first. */
  readonly incidents: PageIncident[];
  /** The page's components with their status. */
  readonly components: ReadonlyMap<string, string>;
  stop(): Promise<void>;
}

export interface FakeStatuspageOptions {
  readonly apiKey: string;
  readonly pageId: string;
  /** Ids of the page's components. */
  readonly components?: readonly string[];
  /** What it answers to a second request within a second: as it was (420) and as it is (429). Unlimited unless told. */
  readonly limit?: 420 | 429;
  /** Incidents that a page of a list holds at most. */
  readonly pageSize?: number;
}

const error = (status: number, message: string | readonly string[]): Answer => ({ status, body: { error: message } });

/** The part of Statuspage's API that Firebreak calls, as documented, and stricter: what it does not know is refused. */
export const startStatuspage = async (options: FakeStatuspageOptions): Promise<FakeStatuspage> => {
  const incidents: PageIncident[] = [];
  const components = new Map((options.components ?? []).map((id) => [id, 'operational']));
  const page = `/v1/pages/${options.pageId}`;
  const base = `${page}/incidents`;
  let lastAt = -Infinity;

  const isTooFast = (): boolean => {
    const before = lastAt;
    lastAt = performance.now();
    return options.limit !== undefined && lastAt - before < 1000;
  };

  const applyTo = (incident: PageIncident, fields: IncidentFields): void => {
    incident.name = fields.name ?? incident.name;
    incident.status = fields.status ?? incident.status;
    incident.impact = fields.impact_override ?? incident.impact;
    incident.metadata = fields.metadata ?? incident.metadata;
    incident.componentIds = fields.component_ids ?? incident.componentIds;
    for (const [id, status] of Object.entries(fields.components ?? {})) components.set(id, status);
    if (fields.body !== undefined) {
      const notified = fields.deliver_notifications ?? true;
      incident.updates.push({ status: incident.status, body: fields.body, notified });
    }
  };

  const create = (fields: IncidentFields): Answer => {
    const id = randomBytes(6).toString('hex');
    const incident: PageIncident = {
      id,
      name: '',
      status: 'investigating',
      impact: 'none',
      shortlink: `https://stspg.io/${id}`,
      metadata: {},
      componentIds: [],
      updates: [],
      createdAt: new Date().toISOString(),
    };
    applyTo(incident, fields);
    incidents.push(incident);
    return { status: 201, body: shown(incident) };
  };

  const change = (request: RecordedRequest, then: (fields: IncidentFields) => Answer, isNew: boolean): Answer => {
    const read = incidentErrors(request, { isNew, components: [...components.keys()] });
    return 'errors' in read ? error(422, read.errors) : then(read.fields);
  };

  const list = (all: readonly PageIncident[], sizeName: string, query: URLSearchParams): Answer => {
    const size = Math.min(Number(query.get(sizeName) ?? 100), options.pageSize ?? 100);
    const from = (Number(query.get('page') ?? 1) - 1) * size;
    return {
      status: 200,
      body: all
        .toReversed()
        .slice(from, from + size)
        .map(shown),
    };
  };

  const one = (request: RecordedRequest): Answer => {
    const incident = incidents.find(({ id }) => request.path === `${base}/${id}`);
    if (!incident) return error(404, 'Not found');
    if (request.method === 'GET') return { status: 200, body: shown(incident) };
    if (request.method !== 'PATCH') return error(405, 'Method not allowed');
    return change(
      request,
      (fields) => {
        applyTo(incident, fields);
        return { status: 200, body: shown(incident) };
      },
      false,
    );
  };

  const front = createFront((request) => {
    if (isTooFast()) {
      return { ...error(options.limit ?? 429, 'Rate limit exceeded'), headers: { 'retry-after': '1' } };
    }
    if (request.headers.authorization !== `OAuth ${options.apiKey}`) return error(401, 'Could not authenticate');
    const { method, path, query } = request;
    if (path === base && method === 'POST') return change(request, create, true);
    if (path === base && method === 'GET') return list(incidents, 'limit', query);
    if (path === `${base}/unresolved` && method === 'GET') {
      return list(
        incidents.filter(({ status }) => status !== 'resolved'),
        'per_page',
        query,
      );
    }
    if (path === page && method === 'GET') {
      return { status: 200, body: { id: options.pageId, name: 'Example Status', subdomain: 'example' } };
    }
    if (path === `${page}/components` && method === 'GET') {
      const shownComponents = [...components].map(([id, status]) => ({ id, name: `Component ${id}`, status }));
      return { status: 200, body: shownComponents };
    }
    return one(request);
  });

  const server = createServer(front.listener);
  const host = await listen(server, front);
  return { ...front, url: `http://${host}/v1`, incidents, components, stop: () => stop(server) };
};

const shown = (incident: PageIncident): object => ({
  id: incident.id,
  name: incident.name,
  status: incident.status,
  impact: incident.impact,
  shortlink: incident.shortlink,
  metadata: incident.metadata,
  created_at: incident.createdAt,
  components: incident.componentIds.map((id) => ({ id })),
  incident_updates: incident.updates.toReversed().map(({ status, body }) => ({ status, body })),
});
