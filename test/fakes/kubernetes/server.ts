import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { parse } from 'yaml';
import { answer } from './api.ts';
import type { Certificate } from './certificate.ts';
import { discoveryDocument } from './discovery.ts';
import type { Faults } from './faults.ts';
import { protobufToJson } from './protobuf.ts';
import { failure, notFound, type Reply } from './status.ts';
import type { Store } from './store.ts';
import type { Logs } from './logs.ts';
import type { PodObject } from './objects.ts';
import { type ApiCall, isInstalled, type Target, targetOf } from './target.ts';
import { streamWatch } from './watch.ts';

/** A request as it came, with what was answered; 0 when nothing was. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly accept: string;
  readonly userAgent: string;
  readonly body: string;
  status: number;
}

/** A PATCH that changed what is stored. */
export interface EffectivePatch {
  readonly path: string;
  readonly contentType: string;
  readonly userAgent: string;
  readonly body: unknown;
}

export interface ApiServer {
  readonly port: number;
  readonly requests: RecordedRequest[];
  readonly patches: EffectivePatch[];
  close(): Promise<void>;
}

interface Parts {
  readonly store: Store;
  readonly faults: Faults;
  readonly logs: Logs;
  readonly now: () => number;
  readonly token: string;
  readonly certificate: Certificate;
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const body = await buffer(request);
  const isProtobuf = request.headers['content-type']?.includes('protobuf') === true && body.length > 0;
  return isProtobuf ? protobufToJson(body) : body.toString();
};

const callOf = async (request: IncomingMessage): Promise<ApiCall> => {
  const url = new URL(request.url ?? '/', 'https://localhost');
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    contentType: request.headers['content-type'] ?? '',
    accept: request.headers.accept ?? '',
    userAgent: request.headers['user-agent'] ?? '',
    body: await bodyOf(request),
  };
};

const logOf = (store: Store, logs: Logs, { namespace, name = '' }: Target, call: ApiCall): Reply => {
  const pod = store.get('pods', namespace, name);
  return pod === null ? notFound('pods', name) : logs.read(pod as PodObject, call.query);
};

const replyTo = (store: Store, logs: Logs, call: ApiCall): Reply => {
  const document = discoveryDocument(call.path);
  if (document !== null) return { status: 200, body: document };
  const target = targetOf(call.path);
  if (target?.type.resource === 'pods' && target.subresource === 'log') return logOf(store, logs, target, call);
  const unknown = target === null || target.subresource !== undefined || !isInstalled(store, target.type);
  return unknown ? failure(404, 'the server could not find the requested resource') : answer(store, target, call);
};

const send = (response: ServerResponse, { status, body }: Reply, headers: Record<string, string> = {}): void => {
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers });
  response.end(isText ? body : JSON.stringify(body));
};

/** The HTTP side of the fake: who may ask, what goes wrong on purpose, and a record of everything that was asked. */
export const serveApi = async ({ store, faults, logs, now, token, certificate }: Parts): Promise<ApiServer> => {
  const requests: RecordedRequest[] = [];
  const patches: EffectivePatch[] = [];

  const apply = (call: ApiCall): Reply => {
    const before = store.version;
    const reply = replyTo(store, logs, call);
    if (call.method === 'PATCH' && store.version !== before) {
      const { path, contentType, userAgent } = call;
      patches.push({ path, contentType, userAgent, body: parse(call.body) });
    }
    return reply;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = await callOf(request);
    const record: RecordedRequest = { ...call, query: Object.fromEntries(call.query), status: 0 };
    requests.push(record);
    const finish = (reply: Reply, headers?: Record<string, string>): void => {
      record.status = reply.status;
      send(response, reply, headers);
    };
    // A real server's clock is its own; Node would send ours.
    response.setHeader('date', new Date(now()).toUTCString());
    if (request.headers.authorization !== `Bearer ${token}`) {
      finish(failure(401, 'Unauthorized'));
      return;
    }
    const fault = faults.take(call.method, call.path);
    fault?.before?.();
    if (fault?.hang === true) return;
    if (fault?.status !== undefined) {
      const wait = fault.retryAfterSeconds;
      finish(failure(fault.status, 'injected'), wait === undefined ? {} : { 'retry-after': String(wait) });
      return;
    }
    if (fault?.dropAfterApply === true) apply(call);
    if (fault?.dropAfterApply === true || fault?.drop === true) {
      response.destroy();
      return;
    }
    const target = call.query.get('watch') === 'true' || call.query.get('watch') === '1' ? targetOf(call.path) : null;
    if (target === null) finish(apply(call));
    else streamWatch(store, target, call.query, response);
  };

  const server = createServer(certificate, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) send(response, failure(500, String(error)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    patches,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
};
