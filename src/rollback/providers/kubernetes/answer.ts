import type { Failure } from '../../../domain/failure.ts';
import { failureOfStatus } from './failure.ts';

/** What the API server said to one request. */
export type Answer<T> =
  | {
      readonly kind: 'ok';
      readonly body: T;
      /** The server's clock, to the second; null when it did not say. */ readonly date: string | null;
    }
  | { readonly kind: 'not-found'; readonly message: string }
  /** The object is not what our request took it for (409, or 422 from a failed `test`): read it again. */
  | { readonly kind: 'conflict'; readonly message: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

interface Status {
  readonly message?: string;
  readonly details?: { readonly name?: string; readonly causes?: readonly unknown[] };
}

const statusOf = (text: string): Status => {
  try {
    return JSON.parse(text) as Status;
  } catch {
    return { message: text.slice(0, 200) };
  }
};

/**
 * A failed `test` of a JSON patch and an object that fails validation are both 422. Only validation says which object
 * and which fields; the API server gives no details for a patch that did not apply.
 */
const isFailedTest = (status: Status): boolean =>
  status.details?.name === undefined && (status.details?.causes?.length ?? 0) === 0;

/** Sorts an answer into its kind. */
export const answerOf = <T>(
  code: number,
  headers: Readonly<Record<string, string>>,
  text: string,
  parse: (text: string) => T,
): Answer<T> => {
  if (code >= 200 && code < 300) return { kind: 'ok', body: parse(text), date: headers['date'] ?? null };
  const status = statusOf(text);
  const message = status.message ?? 'no reason given';
  if (code === 404) return { kind: 'not-found', message };
  if (code === 409 || (code === 422 && isFailedTest(status))) return { kind: 'conflict', message };
  return { kind: 'failed', failure: failureOfStatus(code, message, headers['retry-after']) };
};

/** Why there is no answer, in words. */
export const reasonOf = (answer: Exclude<Answer<unknown>, { kind: 'ok' }>): string =>
  answer.kind === 'failed' ? answer.failure.message : answer.message;
