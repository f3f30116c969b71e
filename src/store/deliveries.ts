import { alertKey, alertName } from '../domain/alert.ts';
import type { KnownAlert } from '../domain/alert-merge.ts';
import { mergeAlert } from '../domain/alert-merge.ts';
import type { Delivery, DeliveryResult, ObservedAlert } from '../ingest/ports.ts';
import { booleanColumn, integerColumn, jsonColumn, momentColumn, textColumn } from './columns.ts';
import type { Trx } from './database.ts';
import { sql } from './database.ts';
import { markDirty } from './keys.ts';

interface AlertRow {
  source: string;
  fingerprint: string;
  key_version: number;
  status_version: number;
  status: 'firing' | 'resolved';
  fired: boolean;
  starts_at: Date;
  ends_at: Date | null;
  status_seen_at: Date;
  last_seen_at: Date;
  content_hash: string;
}

/** What the batch makes of one alert, beside what stood there before. */
interface Entry {
  observed: ObservedAlert;
  known: KnownAlert;
  /** Null until something of the batch has to be written. */
  write: 'status' | 'content' | 'seen' | null;
  seenAt: number;
  lastSeenAt: number;
  statusVersion: number;
  keyVersion: number;
}

export interface CommitOptions {
  readonly lateFiringMs: number;
  /** A repeat refreshes `last_seen_at` at most this often. */
  readonly refreshMs: number;
  /** No other process writes to this database, so what was read cannot have moved. */
  readonly exclusive: boolean;
}

export interface BatchOutcome {
  readonly results: readonly DeliveryResult[];
  /** Correlation keys that got news. */
  readonly dirty: readonly string[];
}

/**
 * Commits many deliveries at once: reads what is known of their alerts, merges in the program, writes only rows that are
 * new or changed, and marks their correlation keys dirty. Keys are locked in order, so two of these never deadlock.
 */
export async function commitDeliveries(
  trx: Trx,
  deliveries: readonly Delivery[],
  options: CommitOptions,
): Promise<BatchOutcome> {
  const observed = deliveries.flatMap((delivery) => delivery.alerts);
  let batch = merge(await readKnown(trx, observed), deliveries, options);
  let versions = await markDirty(trx, dirtyKeys(batch.entries));
  if (!options.exclusive && versions.size > 0) {
    // Now that the keys are ours, nobody else can move these alerts: judge again by what stands there.
    batch = merge(await readKnown(trx, observed), deliveries, options);
    versions = new Map([
      ...versions,
      ...(await markDirty(
        trx,
        dirtyKeys(batch.entries).filter((k) => !versions.has(k)),
      )),
    ]);
  }
  await writeAlerts(trx, batch.entries, versions);
  await writeDeliveries(trx, deliveries, batch.results);
  await writeHeartbeats(trx, deliveries);
  return { results: batch.results, dirty: [...versions.keys()] };
}

async function readKnown(trx: Trx, observed: readonly ObservedAlert[]): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  if (observed.length === 0) return entries;
  const wanted = new Map(observed.map((o) => [alertKey(o.alert.source, o.alert.fingerprint), o]));
  const sources = [...wanted.values()].map((o) => o.alert.source);
  const fingerprints = [...wanted.values()].map((o) => o.alert.fingerprint);
  const { rows } = await sql<AlertRow>`
    select a.source, a.fingerprint, a.key_version, a.status_version, a.status, a.fired, a.starts_at, a.ends_at,
           a.status_seen_at, a.last_seen_at, a.content_hash
    from unnest(${textColumn(sources)}, ${textColumn(fingerprints)}) as w(source, fingerprint)
    join alerts a on a.source = w.source and a.fingerprint = w.fingerprint`.execute(trx);
  for (const row of rows) {
    const key = alertKey(row.source, row.fingerprint);
    const first = wanted.get(key);
    if (first !== undefined) entries.set(key, entryOf(row, first));
  }
  return entries;
}

const entryOf = (row: AlertRow, observed: ObservedAlert): Entry => ({
  observed,
  known: {
    status: row.status,
    fired: row.fired,
    startsAt: row.starts_at.getTime(),
    endsAt: row.ends_at?.getTime() ?? null,
    statusSeenAt: row.status_seen_at.getTime(),
    contentHash: row.content_hash,
  },
  write: null,
  seenAt: row.last_seen_at.getTime(),
  lastSeenAt: row.last_seen_at.getTime(),
  statusVersion: row.status_version,
  keyVersion: row.key_version,
});

interface Batch {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly results: readonly DeliveryResult[];
}

