import type { SnapshotSource } from '../clients/prometheus.ts';
import type { SnapshotWindow } from '../clients/prometheus-snapshot.ts';
import { CommandRefused } from '../domain/incident/commands.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import type { Json } from '../domain/json.ts';
import { fillQuery, parseQuery } from '../domain/promql.ts';

/** A question to Prometheus, as a person puts it. Without `from` it is about one moment. Epoch milliseconds. */
export interface MetricQuestion {
  readonly promql: string;
  readonly at: number | null;
  readonly from: number | null;
  readonly to: number | null;
}

const TIMEOUT_MS = 5_000;
const POINTS = 60;
const SHORTEST_STEP_MS = 15_000;

/**
 * Asks Prometheus for a piece of evidence. That it cannot be asked is recorded with the question and never refuses the
 * evidence; only a placeholder that cannot be filled in for any incident is refused, because it is a mistake in writing.
 */
export async function measure(
  source: SnapshotSource | null,
  { service, environment }: Pick<IncidentState, 'service' | 'environment'>,
  question: MetricQuestion,
  now: number,
): Promise<{ readonly query: string; readonly result: Json }> {
  const parsed = parseQuery(question.promql);
  if ('message' in parsed) throw new CommandRefused('invalid', parsed.message, 'query');
  const filled = fillQuery(parsed.template, { service, environment });
  if ('missing' in filled) return unasked(question.promql, `the ${filled.missing} of this incident is unknown`);
  if (source === null) return unasked(filled.promql, 'no Prometheus is configured');
  const answer = await source.snapshot(filled.promql, windowOf(question, now), AbortSignal.timeout(TIMEOUT_MS));
  return { query: filled.promql, result: JSON.parse(JSON.stringify(answer)) as Json };
}

const unasked = (query: string, reason: string): { readonly query: string; readonly result: Json } => ({
  query,
  result: { kind: 'failed', reason },
});

function windowOf({ at, from, to }: MetricQuestion, now: number): SnapshotWindow {
  if (from === null) return { at: at ?? now };
  const until = to ?? now;
  return { from, to: until, stepMs: Math.max(SHORTEST_STEP_MS, Math.ceil((until - from) / POINTS)) };
}
