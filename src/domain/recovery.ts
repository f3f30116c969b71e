import { recoveryQueries } from './metric-queries.ts';
import type { FactQuery, RecoveryPolicy } from './policy.ts';
import { longestRangeMs } from './promql-range.ts';
import type { JudgedCheck, RecoveryCheck } from './recovery-metrics.ts';
import type { Severity } from './severity.ts';
import type { Instant } from './time.ts';

export {
  LATENCY_NOISE_SECONDS,
  MIN_BASELINE_SAMPLES,
  RECOVERY_METRICS,
  baselineOf,
  formatMetric,
  judgeMetric,
  readMetric,
  type Baseline,
  type JudgedCheck,
  type MetricBaseline,
  type MetricReading,
  type RecoveryCheck,
  type RecoveryMetric,
} from './recovery-metrics.ts';

/** Everything that was looked at in one go. */
export interface RecoverySample {
  readonly result: 'pass' | 'fail' | 'unknown';
  readonly worse: boolean;
  readonly checks: readonly RecoveryCheck[];
}

/** The samples so far, as far as a verdict needs them. `passes` and `worse` count in a row, up to the last sample. */
export interface RecoveryRun {
  readonly samples: number;
  readonly passes: number;
  readonly passingSince: Instant | null;
  readonly worse: number;
  readonly last: Pick<RecoverySample, 'result' | 'checks'> | null;
}

export const NO_SAMPLES: RecoveryRun = { samples: 0, passes: 0, passingSince: null, worse: 0, last: null };

/** One failure fails the sample; one unknown leaves it unknown; nothing looked at is unknown, too. */
export function sampleOf(judged: readonly JudgedCheck[]): RecoverySample {
  const checks = judged.map(({ check }) => check);
  return { result: resultOf(checks), worse: judged.some(({ worse }) => worse), checks };
}

function resultOf(checks: readonly RecoveryCheck[]): RecoverySample['result'] {
  if (checks.some(({ result }) => result === 'fail')) return 'fail';
  return checks.length > 0 && checks.every(({ result }) => result === 'pass') ? 'pass' : 'unknown';
}

/** A sample that fails or is unknown ends the passing run. */
export function foldSample(run: RecoveryRun, { result, worse, checks }: RecoverySample, at: Instant): RecoveryRun {
  const passed = result === 'pass';
  return {
    samples: run.samples + 1,
    passes: passed ? run.passes + 1 : 0,
    passingSince: passed ? (run.passingSince ?? at) : null,
    worse: worse && !passed ? run.worse + 1 : 0,
    last: { result, checks },
  };
}

/** How often a sample is taken, and how many in a row must pass. */
export const cadenceOf = (severity: Severity): { readonly everyMs: number; readonly passes: number } =>
  severity === 'P0' ? { everyMs: 10_000, passes: 3 } : { everyMs: 30_000, passes: 5 };

const WORSE_IN_A_ROW = 3;

export interface RecoveryVerdict {
  readonly verdict: 'recovered' | 'not-recovered' | 'unknown';
  readonly because: string;
  /** When it had recovered: the first sample of the passing run. */
  readonly since: Instant | null;
}

/** What the samples prove, or null while the next one may still decide. What is not known never proves anything. */
export function recoveryVerdict(
  run: RecoveryRun,
  at: { readonly severity: Severity; readonly now: number; readonly deadline: number },
): RecoveryVerdict | null {
  const needed = cadenceOf(at.severity).passes;
  if (run.passes >= needed) {
    const since = run.passingSince;
    const first = since === null ? '' : `, the first at ${since}`;
    return { verdict: 'recovered', because: `${count(run.passes)} in a row passed${first}`, since };
  }
  if (run.worse >= WORSE_IN_A_ROW) {
    const because = `${count(run.worse)} in a row were worse than during the incident: ${notPassed(run)}`;
    return { verdict: 'not-recovered', because, since: null };
  }
  return at.now < at.deadline ? null : { ...atDeadline(run, needed), since: null };
}

function atDeadline(run: RecoveryRun, needed: number): Pick<RecoveryVerdict, 'verdict' | 'because'> {
  switch (run.last?.result) {
    case undefined:
      return { verdict: 'unknown', because: 'no sample had been taken at the deadline' };
    case 'fail':
      return { verdict: 'not-recovered', because: `the last of ${count(run.samples)} failed: ${notPassed(run)}` };
    case 'unknown': {
      const because = `the last of ${count(run.samples)} could not be judged: ${notPassed(run)}`;
      return { verdict: 'unknown', because };
    }
    case 'pass': {
      const because = `at the deadline ${count(run.passes)} in a row had passed, ${needed} are needed`;
      return { verdict: 'unknown', because };
    }
  }
}

const count = (samples: number): string => `${samples} ${samples === 1 ? 'sample' : 'samples'}`;

const SHOWN_CHECKS = 3;

/** The checks that decided the last sample: what failed, else what is unknown. */
function notPassed({ last }: RecoveryRun): string {
  const deciding = last?.checks.filter(({ result }) => result === last.result) ?? [];
  if (deciding.length === 0) return 'nothing was looked at';
  const shown = deciding.slice(0, SHOWN_CHECKS).map(({ name, detail }) => `${name}: ${detail}`);
  const more = deciding.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

const DEFAULT_SCRAPE_SECONDS = 15;

/**
 * From pods that are ready to the first sample. A rate still holds the bad minutes for as long as its range reaches
 * back; to judge earlier is the classic false failure. `facts` are those of the service over the global ones: a metric
 * without a query of its own is measured with theirs.
 */
export function settleMs(recovery: RecoveryPolicy | null, facts: Readonly<Record<string, FactQuery>> = {}): number {
  if (recovery?.settleSeconds != null) return recovery.settleSeconds * 1000;
  const ranges = Object.values(recoveryQueries(recovery, facts)).map(longestRangeMs);
  return Math.max(2000 * (recovery?.scrapeSeconds ?? DEFAULT_SCRAPE_SECONDS), ...ranges);
}
