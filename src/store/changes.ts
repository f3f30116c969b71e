import type { Change } from '../domain/change.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';

/** Stores a change, or the newer word on a known one, which has been known since its first. Safe to repeat. */
export async function saveChange(
  db: Database | Trx,
  change: Change,
  receivedAt: number,
): Promise<'new' | 'updated' | 'unchanged'> {
  const content = JSON.stringify(change);
  const { rows } = await sql<{ fresh: boolean }>`
    insert into changes (id, service, environment, started_at, content, received_at)
    values (${change.id}, ${change.service}, ${change.environment}, ${new Date(change.startedAt)}, ${content},
            ${new Date(receivedAt)})
    on conflict (id) do update set service = excluded.service, environment = excluded.environment,
      started_at = excluded.started_at, content = excluded.content
      where changes.content <> excluded.content
    returning (xmax = 0) as fresh`.execute(db);
  const row = rows[0];
  if (row === undefined) return 'unchanged';
  return row.fresh ? 'new' : 'updated';
}

/**
 * Changes of these services that began, or were told of, in [from, to], newest first. Epoch milliseconds. What claims to
 * begin after it was told of has a fast clock, and began when it was told of at the latest.
 */
export async function changesOf(
  db: Database | Trx,
  services: readonly string[],
  from: number,
  to: number,
): Promise<readonly Change[]> {
  const { rows } = await sql<{ content: string; received_at: Date }>`
    select content, received_at from changes where service = any(${[...services]}::text[])
      and (started_at between ${new Date(from)} and ${new Date(to)}
        or received_at between ${new Date(from)} and ${new Date(to)})
      and received_at <= ${new Date(to)} order by started_at desc limit 50`.execute(db);
  return rows.map((row) => heldBack(JSON.parse(row.content) as Change, row.received_at.toISOString()));
}

const heldBack = (change: Change, receivedAt: string): Change =>
  change.startedAt <= receivedAt ? change : { ...change, startedAt: receivedAt };

/** True the first time a notice is seen. In the transaction that applies it. */
export async function firstSight(trx: Trx, source: string, id: string, receivedAt: number): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into seen_notices (source, id, received_at) values (${source}, ${id}, ${new Date(receivedAt)})
    on conflict do nothing`.execute(trx);
  return numAffectedRows === 1n;
}
