import type { Trx } from './database.ts';
import { sql } from './database.ts';

/** From here on no statement of this transaction waits or works longer than that; then it throws, and nothing was done. */
export async function limitWaits(trx: Trx, limitMs: number): Promise<void> {
  const limit = `${Math.max(1, Math.round(limitMs))}ms`;
  await sql`select set_config('lock_timeout', ${limit}, true), set_config('statement_timeout', ${limit}, true)`.execute(
    trx,
  );
}
