import { createHash } from 'node:crypto';
import type { Database } from './database.ts';
import { sql } from './database.ts';

/**
 * Runs the work unless somebody else, on any replica, is at the same work. The database holds the lock for as long as
 * the connection lives, so a killed process frees it. Returns false when it was taken.
 */
export function exclusively(db: Database, subject: string, work: () => Promise<void>): Promise<boolean> {
  const key = createHash('sha256').update(subject).digest().readBigInt64BE().toString();
  return db.connection().execute(async (connection) => {
    const { rows } = await sql<{ taken: boolean }>`select pg_try_advisory_lock(${key}::bigint) as taken`.execute(
      connection,
    );
    if (rows[0]?.taken !== true) return false;
    try {
      await work();
      return true;
    } finally {
      await sql`select pg_advisory_unlock(${key}::bigint)`.execute(connection);
    }
  });
}
