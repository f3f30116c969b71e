import type { IncomingHttpHeaders, IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** How a fake misbehaves for its next requests. */
interface Misbehaviour {
  /** For how many requests; 1 unless told. */
  readonly times?: number;
  /**
   * reset: cut the connection, nothing was applied. timeout: never answer, nothing was applied. drop-after-apply: apply
   * the request, then cut the connection. garbage-after-apply: apply it, then answer with a page that is not the
   * service's. status: answer with `status` and `body`, nothing was applied. slow: apply and answer, after `delayMs`.
   */
  readonly mode: 'reset' | 'timeout' | 'drop-after-apply' | 'garbage-after-apply' | 'status' | 'slow';
  readonly status?: number;
  readonly body?: unknown;
  readonly retryAfter?: number | string;
  /** Where a redirect leads. */
  readonly location?: string;
  /** Before whatever the mode does. */
  readonly delayMs?: number;
  /** Only requests whose path contains this. */
  readonly path?: string;
  /** Only requests of this method. */
  readonly method?: string;
}

const APPLYING: ReadonlySet<string> = new Set(['drop-after-apply', 'garbage-after-apply', 'slow']);
const GARBAGE = '<html><body>Please sign in</body></html>';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  /** When it had been read, as `performance.now()`. */
  readonly arrivedAt: number;
  /** False when it was cut or refused by a misbehaviour before it took effect. */
  readonly applied: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What a fake of an HTTP service needs besides its own rules: faults, a record of requests, start and stop. */
export interface Front {
  readonly requests: RecordedRequest[];
  misbehave(how: Misbehaviour): void;
  readonly listener: RequestListener;
}

export const createFront = (apply: (request: RecordedRequest) => Answer): Front => {
  const requests: RecordedRequest[] = [];
  let faults: { readonly how: Misbehaviour; left: number }[] = [];

  const nextFault = (method: string, path: string): Misbehaviour | undefined => {
    const fault = faults.find(({ how }) => path.includes(how.path ?? '') && (how.method ?? method) === method);
    if (fault) fault.left -= 1;
    faults = faults.filter(({ left }) => left > 0);
    return fault?.how;
  };

  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const raw = await readAll(req);
    const url = new URL(req.url ?? '/', 'http://fake');
    const { method = '', headers } = req;
    const fault = nextFault(method, url.pathname);
    const applied = fault === undefined || APPLYING.has(fault.mode);
    const arrivedAt = performance.now();
    const query = url.searchParams;
    const request: RecordedRequest = { method, path: url.pathname, query, headers, raw, arrivedAt, applied };
    requests.push(request);
    if (fault?.delayMs) await delay(fault.delayMs);
    const answer = applied ? apply(request) : null;
    if (answer && (!fault || fault.mode === 'slow')) reply(res, answer);
    else if (fault?.mode === 'garbage-after-apply') reply(res, { status: 200, body: GARBAGE });
    else if (fault?.mode === 'status') reply(res, statusOf(fault));
    else if (fault?.mode !== 'timeout') req.socket.destroy();
  };

  return {
    requests,
    misbehave: (how) => faults.push({ how, left: how.times ?? 1 }),
    listener: (req, res) => {
      handle(req, res).catch(() => req.socket.destroy());
    },
  };
};

const readAll = async (req: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

const statusOf = ({ status = 500, body = {}, retryAfter, location }: Misbehaviour): Answer => ({
  status,
  body,
  headers: {
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...(location === undefined ? {} : { location }),
  },
});

const reply = (res: ServerResponse, { status, headers, body }: Answer): void => {
  const json = typeof body !== 'string';
  res.writeHead(status, { 'content-type': json ? 'application/json' : 'text/html', ...headers });
  res.end(json ? JSON.stringify(body) : body);
};

/** Listens on a free port of 127.0.0.1 and gives `host:port`. */
export const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** Stops at once, also with requests that are never answered. */
export const stop = async (server: Server): Promise<void> => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
};