function merge(entries: Map<string, Entry>, deliveries: readonly Delivery[], options: CommitOptions): Batch {
  const results = deliveries.map((delivery) => {
    let accepted = 0;
    let superseded = 0;
    for (const observed of delivery.alerts) {
      const said = mergeOne(entries, observed, delivery.receivedAt, options);
      if (said.news) accepted += 1;
      if (said.superseded) superseded += 1;
    }
    return { accepted, duplicates: delivery.alerts.length - accepted, superseded };
  });
  return { entries, results };
}

/** Whether the alert said something new, and whether something else stands in the store now than what it said. */
function mergeOne(
  entries: Map<string, Entry>,
  observed: ObservedAlert,
  receivedAt: number,
  options: CommitOptions,
): { readonly news: boolean; readonly superseded: boolean } {
  const key = alertKey(observed.alert.source, observed.alert.fingerprint);
  const entry = entries.get(key) ?? null;
  const { outcome, next } = mergeAlert(
    entry?.known ?? null,
    observed.alert,
    observed.contentHash,
    receivedAt,
    options.lateFiringMs,
  );
  const superseded = next.contentHash !== observed.contentHash;
  if (entry === null) {
    entries.set(key, { ...NOTHING_STORED, observed, known: next, seenAt: receivedAt, lastSeenAt: receivedAt });
    return { news: true, superseded };
  }
  entry.seenAt = Math.max(entry.seenAt, receivedAt);
  if (outcome === 'repeat' || outcome === 'late') {
    if (entry.write === null && entry.seenAt - entry.lastSeenAt >= options.refreshMs) entry.write = 'seen';
    return { news: false, superseded };
  }
  entry.known = next;
  // A resolve that came first keeps its own words; the late firing adds only that it did fire.
  if (!superseded) entry.observed = observed;
  entry.write = outcome === 'news' || entry.write === 'status' ? 'status' : 'content';
  return { news: true, superseded };
}

const NOTHING_STORED = { write: 'status' as const, statusVersion: 0, keyVersion: 0 };

function dirtyKeys(entries: ReadonlyMap<string, Entry>): readonly string[] {
  const keys = new Set<string>();
  for (const entry of entries.values()) {
    if (entry.write === 'status' || entry.write === 'content') keys.add(entry.observed.correlationKey);
  }
  return [...keys].sort();
}

async function writeAlerts(
  trx: Trx,
  entries: ReadonlyMap<string, Entry>,
  versions: ReadonlyMap<string, number>,
): Promise<void> {
  const changed = [...entries.values()].filter((e) => e.write === 'status' || e.write === 'content');
  const column = <T>(of: (entry: Entry) => T): T[] => changed.map(of);
  const version = (entry: Entry): number => versions.get(entry.observed.correlationKey) ?? entry.keyVersion;
  if (changed.length > 0) {
    await sql`
      insert into alerts (source, fingerprint, identity, correlation_key, name, key_version, status_version, status,
                          fired, starts_at, ends_at, status_seen_at, last_seen_at, content_hash, content)
      select source, fingerprint, identity, key, name, key_version, status_version, status, fired,
             to_timestamp(starts_at / 1000.0), to_timestamp(ends_at / 1000.0), to_timestamp(status_seen_at / 1000.0),
             to_timestamp(last_seen_at / 1000.0), content_hash, content
      from unnest(
        ${textColumn(column((e) => e.observed.alert.source))},
        ${textColumn(column((e) => e.observed.alert.fingerprint))},
        ${textColumn(column((e) => e.observed.identity))},
        ${textColumn(column((e) => e.observed.correlationKey))},
        ${textColumn(column((e) => alertName(e.observed.alert)))},
        ${integerColumn(column(version))},
        ${integerColumn(column((e) => (e.write === 'status' ? version(e) : e.statusVersion)))},
        ${textColumn(column((e) => e.known.status))},
        ${booleanColumn(column((e) => e.known.fired))},
        ${momentColumn(column((e) => e.known.startsAt))},
        ${momentColumn(column((e) => e.known.endsAt))},
        ${momentColumn(column((e) => e.known.statusSeenAt))},
        ${momentColumn(column((e) => e.seenAt))},
        ${textColumn(column((e) => e.known.contentHash))},
        ${jsonColumn(column((e) => JSON.stringify(e.observed.alert)))})
        as n(source, fingerprint, identity, key, name, key_version, status_version, status, fired, starts_at, ends_at,
             status_seen_at, last_seen_at, content_hash, content)
      on conflict (source, fingerprint) do update set
        identity = excluded.identity, correlation_key = excluded.correlation_key, name = excluded.name, key_version = excluded.key_version,
        status_version = excluded.status_version, status = excluded.status, fired = excluded.fired,
        starts_at = excluded.starts_at, ends_at = excluded.ends_at, status_seen_at = excluded.status_seen_at,
        last_seen_at = excluded.last_seen_at, content_hash = excluded.content_hash, content = excluded.content`.execute(
      trx,
    );
  }
  await refreshSeen(
    trx,
    [...entries.values()].filter((e) => e.write === 'seen'),
  );
}

