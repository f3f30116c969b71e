/** Moments are RFC 3339 UTC strings with milliseconds at rest, and epoch milliseconds while computing. */
export type Instant = string;

export const iso = (ms: number): Instant => new Date(ms).toISOString();

export const ms = (instant: Instant): number => Date.parse(instant);

/** The wall clock as an argument. Only the composition root owns the real one. */
export interface Clock {
  now(): number;
}
