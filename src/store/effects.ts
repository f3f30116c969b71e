import type { RawBuilder } from 'kysely';
import { randomInt } from 'node:crypto';
import type { Failure } from '../domain/failure.ts';
import type { JsonObject } from '../domain/json.ts';
import type { ChannelName, EffectIntent } from '../domain/view.ts';
import { counting, incrementsOf } from './counters.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';

/** An effect that this process alone may carry out until its lease ends. */
export interface ClaimedEffect {
  readonly intent: EffectIntent;
  readonly attempts: number;
  /** An earlier attempt was cut off: it may be out there. */
  readonly ambiguous: boolean;
  readonly createdAt: number;
  /** A later effect of the lane makes this one pointless (`replaces`). */
  readonly superseded: boolean;
}

export type LaneHead =
  | { readonly kind: 'claimed'; readonly effect: ClaimedEffect }
  | { readonly kind: 'not-yet'; readonly at: number }
  | { readonly kind: 'busy' }
  | { readonly kind: 'empty' };

export interface Lane {
  readonly incidentId: string;
  readonly channel: ChannelName;
  readonly urgent: boolean;
}

interface Row {
  id: string;
  was: 'pending' | 'acting';
  intent: string;
  attempts: number;
  ambiguous: boolean;
  created_at: Date;
  not_before: Date | null;
  superseded: boolean;
  taken: boolean;
}

/** Nothing waits, and no lease lasts, for longer. What stands further ahead was written by a clock that was wrong. */
const FURTHEST_MS = 600_000;
const isOver = (moment: RawBuilder<unknown>, now: number): RawBuilder<boolean> =>
  sql<boolean>`(${moment} <= ${new Date(now)} or ${moment} > ${new Date(now + FURTHEST_MS)})`;

/**
 * Takes the first unfinished effect of an incident's channel. Effects of a lane go out one after another, in the order
 * in which they were meant: a resolve never overtakes its trigger. One statement, and a transaction of its own.
 */
export async function claimEffect(db: Database | Trx, lane: Lane, now: number, leaseMs: number): Promise<LaneHead> {
  const at = new Date(now);
  const { rows } = await sql<Row>`
    with head as (
      select id, status, intent, attempts, ambiguous, created_at, lease_until, not_before, replaces, number
      from effects where incident_id = ${lane.incidentId} and channel = ${lane.channel}
        and status in ('pending', 'acting')
      order by number limit 1 for update),
    taken as (
      update effects e set status = 'acting', attempts = e.attempts + 1, ambiguous = e.ambiguous or e.status = 'acting',
                           lease_until = ${new Date(now + leaseMs)}
      from head where e.id = head.id and ${isOver(sql`coalesce(head.not_before, ${at})`, now)}
        and (head.status = 'pending' or ${isOver(sql`head.lease_until`, now)})
      returning e.id)
    select head.id, head.status as was, head.intent, head.attempts, head.ambiguous, head.created_at, head.not_before,
           exists (select from taken) as taken,
           (head.replaces is not null and exists (
              select from effects later where later.incident_id = ${lane.incidentId} and later.channel = ${lane.channel}
                and later.replaces = head.replaces and later.status = 'pending' and later.number > head.number)) as superseded
    from head`.execute(db);
  const row = rows[0];
  if (row === undefined) return { kind: 'empty' };
  if (!row.taken) return notTaken(row, now);
  return {
    kind: 'claimed',
    effect: {
      intent: JSON.parse(row.intent) as EffectIntent,
      attempts: row.attempts + 1,
      ambiguous: row.ambiguous || row.was === 'acting',
      createdAt: row.created_at.getTime(),
      superseded: row.superseded,
    },
  };
}

function notTaken(row: Row, now: number): LaneHead {
  const notBefore = row.not_before?.getTime() ?? now;
  return notBefore > now && row.was === 'pending' ? { kind: 'not-yet', at: notBefore } : { kind: 'busy' };
}

export type EffectEnd =
  | { readonly status: 'delivered'; readonly receipt: JsonObject }
  | { readonly status: 'skipped'; readonly because: string }
  | { readonly status: 'failed' | 'dead'; readonly failure: Failure };

/** Writes the receipt. With the event that reports it, in one transaction. Returns whether more stands in its lane. */
export async function finishEffect(trx: Trx, effect: ClaimedEffect, end: EffectEnd, now: number): Promise<boolean> {
  const { channel, id } = effect.intent;
  const increments = [{ metric: 'effects_total', labels: { channel, outcome: end.status }, by: 1 }];
  const latency =
    end.status === 'delivered'
      ? incrementsOf({
          kind: 'observe',
          metric: 'effect_latency_seconds',
          labels: { channel },
          value: Math.max(0, now - effect.createdAt) / 1000,
        })
      : [];
  const counted = counting([...increments, ...latency], randomInt(16)).map((part) => sql`counted as (${part})`);
  const { rows } = await sql<{ more: boolean }>`
    with ${sql.join(counted)}
    update effects e set status = ${end.status}, result = ${JSON.stringify(end)}, lease_until = null, not_before = null,
                       finished_at = ${new Date(now)} where id = ${id}
    returning exists (select from effects other where other.incident_id = e.incident_id and other.channel = e.channel
                      and other.status in ('pending', 'acting') and other.id <> e.id) as more`.execute(trx);
  return rows[0]?.more ?? false;
}

