import type { Alert } from '../domain/alert.ts';
import type { KnownFiring } from '../domain/reconciliation.ts';
import { integerColumn, momentColumn, textColumn } from './columns.ts';
import type { Database } from './database.ts';
import { sql } from './database.ts';

/** Alerts that fire in an incident which is not over, of every source. */
export interface FiringInIncident extends KnownFiring {
  readonly incidentId: string;
  readonly source: string;
}

export async function readFiring(db: Database): Promise<readonly FiringInIncident[]> {
  const { rows } = await sql<{
    incident_id: string;
    source: string;
    fingerprint: string;
    last_seen_at: Date;
    seen: boolean;
    listed_at: Date | null;
    missing_since: Date | null;
    misses: number | null;
  }>`
    select i.id as incident_id, a.source, a.fingerprint, a.last_seen_at, s.fingerprint is not null as seen,
           s.listed_at, s.missing_since, s.misses
    from incidents i
    join alerts a on a.correlation_key = i.correlation_key and a.key_version > (i.state->>'afterKeyVersion')::bigint
      and a.status = 'firing'
    left join alertmanager_sightings s on s.fingerprint = a.fingerprint and a.source = 'alertmanager'
    where i.status in ('open', 'acknowledged', 'mitigated') order by i.id, a.fingerprint`.execute(db);
  return rows.map((row) => ({
    incidentId: row.incident_id,
    source: row.source,
    fingerprint: row.fingerprint,
    heardAt: row.last_seen_at.getTime(),
    sighting: row.seen
      ? {
          listedAt: row.listed_at?.getTime() ?? null,
          missingSince: row.missing_since?.getTime() ?? null,
          misses: row.misses ?? 0,
        }
      : null,
  }));
}

/** Incidents that are not closed and are held to be silenced. */
export async function silencedIncidents(db: Database): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from incidents where status <> 'closed' and state->'quiet' @> '[{"kind": "silenced"}]' order by id`.execute(
    db,
  );
  return rows.map((row) => row.id);
}

export interface StoredAlert {
  readonly alert: Alert;
  readonly identity: string;
  readonly correlationKey: string;
}

/** Alertmanager's alerts as they stand, by fingerprint. */
export async function readAlertmanagerAlerts(
  db: Database,
  fingerprints: readonly string[],
): Promise<readonly StoredAlert[]> {
  if (fingerprints.length === 0) return [];
  const { rows } = await sql<{
    identity: string;
    correlation_key: string;
    status: 'firing' | 'resolved';
    starts_at: Date;
    ends_at: Date | null;
    content: string;
  }>`
    select identity, correlation_key, status, starts_at, ends_at, content from alerts
    where source = 'alertmanager' and fingerprint = any(${textColumn(fingerprints)}) order by fingerprint`.execute(db);
  return rows.map((row) => ({
    alert: {
      ...(JSON.parse(row.content) as Alert),
      status: row.status,
      startsAt: row.starts_at.toISOString(),
      endsAt: row.ends_at?.toISOString() ?? null,
    },
    identity: row.identity,
    correlationKey: row.correlation_key,
  }));
}

/** They are listed there: they belong there, and are not missing. */
export async function recordListed(db: Database, fingerprints: readonly string[], now: number): Promise<void> {
  if (fingerprints.length === 0) return;
  await sql`
    insert into alertmanager_sightings (fingerprint, listed_at)
    select distinct f, ${new Date(now)}::timestamptz from unnest(${textColumn(fingerprints)}) as n(f) order by f
    on conflict (fingerprint) do update set listed_at = excluded.listed_at, missing_since = null, misses = 0,
      ended_at = null`.execute(db);
}

export interface Missed {
  readonly fingerprint: string;
  readonly since: number;
  readonly misses: number;
}

export async function recordMissing(db: Database, missed: readonly Missed[]): Promise<void> {
  if (missed.length === 0) return;
  const rows = [...missed].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  await sql`
    insert into alertmanager_sightings (fingerprint, missing_since, misses)
    select f, to_timestamp(since / 1000.0), misses from unnest(
      ${textColumn(rows.map((row) => row.fingerprint))}, ${momentColumn(rows.map((row) => row.since))},
      ${integerColumn(rows.map((row) => row.misses))}) as n(f, since, misses)
    on conflict (fingerprint) do update set missing_since = excluded.missing_since, misses = excluded.misses`.execute(
    db,
  );
}

/**
 * Remembers the ends that are about to be given, before they are: an alert that turns out to fire there still must be
 * known as one that only we have ended.
 */
export async function recordEnds(
  db: Database,
  ends: readonly { readonly fingerprint: string; readonly endedAt: number }[],
): Promise<void> {
  if (ends.length === 0) return;
  const rows = [...ends].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  await sql`
    insert into alertmanager_sightings (fingerprint, missing_since, ended_at)
    select f, to_timestamp(at / 1000.0), to_timestamp(at / 1000.0) from unnest(
      ${textColumn(rows.map((row) => row.fingerprint))}, ${momentColumn(rows.map((row) => row.endedAt))}) as n(f, at)
    on conflict (fingerprint) do update set ended_at = excluded.ended_at`.execute(db);
}

/** Alerts that have ended by our word alone: nothing else has been heard of them since. */
export async function readEndedByUs(
  db: Database,
): Promise<readonly { readonly fingerprint: string; readonly endedAt: number }[]> {
  const { rows } = await sql<{ fingerprint: string; ended_at: Date }>`
    select s.fingerprint, s.ended_at from alertmanager_sightings s
    join alerts a on a.source = 'alertmanager' and a.fingerprint = s.fingerprint
      and a.status = 'resolved' and a.ends_at = s.ended_at
    where s.ended_at is not null order by s.fingerprint`.execute(db);
  return rows.map((row) => ({ fingerprint: row.fingerprint, endedAt: row.ended_at.getTime() }));
}

/** Forgets what was seen long ago of alerts that do not fire. */
export async function forgetSightings(db: Database, before: number): Promise<void> {
  await sql`
    delete from alertmanager_sightings s where coalesce(s.listed_at, s.missing_since) < ${new Date(before)}
      and not exists (select from alerts a where a.source = 'alertmanager' and a.fingerprint = s.fingerprint
                      and a.status = 'firing')`.execute(db);
}
