import type { IncidentState } from '../domain/incident/state.ts';
import { completeState } from '../domain/incident/state.ts';
import { iso } from '../domain/time.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';

/** P0s that go on and have had a page of their own since (epoch ms): another one may belong to it. Oldest page first. */
export async function pagedSince(
  db: Database | Trx,
  since: number,
  exceptId: string,
): Promise<readonly IncidentState[]> {
  const { rows } = await sql<{ state: IncidentState }>`
    select state from incidents
    where severity = 'P0' and status in ('open', 'acknowledged') and id <> ${exceptId} and not is_drill
      and state->>'linkedTo' is null and state->'page'->>'at' >= ${iso(since)}
    order by state->'page'->>'at', id limit 20`.execute(db);
  return rows.map(({ state }) => completeState(state));
}

/** The incident that goes on for what an earlier incident of this key was merged into. */
export async function mergedTarget(
  db: Database | Trx,
  key: string,
): Promise<{ readonly id: string; readonly from: string } | null> {
  const { rows } = await sql<{ id: string; source: string }>`
    select target.id, part.id as source from incidents part join incidents target on target.id = part.merged_into
    where part.correlation_key = ${key} and part.merged_into is not null
      and target.status in ('open', 'acknowledged', 'mitigated')
    order by part.opened_at desc limit 1`.execute(db);
  const row = rows[0];
  return row === undefined ? null : { id: row.id, from: row.source };
}

/** Keys of the incidents that go on for what was merged from this key, sorted. */
export async function keysOfTargets(db: Database | Trx, key: string): Promise<readonly string[]> {
  const { rows } = await sql<{ key: string }>`
    select distinct target.correlation_key as key
    from incidents part join incidents target on target.id = part.merged_into
    where part.correlation_key = ${key} and part.merged_into is not null and target.correlation_key <> ${key}
      and target.status in ('open', 'acknowledged', 'mitigated') order by key`.execute(db);
  return rows.map((row) => row.key);
}

/**
 * How many alerts of merged incidents still fire: those that belonged to them when they were merged. What came later belongs
 * to a later incident of their key. What is of the key itself is counted there.
 */
export async function firingOfParts(db: Database | Trx, parts: readonly string[], key: string): Promise<number> {
  if (parts.length === 0) return 0;
  const { rows } = await sql<{ n: number }>`
    select count(distinct (a.correlation_key, a.identity)) as n
    from incidents part
      cross join lateral (
        select min((later.state->>'afterKeyVersion')::bigint) as version from incidents later
        where later.correlation_key = part.correlation_key and later.opened_at > part.opened_at) as next
      join alerts a on a.correlation_key = part.correlation_key
    where part.id = any(${[...parts]}::text[]) and part.correlation_key <> ${key}
      and a.key_version > (part.state->>'afterKeyVersion')::bigint
      and a.key_version <= coalesce(next.version, a.key_version) and a.status = 'firing' and a.fired`.execute(db);
  return rows[0]?.n ?? 0;
}

/** Incidents that go on, or may come back, of a service or an environment: those that a window has to do with. */
export async function incidentsOf(
  db: Database | Trx,
  { service, environment }: { readonly service: string | null; readonly environment: string | null },
): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from incidents where status <> 'closed'
      and (${service}::text is null or service = ${service})
      and (${environment}::text is null or environment = ${environment})`.execute(db);
  return rows.map((row) => row.id);
}
