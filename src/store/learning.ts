import type { ActionFilter, ListedAction } from '../api/ports.ts';
import { iso } from '../domain/time.ts';
import type { EarlierIncident } from '../domain/incident/recurrence.ts';
import type { ActionItem, RootCause } from '../domain/incident/process-state.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import { completeState } from '../domain/incident/state.ts';
import type { Severity } from '../domain/severity.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';
import { isOverdue } from './stats-query.ts';

/** Action items of all incidents, what is due first first. `now` decides what is overdue. */
export async function listActions(db: Database, filter: ActionFilter, now: number): Promise<readonly ListedAction[]> {
  const late = sql`coalesce(${isOverdue(now)}, false)`;
  const conditions = [
    sql`actions is not null`,
    filter.status.length > 0 ? sql`item->>'status' = any(${[...filter.status]}::text[])` : sql`true`,
    filter.owner === null ? sql`true` : sql`item->>'owner' = ${filter.owner}`,
    filter.overdue ? late : sql`true`,
  ];
  const { rows } = await sql<{
    incident_id: string;
    title: string;
    service: string | null;
    severity: Severity;
    item: ActionItem;
    overdue: boolean;
  }>`
    select id as incident_id, state->>'title' as title, service, severity, item, ${late} as overdue
    from incidents, jsonb_array_elements(actions) as item
    where ${sql.join(conditions, sql` and `)}
    order by item->>'dueAt' nulls last, id, item->>'id' limit ${filter.limit}`.execute(db);
  return rows.map(({ incident_id, item, ...row }) => ({ ...item, ...row, incidentId: incident_id }));
}

/** Which others may say something about an incident. */
export interface EarlierFilter {
  readonly exceptId: string;
  readonly service: string | null;
  readonly correlationKey: string;
  readonly suspectId: string | null;
  /** Opened in [from, to), epoch milliseconds. */
  readonly from: number;
  readonly to: number;
}

const MOST_EARLIER = 200;

/** Incidents of the same service, key or suspect change, newest first; no drills, false alarms, or merged ones. */
export async function earlierIncidents(db: Database | Trx, filter: EarlierFilter): Promise<readonly EarlierIncident[]> {
  const { exceptId, service, correlationKey, suspectId, from, to } = filter;
  const suspect = sql`coalesce(state->'rollback'->'suspect'->>'id', state->'decision'->'facts'->'suspectChange'->>'id')`;
  const { rows } = await sql<EarlierRow>`
    select id, correlation_key, state->>'title' as title, service, environment, severity, opened_at,
           coalesce(state->>'mitigatedAt', state->>'resolvedAt') as over_at, state->'alertNames' as alert_names,
           state->'rootCauses' as causes, ${suspect} as suspect, actions
    from incidents
    where counted and id <> ${exceptId} and opened_at >= ${new Date(from)} and opened_at < ${new Date(to)}
      and (service = ${service} or correlation_key = ${correlationKey} or ${suspect} = ${suspectId})
    order by opened_at desc, id desc limit ${MOST_EARLIER}`.execute(db);
  return rows.map((row) => ({
    id: row.id,
    correlationKey: row.correlation_key,
    title: row.title,
    service: row.service,
    environment: row.environment,
    severity: row.severity,
    openedAt: iso(row.opened_at.getTime()),
    overAt: row.over_at,
    alertNames: row.alert_names ?? [],
    categories: (row.causes ?? []).filter(({ state }) => state !== 'refuted').map(({ category }) => category),
    suspectId: row.suspect,
    actions: row.actions ?? [],
  }));
}

interface EarlierRow {
  id: string;
  correlation_key: string;
  title: string;
  service: string | null;
  environment: string | null;
  severity: Severity;
  opened_at: Date;
  over_at: string | null;
  alert_names: string[] | null;
  causes: RootCause[] | null;
  suspect: string | null;
  actions: ActionItem[] | null;
}

/**
 * Incidents that are not over and concern a service: its own, or whose rollback is of its plan. What is merged goes on in
 * another one, so both are among them for as long as that one is not closed.
 */
export async function incidentsOfService(db: Database | Trx, service: string): Promise<readonly IncidentState[]> {
  const { rows } = await sql<{ state: IncidentState }>`
    with own as (
      select id, merged_into from incidents
      where (service = ${service} or state->'rollback'->>'service' = ${service})
        and (status <> 'closed' or merged_into is not null)),
    concerned as (
      select own.id, own.merged_into from own left join incidents target on target.id = own.merged_into
      where own.merged_into is null or target.status <> 'closed')
    select state from incidents
    where id in (select id from concerned union select merged_into from concerned where merged_into is not null)
    order by opened_at desc`.execute(db);
  return rows.map((row) => completeState(row.state));
}

/** Which incidents a change of a service may concern: those of the services that are it or depend on it, not closed. */
export async function incidentsConcernedBy(trx: Trx, services: readonly string[]): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from incidents
    where status <> 'closed' and (service = any(${[...services]}::text[])
      or state->'rollback'->>'service' = any(${[...services]}::text[]))
    order by id`.execute(trx);
  return rows.map((row) => row.id);
}
