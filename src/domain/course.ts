import type { RecoveryMetric } from './recovery.ts';

/** A metric over time, oldest first. Moments are epoch milliseconds. */
export type Course = readonly { readonly at: number; readonly value: number }[];

/** So much is out of the ordinary, and no noise: a factor, and a difference. */
const OUT: Readonly<Record<RecoveryMetric, { readonly times: number; readonly least: number }>> = {
  errorRatio: { times: 3, least: 0.01 },
  latencyP95: { times: 2.5, least: 0.01 },
  requestsPerSecond: { times: 2, least: 1 },
};

const isOut = (metric: RecoveryMetric, value: number, usual: number): boolean =>
  value >= usual * OUT[metric].times && value >= usual + OUT[metric].least;

/** When the metric left what is usual, upwards and for good. Null: it has not, or nobody can say. */
export function departedAt(metric: RecoveryMetric, course: Course, usual: number): number | null {
  const lastUsual = course.findLastIndex(({ value }) => !isOut(metric, value, usual));
  return course[lastUsual + 1]?.at ?? null;
}

/** A fault switches on within a rate's window; what takes longer fills up: memory, threads, connections. */
const GRADUAL_MS = 240_000;

/**
 * Did it rise at once, or has it been climbing? Measured between a fifth and four fifths of the rise to what it is now.
 * Null when it has not risen.
 */
export function growthOf(metric: RecoveryMetric, course: Course, usual: number): 'sudden' | 'gradual' | null {
  const last = course.at(-1);
  if (last === undefined || !isOut(metric, last.value, usual)) return null;
  const above = (share: number): number | null => {
    const level = usual + (last.value - usual) * share;
    const below = course.findLastIndex(({ value }) => value < level);
    return course[below + 1]?.at ?? null;
  };
  const [low, high] = [above(0.2), above(0.8)];
  if (low === null || high === null) return null;
  return high - low >= GRADUAL_MS ? 'gradual' : 'sudden';
}
