import type { Alert } from '../domain/alert.ts';
import type { AlertCounts } from '../domain/incident/events.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';

/** An alert as the key's advance needs it. */
export interface KeyAlert {
  readonly alert: Alert;
  readonly identity: string;
  readonly statusVersion: number;
}

interface Row {
  identity: string;
  status: 'firing' | 'resolved';
  status_version: number;
  starts_at: Date;
  ends_at: Date | null;
  content: string;
}

export interface ClaimedKey {
  readonly key: string;
  readonly version: number;
  readonly advancedVersion: number;
}

/**
 * Takes the dirty key that waits longest and keeps it from others for `leaseMs`. A worker that dies leaves it to the
 * next one after that; a worker that is only slow finds at its commit that the incident has moved on.
 */
export async function claimDirtyKey(db: Database, now: number, leaseMs: number): Promise<ClaimedKey | null> {
  const { rows } = await sql<{ key: string; version: number; advanced_version: number }>`
    update correlation_keys set next_at = ${new Date(now + leaseMs)}
    where key = (select key from correlation_keys where version > advanced_version and next_at <= ${new Date(now)}
                 order by next_at limit 1 for update skip locked)
    returning key, version, advanced_version`.execute(db);
  const row = rows[0];
  return row === undefined ? null : { key: row.key, version: row.version, advancedVersion: row.advanced_version };
}

/** The key is looked at up to `version`; if more came meanwhile it is due again at `nextAt`. */
export async function markAdvanced(trx: Trx, key: string, version: number, nextAt: number): Promise<void> {
  await sql`
    update correlation_keys set advanced_version = greatest(advanced_version, ${version}), next_at = ${new Date(nextAt)}
    where key = ${key}`.execute(trx);
}

/** Puts a key back at once: what was decided for it no longer fits. */
export async function releaseKey(db: Database, key: string, nextAt: number): Promise<void> {
  await sql`update correlation_keys set next_at = ${new Date(nextAt)} where key = ${key}`.execute(db);
}

export async function countDirtyKeys(db: Database): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from correlation_keys where version > advanced_version`.execute(db);
  return rows[0]?.n ?? 0;
}

/** When the next dirty key is due; null when none is. */
export async function nextDirtyAt(db: Database): Promise<number | null> {
  const { rows } = await sql<{ at: Date | null }>`
    select min(next_at) as at from correlation_keys where version > advanced_version`.execute(db);
  return rows[0]?.at?.getTime() ?? null;
}

export interface KeyNewsRows {
  readonly counts: AlertCounts;
  readonly joined: readonly KeyAlert[];
  readonly joinedCount: number;
  readonly resolved: readonly KeyAlert[];
  readonly resolvedCount: number;
}

/**
 * What happened to a key's alerts since `seen`, among those with a version above `after` (where its incident begins).
 * Two replicas of one alert are one identity: it joined when it fires and did not before, and has resolved when nothing
 * of it fires any more. Only what was ever delivered as firing counts. One pass over the key's rows, never a self-join.
 */
export async function readNews(
  db: Database | Trx,
  key: string,
  after: number,
  seen: number,
  samples: number,
): Promise<KeyNewsRows> {
  const { rows } = await sql<{ firing: number; resolved: number; joined: string[] | null; ended: string[] | null }>`
    select count(*) filter (where firing) as firing, count(*) filter (where not firing) as resolved,
           array_agg(identity order by starts_at, identity) filter (where firing and not fired_before and newest > ${seen}) as joined,
           array_agg(identity order by starts_at, identity) filter (where not firing and newest > ${seen}) as ended
    from (select identity, min(starts_at) as starts_at, max(status_version) as newest,
                 bool_or(status = 'firing') as firing,
                 bool_or(status = 'firing' and status_version <= ${seen}) as fired_before
          from alerts where correlation_key = ${key} and key_version > ${after} and fired
          group by identity) as each`.execute(db);
  const { firing = 0, resolved = 0, joined, ended } = rows[0] ?? { joined: null, ended: null };
  return {
    counts: { firing, resolved },
    joined: await readIdentities(db, key, joined?.slice(0, samples) ?? []),
    joinedCount: joined?.length ?? 0,
    resolved: await readIdentities(db, key, ended?.slice(0, samples) ?? []),
    resolvedCount: ended?.length ?? 0,
  };
}

/** One alert an identity, firing before resolved, in the order in which they began. */
async function readIdentities(
  db: Database | Trx,
  key: string,
  identities: readonly string[],
): Promise<readonly KeyAlert[]> {
  if (identities.length === 0) return [];
  const { rows } = await sql<Row>`
    select * from (
      select distinct on (identity) identity, status, status_version, starts_at, ends_at, content from alerts
      where correlation_key = ${key} and identity = any(${[...identities]}::text[])
      order by identity, status, status_version desc) as each
    order by starts_at, identity`.execute(db);
  return rows.map(toKeyAlert);
}

/** The firing alerts of a key, newest word first: what the facts are read from. */
export async function firingAlerts(db: Database | Trx, key: string, limit: number): Promise<readonly KeyAlert[]> {
  const { rows } = await sql<Row>`
    select identity, status, status_version, starts_at, ends_at, content from alerts
    where correlation_key = ${key} and status = 'firing' order by key_version desc, fingerprint limit ${limit}`.execute(
    db,
  );
  return rows.map(toKeyAlert);
}

/** The alerts of an incident, for its page. */
export async function incidentAlerts(
  db: Database,
  key: string,
  after: number,
  limit: number,
): Promise<readonly KeyAlert[]> {
  const { rows } = await sql<Row>`
    select identity, status, status_version, starts_at, ends_at, content from alerts
    where correlation_key = ${key} and key_version > ${after} and fired
    order by (status = 'firing') desc, starts_at, fingerprint limit ${limit}`.execute(db);
  return rows.map(toKeyAlert);
}

const toKeyAlert = (row: Row): KeyAlert => ({
  alert: {
    ...(JSON.parse(row.content) as Alert),
    // The columns are the merged truth; the text is what the last delivery said.
    status: row.status,
    startsAt: row.starts_at.toISOString(),
    endsAt: row.ends_at?.toISOString() ?? null,
  },
  identity: row.identity,
  statusVersion: row.status_version,
});

/** Makes the rules look again at every active incident of a service. */
export async function markIncidentsDirty(trx: Trx, service: string): Promise<void> {
  await sql`
    update correlation_keys set version = version + 1
    where key in (select correlation_key from incidents
                  where service = ${service} and status in ('open', 'acknowledged'))`.execute(trx);
}
