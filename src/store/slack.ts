import type { IncidentState } from '../domain/incident/state.ts';
import { completeState } from '../domain/incident/state.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';

const MOST = 20;

/** Incidents that are not over and have their message in this channel, newest first. */
export async function openIncidentsIn(db: Database | Trx, channelId: string): Promise<readonly IncidentState[]> {
  const { rows } = await sql<{ state: IncidentState }>`
    select state from incidents
    where status in ('open', 'acknowledged', 'mitigated')
      and state->'receipts'->'slack'->'announce'->>'channel' = ${channelId}
    order by opened_at desc, id desc limit ${MOST}`.execute(db);
  return rows.map((row) => completeState(row.state));
}