async function refreshSeen(trx: Trx, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  const sorted = [...entries].sort((a, b) => (alertOrder(a) < alertOrder(b) ? -1 : 1));
  await sql`
    update alerts a set last_seen_at = greatest(a.last_seen_at, w.seen_at)
    from unnest(${sorted.map((e) => e.observed.alert.source)}::text[],
                ${sorted.map((e) => e.observed.alert.fingerprint)}::text[],
                ${sorted.map((e) => new Date(e.seenAt))}::timestamptz[]) as w(source, fingerprint, seen_at)
    where a.source = w.source and a.fingerprint = w.fingerprint`.execute(trx);
}

const alertOrder = (entry: Entry): string => alertKey(entry.observed.alert.source, entry.observed.alert.fingerprint);

/** A delivery that changed something, or could not be read whole, leaves a row; a mere repeat leaves a count. */
async function writeDeliveries(
  trx: Trx,
  deliveries: readonly Delivery[],
  results: readonly DeliveryResult[],
): Promise<void> {
  const kept = deliveries
    .map((delivery, i) => ({ delivery, result: results[i] ?? { accepted: 0, duplicates: 0 } }))
    .filter(({ delivery, result }) => result.accepted > 0 || delivery.rejected.length > 0);
  if (kept.length === 0) return;
  await sql`
    insert into deliveries (id, source, received_at, changed, duplicates, rejected)
    select * from unnest(
      ${kept.map((k) => k.delivery.id)}::uuid[],
      ${kept.map((k) => k.delivery.source)}::text[],
      ${kept.map((k) => new Date(k.delivery.receivedAt))}::timestamptz[],
      ${kept.map((k) => k.result.accepted)}::integer[],
      ${kept.map((k) => k.result.duplicates)}::integer[],
      ${kept.map((k) => k.delivery.rejected.length)}::integer[])
    on conflict (id) do nothing`.execute(trx);
  await writeQuarantine(trx, deliveries);
}

const RAW_KEPT = 64 * 1024;

async function writeQuarantine(trx: Trx, deliveries: readonly Delivery[]): Promise<void> {
  const rows = deliveries.flatMap((delivery) => delivery.rejected.map((rejected) => ({ delivery, rejected })));
  if (rows.length === 0) return;
  const text = (value: string): string => value.toWellFormed().replaceAll('\0', '\u{FFFD}');
  await sql`
    insert into quarantine (delivery_id, source, received_at, position, field, message, raw)
    select * from unnest(
      ${rows.map((r) => r.delivery.id)}::uuid[],
      ${rows.map((r) => r.delivery.source)}::text[],
      ${rows.map((r) => new Date(r.delivery.receivedAt))}::timestamptz[],
      ${rows.map((r) => r.rejected.index)}::integer[],
      ${rows.map((r) => text(r.rejected.field))}::text[],
      ${rows.map((r) => text(r.rejected.message))}::text[],
      ${rows.map((r) => text(JSON.stringify(r.rejected.raw).slice(0, RAW_KEPT)))}::text[])`.execute(trx);
}

function writeHeartbeats(trx: Trx, deliveries: readonly Delivery[]): Promise<void> {
  return markSeen(
    trx,
    deliveries.flatMap(({ source, heartbeats, receivedAt }) =>
      ['', ...heartbeats].map((name) => ({ source, name, at: receivedAt })),
    ),
  );
}

/** When sources (name '') and their heartbeats were last heard of. Rows are touched in order, so nobody deadlocks. */
export async function markSeen(
  trx: Trx,
  seen: readonly { readonly source: string; readonly name: string; readonly at: number }[],
): Promise<void> {
  const newest = new Map<string, (typeof seen)[number]>();
  for (const each of seen) {
    const key = `${each.source}/${each.name}`;
    if ((newest.get(key)?.at ?? 0) < each.at) newest.set(key, each);
  }
  if (newest.size === 0) return;
  const rows = [...newest.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  await sql`
    insert into heartbeats (source, name, last_seen_at)
    select * from unnest(${rows.map((r) => r.source)}::text[], ${rows.map((r) => r.name)}::text[],
                         ${rows.map((r) => new Date(r.at))}::timestamptz[])
    on conflict (source, name) do update set last_seen_at = greatest(heartbeats.last_seen_at, excluded.last_seen_at)`.execute(
    trx,
  );
}
