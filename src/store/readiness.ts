import type { Database } from './database.ts';
import { sql } from './database.ts';

/** How the last rehearsal of a service's rollback plan went. */
export interface Rehearsal {
  readonly service: string;
  /** `ready`, or why not, in few words. */
  readonly reason: string;
  readonly message: string;
  /** Epoch milliseconds. */
  readonly checkedAt: number;
}

export async function recordRehearsal(db: Database, rehearsal: Rehearsal): Promise<void> {
  const { service, reason, message, checkedAt } = rehearsal;
  await sql`
    insert into rollback_readiness (service, reason, message, checked_at)
    values (${service}, ${reason}, ${message}, ${new Date(checkedAt)})
    on conflict (service) do update set
      reason = excluded.reason, message = excluded.message, checked_at = excluded.checked_at`.execute(db);
}

/** One row a service that was ever rehearsed, the longest ago first. */
export async function oldestRehearsals(db: Database): Promise<readonly Rehearsal[]> {
  const { rows } = await sql<{ service: string; reason: string; message: string; checked_at: Date }>`
    select service, reason, message, checked_at from rollback_readiness order by checked_at`.execute(db);
  return rows.map(({ checked_at, ...row }) => ({ ...row, checkedAt: checked_at.getTime() }));
}
