import { alertKey } from '../domain/alert.ts';
import { mergeAlert } from '../domain/alert-merge.ts';
import type { Delivery, DeliveryResult, ObservedAlert } from '../ingest/ports.ts';
import { textColumn } from './columns.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';
import { lockKeys } from './keys.ts';
import type { Entry } from './write-batch.ts';
import { writeBatch } from './write-batch.ts';

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
 * Commits many deliveries at once: reads what is known of their alerts, merges in the program, and writes in one
 * statement only what is new or changed, with the dirty marks. Keys are locked in order, so two of these never deadlock.
 */
export async function commitDeliveries(
  db: Database,
  deliveries: readonly Delivery[],
  options: CommitOptions,
): Promise<BatchOutcome> {
  const observed = deliveries.flatMap((delivery) => delivery.alerts);
  if (options.exclusive) return judgeAndWrite(db, observed, deliveries, options);
  return db.transaction().execute(async (trx) => {
    const batch = merge(await readKnown(trx, observed), deliveries, options);
    // Once the keys are ours, nobody else can move these alerts: judge again by what stands there then.
    if (dirtyKeys(batch.entries).length > 0)
      await lockKeys(trx, [...new Set(observed.map((o) => o.correlationKey))].sort());
    return judgeAndWrite(trx, observed, deliveries, options);
  });
}

async function judgeAndWrite(
  db: Database | Trx,
  observed: readonly ObservedAlert[],
  deliveries: readonly Delivery[],
  options: CommitOptions,
): Promise<BatchOutcome> {
  const batch = merge(await readKnown(db, observed), deliveries, options);
  const dirty = dirtyKeys(batch.entries);
  await writeBatch(db, dirty, [...batch.entries.values()], deliveries, batch.results, options.exclusive);
  return { results: batch.results, dirty };
}

async function readKnown(trx: Database | Trx, observed: readonly ObservedAlert[]): Promise<Map<string, Entry>> {
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
