import express from 'express';
import type { RequestHandler, Response, Router } from 'express';
import type { Gate } from './auth.ts';
import { readBody } from './body.ts';
import { ApiError } from './errors.ts';
import { openApiDocument } from './openapi.ts';
import type { Document } from './ports.ts';
import { FileAnswer } from './route.ts';
import type { Route, Services } from './route.ts';
import { commandRoutes } from './routes/commands.ts';
import { communicationRoutes } from './routes/communication.ts';
import { comparisonRoutes } from './routes/comparison.ts';
import { diagnosisRoutes } from './routes/diagnosis.ts';
import { incidentRoutes } from './routes/incidents.ts';
import { learningRoutes } from './routes/learning.ts';
import { lifecycleRoutes } from './routes/lifecycle.ts';
import { maintenanceRoutes } from './routes/maintenance.ts';
import { operationRoutes } from './routes/operations.ts';
import { overviewRoutes } from './routes/overview.ts';
import { reportRoutes } from './routes/report.ts';
import { serviceRoutes } from './routes/services.ts';
import { ruleRoutes } from './routes/rules.ts';

/** The whole API. */
const ROUTES: readonly Route[] = [
  ...incidentRoutes,
  ...reportRoutes,
  ...commandRoutes,
  ...lifecycleRoutes,
  ...diagnosisRoutes,
  ...learningRoutes,
  ...communicationRoutes,
  ...serviceRoutes,
  ...operationRoutes,
  ...maintenanceRoutes,
  ...comparisonRoutes,
  ...ruleRoutes,
  ...overviewRoutes,
];

export function apiRouter(gate: Gate, services: Services, version: string): Router {
  const router = express.Router();
  const document = openApiDocument(ROUTES, version);
  router.get('/openapi.json', (request, response) => {
    gate.admit(request, 'viewer');
    response.json(document);
  });
  for (const entry of ROUTES) router[entry.method](entry.path, handler(entry, gate, services));
  for (const path of new Set(['/openapi.json', ...ROUTES.map((entry) => entry.path)])) {
    router.all(path, refuseMethod(path));
  }
  return router;
}

/** Who, then what, then do it. A body is read only from those who may send one. */
const handler =
  (entry: Route, gate: Gate, services: Services): RequestHandler =>
  async (request, response) => {
    const caller = gate.admit(request, entry.role);
    const body = entry.method === 'post' ? await readBody(request, response) : {};
    const raw = { params: request.params, url: request.originalUrl, body };
    const answer = await entry.run(raw, caller, services);
    if (answer instanceof FileAnswer) sendFile(response, answer.file);
    else response.json(answer);
  };

function sendFile(response: Response, { contentType, filename, text, contentSecurityPolicy }: Document): void {
  response.set({ 'Content-Type': contentType, 'Content-Disposition': `inline; filename="${filename}"` });
  if (contentSecurityPolicy !== null) response.set('Content-Security-Policy', contentSecurityPolicy);
  response.end(text);
}

function refuseMethod(path: string): RequestHandler {
  const methods = ROUTES.filter((entry) => entry.path === path).map((entry) => entry.method.toUpperCase());
  const allowed = methods.length === 0 || methods.includes('GET') ? ['GET', 'HEAD', ...methods] : methods;
  const allow = [...new Set(allowed)].join(', ');
  return (request) => {
    throw new ApiError('method-not-allowed', `${request.method} is not possible here; possible: ${allow}`, {
      headers: { Allow: allow },
    });
  };
}