/** Whether this attempt still has the effect. One that outlived its lease has lost it, and its report would be a second one. */
export async function holdsEffect(trx: Trx, { intent, attempts }: ClaimedEffect): Promise<boolean> {
  const { rows } = await sql`
    select from effects where id = ${intent.id} and status = 'acting' and attempts = ${attempts} for update`.execute(
    trx,
  );
  return rows.length > 0;
}

/** It did not work this time. `ambiguous`: it may have got through all the same. */
export async function postponeEffect(
  db: Database | Trx,
  effect: ClaimedEffect,
  ambiguous: boolean,
  notBefore: number | null,
): Promise<void> {
  await sql`
    update effects set status = 'pending', lease_until = null, ambiguous = ${ambiguous},
                       not_before = ${notBefore === null ? null : new Date(notBefore)}
    where id = ${effect.intent.id} and status = 'acting' and attempts = ${effect.attempts}`.execute(db);
}

/**
 * Lanes that nobody works on although something stands in them: leases that ran out with their process, and first
 * effects whose job was lost. Each found one is left alone for `graceMs`, in which its new job runs.
 */
export async function findIdleLanes(trx: Trx, now: number, graceMs: number): Promise<readonly Lane[]> {
  const { rows } = await sql<{ incident_id: string; channel: ChannelName; urgent: boolean }>`
    update effects set not_before = ${new Date(now)}, status = 'pending',
                       ambiguous = ambiguous or status = 'acting', lease_until = null
    where id in (
      select id from effects e
      where ((status = 'acting' and ${isOver(sql`lease_until`, now - 1)})
          or (status = 'pending' and ${isOver(sql`coalesce(not_before, created_at)`, now - graceMs - 1)}))
        and not exists (select from effects first where first.incident_id = e.incident_id and first.channel = e.channel
                        and first.status in ('pending', 'acting') and first.number < e.number)
      order by number limit 200 for update skip locked)
    returning incident_id, channel, urgent`.execute(trx);
  const lanes = new Map(rows.map((row) => [`${row.incident_id} ${row.channel}`, row]));
  return [...lanes.values()].map((row) => ({ incidentId: row.incident_id, channel: row.channel, urgent: row.urgent }));
}

/** Nobody else can be at work: what a former process of ours was doing is cut off. */
export async function voidLeases(db: Database): Promise<void> {
  await sql`
    update effects set status = 'pending', ambiguous = true, lease_until = null where status = 'acting'`.execute(db);
}

export interface LedgerDepths {
  readonly urgent: number;
  readonly other: number;
  readonly dead: number;
}

export async function ledgerDepths(db: Database): Promise<LedgerDepths> {
  const { rows } = await sql<LedgerDepths>`
    select count(*) filter (where status in ('pending', 'acting') and urgent) as urgent,
           count(*) filter (where status in ('pending', 'acting') and not urgent) as other,
           count(*) filter (where status in ('dead', 'failed')) as dead
    from effects where status in ('pending', 'acting', 'dead', 'failed')`.execute(db);
  return rows[0] ?? { urgent: 0, other: 0, dead: 0 };
}

/** Every lane with something left to do. */
export async function unfinishedLanes(db: Database): Promise<readonly Lane[]> {
  const { rows } = await sql<{ incident_id: string; channel: ChannelName; urgent: boolean }>`
    select incident_id, channel, bool_or(urgent) as urgent from effects
    where status in ('pending', 'acting') group by incident_id, channel`.execute(db);
  return rows.map((row) => ({ incidentId: row.incident_id, channel: row.channel, urgent: row.urgent }));
}

export interface LedgerRow {
  readonly id: string;
  readonly incidentId: string;
  readonly channel: ChannelName;
  readonly kind: string;
  readonly status: string;
  readonly attempts: number;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly message: string;
  readonly result: JsonObject | null;
}

interface LedgerRecord {
  id: string;
  incident_id: string;
  channel: ChannelName;
  kind: string;
  status: string;
  attempts: number;
  created_at: Date;
  finished_at: Date | null;
  intent: string;
  result: string | null;
}

/** The ledger as people read it: of one incident, or the dead letters of all. */
export async function readLedger(
  db: Database,
  which: { readonly incidentId: string } | { readonly dead: true },
  limit: number,
): Promise<readonly LedgerRow[]> {
  const where = 'dead' in which ? sql`status in ('dead', 'failed')` : sql`incident_id = ${which.incidentId}`;
  const { rows } = await sql<LedgerRecord>`
    select id, incident_id, channel, kind, status, attempts, created_at, finished_at, intent, result
    from effects where ${where} order by number limit ${limit}`.execute(db);
  return rows.map((row) => ({
    id: row.id,
    incidentId: row.incident_id,
    channel: row.channel,
    kind: row.kind,
    status: row.status,
    attempts: row.attempts,
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    message: (JSON.parse(row.intent) as EffectIntent).message,
    result: row.result === null ? null : (JSON.parse(row.result) as JsonObject),
  }));
}

/** Takes dead letters out again, as if they were meant now. Returns their lanes. */
export async function reviveEffects(trx: Trx, ids: readonly string[] | 'all', now: number): Promise<readonly Lane[]> {
  const which = ids === 'all' ? sql`true` : sql`id = any(${[...ids]}::text[])`;
  const { rows } = await sql<{ incident_id: string; channel: ChannelName; urgent: boolean }>`
    update effects set status = 'pending', result = null, finished_at = null, not_before = null, created_at = ${new Date(now)}
    where status in ('dead', 'failed') and ${which} returning incident_id, channel, urgent`.execute(trx);
  return rows.map((row) => ({ incidentId: row.incident_id, channel: row.channel, urgent: row.urgent }));
}
