import type { Judgement } from './judge.ts';

export interface Totals {
  readonly scenarios: number;
  readonly passed: number;
  readonly wrongRollbacks: number;
  readonly missedRollbacks: number;
  readonly expectRollback: number;
  readonly correctHolds: number;
  readonly expectNone: number;
  /** Seconds from the onset; null when nothing was decided. */
  readonly median: number | null;
  readonly p90: number | null;
}

export function totalsOf(judgements: readonly Judgement[]): Totals {
  const expecting = judgements.filter((each) => each.expectsRollback);
  const others = judgements.filter((each) => !each.expectsRollback);
  const times = judgements
    .flatMap(({ decidedAt }) => (decidedAt === null ? [] : [decidedAt]))
    .toSorted((a, b) => a - b);
  return {
    scenarios: judgements.length,
    passed: judgements.filter((each) => each.passed).length,
    wrongRollbacks: judgements.filter((each) => each.wrongRollback).length,
    missedRollbacks: expecting.filter((each) => each.missedRollback).length,
    expectRollback: expecting.length,
    correctHolds: others.filter((each) => !each.wrongRollback).length,
    expectNone: others.length,
    median: quantile(times, 0.5),
    p90: quantile(times, 0.9),
  };
}

/** The smallest that so many are not above. */
const quantile = (sorted: readonly number[], share: number): number | null =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;

const seconds = (value: number | null): string => (value === null ? '-' : String(Math.round(value)));

const percentMissed = ({ missedRollbacks, expectRollback }: Totals): number =>
  expectRollback === 0 ? 0 : Math.round((100 * missedRollbacks) / expectRollback);

/** The figures, each on a line of its own. */
export const totalLines = (totals: Totals): readonly string[] => [
  `wrong rollbacks: ${totals.wrongRollbacks}`,
  `missed rollbacks: ${totals.missedRollbacks} (${percentMissed(totals)} %)`,
  `correct holds: ${totals.correctHolds} of ${totals.expectNone}`,
  `time to decision: median ${seconds(totals.median)} s, p90 ${seconds(totals.p90)} s`,
  `passed: ${totals.passed} of ${totals.scenarios}`,
];

/** The same of another policy, on one line, so that nobody takes it for ours. */
export const otherLine = (name: string, totals: Totals): string =>
  `${name} | ${totalLines(totals)
    .map((line) => line.replace(':', ''))
    .join(' | ')}`;
