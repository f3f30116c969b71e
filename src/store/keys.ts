import type { RawBuilder } from 'kysely';
import { textColumn } from './columns.ts';
import type { Database, Trx } from './database.ts';
import { notDurable, sql } from './database.ts';

export interface ClaimedKey {
  readonly key: string;
  readonly version: number;
  readonly advancedVersion: number;
}

/**
 * The beginning of a `with`: takes the next version of each key as `taken`, under its row lock until the transaction
 * ends, and marks it dirty. Keys must come sorted, so that two of these never deadlock.
 */
export const takingVersions = (keys: readonly string[]): RawBuilder<unknown> => sql`
  taken as (
    insert into correlation_keys (key, version) select key, 1 from unnest(${textColumn(keys)}) as k(key)
    on conflict (key) do update set version = correlation_keys.version + 1
    returning key, version),
  dirty as (insert into dirty_keys (key, version) select key, version from taken),
  fresh as (insert into key_progress (key, advanced_version, next_at)
            select key, 0, '-infinity' from taken where version <= 1 on conflict do nothing)`;

/** Takes the row locks of keys, sorted, without a new version. */
export async function lockKeys(trx: Trx, keys: readonly string[]): Promise<void> {
  await sql`
    insert into correlation_keys (key, version) select key, 0 from unnest(${textColumn(keys)}) as k(key)
    on conflict (key) do update set version = correlation_keys.version`.execute(trx);
}

/** Makes the rules look again at keys. They must come sorted. */
export async function markDirty(trx: Trx, keys: readonly string[]): Promise<void> {
  if (keys.length > 0) await sql`with ${takingVersions(keys)} select 1`.execute(trx);
}

/** Makes the rules look again at every active incident of a service. */
export async function markIncidentsDirty(trx: Trx, service: string): Promise<void> {
  const { rows } = await sql<{ key: string }>`
    select correlation_key as key from incidents
    where service = ${service} and status in ('open', 'acknowledged') order by correlation_key`.execute(trx);
  await markDirty(
    trx,
    rows.map((row) => row.key),
  );
}

/** Nothing is put off for longer. What stands further ahead was written by a clock that was wrong, and is due. */
const FURTHEST_MS = 60_000;

/**
 * Takes the dirty key that waits longest and keeps it from others for `leaseMs`. A worker that dies leaves it to the
 * next one after that; a worker that is only slow finds at its commit that the incident has moved on.
 */
export async function claimDirtyKey(db: Database, now: number, leaseMs: number): Promise<ClaimedKey | null> {
  const { rows } = await sql<{ key: string; version: number; advanced_version: number }>`
    update key_progress p set next_at = ${new Date(now + leaseMs)}
    from correlation_keys k
    where k.key = p.key and p.key = (
      select key from key_progress
      where (next_at <= ${new Date(now)} or next_at > ${new Date(now + FURTHEST_MS)})
        and key in (select key from dirty_keys)
      order by next_at limit 1 for update skip locked)
      and ${notDurable}
    returning p.key, k.version, p.advanced_version`.execute(db);
  const row = rows[0];
  return row === undefined ? null : { key: row.key, version: row.version, advancedVersion: row.advanced_version };
}

/**
 * The key has been looked at up to the claimed version; what came meanwhile is due again at `nextAt`. False: somebody
 * else has looked since it was claimed, so what was found is old.
 */
export async function markAdvanced(trx: Trx, claimed: ClaimedKey, nextAt: number): Promise<boolean> {
  const { key, version, advancedVersion } = claimed;
  const { numAffectedRows } = await sql`
    with seen as (delete from dirty_keys where key = ${key} and version <= ${version})
    update key_progress set advanced_version = greatest(advanced_version, ${version}), next_at = ${new Date(nextAt)}
    where key = ${key} and advanced_version = ${advancedVersion}`.execute(trx);
  return numAffectedRows === 1n;
}

/** Puts a key back: what was decided for it no longer fits. */
export async function releaseKey(db: Database, key: string, nextAt: number): Promise<void> {
  await sql`update key_progress set next_at = ${new Date(nextAt)} where key = ${key}`.execute(db);
}

/** Nobody else can be at work: every dirty key may be looked at now. */
export async function releaseAllKeys(db: Database): Promise<void> {
  await sql`update key_progress set next_at = '-infinity' where key in (select key from dirty_keys)`.execute(db);
}

export async function countDirtyKeys(db: Database): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(distinct key) as n from dirty_keys`.execute(db);
  return rows[0]?.n ?? 0;
}

/** When the next dirty key is due; null when none is. */
export async function nextDirtyAt(db: Database): Promise<number | null> {
  const { rows } = await sql<{ at: Date | null }>`
    select min(greatest(next_at, 'epoch')) as at from key_progress where key in (select key from dirty_keys)`.execute(
    db,
  );
  return rows[0]?.at?.getTime() ?? null;
}
