import type { Database } from './database.ts';
import { sql } from './database.ts';

/** Takes the next look, if the last one was taken long enough ago: one replica has it, and no others look meanwhile. */
export async function takeRound(db: Database, name: string, now: number, everyMs: number): Promise<boolean> {
  const { rows } = await sql`
    insert into rounds (name, taken_at) values (${name}, ${new Date(now)})
    on conflict (name) do update set taken_at = excluded.taken_at
      where rounds.taken_at <= ${new Date(now - everyMs)} or rounds.taken_at > ${new Date(now + everyMs)}
    returning name`.execute(db);
  return rows.length === 1;
}

/** How the look went. Null: well. */
export async function recordRound(db: Database, name: string, now: number, failure: string | null): Promise<void> {
  const since = failure === null ? null : new Date(now);
  await sql`
    insert into rounds (name, taken_at, failing_since, failure)
    values (${name}, ${new Date(now)}, ${since}, ${failure})
    on conflict (name) do update set failure = excluded.failure,
      failing_since = case when excluded.failure is null then null
                           else coalesce(rounds.failing_since, excluded.failing_since) end`.execute(db);
}

export interface FailingRound {
  readonly name: string;
  readonly since: number;
  readonly failure: string;
}

/** Looks that fail, and since when. */
export async function failingRounds(db: Database): Promise<readonly FailingRound[]> {
  const { rows } = await sql<{ name: string; failing_since: Date; failure: string }>`
    select name, failing_since, failure from rounds where failing_since is not null order by name`.execute(db);
  return rows.map((row) => ({ name: row.name, since: row.failing_since.getTime(), failure: row.failure }));
}
