import type { EventType } from '../../src/domain/incident/events.ts';
import type { IncidentState } from '../../src/domain/incident/state.ts';
import { openDatabase, sql, type Database } from '../../src/store/database.ts';
import { verifyAll } from '../../src/store/timeline.ts';
import { eventually, removeDirectory, temporaryDirectory } from '../harness/firebreak.ts';
import { fastClock, type Boundary } from './boundary.ts';
import type { Mould } from './boundary-database.ts';
import { readEvents, type BoundaryEvent } from './boundary-events.ts';
import { startBoundaryProcess, type BoundaryProcess } from './boundary-firebreak.ts';
import { startShop, type Shop } from './boundary-shop.ts';
import { readEffects, readIncidents, type EffectRow } from './inspect.ts';

/** How an incident ended, by its record and by the world outside. */
export interface Ending {
  /** What had been committed when the killed process was dead. Null: nobody was killed. */
  readonly atDeath: readonly BoundaryEvent[] | null;
  readonly events: readonly BoundaryEvent[];
  readonly incidents: readonly IncidentState[];
  readonly effects: readonly EffectRow[];
  readonly chainFaults: readonly object[];
  /** As the cooldown counts them. */
  readonly rollbackStarts: number;
  /** Targets that an incident still holds. */
  readonly targetsHeld: number;
  /** Effective PATCHes, by target. */
  readonly patches: Readonly<Record<string, number>>;
  /** Whether each target's template is what it was before the bad version. */
  readonly isBack: Readonly<Record<string, boolean>>;
  readonly pages: readonly { readonly state: string; readonly triggers: number }[];
  /** What PagerDuty was told that was changed. */
  readonly changes: readonly string[];
  /** Of the process that lived to the end. */
  readonly exit: NodeJS.Signals | number;
  readonly seconds: number;
}

/** What all runs share. */
export interface Workshop {
  readonly mould: Mould;
  readonly compileCache: string;
}

/** One run: a database, a cluster and an incident of its own, and every process that was started. */
interface Run {
  readonly shop: Shop;
  readonly db: Database;
  readonly started: BoundaryProcess[];
  readonly start: (boundary: Boundary | null) => Promise<BoundaryProcess>;
}

const PATIENCE_MS = 90_000;
/** The last event that comes without a hand on anything, and the one that the alert's own resolve brings. */
const LAST: EventType = 'rollback-watched';
const RESOLVED: EventType = 'alerts-resolved';

/** One incident from the bad deployment to its end. Killed at the boundary, Firebreak is started again and left alone. */
export async function live(boundary: Boundary | null, { mould, compileCache }: Workshop): Promise<Ending> {
  const origin = Date.now();
  const database = await mould.copy();
  const directory = await temporaryDirectory();
  const { connection } = database;
  const own = openDatabase(connection, { maxConnections: 1 });
  own.onConnectionLost(() => undefined);
  const shop = await startShop(directory, fastClock(String(origin)));
  const started: BoundaryProcess[] = [];
  const start = async (at: Boundary | null): Promise<BoundaryProcess> => {
    const { config, env } = shop;
    const options = { directory, connection, config, env, origin, compileCache };
    const process = await startBoundaryProcess({ ...options, boundary: at });
    started.push(process);
    return process;
  };
  const run = { shop, db: own.db, started, start };
  try {
    const atDeath = await fromDeploymentToEnd(run, boundary);
    const exit = await latest(run).stop();
    return { atDeath, ...(await endingOf(run)), exit, seconds: (Date.now() - origin) / 1000 };
  } catch (error) {
    const events = await readEvents(own.db);
    const last = [...events.slice(-3).map(({ label }) => label), JSON.stringify(events.at(-1)?.data)];
    const logs = started.map((process) => process.log()).join('\n--- started again ---\n');
    throw new Error(`${String(error)}; last events: ${last.join(', ')}\n${logs.slice(-4_000)}`, { cause: error });
  } finally {
    await Promise.all(started.map((process) => process.kill()));
    await own.close();
    await Promise.all([shop.stop(), database.drop(), removeDirectory(directory)]);
  }
}

