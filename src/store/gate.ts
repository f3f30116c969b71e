import type { Trx } from './database.ts';
import { sql } from './database.ts';

const LOCK_NOT_AVAILABLE = '55P03';

/**
 * One at a time of what opens incidents, or decides which of them page, on all replicas: until the transaction ends. Taken
 * before any incident is locked. Waits for at most so long, since a page must not hang on somebody who stopped in the middle
 * of it; false: it could not be had.
 */
export async function takeGate(trx: Trx, patienceMs: number): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`
    select pg_try_advisory_xact_lock(hashtext('firebreak openings')) as taken`.execute(trx);
  if (rows[0]?.taken === true) return true;
  await sql`savepoint gate`.execute(trx);
  try {
    await sql`select set_config('lock_timeout', ${`${patienceMs}ms`}, true)`.execute(trx);
    await sql`select pg_advisory_xact_lock(hashtext('firebreak openings'))`.execute(trx);
    await sql`select set_config('lock_timeout', '0', true)`.execute(trx);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw error;
    await sql`rollback to savepoint gate`.execute(trx);
    return false;
  }
}
