import express from 'express';
import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import helmet from 'helmet';
import { createGate } from './auth.ts';
import type { ApiToken } from './auth.ts';
import { classify, notFound } from './errors.ts';
import { addFrontPage, addIncidentPage, addProbes } from './front.ts';
import type { ApiBackend, Health, Log } from './ports.ts';
import { presenter } from './present.ts';
import { apiRouter } from './router.ts';
import { STYLE_HASH } from './root-page.ts';

export interface ApiOptions {
  readonly backend: ApiBackend;
  readonly health: Health;
  readonly tokens: readonly ApiToken[];
  /** On loopback with nothing configured: everybody is admin, named `local`. */
  readonly openWithoutCredentials: boolean;
  readonly version: string;
  /** Why effects are not sent; null when they are. */
  readonly sandbox: string | null;
  /** How long a resolved incident is watched (`policy.monitoringSeconds`). */
  readonly monitoringSeconds: number;
  readonly log: Log;
}

/** The REST API, its probes and a first page. Answers whatever reaches it, so it stands last. */
export function createApi(options: ApiOptions): Express {
  const { backend, health, version, sandbox, log } = options;
  const gate = createGate(options.tokens, options.openWithoutCredentials);
  const services = { backend, log, present: presenter(options.monitoringSeconds) };
  const app = express();
  app.disable('etag'); // nothing here is kept by anybody, so there is nothing to compare
  app.use(secureHeaders(), noStore);
  addProbes(app, health, version);
  addFrontPage(app, { gate, backend, version, sandbox });
  addIncidentPage(app, { gate });
  app.use('/api/v1', apiRouter(gate, services, version));
  app.use((request) => {
    throw notFound(`There is nothing at ${request.path}`);
  });
  app.use(answerErrors(log));
  return app;
}

/** Strict: whatever an alert carries, a browser that shows it runs and loads nothing. */
const secureHeaders = (): RequestHandler =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: [STYLE_HASH],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
  });

const noStore: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store');
  next();
};

/** Express tells an error handler by its four parameters. */
const answerErrors =
  (log: Log): ErrorRequestHandler =>
  (thrown: unknown, request, response, next) => {
    const error = classify(thrown);
    const about = { err: error.cause, method: request.method, path: request.path };
    if (error.code === 'internal') log.error(about, 'a request failed');
    if (error.code === 'unavailable') log.warn(about, 'a request failed: the store cannot be reached');
    if (response.headersSent) {
      next(thrown); // express then cuts the connection: half an answer must not look whole
      return;
    }
    response.status(error.status).set(error.headers).json(error.body);
  };
