import type { Express } from 'express';
import type { Gate } from './auth.ts';
import { ApiError } from './errors.ts';
import type { ApiBackend, Health } from './ports.ts';
import { lockedPage, rootPage } from './root-page.ts';
import type { RootPage } from './root-page.ts';

/** For load balancers, Kubernetes and Prometheus: no credentials, and nothing of any incident. */
export function addProbes(app: Express, health: Health, version: string): void {
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok', version });
  });
  app.get('/readyz', async (_request, response) => {
    const missing = await health.ready();
    if (missing !== null) throw new ApiError('unavailable', missing);
    response.json({ status: 'ready' });
  });
  app.get('/metrics', async (_request, response) => {
    const { contentType, text } = await health.metrics();
    response.set('Content-Type', contentType).end(text);
  });
}

interface Front {
  readonly gate: Gate;
  readonly backend: ApiBackend;
  readonly version: string;
  readonly sandbox: string | null;
}

const SHOWN = 50;

export function addFrontPage(app: Express, { gate, backend, version, sandbox }: Front): void {
  app.get('/', async (request, response) => {
    const found = mayRead(gate, request) ? await openIncidents(backend) : { open: null, more: false };
    response.type('html').send(rootPage({ version, sandbox, ...found }));
  });
}

/** Where the links in messages lead. */
export function addIncidentPage(app: Express, { gate }: Pick<Front, 'gate'>): void {
  app.get('/incidents/:id', (request, response) => {
    const { id } = request.params;
    if (mayRead(gate, request)) response.redirect(`/api/v1/incidents/${encodeURIComponent(id)}/report?format=html`);
    else response.status(401).type('html').send(lockedPage(id));
  });
}

/** The page itself is for everybody; a browser has no token to send. */
function mayRead(gate: Gate, request: Parameters<Gate['identify']>[0]): boolean {
  try {
    gate.identify(request);
    return true;
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}

async function openIncidents(backend: ApiBackend): Promise<Pick<RootPage, 'open' | 'more'>> {
  const status = ['open', 'acknowledged', 'mitigated'];
  const filter = { status, severity: [], service: null, since: null, cursor: null, limit: SHOWN + 1 };
  const found = await backend.listIncidents(filter);
  return { open: found.slice(0, SHOWN), more: found.length > SHOWN };
}
