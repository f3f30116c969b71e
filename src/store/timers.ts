import type { TimerName } from '../domain/incident/commands.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';

export interface DueTimer {
  readonly incidentId: string;
  readonly name: TimerName;
  readonly due: number;
}

/** Timers that are due, oldest first; those of one moment always in the same order. Takes none: see `takeTimer`. */
export async function findDueTimers(db: Database, now: number, limit: number): Promise<readonly DueTimer[]> {
  const { rows } = await sql<{ incident_id: string; name: TimerName; due: Date }>`
    select incident_id, name, due from timers where due <= ${new Date(now)}
    order by due, incident_id, name limit ${limit}`.execute(db);
  return rows.map((row) => ({ incidentId: row.incident_id, name: row.name, due: row.due.getTime() }));
}

/**
 * Takes a timer out, in the caller's transaction: if that fails it is still there. False when somebody else took it or
 * it was put off. The caller holds the incident's lock: who writes an incident locks it first and its timers then.
 */
export async function takeTimer(trx: Trx, { incidentId, name, due }: DueTimer): Promise<boolean> {
  const { numAffectedRows } = await sql`
    delete from timers where incident_id = ${incidentId} and name = ${name} and due <= ${new Date(due)}`.execute(trx);
  return numAffectedRows === 1n;
}

export async function setTimer(db: Database | Trx, incidentId: string, name: TimerName, due: number): Promise<void> {
  await sql`
    insert into timers (incident_id, name, due) values (${incidentId}, ${name}, ${new Date(due)})
    on conflict (incident_id, name) do update set due = excluded.due`.execute(db);
}

/** Sets these for each of the incidents, one incident after the other by so much. */
export async function setTimers(
  trx: Trx,
  incidentIds: readonly string[],
  names: readonly TimerName[],
  due: number,
  apartMs: number,
): Promise<void> {
  if (incidentIds.length === 0) return;
  await sql`
    insert into timers (incident_id, name, due)
    select id, name, to_timestamp((${due}::float8 + (position - 1) * ${apartMs}::float8) / 1000)
    from unnest(${[...incidentIds].sort()}::text[]) with ordinality as i(id, position)
      cross join unnest(${[...names]}::text[]) as n(name)
    on conflict (incident_id, name) do update set due = least(timers.due, excluded.due)`.execute(trx);
}

export async function nextTimerAt(db: Database): Promise<number | null> {
  const { rows } = await sql<{ at: Date | null }>`select min(due) as at from timers`.execute(db);
  return rows[0]?.at?.getTime() ?? null;
}
