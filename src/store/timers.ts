import type { TimerName } from '../domain/incident/commands.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';

export interface DueTimer {
  readonly incidentId: string;
  readonly name: TimerName;
  readonly due: number;
}

/** Takes timers that are due, oldest first. In the caller's transaction: if it fails they are still there. */
export async function takeDueTimers(trx: Trx, now: number, limit: number): Promise<readonly DueTimer[]> {
  const { rows } = await sql<{ incident_id: string; name: TimerName; due: Date }>`
    delete from timers where (incident_id, name) in (
      select incident_id, name from timers where due <= ${new Date(now)} order by due limit ${limit} for update skip locked)
    returning incident_id, name, due`.execute(trx);
  return rows.map((row) => ({ incidentId: row.incident_id, name: row.name, due: row.due.getTime() }));
}

export async function setTimer(db: Database | Trx, incidentId: string, name: TimerName, due: number): Promise<void> {
  await sql`
    insert into timers (incident_id, name, due) values (${incidentId}, ${name}, ${new Date(due)})
    on conflict (incident_id, name) do update set due = excluded.due`.execute(db);
}

export async function nextTimerAt(db: Database): Promise<number | null> {
  const { rows } = await sql<{ at: Date | null }>`select min(due) as at from timers`.execute(db);
  return rows[0]?.at?.getTime() ?? null;
}
