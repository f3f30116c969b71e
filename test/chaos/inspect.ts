import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IncidentState } from '../../src/domain/incident/state.ts';
import { openDatabase, sql, type ConnectionSettings, type Database } from '../../src/store/database.ts';
import { readPostmasterFile } from '../../src/store/postgres/postmaster-file.ts';
import { eventually } from '../harness/firebreak.ts';

/** Where the server of a Firebreak directory listens, as its own files tell. */
export async function connectionOf(directory: string): Promise<ConnectionSettings> {
  const home = join(directory, 'postgres');
  const file = await readPostmasterFile(join(home, 'cluster'));
  if (file?.endpoint.kind !== 'socket') throw new Error(`no server runs in ${home}`);
  const { directory: host, port } = file.endpoint;
  const password = (await readFile(join(home, 'password'), 'utf8')).trim();
  return { host, port, user: 'firebreak', password, database: 'firebreak' };
}

/** One connection, for as long as the work takes. */
export async function inDatabase<T>(connection: ConnectionSettings, work: (db: Database) => Promise<T>): Promise<T> {
  const database = openDatabase(connection, { maxConnections: 1 });
  database.onConnectionLost(() => undefined);
  try {
    return await work(database.db);
  } finally {
    await database.close();
  }
}

/** Backends of a process that was killed end on their own a moment later; what they were at is then decided. */
export async function backendsAreGone(db: Database): Promise<void> {
  const ask = async (): Promise<number> => {
    const { rows } = await sql<{ n: number }>`
      select count(*) as n from pg_stat_activity
      where application_name like 'firebreak%' and pid <> pg_backend_pid()`.execute(db);
    return rows[0]?.n ?? 0;
  };
  await eventually(ask, (n) => n === 0);
}

export interface EffectRow {
  readonly id: string;
  readonly incident_id: string;
  readonly channel: string;
  readonly kind: string;
  readonly status: string;
  readonly result: string | null;
  readonly intent: string;
  readonly created_at: Date;
}

export async function readEffects(db: Database): Promise<readonly EffectRow[]> {
  const { rows } = await sql<EffectRow>`
    select id, incident_id, channel, kind, status, result, intent, created_at from effects order by number`.execute(db);
  return rows;
}

export async function readIncidents(db: Database): Promise<readonly IncidentState[]> {
  const { rows } = await sql<{ state: IncidentState }>`select state from incidents order by opened_at, id`.execute(db);
  return rows.map(({ state }) => state);
}

export interface AlertRow {
  readonly name: string;
  readonly correlation_key: string;
  readonly status: string;
  readonly fired: boolean;
  /** Not looked at yet: no incident knows of its present status. */
  readonly waiting: boolean;
}

export async function readAlerts(db: Database): Promise<readonly AlertRow[]> {
  const { rows } = await sql<AlertRow>`
    select a.content::json->'labels'->>'alertname' as name, a.correlation_key, a.status, a.fired,
           exists (select from dirty_keys d where d.key = a.correlation_key and d.version >= a.key_version
                     and a.key_version > coalesce((select p.advanced_version from key_progress p
                                                   where p.key = a.correlation_key), 0)) as waiting
    from alerts a`.execute(db);
  return rows;
}

interface Open {
  readonly keys: number;
  readonly effects: number;
  readonly rollbacks: number;
  readonly jobs: number;
}

/**
 * What is left to do. Jobs that a killed process had taken do not count: what they were for stands in the rest. Nor do those
 * that look whether a service recovers: they come again and again until its verdict stands.
 */
async function readOpen(db: Database): Promise<Open> {
  const { rows } = await sql<Open>`
    select (select count(*) from dirty_keys) as keys,
           (select count(*) from effects where status in ('pending', 'acting')) as effects,
           (select count(*) from incidents
            where state->'rollback'->>'stage' in ('requested', 'planned', 'announced', 'executing')) as rollbacks,
           (select count(*) from jobs.job where state = 'created' and not (name = 'rollback' and exists (
              select from incidents i
              where i.id = data->>'incidentId' and i.state->'rollback'->>'stage' = 'validating'))) as jobs`.execute(db);
  return rows[0]!;
}

/** Resolves when nothing is left to do. */
export const settled = (db: Database, withinMs: number): Promise<Open> =>
  eventually(
    () => readOpen(db),
    ({ keys, effects, rollbacks, jobs }) => keys + effects + rollbacks + jobs === 0,
    withinMs,
  );
