import type { FactQuery, Policy, RecoveryPolicy } from './policy.ts';
import type { RecoveryMetric } from './recovery-metrics.ts';

export type QueryPolicy = Pick<Policy, 'facts' | 'services'>;
type Queries = Readonly<Record<string, FactQuery>>;

/** Each metric of a recovery is a fact of triage, too. */
export const FACT_OF: Readonly<Record<RecoveryMetric, string>> = {
  errorRatio: 'errorRatio',
  latencyP95: 'latencyP95Seconds',
  requestsPerSecond: 'requestsPerSecond',
};
const PAIRS = Object.entries(FACT_OF) as readonly (readonly [RecoveryMetric, string])[];

const serviceOf = (policy: QueryPolicy, service: string | null) =>
  service !== null && Object.hasOwn(policy.services, service) ? policy.services[service] : undefined;

/** The facts declared for a service: its own go before the global ones. */
export const factsFor = (policy: QueryPolicy, service: string | null): Queries => ({
  ...policy.facts,
  ...serviceOf(policy, service)?.facts,
});

/** What triage measures, by fact name: the service's own facts, then its recovery queries, then the global facts. */
export function triageQueries(policy: QueryPolicy, service: string | null): Queries {
  const own = serviceOf(policy, service);
  const recovery = PAIRS.flatMap(([metric, fact]): [string, FactQuery][] => {
    const promql = own?.recovery?.[metric] ?? null;
    return promql === null ? [] : [[fact, { promql }]];
  });
  return { ...policy.facts, ...Object.fromEntries(recovery), ...own?.facts };
}

/**
 * What proves a recovery, by metric: the service's recovery queries, then the facts (see `factsFor`). A metric that
 * nobody declared is not there.
 */
export function recoveryQueries(
  recovery: RecoveryPolicy | null,
  facts: Queries,
): Readonly<Partial<Record<RecoveryMetric, string>>> {
  return Object.fromEntries(
    PAIRS.flatMap(([metric, fact]) => {
      const declared = Object.hasOwn(facts, fact) ? facts[fact]?.promql : undefined;
      const promql = recovery?.[metric] ?? declared;
      return promql === undefined ? [] : [[metric, promql]];
    }),
  );
}
