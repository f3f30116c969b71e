import { triageQueries, type QueryPolicy } from '../domain/metric-queries.ts';
import type { FactQuery } from '../domain/policy.ts';
import { fillQuery, parseQuery, type QueryScope } from '../domain/promql.ts';
import { isMeasurable } from './catalogue.ts';
import type { Measurement } from './facts.ts';
import type { MetricAnswer, MetricsSource } from './ports.ts';

export interface QueryRequest {
  readonly policy: QueryPolicy;
  readonly service: string | null;
  readonly environment: string | null;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly timeoutMs?: number;
  readonly concurrency?: number;
}

interface Query {
  readonly fact: string;
  readonly promql: string;
  readonly at: number;
}

/**
 * Runs the PromQL facts of a service in parallel and answers one measurement for each, by fact name. Never throws and
 * never takes longer than `timeoutMs`: what fails is a measurement that says why.
 */
export async function queryFacts(
  source: MetricsSource,
  request: QueryRequest,
  signal: AbortSignal,
): Promise<Readonly<Record<string, Measurement>>> {
  const { service, environment, timeoutMs = 5_000, concurrency = 8 } = request;
  const scope = { service, environment };
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const waiting = queriesOf(request);
  const measured: Record<string, Measurement> = {};
  const work = async (): Promise<void> => {
    for (let query = waiting.shift(); query !== undefined; query = waiting.shift()) {
      measured[query.fact] = await measure(source, query, scope, bounded);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, waiting.length) }, work));
  return measured;
}

const queriesOf = ({ policy, service, at }: QueryRequest): Query[] =>
  Object.entries(triageQueries(policy, service)).map(([fact, { promql }]) => ({ fact, promql, at }));

async function measure(
  source: MetricsSource,
  query: Query,
  scope: QueryScope,
  signal: AbortSignal,
): Promise<Measurement> {
  const parsed = parseQuery(query.promql);
  if ('message' in parsed) return { answer: noData(parsed.message), source: `promql: ${query.promql}` };
  const filled = fillQuery(parsed.template, scope);
  if ('missing' in filled)
    return { answer: noData(`the ${filled.missing} is unknown`), source: `promql: ${query.promql}` };
  const answer = await ask(source, filled.promql, query.at, signal);
  return { answer, source: `promql: ${filled.promql}` };
}

const noData = (reason: string): MetricAnswer => ({ kind: 'no-data', reason, warnings: [] });

/** A source that does not heed its signal, or that throws after all, must not hold up the incident. */
async function ask(source: MetricsSource, promql: string, at: number, signal: AbortSignal): Promise<MetricAnswer> {
  const cutOff: MetricAnswer = { kind: 'failed', failure: { kind: 'ambiguous', message: 'no answer in time' } };
  if (signal.aborted) return cutOff;
  let stop = (): void => undefined;
  const aborted = new Promise<MetricAnswer>((resolve) => {
    stop = () => {
      resolve(cutOff);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([source.query(promql, at, signal), aborted]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'failed', failure: { kind: 'unreachable', message } };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

export interface QueryProblem {
  /** As in the configuration: `facts.errorRatio.promql`, `services.checkout.recovery.latencyP95`. */
  readonly field: string;
  readonly message: string;
}

/** Everything wrong with the PromQL facts of a configuration: names and placeholders. For start-up. */
export function checkFactQueries(policy: QueryPolicy): readonly QueryProblem[] {
  return [
    ...checkQueries(policy.facts, 'facts'),
    ...Object.entries(policy.services).flatMap(([name, service]) => {
      const recovery = (['errorRatio', 'latencyP95', 'requestsPerSecond'] as const).flatMap((key) => {
        const promql = service.recovery?.[key] ?? null;
        return promql === null ? [] : checkQuery(promql, `services.${name}.recovery.${key}`);
      });
      return [...checkQueries(service.facts, `services.${name}.facts`), ...recovery];
    }),
  ];
}

function checkQueries(facts: Readonly<Record<string, FactQuery>>, field: string): readonly QueryProblem[] {
  return Object.entries(facts).flatMap(([name, { promql }]) => {
    const message = `"${name}" is a fact of Firebreak's own and cannot be measured`;
    return [
      ...(isMeasurable(name) ? [] : [{ field: `${field}.${name}`, message }]),
      ...checkQuery(promql, `${field}.${name}.promql`),
    ];
  });
}

function checkQuery(promql: string, field: string): readonly QueryProblem[] {
  const parsed = parseQuery(promql);
  return 'message' in parsed ? [{ field, message: parsed.message }] : [];
}
