import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DoctorCheck } from '../../cli/ports.ts';
import type { Settings } from '../../settings/types.ts';
import type { Database } from '../../store/database.ts';
import { lastSeen } from '../../store/lists.ts';
import type { SchemaState } from '../../store/migrate.ts';
import { readSchemaState } from '../../store/migrate.ts';
import { DirectoryInUse } from '../../store/postgres/index.ts';
import type { Found } from './line.ts';
import { failed, ok, warning } from './line.ts';

const EMBEDDED = 'embedded:';
/** What the SQL of the store needs. */
const OLDEST_SERVER = 15;

/** Opens the configured database for one piece of work. */
export type WithDatabase = <T>(work: (db: Database) => Promise<T>) => Promise<T>;

/** Is it there, is it new enough, is its schema ours, and what time is it there? */
export async function checkDatabase(settings: Settings, open: WithDatabase, now: () => number): Promise<Found> {
  const url = settings.database.url.reveal();
  const own = url.startsWith(EMBEDDED) ? resolve(url.slice(EMBEDDED.length)) : null;
  if (own !== null && !existsSync(join(own, 'cluster', 'PG_VERSION'))) {
    return { checks: [ok('database', `${own} is not there yet: it is made at the first start`)] };
  }
  try {
    return await open(async (db) => {
      const before = now();
      const state = await readSchemaState(db);
      const clock = { of: 'the database', aheadMs: state.now - (before + now()) / 2 };
      const schema = schemaCheck(state);
      const sources = schema.status === 'failed' || state.applied.length === 0 ? [] : await sourceChecks(db, now());
      return { checks: [serverCheck(state), schema, ...sources], clocks: own === null ? [clock] : [] };
    });
  } catch (error) {
    return { checks: [unopened(error)] };
  }
}

function unopened(error: unknown): DoctorCheck {
  if (error instanceof DirectoryInUse) {
    const who = error.owner === undefined ? 'a Firebreak' : `the Firebreak with pid ${error.owner}`;
    return ok('database', `${error.directory} is held by ${who}, which is running: its /readyz says how it is`);
  }
  const message = error instanceof Error ? error.message : String(error);
  return failed('database', message, 'Look at database.url, at the server, and at the network from here to there.');
}

function serverCheck({ serverVersion }: SchemaState): DoctorCheck {
  const major = Number.parseInt(serverVersion, 10);
  return major < OLDEST_SERVER
    ? failed('database', `PostgreSQL ${serverVersion}`, `Firebreak needs PostgreSQL ${OLDEST_SERVER} or newer.`)
    : ok('database', `PostgreSQL ${serverVersion} answers`);
}

function schemaCheck({ applied, known }: SchemaState): DoctorCheck {
  const newest = Math.max(0, ...applied);
  const latest = Math.max(0, ...known);
  if (newest > latest) {
    return failed('schema', `${newest}, and this version knows ${latest}`, 'Run the newer version of Firebreak.');
  }
  if (applied.length === 0) return ok('schema', 'nothing is there yet: it is made at the first start');
  const pending = known.filter((number) => !applied.includes(number));
  if (pending.length === 0) return ok('schema', `${newest}, up to date`);
  const advice = 'The next start applies them; or firebreak db migrate does, after a backup.';
  return warning('schema', `${newest}; pending: ${pending.join(', ')}`, advice);
}

const QUIET_MS = 3_600_000;

async function sourceChecks(db: Database, now: number): Promise<readonly DoctorCheck[]> {
  const sources = await lastSeen(db);
  const outside = sources.filter(({ source }) => ['alertmanager', 'generic', 'pagerduty'].includes(source));
  if (outside.length === 0) {
    return [
      warning('sources', 'no alert has come in yet', 'Point a receiver of Alertmanager here: README, "Alertmanager".'),
    ];
  }
  return outside.map(({ source, at }) => {
    const minutes = Math.round((now - at) / 60_000);
    const said = `last heard of ${minutes} min ago`;
    if (source !== 'alertmanager' || now - at < QUIET_MS) return ok(`source ${source}`, said);
    const advice =
      'A Watchdog alert that is repeated every minute would show whether it is well: README, "Alertmanager".';
    return warning(`source ${source}`, said, advice);
  });
}
