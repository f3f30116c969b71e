import type { RawBuilder } from 'kysely';
import { alertKey, alertName } from '../domain/alert.ts';
import type { KnownAlert } from '../domain/alert-merge.ts';
import type { Delivery, DeliveryResult, ObservedAlert } from '../ingest/ports.ts';
import { booleanColumn, integerColumn, jsonColumn, momentColumn, textColumn } from './columns.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';
import { takingVersions } from './keys.ts';

type Part = RawBuilder<unknown>;

/** What the batch makes of one alert, beside what stood there before. */
export interface Entry {
  observed: ObservedAlert;
  known: KnownAlert;
  /** Null until something of the batch has to be written. */
  write: 'status' | 'content' | 'seen' | null;
  seenAt: number;
  lastSeenAt: number;
  statusVersion: number;
  keyVersion: number;
}

/** Everything that a batch of deliveries leaves, in one statement: each round trip costs as much as what it does. */
export async function writeBatch(
  db: Database | Trx,
  dirty: readonly string[],
  entries: readonly Entry[],
  deliveries: readonly Delivery[],
  results: readonly DeliveryResult[],
  exclusive: boolean,
): Promise<void> {
  const changed = entries.filter((e) => e.write === 'status' || e.write === 'content');
  const seen = entries.filter((e) => e.write === 'seen');
  const parts = [
    ...(dirty.length > 0 ? [takingVersions(dirty), storing(changed, exclusive)] : []),
    ...(seen.length > 0 ? [sql`refreshed as (${refreshingSeen(seen)})`] : []),
    ...delivering(deliveries, results),
    ...quarantining(deliveries),
    ...markingSeen(heartbeatsOf(deliveries)).map((part) => sql`heard as (${part})`),
  ];
  if (parts.length > 0) await sql`with ${sql.join(parts, sql`, `)} select 1`.execute(db);
}

/** Rows take the version of their key from `taken`. */
function storing(changed: readonly Entry[], exclusive: boolean): Part {
  const column = <T>(of: (entry: Entry) => T): T[] => changed.map(of);
  // What nobody else can have written, and we did not find, cannot conflict; saying so saves a fifth of the insert.
  const onConflict = exclusive && changed.every((e) => e.keyVersion === 0) ? sql`` : replacing;
  return sql`stored as (
    insert into alerts (source, fingerprint, identity, correlation_key, name, key_version, status_version, status,
                        fired, starts_at, ends_at, status_seen_at, last_seen_at, content_hash, content)
    select source, fingerprint, identity, n.key, name, taken.version,
           case when status_version = 0 then taken.version else status_version end, status, fired,
           to_timestamp(starts_at / 1000.0), to_timestamp(ends_at / 1000.0), to_timestamp(status_seen_at / 1000.0),
           to_timestamp(last_seen_at / 1000.0), content_hash, content
    from unnest(
      ${textColumn(column((e) => e.observed.alert.source))},
      ${textColumn(column((e) => e.observed.alert.fingerprint))},
      ${textColumn(column((e) => e.observed.identity))},
      ${textColumn(column((e) => e.observed.correlationKey))},
      ${textColumn(column((e) => alertName(e.observed.alert)))},
      ${integerColumn(column((e) => (e.write === 'status' ? 0 : e.statusVersion)))},
      ${textColumn(column((e) => e.known.status))},
      ${booleanColumn(column((e) => e.known.fired))},
      ${momentColumn(column((e) => e.known.startsAt))},
      ${momentColumn(column((e) => e.known.endsAt))},
      ${momentColumn(column((e) => e.known.statusSeenAt))},
      ${momentColumn(column((e) => e.seenAt))},
      ${textColumn(column((e) => e.known.contentHash))},
      ${jsonColumn(column((e) => JSON.stringify(e.observed.alert)))})
      as n(source, fingerprint, identity, key, name, status_version, status, fired, starts_at, ends_at,
           status_seen_at, last_seen_at, content_hash, content)
    join taken on taken.key = n.key
    ${onConflict})`;
}

const replacing = sql`
  on conflict (source, fingerprint) do update set
    identity = excluded.identity, correlation_key = excluded.correlation_key, name = excluded.name,
    key_version = excluded.key_version, status_version = excluded.status_version, status = excluded.status,
    fired = excluded.fired, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
    status_seen_at = excluded.status_seen_at, last_seen_at = excluded.last_seen_at,
    content_hash = excluded.content_hash, content = excluded.content`;

