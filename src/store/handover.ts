import type { OpenAction } from '../domain/incident/process-events.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import { completeState } from '../domain/incident/state.ts';
import type { Database } from './database.ts';
import { sql } from './database.ts';

/** Incidents that are not over, the worst and the oldest first; then the newest that are over and not closed. */
export async function unclosedIncidents(db: Database, limit: number): Promise<readonly IncidentState[]> {
  const { rows: open } = await sql<{ state: IncidentState }>`
    select state from incidents where status in ('open', 'acknowledged', 'mitigated')
    order by severity, opened_at limit ${limit}`.execute(db);
  const { rows: over } = await sql<{ state: IncidentState }>`
    select state from incidents where status = 'resolved' order by opened_at desc limit ${limit}`.execute(db);
  return [...open, ...over].map(({ state }) => completeState(state));
}

/** What is due and not done, the longest overdue first. */
export async function overdueActions(
  db: Database,
  now: number,
  limit: number,
): Promise<readonly (OpenAction & { readonly dueAt: string })[]> {
  const { rows } = await sql<{ incidentId: string; id: string; action: string; owner: string | null; dueAt: string }>`
    select incidents.id as "incidentId", item->>'id' as id, item->>'action' as action, item->>'owner' as owner,
           item->>'dueAt' as "dueAt"
    from incidents, jsonb_array_elements(actions) as item
    where actions is not null and item->>'status' = 'open' and (item->>'dueAt')::timestamptz < ${new Date(now)}
    order by item->>'dueAt', incidents.id, item->>'id' limit ${limit}`.execute(db);
  return rows;
}
