import type { Course } from '../../domain/course.ts';
import { recoveryQueries } from '../../domain/metric-queries.ts';
import type { RecoveryMetric } from '../../domain/recovery.ts';
import { RECOVERY_METRICS } from '../../domain/recovery.ts';
import { ask, fill } from './ask.ts';
import type { Metrics, MetricScope } from './ports.ts';

const STEP_MS = 20_000;

/** The metrics over a time, all asked at once. What was not answered, or not declared, is not there. */
export async function courseOf(
  metrics: Metrics | null,
  { service, environment, recovery, facts, from, to }: MetricScope & { readonly from: number; readonly to: number },
  signal: AbortSignal,
): Promise<Readonly<Partial<Record<RecoveryMetric, Course>>>> {
  if (metrics === null) return {};
  const queries = recoveryQueries(recovery, facts);
  const courses = RECOVERY_METRICS.map(async (metric) => {
    const promql = queries[metric];
    const filled = promql === undefined ? { missing: '' } : fill(promql, { service, environment });
    if ('missing' in filled) return [];
    const answer = await ask((bounded) => metrics.queryRange(filled.promql, from, to, STEP_MS, bounded), signal);
    return answer.kind === 'series' ? [[metric, answer.values] as const] : [];
  });
  return Object.fromEntries((await Promise.all(courses)).flat());
}
