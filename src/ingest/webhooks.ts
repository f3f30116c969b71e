import { randomUUIDv7 } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Policy } from '../domain/policy.ts';
import type { Clock } from '../domain/time.ts';
import type { Received } from './alert-endpoint.ts';
import { AlertEndpoint } from './alert-endpoint.ts';
import type { Answer } from './answer.ts';
import { errorAnswer, tooLarge, unauthorized, writeAnswer, writeEarlyAnswer } from './answer.ts';
import type { WebhookAuth } from './auth.ts';
import type { ParsedBody } from './body.ts';
import { announcesMore, parseForm, parseJson, problemOfFormType, problemOfType, readBody } from './body.ts';
import type { DeliveryWriter } from './delivery-writer.ts';
import { ChangeEndpoint, PagerDutyEndpoint } from './notice-endpoints.ts';
import type { ChangeStore, IngestMetrics, Log, PageNewsSink, RefusedRequest, SlackDesk, Source } from './ports.ts';
import { readAlertmanager, readGeneric } from './read-delivery.ts';
import { answerUnsigned, SlackEndpoint } from './slack-endpoint.ts';

export interface WebhooksOptions {
  readonly auth: WebhookAuth;
  readonly policy: Pick<Policy, 'correlation'>;
  readonly writer: DeliveryWriter;
  readonly changes: ChangeStore;
  readonly pageNews: PageNewsSink;
  /** Null: there is no such endpoint. */
  readonly slack: SlackDesk | null;
  readonly maxBodyBytes: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: IngestMetrics;
  /** Told of every request that was turned away for good. */
  readonly recordRefusal?: (refused: RefusedRequest) => void;
  /** Told of every request that was answered with 2xx. */
  readonly recordAccepted?: (source: Source) => void;
}

export interface Webhooks {
  /** Takes the request if it is for one of the webhooks; false: it is somebody else's. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
}

type Access = ReturnType<WebhookAuth['byHeaders']>;

interface Endpoint {
  answer(body: unknown, received: Received, headers: IncomingHttpHeaders): Promise<Answer>;
}

interface Route {
  readonly source: Source;
  readonly endpoint: Endpoint;
  /** Where it is not JSON. */
  readonly form?: {
    readonly problemOfType: (headers: IncomingHttpHeaders) => Answer | null;
    readonly parse: (bytes: Buffer, headers: IncomingHttpHeaders) => ParsedBody;
    /** Null: it must be signed. */
    readonly answerUnsigned: (bytes: Buffer) => Answer | null;
  };
}

const FORM = { problemOfType: problemOfFormType, parse: parseForm, answerUnsigned };

/**
 * The webhooks, on bare node:http: on this path Express would cost two thirds of the throughput. Nothing here is built
 * per request but the promise that carries it.
 */
export function createWebhooks(options: WebhooksOptions): Webhooks {
  return new WebhookServer(options);
}

function routesOf(options: WebhooksOptions): ReadonlyMap<string, Route> {
  const { writer, changes, pageNews, slack, metrics, log } = options;
  const common = { correlation: options.policy.correlation, writer, metrics, log };
  const alerts = (source: Source, read: typeof readGeneric): Route => ({
    source,
    endpoint: new AlertEndpoint({ ...common, source, read }),
  });
  return new Map<string, Route>([
    ['/webhooks/alertmanager', alerts('alertmanager', readAlertmanager)],
    ['/webhooks/alerts', alerts('generic', readGeneric)],
    ['/webhooks/pagerduty', { source: 'pagerduty', endpoint: new PagerDutyEndpoint({ ...common, pageNews }) }],
    ['/webhooks/changes', { source: 'changes', endpoint: new ChangeEndpoint(changes, log) }],
    ...(slack === null
      ? []
      : [['/webhooks/slack', { source: 'slack', endpoint: new SlackEndpoint(slack, log), form: FORM }] as const]),
  ]);
}

