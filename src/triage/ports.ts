import type { Failure } from '../domain/failure.ts';

/** One instant query. `value` is null when the answer holds no usable number (empty, NaN, infinite, several series). */
export type MetricAnswer =
  | { readonly kind: 'value'; readonly value: number; readonly warnings: readonly string[] }
  | { readonly kind: 'no-data'; readonly reason: string; readonly warnings: readonly string[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Prometheus, as triage needs it. */
export interface MetricsSource {
  /** Evaluates an instant PromQL expression at `at` (epoch ms). Never throws for what the server does. */
  query(promql: string, at: number, signal: AbortSignal): Promise<MetricAnswer>;
}
