import axios, { type AxiosInstance } from 'axios';
import type { Failure, FailureKind } from '../domain/failure.ts';

export interface HttpOptions {
  /** From the start of the request to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly userAgent: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly baseUrl?: string;
  readonly maxResponseBytes?: number;
}

const DEFAULT_MAX_RESPONSE_BYTES = 8 * 1024 * 1024;
/** Whoever asks for more is asked again all the same: a page must not wait for a day because of a header. */
const LONGEST_WAIT_MS = 5 * 60 * 1000;
const LONGEST_MESSAGE = 300;

/**
 * The one place where HTTP clients of our own are made. Every status is an answer and none throws; redirects are not
 * followed, for they would carry our credentials and payloads to an address that nobody configured; proxies in the
 * environment are ignored.
 */
export const createHttp = (options: HttpOptions): AxiosInstance => {
  const http = axios.create({
    ...(options.baseUrl === undefined ? {} : { baseURL: options.baseUrl, allowAbsoluteUrls: false }),
    headers: { 'User-Agent': options.userAgent, ...options.headers },
    proxy: false,
    maxRedirects: 0,
    maxContentLength: options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES,
    validateStatus: () => true,
  });
  http.interceptors.request.use((config) => {
    // axios' own timeout watches for silence: an answer that trickles would never end.
    const deadline = AbortSignal.timeout(options.timeoutMs);
    const given = config.signal as AbortSignal | undefined;
    config.signal = given ? AbortSignal.any([given, deadline]) : deadline;
    return config;
  });
  return http;
};

/**
 * What an HTTP status, or the error that a request threw, means for us. Also reads the errors of other HTTP clients,
 * by the codes that Node gives. Safe to record: holds neither headers nor bodies.
 */
export const classifyHttp = (outcome: unknown, retryAfter?: string | null, now = Date.now()): Failure => {
  const retryAfterMs = parseRetryAfter(retryAfter, now);
  const failure = typeof outcome === 'number' ? ofStatus(outcome) : ofError(outcome);
  return retryAfterMs === undefined ? failure : { ...failure, retryAfterMs };
};

/** `Retry-After` as seconds or as an HTTP date, in milliseconds from `now`. At most five minutes, whatever it says. */
export const parseRetryAfter = (header: string | null | undefined, now: number): number | undefined => {
  const text = header?.trim() ?? '';
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : /[a-z]/i.test(text) ? Date.parse(text) - now : Number.NaN;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), LONGEST_WAIT_MS);
};

const ofStatus = (status: number): Failure => {
  if (status >= 300 && status < 400) {
    return {
      kind: 'rejected',
      message: `HTTP ${status}: a redirect, which is not followed; configure the final address`,
    };
  }
  return { kind: kindOfStatus(status), message: `HTTP ${status}` };
};

const kindOfStatus = (status: number): FailureKind => {
  if (status === 420 || status === 429) return 'rate-limited';
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 408) return 'ambiguous';
  return status >= 500 ? 'server' : 'rejected';
};

const NEVER_ARRIVED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_NODATA',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EPROTO',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** The handshake comes before the request, so a certificate that is refused means that nothing was sent. */
const HANDSHAKE = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/;
const HANDSHAKE_CUT = /before secure TLS connection/;
const UNUSABLE = new Set([
  'ERR_INVALID_URL',
  'ERR_BAD_REQUEST',
  'ERR_INVALID_CHAR',
  'ERR_INVALID_PROTOCOL',
  'ERR_BAD_OPTION',
]);

const ofError = (error: unknown): Failure => {
  const chain = causes(error);
  const message = describe(chain);
  if (chain.some((e) => neverArrived(e))) return { kind: 'unreachable', message };
  if (chain.some((e) => UNUSABLE.has(e.code ?? ''))) return { kind: 'rejected', message };
  // A reset or a timeout after connecting may have come after the other side had acted.
  return { kind: 'ambiguous', message };
};

interface ErrorLike {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly syscall?: string;
}

const neverArrived = (error: ErrorLike): boolean =>
  NEVER_ARRIVED.has(error.code ?? '') ||
  HANDSHAKE.test(error.code ?? '') ||
  error.syscall === 'connect' ||
  HANDSHAKE_CUT.test(error.message);

/** The error and what caused it, outermost first: clients wrap what Node says in their own words. */
const causes = (error: unknown): ErrorLike[] => {
  const found: ErrorLike[] = [];
  let next: unknown = error;
  while (typeof next === 'object' && next !== null && found.length < 8) {
    const { name, message, code, syscall, cause, original, errors, config } = next as Record<string, unknown>;
    found.push({
      name: typeof name === 'string' ? name : 'Error',
      message: typeof message === 'string' ? message : '',
      ...(typeof code === 'string' ? { code } : {}),
      ...(typeof syscall === 'string' ? { syscall } : {}),
    });
    next = cause ?? original ?? (Array.isArray(errors) ? errors[0] : undefined) ?? abortReason(code, config);
  }
  return found;
};

/** axios says only "canceled"; the signal knows whether it was our deadline or a caller who gave up. */
const abortReason = (code: unknown, config: unknown): unknown =>
  code === 'ERR_CANCELED' ? (config as { signal?: AbortSignal } | undefined)?.signal?.reason : undefined;

const describe = (chain: readonly ErrorLike[]): string => {
  if (chain.some((e) => e.name === 'TimeoutError')) return 'no complete answer in time';
  const innermost = chain.findLast((e) => e.message !== '');
  const code = chain.findLast((e) => e.code !== undefined)?.code;
  const text = innermost?.message ?? 'the request failed';
  return (code === undefined || text.includes(code) ? text : `${code}: ${text}`).slice(0, LONGEST_MESSAGE);
};
