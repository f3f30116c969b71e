import type { AxiosInstance, AxiosResponse } from 'axios';
import { z } from 'zod';
import type { Failure } from '../../../domain/failure.ts';
import type { Clock } from '../../../domain/time.ts';
import { sign } from '../../../domain/webhook-signature.ts';

export interface WebhookEndpoint {
  readonly url: string;
  /** Asked for at each request, so it is revealed late. */
  readonly secret: () => string;
}

export interface WebhookConnection {
  /** By the name that steps use. */
  readonly endpoints: Readonly<Record<string, WebhookEndpoint>>;
  /** Made by the house's factory: a deadline, no redirects, every status an answer. */
  readonly http: AxiosInstance;
  /** What a status or a thrown error means. */
  readonly classify: (statusOrError: unknown, retryAfter?: string | null) => Failure;
  readonly clock: Clock;
}

export type Answer<T> =
  | { readonly kind: 'ok'; readonly body: T }
  | { readonly kind: 'not-found' }
  /** It answered well, and what it said is not in the protocol: whether it acted is not known. */
  | { readonly kind: 'unreadable'; readonly message: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface Request<T> {
  readonly endpoint: WebhookEndpoint;
  /** Where else on the same host. */
  readonly url?: string;
  readonly key: string | null;
  readonly body: string;
  readonly schema: z.ZodType<T>;
}

/** A rollback is told in a few lines; whatever is longer is something else. */
const MOST_BYTES = 64 * 1024;

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const read = <T>(text: string, schema: z.ZodType<T>): Answer<T> => {
  const body = parse(text);
  if (body === undefined) return { kind: 'unreadable', message: 'webhook: the answer is not JSON' };
  const result = schema.safeParse(body);
  if (result.success) return { kind: 'ok', body: result.data };
  const [issue] = result.error.issues;
  const where = (issue?.path ?? []).map(String).join('.');
  const message = `webhook: the answer is not understood: ${where === '' ? '' : `${where}: `}${issue?.message ?? ''}`;
  return { kind: 'unreadable', message: message.slice(0, 500) };
};

const refusalOnly = z.object({ state: z.literal('refused') });

const answerOf = <T>(
  response: AxiosResponse<string>,
  request: Request<T>,
  { classify }: WebhookConnection,
): Answer<T> => {
  const { status, data, headers } = response;
  if (status >= 200 && status < 300) return read(data, request.schema);
  // A no with its reason is an answer, whatever status frameworks give it.
  const isNo = status >= 400 && status < 500 && refusalOnly.safeParse(parse(data)).success;
  if (isNo) return read(data, request.schema);
  if (status === 404) return { kind: 'not-found' };
  const retryAfter: unknown = headers['retry-after'];
  const failure = classify(status, typeof retryAfter === 'string' ? retryAfter : null);
  return { kind: 'failed', failure: { ...failure, message: `webhook: ${failure.message}` } };
};

/** Posts one signed question and reads the answer. Never throws. */
export const post = async <T>(
  connection: WebhookConnection,
  request: Request<T>,
  signal: AbortSignal,
): Promise<Answer<T>> => {
  const { endpoint, key, body } = request;
  const timestamp = String(Math.floor(connection.clock.now() / 1000));
  const headers = {
    'Content-Type': 'application/json',
    Accept: 'application/json',
    'X-Firebreak-Timestamp': timestamp,
    'X-Firebreak-Signature': sign(endpoint.secret(), timestamp, body),
    ...(key === null ? {} : { 'Idempotency-Key': key }),
  };
  try {
    // Bytes, because axios rewrites strings that look like JSON, and a signature is over what goes out.
    const response = await connection.http.post<string>(request.url ?? endpoint.url, Buffer.from(body), {
      headers,
      signal,
      maxContentLength: MOST_BYTES,
      responseType: 'text',
      transformResponse: (data: string) => data,
    });
    return answerOf(response, request, connection);
  } catch (error) {
    const failure = connection.classify(error);
    return { kind: 'failed', failure: { ...failure, message: `webhook: ${failure.message}` } };
  }
};

/** Whether our signature may go there: the endpoint chose the host, an answer does not. */
export const isSameOrigin = (url: string, endpoint: WebhookEndpoint): boolean => {
  const given = URL.parse(url);
  return given?.origin === new URL(endpoint.url).origin && given.username === '' && given.password === '';
};