class WebhookServer implements Webhooks {
  readonly #options: WebhooksOptions;
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(options: WebhooksOptions) {
    this.#options = options;
    this.#routes = routesOf(options);
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const url = request.url ?? '';
    const query = url.indexOf('?');
    const route = this.#routes.get(query < 0 ? url : url.slice(0, query));
    if (route === undefined) return false;
    this.#serve(route, request, response).catch((error: unknown) => {
      this.#fail(route, response, error);
    });
    return true;
  }

  async #serve(route: Route, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const access = this.#options.auth.byHeaders(route.source, request.headers);
    const early = this.#answerToHeaders(route, request, access);
    const identified = access !== 'refused' || request.headers.authorization !== undefined;
    if (early !== null) {
      this.#finish(route, early, identified);
      writeEarlyAnswer(response, early);
      return;
    }
    const body = await readBody(request, this.#options.maxBodyBytes);
    if (body.kind === 'aborted') {
      this.#options.metrics.delivery(route.source, 'aborted');
      return;
    }
    if (body.kind === 'too-large') {
      const answer = tooLarge(this.#options.maxBodyBytes);
      this.#finish(route, answer, identified);
      writeEarlyAnswer(response, answer);
      return;
    }
    const answer = await this.#answerToBody(route, request.headers, access, body.bytes);
    this.#finish(route, answer, identified);
    writeAnswer(response, answer);
  }

  /** What can be refused before a byte of the body is read. */
  #answerToHeaders({ source, form }: Route, request: IncomingMessage, access: Access): Answer | null {
    const { maxBodyBytes } = this.#options;
    if (request.method !== 'POST') return methodNotAllowed();
    if (access === 'refused') return unauthorized(HOW_TO_AUTHENTICATE[source]);
    const problem = (form?.problemOfType ?? problemOfType)(request.headers);
    if (problem !== null) return problem;
    return announcesMore(request.headers, maxBodyBytes) ? tooLarge(maxBodyBytes) : null;
  }

  async #answerToBody(route: Route, headers: IncomingHttpHeaders, access: Access, bytes: Buffer): Promise<Answer> {
    const { auth, clock } = this.#options;
    const receivedAt = clock.now();
    if (access !== 'granted' && !auth.isSigned(route.source, headers, bytes, receivedAt)) {
      return route.form?.answerUnsigned(bytes) ?? unauthorized('The signature does not fit the body, or is too old');
    }
    const parsed = (route.form?.parse ?? parseJson)(bytes, headers);
    if (parsed.kind === 'unreadable') return parsed.answer;
    return route.endpoint.answer(parsed.value, { deliveryId: randomUUIDv7(), receivedAt }, headers);
  }

  #finish({ source }: Route, { status, outcome, refused }: Answer, identified: boolean): void {
    this.#options.metrics.delivery(source, outcome);
    if (status < 300) this.#options.recordAccepted?.(source);
    if (refused === undefined) return;
    const { code, message } = refused;
    this.#options.log.warn({ source, status, code }, `a webhook was refused: ${message}`);
    this.#options.recordRefusal?.({ source, status, code, message, identified, at: this.#options.clock.now() });
  }

  /** A fault of ours. 500, because then the sender keeps the delivery and comes again. */
  #fail({ source }: Route, response: ServerResponse, error: unknown): void {
    this.#options.log.error({ err: error, source }, 'a webhook failed');
    this.#options.metrics.delivery(source, 'failed');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const message = 'Firebreak failed on this; it is in its log';
    writeAnswer(response, errorAnswer({ status: 500, outcome: 'failed', code: 'internal', message }));
  }
}

const BY_CREDENTIALS = 'Missing or wrong credentials: a bearer token, basic authentication, or a signature is needed';
const HOW_TO_AUTHENTICATE: Readonly<Record<Source, string>> = {
  alertmanager: BY_CREDENTIALS,
  generic: BY_CREDENTIALS,
  changes: BY_CREDENTIALS,
  slack: 'The signature does not fit the body, or is too old',
  pagerduty: 'X-PagerDuty-Signature is missing, or no pagerduty.webhookSecrets are configured',
};

const methodNotAllowed = (): Answer =>
  errorAnswer({
    status: 405,
    outcome: 'unsupported',
    code: 'method-not-allowed',
    message: 'Only POST',
    headers: { Allow: 'POST' },
  });
