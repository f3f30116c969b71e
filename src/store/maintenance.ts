import type { MaintenanceWindow } from '../domain/maintenance.ts';
import { iso } from '../domain/time.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';

interface Row {
  id: number;
  service: string | null;
  environment: string | null;
  from_at: Date;
  until_at: Date;
  because: string;
  made_by: string;
  ended_at: Date | null;
  ended_by: string | null;
}

const COLUMNS = sql`id, service, environment, from_at, until_at, because, made_by, ended_at, ended_by`;

const windowOf = (row: Row): MaintenanceWindow => ({
  id: row.id,
  service: row.service,
  environment: row.environment,
  from: row.from_at.toISOString(),
  until: row.until_at.toISOString(),
  because: row.because,
  by: row.made_by,
  endedAt: row.ended_at?.toISOString() ?? null,
  endedBy: row.ended_by,
});

export type NewWindow = Pick<MaintenanceWindow, 'service' | 'environment' | 'from' | 'until' | 'because' | 'by'>;

/** Answers its id. */
export async function addWindow(trx: Trx, window: NewWindow, now: number): Promise<number> {
  const { service, environment, from, until, because, by } = window;
  const { rows } = await sql<{ id: number }>`
    insert into maintenance_windows (service, environment, from_at, until_at, because, made_by, made_at)
    values (${service}, ${environment}, ${from}, ${until}, ${because}, ${by}, ${iso(now)})
    returning id`.execute(trx);
  return rows[0]?.id ?? 0;
}

/** One that is over already stays as it is. */
export async function endWindow(trx: Trx, id: number, by: string, now: number): Promise<void> {
  await sql`
    update maintenance_windows set ended_at = ${iso(now)}, ended_by = ${by}
    where id = ${id} and ended_at is null and until_at > ${iso(now)}`.execute(trx);
}

export async function readWindow(db: Database | Trx, id: number): Promise<MaintenanceWindow | null> {
  const { rows } = await sql<Row>`select ${COLUMNS} from maintenance_windows where id = ${id}`.execute(db);
  return rows[0] === undefined ? null : windowOf(rows[0]);
}

/** Those that hold now. */
export async function holdingWindows(db: Database | Trx, now: number): Promise<readonly MaintenanceWindow[]> {
  const at = iso(now);
  const { rows } = await sql<Row>`
    select ${COLUMNS} from maintenance_windows
    where until_at > ${at} and from_at <= ${at} and (ended_at is null or ended_at > ${at})`.execute(db);
  return rows.map(windowOf);
}

/** Those that hold or are to come first, the next one to begin first; then, if asked for, what is over, newest first. */
export async function listWindows(
  db: Database,
  now: number,
  withPast: boolean,
  limit: number,
): Promise<readonly MaintenanceWindow[]> {
  const isPast = sql`(until_at <= ${iso(now)} or ended_at is not null)`;
  const { rows } = await sql<Row>`
    select ${COLUMNS} from maintenance_windows where ${withPast ? sql`true` : sql`not ${isPast}`}
    order by ${isPast}, case when ${isPast} then null else from_at end, until_at desc, id desc limit ${limit}`.execute(
    db,
  );
  return rows.map(windowOf);
}
