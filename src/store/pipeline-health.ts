import type { Alert } from '../domain/alert.ts';
import { OWN_SOURCE } from '../domain/alert.ts';
import type { HeartbeatSeen, Refusals } from '../domain/pipeline-health.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';

/** When each heartbeat was last heard of. */
export async function readHeartbeats(db: Database): Promise<readonly HeartbeatSeen[]> {
  const { rows } = await sql<{ source: string; name: string; last_seen_at: Date }>`
    select source, name, last_seen_at from heartbeats where name <> '' order by source, name`.execute(db);
  return rows.map((row) => ({ source: row.source, name: row.name, lastSeenAt: row.last_seen_at.getTime() }));
}

/** What was refused since it was last written down, for one endpoint and reason. */
export interface RefusalNews {
  readonly source: string;
  readonly code: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** With credentials or a signature, after the last request that was accepted. */
  readonly inARow: number;
}

/** Adds to what is known. `accepted`: sources of which a request was accepted: their rows begin anew. */
export async function recordRefusals(
  trx: Trx,
  accepted: readonly string[],
  news: readonly RefusalNews[],
  spellMs: number,
): Promise<void> {
  if (accepted.length > 0) {
    await sql`
      update refusals set in_a_row = 0 where source = any(${[...accepted].sort()}::text[]) and in_a_row > 0`.execute(
      trx,
    );
  }
  const sorted = [...news].sort((a, b) => (`${a.source}/${a.code}` < `${b.source}/${b.code}` ? -1 : 1));
  for (const { source, code, count, firstAt, lastAt, inARow } of sorted) {
    const goesOn = sql`refusals.last_at > ${new Date(firstAt - spellMs)}`;
    await sql`
      insert into refusals (source, code, count, first_at, last_at, in_a_row)
      values (${source}, ${code}, ${count}, ${new Date(firstAt)}, ${new Date(lastAt)}, ${inARow})
      on conflict (source, code) do update set
        count = excluded.count + case when ${goesOn} then refusals.count else 0 end,
        first_at = case when ${goesOn} then refusals.first_at else excluded.first_at end,
        last_at = greatest(refusals.last_at, excluded.last_at),
        in_a_row = refusals.in_a_row + excluded.in_a_row`.execute(trx);
  }
}

export async function readRefusals(db: Database): Promise<readonly Refusals[]> {
  const { rows } = await sql<{
    source: string;
    code: string;
    count: number;
    first_at: Date;
    last_at: Date;
    in_a_row: number;
  }>`select source, code, count, first_at, last_at, in_a_row from refusals order by source, code`.execute(db);
  return rows.map((row) => ({
    source: row.source,
    code: row.code,
    count: row.count,
    firstAt: row.first_at.getTime(),
    lastAt: row.last_at.getTime(),
    inARow: row.in_a_row,
  }));
}

/** Our own alerts about the pipeline that fire. */
export async function readOwnFiring(db: Database): Promise<readonly Alert[]> {
  const { rows } = await sql<{ content: string }>`
    select content from alerts where source = ${OWN_SOURCE} and status = 'firing' order by fingerprint`.execute(db);
  return rows.map((row) => JSON.parse(row.content) as Alert);
}