const latest = ({ started }: Run): BoundaryProcess => started.at(-1)!;

/** Gives what had been committed when the killed process was dead. */
async function fromDeploymentToEnd(run: Run, boundary: Boundary | null): Promise<Ending['atDeath']> {
  const { shop, db } = run;
  const first = await run.start(boundary);
  const death = boundary === null ? Promise.resolve(null) : startAgainAfter(run, first);
  const work = async (): Promise<Ending['atDeath']> => {
    await post(run, '/webhooks/changes', shop.change);
    await post(run, '/webhooks/alertmanager', shop.delivery('firing'));
    await recorded(db, LAST);
    await post(run, '/webhooks/alertmanager', shop.delivery('resolved'));
    await recorded(db, RESOLVED);
    const atDeath = await inTime(death, 'the boundary was never reached');
    await nothingIsLeft(db);
    return atDeath;
  };
  // A death that is not the one that was ordered ends the run at once.
  return Promise.race([work(), death.then(() => new Promise<never>(() => undefined))]);
}

async function startAgainAfter(run: Run, first: BoundaryProcess): Promise<readonly BoundaryEvent[]> {
  const by = await first.ended;
  if (by !== 'SIGKILL') throw new Error(`the process ended by itself, with ${by}`);
  await backendsAreGone(run.db);
  const left = await readEvents(run.db);
  await run.start(null);
  return left;
}

/** Sends until it is accepted by whatever process is there, as Alertmanager and a pipeline do. */
async function post(run: Run, path: string, body: object): Promise<void> {
  const send = async (): Promise<number> => {
    const url = latest(run).url();
    if (url === null) return 0;
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return fetch(url + path, { ...request, signal: AbortSignal.timeout(5_000) }).then(
      ({ status }) => status,
      () => 0,
    );
  };
  await eventually(send, (status) => status === 200 || status === 202, PATIENCE_MS);
}

const recorded = (db: Database, type: EventType): Promise<unknown> =>
  eventually(
    () => count(db, `(select count(*) from incident_events where type = '${type}')`),
    (n) => n > 0,
    PATIENCE_MS,
  );

async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(what));
  }, PATIENCE_MS);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function count(db: Database, query: string): Promise<number> {
  const { rows } = await sql.raw<{ n: number }>(`select ${query} as n`).execute(db);
  return rows[0]?.n ?? 0;
}

/** What the dead process was at in the database is then decided: its connections have ended. */
const backendsAreGone = (db: Database): Promise<number> =>
  eventually(
    () =>
      count(
        db,
        `(select count(*) from pg_stat_activity
          where datname = current_database() and application_name like 'firebreak%' and pid <> pg_backend_pid())`,
      ),
    (n) => n === 0,
  );

/** No alert that nobody has looked at, no effect under way, and nobody at work on a rollback. */
const nothingIsLeft = (db: Database): Promise<number> =>
  eventually(
    () =>
      count(
        db,
        `(select count(*) from dirty_keys) + (select count(*) from effects where status in ('pending', 'acting')) +
         (select count(*) from pg_locks join pg_database on pg_database.oid = database
          where locktype = 'advisory' and datname = current_database())`,
      ),
    (n) => n === 0,
    PATIENCE_MS,
  );

async function endingOf({ shop, db }: Run): Promise<Omit<Ending, 'atDeath' | 'exit' | 'seconds'>> {
  await shop.cluster.settled();
  const { pagerduty } = shop;
  return {
    events: await readEvents(db),
    incidents: await readIncidents(db),
    effects: await readEffects(db),
    chainFaults: (await verifyAll(db)).faults,
    rollbackStarts: await count(db, '(select count(*) from rollback_starts)'),
    targetsHeld: await count(db, '(select count(*) from rollback_targets)'),
    patches: shop.patches(),
    isBack: shop.isBack(),
    pages: pagerduty.alerts.map(({ state, summaries }) => ({ state, triggers: summaries.length })),
    changes: pagerduty.changes.map(({ payload }) => String(payload['summary'])),
  };
}
