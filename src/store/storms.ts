import { iso } from '../domain/time.ts';
import type { Severity } from '../domain/severity.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';

export interface Storm {
  readonly id: number;
  /** The incident that tells of all. */
  readonly head: string;
  /** Epoch milliseconds: when its first incident opened, and its last one. */
  readonly beganAt: number;
  readonly lastAt: number;
  /** How many incidents were told of last. */
  readonly told: number;
}

interface Row {
  id: number;
  head: string;
  began_at: Date;
  last_at: Date;
  told: number;
}

const stormOf = (row: Row | undefined): Storm | null =>
  row === undefined
    ? null
    : { id: row.id, head: row.head, beganAt: row.began_at.getTime(), lastAt: row.last_at.getTime(), told: row.told };

/** The one that goes on. */
export async function currentStorm(db: Database | Trx): Promise<Storm | null> {
  const { rows } = await sql<Row>`
    select id, head, began_at, last_at, told from storms where ended_at is null`.execute(db);
  return stormOf(rows[0]);
}

/** The same, kept from others until the transaction ends. */
export async function lockStorm(trx: Trx): Promise<Storm | null> {
  const { rows } = await sql<Row>`
    select id, head, began_at, last_at, told from storms where ended_at is null for update`.execute(trx);
  return stormOf(rows[0]);
}

/** Null: another one began meanwhile. */
export async function beginStorm(trx: Trx, head: string, beganAt: number, now: number): Promise<Storm | null> {
  const { rows } = await sql<Row>`
    insert into storms (head, began_at, last_at) values (${head}, ${iso(beganAt)}, ${iso(now)})
    on conflict do nothing returning id, head, began_at, last_at, told`.execute(trx);
  return stormOf(rows[0]);
}

export async function updateStorm(
  trx: Trx,
  id: number,
  change: { readonly lastAt?: number; readonly told?: number; readonly head?: string; readonly endedAt?: number },
): Promise<void> {
  const moment = (at: number | undefined): string | null => (at === undefined ? null : iso(at));
  await sql`
    update storms set last_at = coalesce(${moment(change.lastAt)}::timestamptz, last_at),
                      told = coalesce(${change.told ?? null}::integer, told),
                      head = coalesce(${change.head ?? null}::text, head),
                      ended_at = ${moment(change.endedAt)}::timestamptz
    where id = ${id}`.execute(trx);
}

/** Incidents that opened in (after, until], drills apart; the oldest first. */
export async function openedSince(
  db: Database | Trx,
  after: number,
  limit: number,
): Promise<
  readonly { readonly id: string; readonly severity: Severity; readonly status: string; readonly at: number }[]
> {
  const { rows } = await sql<{ id: string; severity: Severity; status: string; opened_at: Date }>`
    select id, severity, status, opened_at from incidents
    where opened_at > ${iso(after)} and not is_drill order by opened_at, id limit ${limit}`.execute(db);
  return rows.map(({ opened_at, ...row }) => ({ ...row, at: opened_at.getTime() }));
}

export interface StormNumbers {
  readonly incidents: number;
  readonly services: readonly string[];
  readonly bySeverity: Readonly<Partial<Record<Severity, number>>>;
}

/** What opened since then, drills apart. */
export async function stormNumbers(db: Database | Trx, since: number, services: number): Promise<StormNumbers> {
  const { rows } = await sql<{ severity: Severity; service: string | null; n: number }>`
    select severity, service, count(*) as n from incidents
    where opened_at >= ${iso(since)} and not is_drill group by severity, service`.execute(db);
  const bySeverity: Partial<Record<Severity, number>> = {};
  for (const { severity, n } of rows) bySeverity[severity] = (bySeverity[severity] ?? 0) + n;
  const names = [...new Set(rows.flatMap(({ service }) => service ?? []))].sort();
  return {
    incidents: rows.reduce((sum, { n }) => sum + n, 0),
    services: names.slice(0, services),
    bySeverity,
  };
}

/** Those that are held back as part of a storm; those of them that still fire first. */
export async function heldByStorm(
  db: Database | Trx,
  since: number,
): Promise<readonly { readonly id: string; readonly fires: boolean }[]> {
  const { rows } = await sql<{ id: string; fires: boolean }>`
    select id, status in ('open', 'acknowledged') and (state->'alertCounts'->>'firing')::integer > 0 as fires
    from incidents
    where opened_at >= ${iso(since)} and status <> 'closed' and state->'quiet' @> '[{"kind": "storm"}]'
    order by opened_at, id`.execute(db);
  return rows;
}
