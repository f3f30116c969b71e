/**
 * A failure of something outside is classified once, where it happens. Whether to retry follows from the kind,
 * and the word is the same in events, metrics and logs.
 */
export type FailureKind =
  | 'unreachable' // refused, reset, name not found: nothing arrived
  | 'rate-limited' // 420, 429
  | 'server' // 5xx
  | 'rejected' // other 4xx, or an answer that says no: the same request will fail again
  | 'unauthorized' // 401, 403
  | 'ambiguous'; // timed out or cut off: it may have happened

export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
  /** What the other side asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number;
}

export const isRetryable = (kind: FailureKind): boolean => kind !== 'rejected' && kind !== 'unauthorized';
