import type { VersionRef } from '../../domain/plan.ts';
import { namesIn, parseQuery, type Placeholders } from '../../domain/promql.ts';
import type { MetricReading } from '../../domain/recovery.ts';
import { fill, readNow } from './ask.ts';
import { judgeVersions, type VersionAnswer, type VersionMetric } from './judge-versions.ts';
import type { Metrics, VersionScope } from './ports.ts';

const PLACEHOLDERS: Placeholders = { service: 'text', environment: 'text', version: 'text', pods: 'pattern' };

/** Measures both versions by themselves and compares them. */
export async function compareVersions(
  metrics: Metrics | null,
  scope: VersionScope,
  signal: AbortSignal,
): Promise<VersionAnswer> {
  const { recovery } = scope;
  const declared: readonly (readonly [VersionMetric, string])[] = [
    ...(recovery?.errorRatioByVersion == null ? [] : ([['errorRatio', recovery.errorRatioByVersion]] as const)),
    ...(recovery?.latencyP95ByVersion == null ? [] : ([['latencyP95', recovery.latencyP95ByVersion]] as const)),
  ];
  if (declared.length === 0) return { answer: 'unknown', because: 'no metric is declared by version' };
  if (metrics === null) return { answer: 'unknown', because: 'no Prometheus is configured' };
  const measured = await Promise.all(
    declared.map(async ([metric, promql]) => ({ metric, ...(await both(metrics, metric, promql, scope, signal)) })),
  );
  return judgeVersions(measured, {
    from: scope.from.version,
    to: scope.to.version,
    baseline: scope.baseline ?? null,
    sloErrorRatio: recovery?.sloErrorRatio ?? null,
  });
}

async function both(
  metrics: Metrics,
  metric: VersionMetric,
  promql: string,
  scope: VersionScope,
  signal: AbortSignal,
): Promise<{ readonly from: MetricReading; readonly to: MetricReading }> {
  const queries = { from: queryFor(promql, scope, scope.from), to: queryFor(promql, scope, scope.to) };
  const wrong = sameFor(promql, queries);
  if (wrong !== null) return { from: { missing: wrong }, to: { missing: wrong } };
  const [from, to] = await Promise.all([
    readNow(metrics, metric, queries.from, scope.at, signal),
    readNow(metrics, metric, queries.to, scope.at, signal),
  ]);
  return { from, to };
}

const queryFor = (promql: string, { service, environment }: VersionScope, { version, pods }: VersionRef) =>
  fill(promql, { service, environment, version, pods: pods ?? null }, PLACEHOLDERS);

/** A query that measures the same for both would always find them equal. */
function sameFor(promql: string, { from, to }: Record<'from' | 'to', ReturnType<typeof fill>>): string | null {
  const parsed = parseQuery(promql, PLACEHOLDERS);
  const names = 'template' in parsed ? namesIn(parsed.template) : null;
  if (names !== null && !names.has('version') && !names.has('pods'))
    return 'its query names neither $version nor $pods';
  const same = 'promql' in from && 'promql' in to && from.promql === to.promql;
  return same ? 'its query does not tell the two versions apart' : null;
}
