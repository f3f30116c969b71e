import type { RawBuilder } from 'kysely';
import { randomInt } from 'node:crypto';
import type { StoredEvent } from '../domain/incident/chain.ts';
import { GENESIS } from '../domain/incident/chain.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import { completeState } from '../domain/incident/state.ts';
import type { Tally } from '../domain/incident/tally.ts';
import type { Timer } from '../domain/incident/timers.ts';
import { TIMERS_OF_WATCHERS } from '../domain/incident/timers.ts';
import { iso } from '../domain/time.ts';
import type { ChannelName, EffectIntent } from '../domain/view.ts';
import { booleanColumn, integerColumn, jsonColumn, momentColumn, textColumn } from './columns.ts';
import type { Increment } from './counters.ts';
import { counting, incrementsOf } from './counters.ts';
import type { Database, Trx } from './database.ts';
import { notDurable, sql } from './database.ts';

/** An incident under its row lock, with the head of its chain. */
export interface LoadedIncident {
  readonly state: IncidentState;
  readonly head: { readonly seq: number; readonly hash: string };
}

export interface IncidentChange {
  readonly before: LoadedIncident | null;
  readonly after: IncidentState;
  readonly events: readonly StoredEvent[];
  readonly timers: readonly Timer[];
  /** False: these are the timers that stand there already. */
  readonly timersMoved: boolean;
  readonly effects: readonly EffectIntent[];
  /** Why nothing leaves through a channel: its effects are in the ledger as skipped from the start. */
  readonly quiet?: Readonly<Partial<Record<ChannelName, string>>>;
  readonly tallies: readonly Tally[];
  /** Epoch milliseconds. */
  readonly now: number;
}

interface IncidentRow {
  state: IncidentState;
  version: number;
  head_hash: string;
}

/** Somebody else wrote the incident since it was read. Take it again. */
export class VersionConflict extends Error {
  constructor(incidentId: string) {
    super(`incident ${incidentId} has moved on`);
    this.name = 'VersionConflict';
  }
}

const loaded = (row: IncidentRow | undefined): LoadedIncident | null =>
  row === undefined ? null : { state: completeState(row.state), head: { seq: row.version, hash: row.head_hash } };

/** Reads an incident and keeps others from writing it until the transaction ends. */
export async function lockIncident(trx: Trx, id: string): Promise<LoadedIncident | null> {
  const { rows } = await sql<IncidentRow>`
    select state, version, head_hash from incidents where id = ${id} for update`.execute(trx);
  return loaded(rows[0]);
}

export async function readIncident(db: Database | Trx, id: string): Promise<LoadedIncident | null> {
  const { rows } = await sql<IncidentRow>`
    select state, version, head_hash from incidents where id = ${id}`.execute(db);
  return loaded(rows[0]);
}

/** The incident that new alerts of a key join. */
export async function findActiveIncident(db: Database | Trx, key: string): Promise<LoadedIncident | null> {
  const { rows } = await sql<IncidentRow>`
    select state, version, head_hash from incidents
    where correlation_key = ${key} and status in ('open', 'acknowledged', 'mitigated')`.execute(db);
  return loaded(rows[0]);
}

/** Over, and still watched: what was resolved after `since` (epoch ms), unless its monitoring was ended before its time. */
const watched = (since: number): RawBuilder<unknown> =>
  sql`status = 'resolved' and state->>'resolvedAt' > ${iso(since)} and state->>'monitoringEndedAt' is null`;

/** The newest incident of a key that is still watched, and knows one of these alert names: it may come back. */
export async function findWatchedIncident(
  db: Database | Trx,
  key: string,
  alertNames: readonly string[],
  since: number,
): Promise<LoadedIncident | null> {
  if (alertNames.length === 0) return null;
  const { rows } = await sql<IncidentRow>`
    select state, version, head_hash from incidents
    where correlation_key = ${key} and ${watched(since)} and state->'alertNames' ?| ${[...alertNames]}::text[]
    order by opened_at desc limit 1`.execute(db);
  return loaded(rows[0]);
}

/** The newest one that suspected this change. */
export async function findWatchedBySuspect(
  db: Database | Trx,
  key: string,
  suspectId: string,
  since: number,
): Promise<LoadedIncident | null> {
  const { rows } = await sql<IncidentRow>`
    select state, version, head_hash from incidents
    where correlation_key = ${key} and ${watched(since)} and state->>'drill' is null
      and ${suspectId} in (state->'rollback'->'suspect'->>'id', state->'decision'->'facts'->'suspectChange'->>'id')
    order by opened_at desc limit 1`.execute(db);
  return loaded(rows[0]);
}

/**
 * An id for an incident that opens now: `INC-YYYYMMDD-HHMMSS`, and a short suffix only for the second one of a second.
 * A number that is taken and then not used is lost, which is harmless.
 */
export async function takeIncidentId(db: Database, now: number): Promise<string> {
  const second = iso(now).slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const { rows } = await sql<{ taken: number }>`
    insert into incident_seconds (second, taken) select ${second}, 1 where ${notDurable}
    on conflict (second) do update set taken = incident_seconds.taken + 1 returning taken`.execute(db);
  const taken = rows[0]?.taken ?? 1;
  return taken === 1 ? `INC-${second}` : `INC-${second}-${taken}`;
}

