import type { ServerResponse } from 'node:http';
import type { DeliveryOutcome } from './ports.ts';

/** What a request is answered with, before it is written. */
export interface Answer {
  readonly status: number;
  readonly outcome: DeliveryOutcome;
  /** JSON text. */
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Set when the source will not come again with what it sent. */
  readonly refused?: { readonly code: string; readonly message: string };
}

const RETRY_AFTER_SECONDS = 5;

export interface ErrorAnswer {
  readonly status: number;
  readonly outcome: DeliveryOutcome;
  readonly code: string;
  readonly message: string;
  readonly field?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export function errorAnswer(error: ErrorAnswer, more: object = {}): Answer {
  const { status, outcome, code, message, field = null, headers = {} } = error;
  const body = JSON.stringify({ error: { code, message, field }, ...more });
  const answer = { status, outcome, body, headers };
  // A wrong method is no delivery; a 5xx comes again.
  return status < 500 && status !== 405 ? { ...answer, refused: { code, message } } : answer;
}

/** Asks the source to come again: it keeps the delivery meanwhile. */
export const comeAgain = (outcome: 'overloaded' | 'store-unavailable', message: string): Answer =>
  errorAnswer({
    status: 503,
    outcome,
    code: outcome,
    message,
    headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
  });

export const unauthorized = (message: string): Answer =>
  errorAnswer({
    status: 401,
    outcome: 'unauthorized',
    code: 'unauthorized',
    message,
    headers: { 'WWW-Authenticate': 'Bearer realm="firebreak", Basic realm="firebreak", charset="UTF-8"' },
  });

export const tooLarge = (limit: number): Answer =>
  errorAnswer({
    status: 413,
    outcome: 'too-large',
    code: 'too-large',
    message: `The body is larger than ${limit} bytes (http.maxBodyBytes)`,
  });

export const unsupported = (message: string): Answer =>
  errorAnswer({ status: 415, outcome: 'unsupported', code: 'unsupported-media-type', message });

export function writeAnswer(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, headersOf(answer));
  response.end(answer.body);
}

const headersOf = (answer: Answer): Record<string, string | number> => ({
  'Content-Type': 'application/json',
  'Content-Length': Buffer.byteLength(answer.body),
  ...answer.headers,
});

/** How long a sender that has its answer may go on sending, so that it gets to read that answer. */
const LINGER_MS = 2000;
const LINGER_BYTES = 32 * 1024 * 1024;

/**
 * Answers before the body was read. The answer goes out whole at once; the connection is closed when the sender has
 * finished, or after a while. Closing at once with bytes unread would reset it, and the sender would see that instead.
 */
export function writeEarlyAnswer(response: ServerResponse, answer: Answer): void {
  const request = response.req;
  response.writeHead(answer.status, { ...headersOf(answer), Connection: 'close' });
  response.write(answer.body);
  const finish = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(finish, LINGER_MS).unref();
  let discarded = 0;
  request.removeAllListeners('data');
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > LINGER_BYTES) finish();
  });
  request.once('end', finish).once('close', finish);
  if (request.readableEnded) finish();
  else request.resume();
}
