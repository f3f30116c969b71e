import type { Failure, FailureKind } from '../../../domain/failure.ts';

/** Something in our own configuration that no retry will mend: a kubeconfig that is missing or has no such context. */
export class ConnectionSetupError extends Error {
  override readonly name = 'ConnectionSetupError';
}

const NEVER_ARRIVED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const kindOfStatus = (status: number): FailureKind => {
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 429) return 'rate-limited';
  // The API server gave up waiting for itself: in its own words it "may still be processing the request".
  if (status === 408 || status === 504) return 'ambiguous';
  return status >= 500 ? 'server' : 'rejected';
};

const retryAfterMs = (header: string | undefined): number | null => {
  const seconds = Number(header ?? 'none');
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
};

/** Classifies an answer that is not a success. */
export const failureOfStatus = (status: number, message: string, retryAfter: string | undefined): Failure => {
  const wait = retryAfterMs(retryAfter);
  return {
    kind: kindOfStatus(status),
    message: `Kubernetes answered ${status}: ${message}`,
    ...(wait === null ? {} : { retryAfterMs: wait }),
  };
};

interface Link {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

const textIn = (value: object, key: string): string => {
  const text: unknown = Reflect.get(value, key);
  return typeof text === 'string' ? text : '';
};

/**
 * An error and what caused it, outermost first: fetch hides the reason one or two levels down. Read by shape, since an
 * error of another realm (a worker, a test's sandbox) is no instance of our Error.
 */
const chainOf = (error: unknown): readonly Link[] => {
  const links: Link[] = [];
  for (let at = error; typeof at === 'object' && at !== null && links.length < 8; at = Reflect.get(at, 'cause')) {
    links.push({ name: textIn(at, 'name'), code: textIn(at, 'code'), message: textIn(at, 'message') });
  }
  return links;
};

const isAbort = (link: Link): boolean => link.name === 'AbortError' || link.name === 'TimeoutError';
const isTls = (code: string): boolean => /CERT|^ERR_(TLS|SSL)|SIGNED|^EPROTO|UNABLE_TO/.test(code);

/** Classifies what was thrown instead of an answer. Whatever may have reached the server is `ambiguous`. */
export const failureOfThrown = (error: unknown): Failure => {
  if (error instanceof ConnectionSetupError) return { kind: 'rejected', message: error.message };
  const chain = chainOf(error);
  const innermost = chain.findLast((link) => link.message !== '');
  const said = innermost === undefined ? String(error) : innermost.message;
  if (chain.some((link) => NEVER_ARRIVED.has(link.code))) {
    return { kind: 'unreachable', message: `Kubernetes is not reachable: ${said}` };
  }
  if (chain.some((link) => isTls(link.code))) {
    return { kind: 'rejected', message: `TLS with Kubernetes failed: ${said}` };
  }
  if (chain.some(isAbort)) return { kind: 'ambiguous', message: 'Kubernetes did not answer in time' };
  return { kind: 'ambiguous', message: `The connection to Kubernetes broke: ${said}` };
};
