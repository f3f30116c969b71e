import type { Alert } from '../domain/alert.ts';
import type { AlertCounts } from '../domain/incident/events.ts';
import { textColumn } from './columns.ts';
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

/** An incident by more names than these is a storm, and known by them. */
const NAMES = 50;

export interface KeyNewsRows {
  readonly counts: AlertCounts;
  /** Of all that joined, sorted. */
  readonly joinedNames: readonly string[];
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
  /** What is newer is dirty still, and told by the look that comes for it. */
  upTo: number,
  samples: number,
): Promise<KeyNewsRows> {
  const joined = sql`firing and not fired_before and newest > ${seen} and newest <= ${upTo}`;
  const ended = sql`not firing and newest > ${seen} and newest <= ${upTo}`;
  const { rows } = await sql<NewsRow>`
    select count(*) filter (where firing) as firing, count(*) filter (where not firing) as resolved,
           count(*) filter (where ${joined}) as joined_count, count(*) filter (where ${ended}) as ended_count,
           (array_agg(distinct name) filter (where ${joined}))[1:${sql.lit(NAMES)}] as names,
           (array_agg(array[source, fingerprint] order by starts_at, fingerprint) filter (where ${joined}))[1:${sql.lit(samples)}] as joined,
           (array_agg(array[source, fingerprint] order by starts_at, fingerprint) filter (where ${ended}))[1:${sql.lit(samples)}] as ended
    from (select min(source) as source, min(name) as name, min(starts_at) as starts_at, max(status_version) as newest,
                 coalesce(min(fingerprint) filter (where status = 'firing'), min(fingerprint)) as fingerprint,
                 bool_or(status = 'firing') as firing,
                 bool_or(status = 'firing' and status_version <= ${seen}) as fired_before
          from alerts where correlation_key = ${key} and fired
          group by identity having max(key_version) > ${after}) as each`.execute(db);
  const row = rows[0] ?? {
    firing: 0,
    resolved: 0,
    joined_count: 0,
    ended_count: 0,
    names: null,
    joined: null,
    ended: null,
  };
  return {
    counts: { firing: row.firing, resolved: row.resolved },
    joinedNames: row.names ?? [],
    joined: await readAlerts(db, row.joined ?? []),
    joinedCount: row.joined_count,
    resolved: await readAlerts(db, row.ended ?? []),
    resolvedCount: row.ended_count,
  };
}

interface NewsRow {
  names: string[] | null;
  firing: number;
  resolved: number;
  joined_count: number;
  ended_count: number;
  /** Source and fingerprint of each. */
  joined: string[][] | null;
  ended: string[][] | null;
}

/** In the order in which they began. */
async function readAlerts(db: Database | Trx, ids: readonly string[][]): Promise<readonly KeyAlert[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<Row>`
    select a.identity, a.status, a.status_version, a.starts_at, a.ends_at, a.content
    from unnest(${textColumn(ids.map(([source = '']) => source))}, ${textColumn(ids.map(([, print = '']) => print))})
      as w(source, fingerprint)
    join alerts a using (source, fingerprint) order by a.starts_at, a.fingerprint`.execute(db);
  return rows.map(toKeyAlert);
}

/**
 * Up to `limit` firing alerts of a key, newest word first: what the facts are read from. In a storm the newest commits
 * alone hold as many, and the rest need not be sorted to find them: `since` is the version where those begin.
 */
export async function firingAlerts(
  db: Database | Trx,
  key: string,
  since: number,
  limit: number,
): Promise<readonly KeyAlert[]> {
  const { rows } = await sql<Row>`
    select identity, status, status_version, starts_at, ends_at, content from alerts
    where correlation_key = ${key} and key_version > ${since} and status = 'firing'
    order by key_version desc limit ${limit}`.execute(db);
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