/**
 * Writes what happened and all that follows from it: events, projection, timers, intents, counts. One statement, because
 * each round trip costs as much as what it does. Throws VersionConflict when somebody else wrote the incident meanwhile.
 */
export async function saveIncident(trx: Trx, change: IncidentChange): Promise<void> {
  if (change.events.length === 0) return;
  const parts = [
    appendEvents(change),
    ...(change.timersMoved ? syncTimers(change.after.id, change.timers) : []),
    ...(change.effects.length > 0 ? [intend(change.effects, change.quiet ?? {}, change.now)] : []),
    ...counting([...change.tallies.flatMap(incrementsOf), ...skipCounts(change)], randomInt(16)),
  ];
  const others = parts.map((part, i) => sql`${sql.ref(`part_${i}`)} as (${part})`);
  const { rows } = await sql<{ projected: number }>`
    with projected as (${project(change)}), ${sql.join(others, sql`, `)}
    select count(*) as projected from projected`.execute(trx);
  if (rows[0]?.projected !== 1) throw new VersionConflict(change.after.id);
}

type Part = RawBuilder<unknown>;

function appendEvents({ after, events, before }: IncidentChange): Part {
  const first = events[0];
  if (first?.seq !== (before?.head.seq ?? 0) + 1 || first.previousHash !== (before?.head.hash ?? GENESIS)) {
    throw new VersionConflict(after.id);
  }
  return sql`
    insert into incident_events (incident_id, seq, type, body, previous_hash, hash)
    select ${after.id}, * from unnest(
      ${integerColumn(events.map((e) => e.seq))}, ${textColumn(events.map((e) => e.type))},
      ${jsonColumn(events.map((e) => e.body))}, ${textColumn(events.map((e) => e.previousHash))},
      ${textColumn(events.map((e) => e.hash))})`;
}

function project({ before, after, events }: IncidentChange): Part {
  const headHash = events.at(-1)?.hash ?? GENESIS;
  const state = JSON.stringify(after);
  const severity = after.severity ?? 'P2';
  if (before === null) {
    return sql`
      insert into incidents (id, correlation_key, status, severity, service, environment, opened_at, version, head_hash, state)
      values (${after.id}, ${after.correlationKey}, ${after.status}, ${severity}, ${after.service}, ${after.environment},
              ${new Date(after.openedAt)}, ${after.version}, ${headHash}, ${state}::jsonb) returning id`;
  }
  return sql`
    update incidents set status = ${after.status}, severity = ${severity}, version = ${after.version},
                         head_hash = ${headHash}, state = ${state}::jsonb
    where id = ${after.id} and version = ${before.head.seq} returning id`;
}

/** Exactly the timers that the new state needs, but for those that whoever watches sets for itself. */
function syncTimers(incidentId: string, timers: readonly Timer[]): readonly Part[] {
  const names = timers.map((timer) => timer.name);
  const gone = sql`
    delete from timers where incident_id = ${incidentId} and name <> all(${[...TIMERS_OF_WATCHERS, ...names]}::text[])`;
  if (timers.length === 0) return [gone];
  const set = sql`
    insert into timers (incident_id, name, due)
    select ${incidentId}, name, to_timestamp(due / 1000.0)
    from unnest(${names}::text[], ${momentColumn(timers.map((t) => t.due))}) as n(name, due)
    on conflict (incident_id, name) do update set due = excluded.due`;
  return [gone, set];
}

/** Intents for the ledger. An intent that stands there already is the same intent. */
function intend(effects: readonly EffectIntent[], quiet: NonNullable<IncidentChange['quiet']>, now: number): Part {
  const results = effects.map(({ channel }) => {
    const because = quiet[channel];
    return because === undefined ? null : JSON.stringify({ status: 'skipped', because });
  });
  return sql`
    insert into effects (id, incident_id, channel, kind, urgent, replaces, status, intent, result, created_at,
                         finished_at)
    select id, incident_id, channel, kind, urgent, nullif(replaces, ''), case when result = 'null' then 'pending' else 'skipped' end, intent,
           nullif(result, 'null'), ${new Date(now)}, case when result = 'null' then null else ${new Date(now)}::timestamptz end
    from unnest(
      ${textColumn(effects.map((e) => e.id))}, ${textColumn(effects.map((e) => e.incidentId))},
      ${textColumn(effects.map((e) => e.channel))}, ${textColumn(effects.map((e) => e.kind))},
      ${booleanColumn(effects.map((e) => e.urgent))}, ${textColumn(effects.map((e) => e.replaces ?? ''))}, ${jsonColumn(effects.map((e) => JSON.stringify(e)))},
      ${jsonColumn(results.map((result) => result ?? 'null'))})
      with ordinality as n(id, incident_id, channel, kind, urgent, replaces, intent, result, position)
    order by position
    on conflict (id) do nothing`;
}

const skipCounts = ({ effects, quiet = {} }: IncidentChange): readonly Increment[] =>
  effects
    .filter(({ channel }) => quiet[channel] !== undefined)
    .map(({ channel }) => ({ metric: 'effects_total', labels: { channel, outcome: 'skipped' }, by: 1 }));
