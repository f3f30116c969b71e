import type { Instant } from './time.ts';

export const RECOVERY_METRICS = ['errorRatio', 'latencyP95', 'requestsPerSecond'] as const;
export type RecoveryMetric = (typeof RECOVERY_METRICS)[number];

/** `mad` is the median absolute deviation: how far a usual value lies from the median. */
export interface MetricBaseline {
  readonly median: number;
  readonly p95: number;
  readonly mad: number;
  readonly samples: number;
}

/** Frozen once an incident. A metric that nobody declared is in neither map. */
export interface Baseline {
  readonly from: Instant;
  readonly to: Instant;
  readonly metrics: Readonly<Partial<Record<RecoveryMetric, MetricBaseline>>>;
  readonly missing: Readonly<Partial<Record<RecoveryMetric, string>>>;
}

/** `name` as people recognise it: `errorRatio`, `health https://…`, `journey login`, `alerts`, `target deployment`. */
export interface RecoveryCheck {
  readonly name: string;
  readonly result: 'pass' | 'fail' | 'unknown';
  readonly detail: string;
}

/** A check, and whether things are clearly worse than during the incident. */
export interface JudgedCheck {
  readonly check: RecoveryCheck;
  readonly worse: boolean;
}

/** A metric at one moment, or why there is no number. */
export type MetricReading = { readonly value: number } | { readonly missing: string };

/**
 * A third of the 30 minutes. With fewer values one odd minute moves the median and the deviation, and the limit that
 * follows from them would be chance.
 */
export const MIN_BASELINE_SAMPLES = 10;

/** What was usual, or null when there are fewer than `MIN_BASELINE_SAMPLES` values. */
export function baselineOf(values: readonly number[]): MetricBaseline | null {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length < MIN_BASELINE_SAMPLES) return null;
  const median = medianOf(sorted);
  const mad = medianOf(sorted.map((value) => Math.abs(value - median)).sort((a, b) => a - b));
  return { median, p95: sorted[Math.ceil(sorted.length * 0.95) - 1] ?? median, mad, samples: sorted.length };
}

const medianOf = (sorted: readonly number[]): number => {
  const low = sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
  const high = sorted[Math.floor(sorted.length / 2)] ?? low;
  return low + (high - low) / 2;
};

// Sums of floating point rates end a hair above 100 %.
const ROUNDING = 1e-6;

/** Refuses a number that the metric cannot have: a ratio of 45 is a percentage, and would be compared with the wrong limit. */
export function readMetric(metric: RecoveryMetric, value: number): MetricReading {
  if (!Number.isFinite(value)) return { missing: `the value is ${value}` };
  if (value < 0) return { missing: `${value} is negative` };
  if (metric !== 'errorRatio' || value <= 1) return { value };
  return value <= 1 + ROUNDING ? { value: 1 } : { missing: `${value} is more than 1, so it is no ratio` };
}

/** The smallest default bucket of Prometheus' histograms: below it, a p95 is interpolation and not measurement. */
export const LATENCY_NOISE_SECONDS = 0.005;
const ERROR_NOISE = 0.01;

interface Limit {
  readonly value: number;
  readonly why: string;
}

/**
 * Is the metric as it should be? `during` is what it was during the incident. Without a number, or without anything to
 * compare it with, the answer is unknown.
 */
export function judgeMetric(
  metric: RecoveryMetric,
  now: MetricReading,
  baseline: Baseline | null,
  during: number | null,
  policy: { readonly sloErrorRatio: number | null },
): JudgedCheck {
  const reading = 'value' in now ? readMetric(metric, now.value) : now;
  const judged = (result: RecoveryCheck['result'], detail: string, worse = false): JudgedCheck => ({
    check: { name: metric, result, detail },
    worse,
  });
  if ('missing' in reading) return judged('unknown', `no data: ${reading.missing}`);
  const { value } = reading;
  const base = baseline?.metrics[metric];
  const worse = isClearlyWorse(metric, value, during, base?.mad ?? 0);
  const shown = formatMetric(metric, value);
  if (metric === 'requestsPerSecond' && base?.median === 0)
    return judged('pass', `${shown}; not judged: there was no traffic before the incident`);
  const limit = limitOf(metric, base, policy.sloErrorRatio);
  if (limit === null) return judged('unknown', `${shown}, and ${noBaseline(metric, baseline)}`, worse);
  const passes = metric === 'requestsPerSecond' ? value >= limit.value : value <= limit.value;
  const bound = `${metric === 'requestsPerSecond' ? 'at least' : 'at most'} ${formatMetric(metric, limit.value)}`;
  return judged(passes ? 'pass' : 'fail', `${shown}; expected ${bound} (${limit.why})`, !passes && worse);
}

const noBaseline = (metric: RecoveryMetric, baseline: Baseline | null): string =>
  `no baseline to compare it with: ${baseline?.missing[metric] ?? 'none was taken'}`;

function limitOf(metric: RecoveryMetric, base: MetricBaseline | undefined, slo: number | null): Limit | null {
  const why = base === undefined ? '' : `${formatMetric(metric, base.median)} before the incident`;
  if (base === undefined) {
    return metric === 'errorRatio' && slo !== null ? { value: slo, why: 'the objective; no baseline' } : null;
  }
  const { median, mad } = base;
  switch (metric) {
    case 'errorRatio':
      return { value: Math.max(median * 1.2, median + 0.001, slo ?? 0), why };
    case 'latencyP95':
      // A steady service has a deviation of 0, and a fifth of two milliseconds is nothing.
      return { value: Math.max(median * 1.2, median + 3 * mad, median + LATENCY_NOISE_SECONDS), why };
    case 'requestsPerSecond':
      return { value: median * 0.5, why };
  }
}

/** Beyond what two samples of the same situation differ by. */
function isClearlyWorse(metric: RecoveryMetric, now: number, during: number | null, mad: number): boolean {
  if (during === null || !Number.isFinite(during)) return false;
  switch (metric) {
    case 'errorRatio':
      return now >= during * 1.2 && now >= during + ERROR_NOISE;
    case 'latencyP95':
      return now >= during * 1.5 && now >= during + Math.max(LATENCY_NOISE_SECONDS, 3 * mad);
    case 'requestsPerSecond':
      return during > 0 && now <= during * 0.5;
  }
}

const short = (value: number): string => String(Number(value.toPrecision(3)));

/** For people: `4.2 %`, `350 ms`, `12.5/s`. */
export function formatMetric(metric: RecoveryMetric, value: number): string {
  switch (metric) {
    case 'errorRatio':
      return `${short(value * 100)} %`;
    case 'latencyP95':
      return value < 1 ? `${short(value * 1000)} ms` : `${short(value)} s`;
    case 'requestsPerSecond':
      return `${short(value)}/s`;
  }
}
