import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';

/** PagerDuty calls this page of ours by that id. */
export async function rememberPage(trx: Trx, pageId: string, incidentId: string, at: number): Promise<void> {
  await sql`
    insert into pagerduty_pages (page_id, incident_id, seen_at) values (${pageId}, ${incidentId}, ${new Date(at)})
    on conflict (page_id) do update set incident_id = excluded.incident_id, seen_at = excluded.seen_at`.execute(trx);
}

/**
 * The incident that something in PagerDuty is about: a page of ours, or an incident that others raised there, which is an
 * alert here and may belong to one that is open. Null: none that we know.
 */
export async function incidentOfPage(db: Database | Trx, pageId: string): Promise<string | null> {
  const { rows } = await sql<{ incident_id: string }>`
    select incident_id, 1 as rank from pagerduty_pages where page_id = ${pageId}
    union all
    select i.id, 2 from alerts a join incidents i
      on i.correlation_key = a.correlation_key and i.status in ('open', 'acknowledged', 'mitigated')
    where a.source = 'pagerduty' and a.fingerprint = ${pageId}
    order by rank limit 1`.execute(db);
  return rows[0]?.incident_id ?? null;
}
