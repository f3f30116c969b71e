import type { RawBuilder } from 'kysely';
import { boundsOf } from '../domain/histogram.ts';
import type { Tally } from '../domain/incident/tally.ts';
import { floatColumn, jsonColumn, textColumn } from './columns.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';

export interface Increment {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly by: number;
}

export interface CounterValue {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A histogram at rest: cumulative buckets, a sum and a count, as Prometheus wants them. */
export function incrementsOf(tally: Tally): readonly Increment[] {
  const { metric, labels } = tally;
  if (tally.kind === 'count') return [{ metric, labels, by: 1 }];
  const buckets = boundsOf(metric)
    .filter((bound) => tally.value <= bound)
    .map((bound) => ({ metric: `${metric}_bucket`, labels: { ...labels, le: String(bound) }, by: 1 }));
  return [
    ...buckets,
    { metric: `${metric}_sum`, labels, by: tally.value },
    { metric: `${metric}_count`, labels, by: 1 },
  ];
}

/** Adds to counters in the caller's transaction. */
export async function count(trx: Trx, increments: readonly Increment[], shard: number): Promise<void> {
  for (const statement of counting(increments, shard)) await statement.execute(trx);
}

/** The statement that adds to counters; none when there is nothing to add. Rows are touched in order, in one shard, so nobody deadlocks. */
export function counting(increments: readonly Increment[], shard: number): readonly RawBuilder<unknown>[] {
  const totals = new Map<string, { metric: string; labels: string; by: number }>();
  for (const { metric, labels, by } of increments) {
    const text = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    const key = `${metric} ${text}`;
    const total = totals.get(key);
    if (total === undefined) totals.set(key, { metric, labels: text, by });
    else total.by += by;
  }
  if (totals.size === 0) return [];
  const rows = [...totals.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  return [
    sql`
    insert into counters (metric, labels, shard, value)
    select metric, labels, ${shard}::smallint, value
    from unnest(${textColumn(rows.map((r) => r.metric))}, ${jsonColumn(rows.map((r) => r.labels))},
                ${floatColumn(rows.map((r) => r.by))}) as n(metric, labels, value)
    on conflict (metric, labels, shard) do update set value = counters.value + excluded.value`,
  ];
}

export async function readCounters(db: Database): Promise<readonly CounterValue[]> {
  const { rows } = await sql<{ metric: string; labels: string; value: number }>`
    select metric, labels, sum(value) as value from counters group by metric, labels order by metric, labels`.execute(
    db,
  );
  return rows.map((row) => ({
    metric: row.metric,
    labels: Object.fromEntries(JSON.parse(row.labels) as [string, string][]),
    value: row.value,
  }));
}
