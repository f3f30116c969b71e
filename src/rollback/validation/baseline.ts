import type { Failure } from '../../domain/failure.ts';
import { recoveryQueries } from '../../domain/metric-queries.ts';
import type { Baseline, MetricBaseline, RecoveryMetric } from '../../domain/recovery.ts';
import { baselineOf, MIN_BASELINE_SAMPLES, readMetric, RECOVERY_METRICS } from '../../domain/recovery.ts';
import { iso } from '../../domain/time.ts';
import { ask, failureText, fill, gapIn } from './ask.ts';
import type { Metrics, MetricScope, RecoveryProbe, SeriesAnswer } from './ports.ts';

const MINUTE_MS = 60_000;
const WINDOW_MS = 30 * MINUTE_MS;
/** What ends in trouble may have begun before anybody could see it. */
const GAP_MS = 5 * MINUTE_MS;

type Usual = { readonly usual: MetricBaseline } | { readonly missing: string; readonly askAgain: boolean };

export async function freezeBaseline(
  metrics: Metrics | null,
  scope: MetricScope & { readonly before: number },
  signal: AbortSignal,
): ReturnType<RecoveryProbe['freezeBaseline']> {
  const queries = recoveryQueries(scope.recovery, scope.facts);
  const declared = RECOVERY_METRICS.filter((metric) => queries[metric] !== undefined);
  if (metrics === null || declared.length === 0) return { baseline: null, answered: true };
  const to = scope.before - GAP_MS;
  const window = { from: to - WINDOW_MS, to };
  const found = await Promise.all(
    declared.map(async (metric) => {
      const filled = fill(queries[metric] ?? '', { service: scope.service, environment: scope.environment });
      return [metric, await usualOf(metrics, metric, filled, window, signal)] as const;
    }),
  );
  return {
    baseline: { from: iso(window.from), to: iso(window.to), ...sorted(found) },
    answered: !found.some(([, usual]) => 'missing' in usual && usual.askAgain),
  };
}

const sorted = (found: readonly (readonly [RecoveryMetric, Usual])[]): Pick<Baseline, 'metrics' | 'missing'> => ({
  metrics: Object.fromEntries(found.flatMap(([metric, it]) => ('usual' in it ? [[metric, it.usual]] : []))),
  missing: Object.fromEntries(found.flatMap(([metric, it]) => ('missing' in it ? [[metric, it.missing]] : []))),
});

async function usualOf(
  metrics: Metrics,
  metric: RecoveryMetric,
  filled: ReturnType<typeof fill>,
  { from, to }: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): Promise<Usual> {
  if ('missing' in filled) return { missing: filled.missing, askAgain: false };
  const answer = await ask((bounded) => metrics.queryRange(filled.promql, from, to, MINUTE_MS, bounded), signal);
  if (answer.kind === 'failed') return { missing: failureText(answer.failure), askAgain: mayAnswer(answer.failure) };
  const gap = gapIn(answer.warnings);
  if (gap !== null) return { missing: `the data is incomplete: ${gap}`, askAgain: true };
  return answer.kind === 'no-data' ? { missing: answer.reason, askAgain: false } : fromSeries(metric, answer);
}

/** An expression that Prometheus refuses is refused tomorrow, too. */
const mayAnswer = ({ kind }: Failure): boolean => kind !== 'rejected';

function fromSeries(metric: RecoveryMetric, { values }: Extract<SeriesAnswer, { kind: 'series' }>): Usual {
  const readings = values.map(({ value }) => readMetric(metric, value));
  const usable = readings.flatMap((reading) => ('value' in reading ? [reading.value] : []));
  const usual = baselineOf(usable);
  if (usual !== null) return { usual };
  const wrong = readings.find((reading) => 'missing' in reading);
  const because = wrong === undefined ? '' : `: ${wrong.missing}`;
  const missing = `${usable.length} usable values in 30 minutes, at least ${MIN_BASELINE_SAMPLES} are needed${because}`;
  return { missing, askAgain: false };
}
