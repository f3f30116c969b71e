import type { Instant } from '../../../domain/time.ts';

/** A time of an object, which Kubernetes keeps to the second, in the form that we keep. */
export const toInstant = (time: string | undefined): Instant | null =>
  time === undefined ? null : new Date(time).toISOString();
