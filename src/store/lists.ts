import type { Change } from '../domain/change.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import { completeState } from '../domain/incident/state.ts';
import type { Database } from './database.ts';
import { sql } from './database.ts';

export interface IncidentFilter {
  readonly status: readonly string[];
  readonly severity: readonly string[];
  readonly service: string | null;
  /** RFC 3339; opened at or after. */
  readonly since: string | null;
  readonly cursor: { readonly openedAt: string; readonly id: string } | null;
  readonly limit: number;
}

/** Incidents, newest first. */
export async function listIncidents(db: Database, filter: IncidentFilter): Promise<readonly IncidentState[]> {
  const conditions = [
    filter.status.length > 0 ? sql`status = any(${[...filter.status]}::text[])` : sql`true`,
    filter.severity.length > 0 ? sql`severity = any(${[...filter.severity]}::text[])` : sql`true`,
    filter.service === null ? sql`true` : sql`service = ${filter.service}`,
    filter.since === null ? sql`true` : sql`opened_at >= ${new Date(filter.since)}`,
    filter.cursor === null
      ? sql`true`
      : sql`(opened_at, id) < (${new Date(filter.cursor.openedAt)}, ${filter.cursor.id})`,
  ];
  const { rows } = await sql<{ state: IncidentState }>`
    select state from incidents where ${sql.join(conditions, sql` and `)}
    order by opened_at desc, id desc limit ${filter.limit}`.execute(db);
  return rows.map((row) => completeState(row.state));
}

export async function countOpenIncidents(
  db: Database,
): Promise<
  readonly { readonly severity: string; readonly status: string; readonly service: string | null; readonly n: number }[]
> {
  const { rows } = await sql<{ severity: string; status: string; service: string | null; n: number }>`
    select severity, status, service, count(*) as n from incidents where status <> 'closed' and state->'drill' is null
    group by severity, status, service`.execute(db);
  return rows;
}

export async function listChanges(db: Database, service: string | null, limit: number): Promise<readonly Change[]> {
  const where = service === null ? sql`true` : sql`service = ${service}`;
  const { rows } = await sql<{ content: string }>`
    select content from changes where ${where} order by started_at desc limit ${limit}`.execute(db);
  return rows.map((row) => JSON.parse(row.content) as Change);
}

export interface QuarantinedAlert {
  readonly deliveryId: string;
  readonly source: string;
  readonly receivedAt: string;
  readonly index: number;
  readonly field: string;
  readonly message: string;
  readonly raw: string;
}

/** What could not be read, newest first. */
export async function listQuarantine(db: Database, limit: number): Promise<readonly QuarantinedAlert[]> {
  const { rows } = await sql<{
    delivery_id: string;
    source: string;
    received_at: Date;
    position: number;
    field: string;
    message: string;
    raw: string;
  }>`
    select delivery_id, source, received_at, position, field, message, raw from quarantine
    order by id desc limit ${limit}`.execute(db);
  return rows.map((row) => ({
    deliveryId: row.delivery_id,
    source: row.source,
    receivedAt: row.received_at.toISOString(),
    index: row.position,
    field: row.field,
    message: row.message,
    raw: row.raw,
  }));
}

export async function lastSeen(db: Database): Promise<readonly { readonly source: string; readonly at: number }[]> {
  const { rows } = await sql<{ source: string; at: Date }>`
    select source, max(last_seen_at) as at from heartbeats group by source`.execute(db);
  return rows.map((row) => ({ source: row.source, at: row.at.getTime() }));
}

/** Incidents of a service that opened in [from, to), other than one; without false alarms and parts of others. */
export async function countPriorIncidents(
  db: Database,
  service: string,
  from: number,
  to: number,
  exceptId: string | null,
): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from incidents where service = ${service} and opened_at >= ${new Date(from)}
      and opened_at < ${new Date(to)} and id <> ${exceptId ?? ''} and state->'drill' is null
      and state->>'dismissed' is null and state->>'mergedInto' is null`.execute(db);
  return rows[0]?.n ?? 0;
}

/** Incidents with a service that are open and not restored, with the change that is suspected there. */
export async function troubledIncidents(db: Database): Promise<
  readonly {
    readonly incidentId: string;
    readonly service: string;
    readonly environment: string | null;
    readonly severity: string;
    readonly onsetAt: number;
    readonly openedAt: number;
    readonly suspectId: string | null;
  }[]
> {
  const { rows } = await sql<{
    id: string;
    service: string;
    environment: string | null;
    severity: string;
    onset: string;
    opened_at: Date;
    suspect: string | null;
  }>`
    select id, service, environment, severity, state->'onset'->>'at' as onset, opened_at,
           state->'decision'->'facts'->'suspectChange'->>'id' as suspect
    from incidents where status in ('open', 'acknowledged') and service is not null and state->'drill' is null`.execute(
    db,
  );
  return rows.map(({ id, onset, opened_at, suspect, ...row }) => ({
    ...row,
    incidentId: id,
    onsetAt: Date.parse(onset),
    openedAt: opened_at.getTime(),
    suspectId: suspect,
  }));
}

/** Forgets what nobody asks for any more: old deliveries, seen notices, used seconds. The timeline is never touched. */
export async function forgetOld(db: Database, now: number): Promise<void> {
  const week = new Date(now - 7 * 86_400_000);
  await sql`delete from deliveries where received_at < ${week}`.execute(db);
  await sql`delete from seen_notices where received_at < ${week}`.execute(db);
}

/** Incidents whose rollback has not come to its end. */
export async function unfinishedRollbacks(db: Database): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from incidents
    where state->'rollback'->>'stage' in ('requested', 'announced', 'executing', 'validating')
      or (state->'rollback'->>'watchUntil') is not null`.execute(db);
  return rows.map((row) => row.id);
}
