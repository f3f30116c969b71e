import { recoveryQueries } from '../../domain/metric-queries.ts';
import { RECOVERY_METRICS } from '../../domain/recovery.ts';
import { fill, readNow } from './ask.ts';
import type { Measured, Metrics, MetricScope } from './ports.ts';

/** The metrics at one moment, all asked at the same time. */
export async function measure(
  metrics: Metrics | null,
  { service, environment, recovery, facts, at }: MetricScope & { readonly at: number },
  signal: AbortSignal,
): Promise<Measured> {
  const queries = recoveryQueries(recovery, facts);
  const readings = RECOVERY_METRICS.map(async (metric) => {
    const promql = queries[metric];
    if (promql === undefined) return [];
    if (metrics === null) return [[metric, { missing: 'no Prometheus is configured' }]];
    return [[metric, await readNow(metrics, metric, fill(promql, { service, environment }), at, signal)]];
  });
  return Object.fromEntries((await Promise.all(readings)).flat()) as Measured;
}
