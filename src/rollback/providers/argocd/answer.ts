import type { AxiosResponse } from 'axios';
import { z } from 'zod';
import type { Failure, FailureKind } from '../../../domain/failure.ts';

/** What a status or a thrown error means. */
export type Classify = (statusOrError: unknown, retryAfter?: string | null) => Failure;

/** What Argo CD said to one request. */
export type Answer<T> =
  | {
      readonly kind: 'ok';
      readonly body: T;
      /** Argo CD's clock, to the second; null when it did not say. */ readonly date: string | null;
    }
  | { readonly kind: 'not-found'; readonly message: string }
  /** It understood and will not: a precondition does not hold. */
  | { readonly kind: 'declined'; readonly message: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** The gateway's form of an error: the text twice, and the gRPC code. */
const problem = z.object({ message: z.string().nullish(), error: z.string().nullish() });

const LONGEST_MESSAGE = 300;

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const messageOf = (text: string): string => {
  const said = problem.safeParse(parse(text));
  const message = said.success ? (said.data.message ?? said.data.error ?? '') : text;
  return message.trim().slice(0, LONGEST_MESSAGE) || 'no reason given';
};

const rejected = (message: string): Failure => ({ kind: 'rejected', message });

const read = <T>(text: string, date: string | null, schema: z.ZodType<T>): Answer<T> => {
  const body = parse(text);
  // Below a wrong path Argo CD answers 200 with the page of its user interface.
  if (body === undefined) {
    return { kind: 'failed', failure: rejected('Argo CD answered without JSON: is its address right?') };
  }
  const result = schema.safeParse(body);
  if (result.success) return { kind: 'ok', body: result.data, date };
  const [issue] = result.error.issues;
  const where = issue?.path.map(String).join('.') ?? '';
  return { kind: 'failed', failure: rejected(`Argo CD's answer is not understood: ${where}: ${issue?.message ?? ''}`) };
};

/** For an Application that is not there it says the same, so that names cannot be guessed. */
const FORBIDDEN =
  'the token may not do this, or there is no such Application (Argo CD tells the two apart only when the step names its project)';

/** 409: somebody wrote at the same time, which passes. 504: a deadline on the way; it may be done all the same. */
const OTHER_KINDS: Readonly<Record<number, FailureKind>> = { 409: 'server', 504: 'ambiguous' };

/** Sorts an answer into its kind. */
export const answerOf = <T>(
  { status, headers, data }: AxiosResponse<string>,
  schema: z.ZodType<T>,
  classify: Classify,
): Answer<T> => {
  const header = (name: string): string | null => {
    const value: unknown = headers[name];
    return typeof value === 'string' ? value : null;
  };
  if (status >= 200 && status < 300) return read(data, header('date'), schema);
  const message = messageOf(data);
  if (status === 404) return { kind: 'not-found', message };
  if (status === 400) return { kind: 'declined', message };
  const failure = classify(status, header('retry-after'));
  const hint = status === 403 ? `: ${FORBIDDEN}` : '';
  const kind = OTHER_KINDS[status] ?? failure.kind;
  return { kind: 'failed', failure: { ...failure, kind, message: `Argo CD answered ${status}: ${message}${hint}` } };
};
