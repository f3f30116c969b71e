import { CommandRefused } from '../domain/incident/commands.ts';
import { isStoreDown } from './store-down.ts';

export type ErrorCode =
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'too-large'
  | 'unsupported-media-type'
  | 'internal'
  | 'unavailable';

const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'too-large': 413,
  'unsupported-media-type': 415,
  internal: 500,
  unavailable: 503,
};

const RETRY_AFTER_SECONDS = 5;

/** A request that is not carried out, in words for the caller. The status follows from the code. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly field: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message: string,
    more: {
      readonly field?: string | null;
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: more.cause });
    this.code = code;
    this.field = more.field ?? null;
    this.headers = more.headers ?? {};
  }

  get status(): number {
    return STATUS[this.code];
  }

  get body(): { readonly error: { code: ErrorCode; message: string; field: string | null } } {
    return { error: { code: this.code, message: this.message, field: this.field } };
  }
}

export const notFound = (message: string): ApiError => new ApiError('not-found', message);

/**
 * Says of anything thrown what the caller is told. What was not meant for callers becomes 503 when the store is away
 * and else 500; its text stays in `cause`, for the log.
 */
export function classify(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof CommandRefused)
    return new ApiError(error.code, error.message, { field: error.field, cause: error });
  if (isStoreDown(error)) {
    const headers = { 'Retry-After': String(RETRY_AFTER_SECONDS) };
    return new ApiError('unavailable', 'The store cannot be reached; nothing was changed', { headers, cause: error });
  }
  return fromWebLayer(error) ?? new ApiError('internal', 'Something went wrong; the log says what', { cause: error });
}

/** What express and its body parser refuse carries a status of its own. Their messages quote the body, so not those. */
function fromWebLayer(error: unknown): ApiError | null {
  switch (statusOf(error)) {
    case 400:
      return new ApiError('invalid', 'The request cannot be read: the body must be one JSON object', { cause: error });
    case 413:
      return new ApiError('too-large', 'The body is too large', { cause: error });
    case 415:
      return new ApiError('unsupported-media-type', 'The body must be plain UTF-8, not compressed', { cause: error });
    default:
      return null;
  }
}

function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('status' in error)) return null;
  return typeof error.status === 'number' ? error.status : null;
}
