import type { Baseline, MetricReading, RecoveryMetric } from '../../domain/recovery.ts';
import { formatMetric, LATENCY_NOISE_SECONDS } from '../../domain/recovery.ts';

export type VersionMetric = Exclude<RecoveryMetric, 'requestsPerSecond'>;

/** Does the bad candidate (`from`) fail where the other version (`to`) does not? */
export interface VersionAnswer {
  readonly answer: 'yes' | 'no' | 'unknown';
  readonly because: string;
}

export interface VersionReadings {
  readonly metric: VersionMetric;
  readonly from: MetricReading;
  readonly to: MetricReading;
}

export interface VersionContext {
  readonly from: string;
  readonly to: string;
  readonly baseline: Baseline | null;
  readonly sloErrorRatio: number | null;
}

/** One metric in which the suspect is clearly worse is enough; without one, a metric that is bad for both says no. */
export function judgeVersions(measured: readonly VersionReadings[], context: VersionContext): VersionAnswer {
  const answers = measured.map((readings) => judgeOne(readings, context));
  const of = (answer: VersionAnswer['answer']) => answers.filter((one) => one.answer === answer);
  const [telling = answers] = [of('yes'), of('no')].filter((some) => some.length > 0);
  const because = telling.map((one) => one.because).join('; ');
  return { answer: telling[0]?.answer ?? 'unknown', because };
}

function judgeOne({ metric, from, to }: VersionReadings, context: VersionContext): VersionAnswer {
  const unknown = (because: string): VersionAnswer => ({ answer: 'unknown', because });
  if ('missing' in from) return unknown(`${metric} of ${context.from}: ${from.missing}`);
  if ('missing' in to) return unknown(`${metric} of ${context.to}: ${to.missing}`);
  const [suspect, other] = [formatMetric(metric, from.value), formatMetric(metric, to.value)];
  const shown = `${metric} is ${suspect} on ${context.from} and ${other} on ${context.to}`;
  if (isClearlyWorse(metric, from.value, to.value)) return { answer: 'yes', because: shown };
  if (from.value > to.value * ALIKE) return unknown(`${shown}, which is neither clearly worse nor the same`);
  const usual = usualOf(metric, context);
  if (usual === null) return unknown(`${shown}, and what is usual is not known`);
  const compared = `${shown}; ${formatMetric(metric, usual)} is usual`;
  // The suspect is no worse than a version that is bad itself: going back would not help.
  return isClearlyWorse(metric, to.value, usual) ? { answer: 'no', because: compared } : unknown(compared);
}

/** Up to this factor, two versions are as bad as each other. */
const ALIKE = 1.25;

/** Twice the errors and at least a percentage point more; or half as slow again, beyond what is noise. */
const isClearlyWorse = (metric: VersionMetric, value: number, than: number): boolean =>
  metric === 'errorRatio'
    ? value >= than * 2 && value - than >= 0.01
    : value >= than * 1.5 && value - than >= LATENCY_NOISE_SECONDS;

/** What is usual, or what the objective allows where that is more. */
function usualOf(metric: VersionMetric, { baseline, sloErrorRatio }: VersionContext): number | null {
  const median = baseline?.metrics[metric]?.median ?? null;
  if (metric !== 'errorRatio' || sloErrorRatio === null) return median;
  return Math.max(median ?? 0, sloErrorRatio);
}
