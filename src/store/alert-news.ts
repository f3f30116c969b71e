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

/** Alerts whose status changed after `after`, newest first; one an identity, firing before resolved. Only those that did fire. */
export async function alertsWithNews(
  db: Database | Trx,
  key: string,
  after: number,
  limit: number,
): Promise<{
  readonly joined: readonly KeyAlert[];
  readonly joinedCount: number;
  readonly resolved: readonly KeyAlert[];
  readonly resolvedCount: number;
}> {
  const joined = await withNews(db, key, after, 'firing', limit);
  const resolved = await withNews(db, key, after, 'resolved', limit);
  return { joined: joined.alerts, joinedCount: joined.count, resolved: resolved.alerts, resolvedCount: resolved.count };
}

/**
 * For `firing`: identities that fire now and did not before. For `resolved`: identities of which nothing fires any more.
 * Two replicas of one alert are one identity.
 */
async function withNews(
  db: Database | Trx,
  key: string,
  after: number,
  status: 'firing' | 'resolved',
  limit: number,
): Promise<{ alerts: readonly KeyAlert[]; count: number }> {
  const known =
    status === 'firing'
      ? sql`other.status = 'firing' and other.status_version <= ${after}`
      : sql`other.status = 'firing'`;
  const { rows } = await sql<Row & { total: number }>`
    select identity, status, status_version, starts_at, ends_at, content, count(*) over () as total
    from (select distinct on (identity) * from alerts a
          where correlation_key = ${key} and key_version > ${after} and status_version > ${after}
            and status = ${status} and fired
            and not exists (select from alerts other where other.correlation_key = ${key}
                            and other.identity = a.identity and other.fingerprint <> a.fingerprint and ${known})
          order by identity, status_version desc) as news
    order by starts_at, identity limit ${limit}`.execute(db);
  return { alerts: rows.map(toKeyAlert), count: rows[0]?.total ?? 0 };
}

/** How many alerts of an incident fire and how many have resolved, each identity once. */
export async function countAlerts(db: Database | Trx, key: string, after: number): Promise<AlertCounts> {
  const { rows } = await sql<AlertCounts>`
    select count(*) filter (where firing) as firing, count(*) filter (where not firing) as resolved
    from (select bool_or(status = 'firing') as firing from alerts
          where correlation_key = ${key} and key_version > ${after} and fired group by identity) as each`.execute(db);
  return rows[0] ?? { firing: 0, resolved: 0 };
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
