import type { Alert } from '../domain/alert.ts';
import { alertName } from '../domain/alert.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import { completeState } from '../domain/incident/state.ts';
import type { ComparedIncident, PageComparison, PagerDutyPage } from '../domain/page-comparison.ts';
import { ms } from '../domain/time.ts';
import type { Database } from './database.ts';
import { sql } from './database.ts';

/** An incident may page long after it was opened. */
const LONGEST_OPEN_MS = 30 * 86_400_000;

interface IncidentRow {
  state: IncidentState;
  group_hashes: string[] | null;
  sources: string[] | null;
  pages: string[] | null;
}

/** Incidents that opened, were open or paged in [from, to), with what is needed to find them among PagerDuty's. */
export async function readComparedIncidents(
  db: Database,
  from: number,
  to: number,
): Promise<readonly ComparedIncident[]> {
  const { rows } = await sql<IncidentRow>`
    select i.state,
           (select array_agg(distinct a.content::json->>'groupHash') from alerts a
            where a.correlation_key = i.correlation_key and a.source = 'alertmanager'
              and a.content::json->>'groupHash' is not null) as group_hashes,
           (select array_agg(distinct a.source) from alerts a
            where a.correlation_key = i.correlation_key and a.fired
              and a.key_version > (i.state->>'afterKeyVersion')::bigint) as sources,
           (select array_agg(e.body order by e.seq) from incident_events e
            where e.incident_id = i.id and e.type = 'page-requested') as pages
    from incidents i
    where i.opened_at >= ${new Date(from - LONGEST_OPEN_MS)} and i.opened_at < ${new Date(to)}
      and i.state->'drill' is null
      and (i.opened_at >= ${new Date(from)} or i.status in ('open', 'acknowledged', 'mitigated')
           or coalesce(i.state->>'resolvedAt', i.state->>'mitigatedAt', '') >= ${new Date(from).toISOString()})
    order by i.opened_at, i.id`.execute(db);
  return rows.map((row) => comparedOf(row, from, to));
}

interface PageBody {
  readonly at: string;
  readonly data: { readonly reason: string; readonly because: string };
}

function comparedOf({ state: stored, group_hashes, sources, pages }: IncidentRow, from: number, to: number) {
  const state = completeState(stored);
  const paged = (pages ?? [])
    .map((body) => JSON.parse(body) as PageBody)
    .find(({ at }) => ms(at) >= from && ms(at) < to);
  return {
    id: state.id,
    title: state.title,
    service: state.service,
    severity: state.severity ?? 'P2',
    because: state.severityBecause,
    rule: state.severityRule,
    openedAt: state.openedAt,
    endedAt: state.mitigatedAt ?? state.resolvedAt,
    page: paged === undefined ? null : { at: paged.at, ...paged.data },
    linkedTo: state.linkedTo,
    alertNames: state.alertNames,
    groupHashes: group_hashes ?? [],
    onlyFromPagerDuty: sources !== null && sources.every((source) => source === 'pagerduty'),
  } satisfies ComparedIncident;
}

/** What others raised in PagerDuty in [from, to) and woke somebody by. */
export async function readPagerDutyPages(db: Database, from: number, to: number): Promise<readonly PagerDutyPage[]> {
  const { rows } = await sql<{ content: string; starts_at: Date }>`
    select content, starts_at from alerts
    where source = 'pagerduty' and starts_at >= ${new Date(from)} and starts_at < ${new Date(to)}
    order by starts_at, fingerprint`.execute(db);
  return rows
    .map((row) => ({ alert: JSON.parse(row.content) as Alert, at: row.starts_at.toISOString() }))
    .filter(({ alert }) => alert.labels['urgency'] !== 'low')
    .map(({ alert, at }) => ({
      id: alert.fingerprint,
      at,
      title: alertName(alert),
      service: alert.labels['service'] ?? null,
      url: alert.generatorUrl,
      incidentKey: alert.annotations['incident_key'] ?? null,
    }));
}

/** When PagerDuty last told us of an incident of somebody else's; null: never. */
export async function lastPagerDutyPage(db: Database): Promise<number | null> {
  const { rows } = await sql<{ at: Date | null }>`
    select max(last_seen_at) as at from alerts where source = 'pagerduty'`.execute(db);
  return rows[0]?.at?.getTime() ?? null;
}

/** Keeps the comparison of a day, `YYYY-MM-DD` in UTC. False: it is kept already. */
export async function saveComparison(
  db: Database,
  day: string,
  comparison: PageComparison,
  now: number,
): Promise<boolean> {
  const { rows } = await sql`
    insert into page_comparisons (day, content, made_at)
    values (${day}, ${JSON.stringify(comparison)}, ${new Date(now)}) on conflict (day) do nothing returning day`.execute(
    db,
  );
  return rows.length === 1;
}

export interface KeptComparison {
  readonly day: string;
  readonly comparison: PageComparison;
}

/** The days that were compared, newest first. */
export async function listComparisons(db: Database, limit: number): Promise<readonly KeptComparison[]> {
  const { rows } = await sql<{ day: string; content: string }>`
    select day, content from page_comparisons order by day desc limit ${limit}`.execute(db);
  return rows.map(({ day, content }) => ({ day, comparison: JSON.parse(content) as PageComparison }));
}
