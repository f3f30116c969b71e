import type { IncomingHttpHeaders, IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** How a fake misbehaves for its next requests. */
interface Misbehaviour {
  /** For how many requests; 1 unless told. */
  readonly times?: number;
  /** After so many requests that it could have hit; none unless told. */
  readonly skip?: number;
  /**
   * reset: cut the connection, nothing was applied. timeout: never answer, nothing was applied. drop-after-apply: apply
   * the request, then cut the connection. garbage-after-apply: apply it, then answer with a page that is not the
   * service's. status: answer with `status` and `body`, nothing was applied. slow: apply and answer, after `delayMs`.
   * down: refuse connections until `comeBack`.
   */
  readonly mode: 'reset' | 'timeout' | 'drop-after-apply' | 'garbage-after-apply' | 'status' | 'slow' | 'down';
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
  /** Faults that have hit nothing yet. */
  pending(): number;
  /** Ends being down. */
  comeBack(): Promise<void>;
  /** Answers 503 to everything as long as this says so. */
  failWhile(isDown: () => boolean): void;
  readonly listener: RequestListener;
  /** The server that listens, for the faults that need it. */
  attach(server: Server): void;
}

/** What a test may do with a fake besides reading what it saw. */
export type FaultControls = Pick<Front, 'requests' | 'misbehave' | 'failWhile' | 'pending' | 'comeBack'>;

interface Fault {
  readonly how: Misbehaviour;
  skip: number;
  left: number;
}

export const createFront = (apply: (request: RecordedRequest) => Answer): Front => {
  const requests: RecordedRequest[] = [];
  let faults: Fault[] = [];
  const outage = createOutage();

  let isDown = (): boolean => false;

  const nextFault = (method: string, path: string): Misbehaviour | undefined => {
    if (isDown()) return { mode: 'status', status: 503 };
    const fits = ({ how }: Fault): boolean =>
      how.mode !== 'down' && path.includes(how.path ?? '') && (how.method ?? method) === method;
    const fault = faults.find(fits);
    if (!fault) return undefined;
    if (fault.skip > 0) {
      fault.skip -= 1;
      return undefined;
    }
    fault.left -= 1;
    faults = faults.filter(({ left }) => left > 0);
    return fault.how;
  };

  /** Whether this was the last request before it goes down. */
  const endsService = (): boolean => {
    const fault = faults.find(({ how }) => how.mode === 'down');
    if (!fault) return false;
    fault.skip -= 1;
    if (fault.skip > 0) return false;
    faults = faults.filter((other) => other !== fault);
    return true;
  };

  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const raw = await readAll(req);
    // A connection from before: whoever is down says nothing on it.
    if (outage.isDown()) {
      req.socket.destroy();
      return;
    }
    const url = new URL(req.url ?? '/', 'http://fake');
    const { method = '', headers } = req;
    const fault = nextFault(method, url.pathname);
    if (endsService()) {
      res.setHeader('connection', 'close');
      outage.begin();
    }
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
    failWhile: (condition) => {
      isDown = condition;
    },
    misbehave: (how) => {
      const { skip = 0, times = 1 } = how;
      if (how.mode === 'down' && skip === 0) outage.begin();
      else faults.push({ how, skip, left: times });
    },
    pending: () => faults.length,
    comeBack: () => outage.end(),
    listener: (req, res) => {
      handle(req, res).catch(() => req.socket.destroy());
    },
    attach: (server) => {
      outage.attach(server);
    },
  };
};

const createOutage = () => {
  let server: Server | null = null;
  let port = 0;
  return {
    attach: (listening: Server) => {
      server = listening;
      port = (listening.address() as AddressInfo).port;
    },
    isDown: () => server !== null && !server.listening,
    begin: () => {
      server?.close();
      server?.closeIdleConnections();
    },
    end: async () => {
      if (server === null || server.listening) return;
      await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
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
export const listen = async (server: Server, front?: Front): Promise<string> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  front?.attach(server);
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** Stops at once, also with requests that are never answered. */
export const stop = async (server: Server): Promise<void> => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
};