function refreshingSeen(entries: readonly Entry[]): Part {
  const keyOf = (entry: Entry): string => alertKey(entry.observed.alert.source, entry.observed.alert.fingerprint);
  const sorted = [...entries].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return sql`
    update alerts a set last_seen_at = greatest(a.last_seen_at, to_timestamp(w.seen_at / 1000.0))
    from unnest(${textColumn(sorted.map((e) => e.observed.alert.source))},
                ${textColumn(sorted.map((e) => e.observed.alert.fingerprint))},
                ${momentColumn(sorted.map((e) => e.seenAt))}) as w(source, fingerprint, seen_at)
    where a.source = w.source and a.fingerprint = w.fingerprint`;
}

/** A delivery that changed something, or could not be read whole, leaves a row; a mere repeat leaves a count. */
function delivering(deliveries: readonly Delivery[], results: readonly DeliveryResult[]): readonly Part[] {
  const kept = deliveries
    .map((delivery, i) => ({ delivery, result: results[i] ?? { accepted: 0, duplicates: 0 } }))
    .filter(({ delivery, result }) => result.accepted > 0 || delivery.rejected.length > 0);
  if (kept.length === 0) return [];
  return [
    sql`delivered as (
    insert into deliveries (id, source, received_at, changed, duplicates, rejected)
    select id::uuid, source, to_timestamp(received_at / 1000.0), changed, duplicates, rejected from unnest(
      ${textColumn(kept.map((k) => k.delivery.id))}, ${textColumn(kept.map((k) => k.delivery.source))},
      ${momentColumn(kept.map((k) => k.delivery.receivedAt))}, ${integerColumn(kept.map((k) => k.result.accepted))},
      ${integerColumn(kept.map((k) => k.result.duplicates))}, ${integerColumn(kept.map((k) => k.delivery.rejected.length))})
      as n(id, source, received_at, changed, duplicates, rejected)
    on conflict (id) do nothing)`,
  ];
}

const RAW_KEPT = 64 * 1024;

function quarantining(deliveries: readonly Delivery[]): readonly Part[] {
  const rows = deliveries.flatMap((delivery) => delivery.rejected.map((rejected) => ({ delivery, rejected })));
  if (rows.length === 0) return [];
  const text = (value: string): string => value.toWellFormed().replaceAll('\0', '\u{FFFD}');
  return [
    sql`quarantined as (
    insert into quarantine (delivery_id, source, received_at, position, field, message, raw)
    select id::uuid, source, to_timestamp(received_at / 1000.0), position, field, message, raw from unnest(
      ${textColumn(rows.map((r) => r.delivery.id))}, ${textColumn(rows.map((r) => r.delivery.source))},
      ${momentColumn(rows.map((r) => r.delivery.receivedAt))}, ${integerColumn(rows.map((r) => r.rejected.index))},
      ${textColumn(rows.map((r) => text(r.rejected.field)))}, ${textColumn(rows.map((r) => text(r.rejected.message)))},
      ${textColumn(rows.map((r) => text(JSON.stringify(r.rejected.raw).slice(0, RAW_KEPT))))})
      as n(id, source, received_at, position, field, message, raw))`,
  ];
}

export interface Seen {
  readonly source: string;
  /** Of a heartbeat; empty for the source itself. */
  readonly name: string;
  readonly at: number;
}

const heartbeatsOf = (deliveries: readonly Delivery[]): readonly Seen[] =>
  deliveries.flatMap(({ source, heartbeats, receivedAt }) =>
    ['', ...heartbeats].map((name) => ({ source, name, at: receivedAt })),
  );

/** The statement that tells when sources and heartbeats were last heard of. Rows in order, so nobody deadlocks. */
export function markingSeen(seen: readonly Seen[]): readonly Part[] {
  const newest = new Map<string, Seen>();
  for (const each of seen) {
    const key = `${each.source}/${each.name}`;
    if ((newest.get(key)?.at ?? 0) < each.at) newest.set(key, each);
  }
  if (newest.size === 0) return [];
  const rows = [...newest.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  return [
    sql`
    insert into heartbeats (source, name, last_seen_at)
    select source, name, to_timestamp(at / 1000.0) from unnest(
      ${textColumn(rows.map((r) => r.source))}, ${textColumn(rows.map((r) => r.name))},
      ${momentColumn(rows.map((r) => r.at))}) as n(source, name, at)
    on conflict (source, name) do update set last_seen_at = greatest(heartbeats.last_seen_at, excluded.last_seen_at)`,
  ];
}
