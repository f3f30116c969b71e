import type { Failure } from '../../domain/failure.ts';
import { fillQuery, parseQuery, type Placeholders, type QueryScope } from '../../domain/promql.ts';
import { readMetric, type MetricReading, type RecoveryMetric } from '../../domain/recovery.ts';
import type { Metrics } from './ports.ts';
import { within } from './within.ts';

/** The expression with its placeholders filled, or why that cannot be done. */
export function fill(
  promql: string,
  scope: QueryScope,
  placeholders?: Placeholders,
): { readonly promql: string } | { readonly missing: string } {
  const parsed = parseQuery(promql, placeholders);
  if ('message' in parsed) return { missing: parsed.message };
  const filled = fillQuery(parsed.template, scope);
  return 'promql' in filled ? filled : { missing: `$${filled.missing} is not known` };
}

/** Asks Prometheus; one that throws or does not end is one that failed. */
export async function ask<Answer>(
  question: (signal: AbortSignal) => Promise<Answer>,
  signal: AbortSignal,
): Promise<Answer | { readonly kind: 'failed'; readonly failure: Failure }> {
  try {
    const answer = await within(() => question(signal), signal);
    return answer ?? { kind: 'failed', failure: { kind: 'ambiguous', message: 'no answer in time' } };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'failed', failure: { kind: 'ambiguous', message } };
  }
}

/**
 * What a warning says of data that is not there: a store or a remote read that did not answer. The number is then made
 * from a part of the data only. Remarks about the expression itself begin with "PromQL".
 */
export const gapIn = (warnings: readonly string[]): string | null =>
  warnings.find((warning) => !warning.startsWith('PromQL ')) ?? null;

export const failureText = ({ kind, message }: Failure): string => `Prometheus did not answer: ${kind}: ${message}`;

/** One metric at one moment. */
export async function readNow(
  metrics: Metrics,
  metric: RecoveryMetric,
  filled: ReturnType<typeof fill>,
  at: number,
  signal: AbortSignal,
): Promise<MetricReading> {
  if ('missing' in filled) return filled;
  const answer = await ask((bounded) => metrics.query(filled.promql, at, bounded), signal);
  if (answer.kind === 'failed') return { missing: failureText(answer.failure) };
  const gap = gapIn(answer.warnings);
  if (gap !== null) return { missing: `the data is incomplete: ${gap}` };
  return answer.kind === 'value' ? readMetric(metric, answer.value) : { missing: answer.reason };
}
