import type { AutomationMode } from '../domain/plan.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';

/**
 * Takes the target for an incident's step. The fence only rises: a later holder always has a higher one. False when
 * another incident holds it. Safe to repeat by the holder.
 */
export async function acquireTarget(trx: Trx, target: string, incidentId: string, now: number): Promise<boolean> {
  const { rows } = await sql<{ incident_id: string }>`
    insert into rollback_targets (target, incident_id, fence, acquired_at)
    values (${target}, ${incidentId}, nextval('rollback_fences'), ${new Date(now)})
    on conflict (target) do update set target = excluded.target
    returning incident_id`.execute(trx);
  return rows[0]?.incident_id === incidentId;
}

export async function releaseTargets(trx: Trx, incidentId: string): Promise<void> {
  await sql`delete from rollback_targets where incident_id = ${incidentId}`.execute(trx);
}

/** Who holds any of these targets, other than the incident itself. */
export async function holderOf(
  db: Database,
  targets: readonly string[],
  incidentId: string,
): Promise<{ readonly target: string; readonly incidentId: string } | null> {
  const { rows } = await sql<{ target: string; incident_id: string }>`
    select target, incident_id from rollback_targets
    where target = any(${[...targets]}::text[]) and incident_id <> ${incidentId} limit 1`.execute(db);
  const row = rows[0];
  return row === undefined ? null : { target: row.target, incidentId: row.incident_id };
}

/** One start of a rollback at a time: false while another transaction has it. Ends with the transaction. */
export async function takeStart(trx: Trx): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`
    select pg_try_advisory_xact_lock(hashtext('firebreak rollback start')) as taken`.execute(trx);
  return rows[0]?.taken === true;
}

export async function recordRollbackStart(trx: Trx, incidentId: string, service: string, now: number): Promise<void> {
  await sql`
    insert into rollback_starts (incident_id, service, started_at) values (${incidentId}, ${service}, ${new Date(now)})
    on conflict (incident_id) do nothing`.execute(trx);
}

/** Rollbacks that other incidents started since (epoch ms), newest first. */
export async function rollbackStartsSince(
  db: Database | Trx,
  since: number,
  exceptIncident: string,
): Promise<readonly { readonly incidentId: string; readonly service: string; readonly at: number }[]> {
  const { rows } = await sql<{ incident_id: string; service: string; started_at: Date }>`
    select incident_id, service, started_at from rollback_starts
    where started_at > ${new Date(since)} and incident_id <> ${exceptIncident} order by started_at desc`.execute(db);
  return rows.map((row) => ({ incidentId: row.incident_id, service: row.service, at: row.started_at.getTime() }));
}

/** Other incidents whose rollback is being carried out or validated. */
export async function rollbacksUnderWay(
  db: Database | Trx,
  exceptIncident: string,
): Promise<readonly { readonly incidentId: string; readonly service: string }[]> {
  const { rows } = await sql<{ id: string; service: string }>`
    select id, coalesce(state->'rollback'->>'service', service, '') as service from incidents
    where id <> ${exceptIncident} and state->'rollback'->>'stage' in ('executing', 'validating')`.execute(db);
  return rows.map((row) => ({ incidentId: row.id, service: row.service }));
}

/** What rollbacks of a service since (epoch ms) went away from, unless a person took it back. */
export async function versionsLeft(db: Database | Trx, service: string, since: number): Promise<readonly string[]> {
  const { rows } = await sql<{ bad: string[] | null }>`
    select state->'badVersions' as bad from incidents i join rollback_starts r on r.incident_id = i.id
    where r.service = ${service} and r.started_at > ${new Date(since)}`.execute(db);
  return [...new Set(rows.flatMap((row) => row.bad ?? []))];
}

/** What people set at run time. Null: the configuration holds. */
export interface AutomationSwitches {
  readonly mode: AutomationMode | null;
  readonly killSwitch: boolean | null;
  readonly changedBy: string | null;
  readonly changedAt: string | null;
}

export async function readAutomation(db: Database | Trx): Promise<AutomationSwitches> {
  const { rows } = await sql<{
    mode: AutomationMode | null;
    kill_switch: boolean | null;
    changed_by: string;
    changed_at: Date;
  }>`
    select mode, kill_switch, changed_by, changed_at from automation`.execute(db);
  const row = rows[0];
  return row === undefined
    ? { mode: null, killSwitch: null, changedBy: null, changedAt: null }
    : {
        mode: row.mode,
        killSwitch: row.kill_switch,
        changedBy: row.changed_by,
        changedAt: row.changed_at.toISOString(),
      };
}

/** Sets what is given and leaves the rest. */
export async function writeAutomation(
  db: Database | Trx,
  switches: { readonly mode?: AutomationMode | undefined; readonly killSwitch?: boolean | undefined },
  by: string,
  now: number,
): Promise<void> {
  await sql`
    insert into automation (only_row, mode, kill_switch, changed_by, changed_at)
    values (true, ${switches.mode ?? null}, ${switches.killSwitch ?? null}, ${by}, ${new Date(now)})
    on conflict (only_row) do update set
      mode = coalesce(excluded.mode, automation.mode),
      kill_switch = coalesce(excluded.kill_switch, automation.kill_switch),
      changed_by = excluded.changed_by, changed_at = excluded.changed_at`.execute(db);
}

const PAST_ROLLBACKS = 20;

/** From its start until every step was done, of the newest rollbacks of a service that came so far. In seconds. */
export async function pastRollbackSeconds(db: Database, service: string): Promise<readonly number[]> {
  const { rows } = await sql<{ seconds: number }>`
    select extract(epoch from (rollback->>'validatingSince')::timestamptz - (rollback->>'startedAt')::timestamptz)::float8
             as seconds
    from (select i.state->'rollback' as rollback, r.started_at
          from rollback_starts r join incidents i on i.id = r.incident_id where r.service = ${service}) as past
    where rollback->>'validatingSince' is not null and rollback->>'startedAt' is not null
      and rollback->>'purpose' = 'roll-back' and rollback->>'service' = ${service}
    order by started_at desc limit ${PAST_ROLLBACKS}`.execute(db);
  return rows.map((row) => row.seconds);
}
