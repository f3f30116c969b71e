import type { RawBuilder } from 'kysely';
import type { Figures, Spread, Statistics, StatisticsFilter } from '../domain/statistics.ts';
import { shareOf } from '../domain/statistics.ts';
import type { Database, Trx } from './database.ts';
import { sql } from './database.ts';

/** `total`: over all of them; then the key is null. */
interface Grouped {
  readonly total: boolean;
  readonly key: string | null;
}

/**
 * The figures of the incidents that opened in a time, with drills, dismissed false alarms and merged ones left out. All of
 * it is computed from what is stored, so it is the same on every replica and after a restart. `now` decides what is overdue.
 */
export async function readStatistics(db: Database, filter: StatisticsFilter, now: number): Promise<Statistics> {
  const read = await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => ({
      main: await mainFigures(trx, filter, now),
      clocks: await clockOutcomes(trx, filter),
      rollbacks: await rollbackOutcomes(trx, filter),
      actions: await actionItems(trx, filter, now),
    }));
  const figures = (row: MainRow): Figures => {
    const mine = <T extends Grouped>(rows: readonly T[]): readonly T[] =>
      rows.filter((other) => other.total === row.total && other.key === row.key);
    return figuresOf(row, mine(read.clocks), mine(read.rollbacks), mine(read.actions)[0]);
  };
  const [total = NOTHING] = read.main.filter((row) => row.total);
  const { since, until, groupBy } = filter;
  const keyed = groupBy === null ? [] : read.main.filter((row) => !row.total);
  const groups = keyed.map((row) => ({ key: row.key, ...figures(row) }));
  return { since, until, groupBy, total: figures(total), groups };
}

/** Where an incident belongs in the answer. */
function keyOf({ groupBy }: StatisticsFilter): RawBuilder<unknown> {
  switch (groupBy) {
    case 'severity':
      return sql`severity`;
    case 'service':
      return sql`service`;
    case 'week':
      return sql`to_char(opened_at at time zone 'UTC', 'IYYY-"W"IW')`;
    case null:
      return sql`null::text`;
  }
}

/** Over all, and by key. */
const SETS = sql`grouping sets ((), (key))`;
const GROUP = sql`grouping(key) = 1 as total, key`;

function inScope({ since, until, service, severity }: StatisticsFilter): RawBuilder<unknown> {
  return sql.join(
    [
      sql`opened_at >= ${new Date(since)} and opened_at < ${new Date(until)}`,
      ...(service === null ? [] : [sql`service = ${service}`]),
      ...(severity.length === 0 ? [] : [sql`severity = any(${[...severity]}::text[])`]),
    ],
    sql` and `,
  );
}

/** The incidents that count, and the events of theirs that figures are made of. Their shapes are those of version 1. */
const scope = (filter: StatisticsFilter): RawBuilder<unknown> => sql`
  scope as (
    select *, ${keyOf(filter)} as key, status in ('resolved', 'closed') as is_over
    from incidents where counted and ${inScope(filter)}
  ), marks as (
    select e.incident_id, e.seq, e.type, said.at, said.data,
           count(*) filter (where e.type = 'incident-reopened') over story as phase,
           count(*) filter (where e.type = 'rollback-requested') over story as attempt
    from scope join incident_events e on e.incident_id = scope.id
    cross join lateral (
      select (e.body::jsonb->>'at')::timestamptz as at, e.body::jsonb->'data' as data
    ) as said
    where e.type in (
      'incident-opened', 'onset-corrected', 'incident-acknowledged', 'incident-mitigated', 'incident-resolved',
      'incident-reopened', 'clock-met', 'clock-breached', 'rollback-requested', 'rollback-started',
      'rollback-stopped', 'rollback-verdict')
    window story as (partition by e.incident_id order by e.seq)
  )`;

interface MainRow extends Grouped {
  readonly incidents: number;
  readonly detect: Durations;
  readonly acknowledge: Durations;
  readonly restore: Durations;
  readonly resolve: Durations;
  readonly postmortems_due: number;
  readonly postmortems: number;
  readonly over: number;
  readonly causes: number;
  readonly repeats: number;
  readonly p0_judged: number;
  readonly p0_restored: number;
  readonly p1_restore_judged: number;
  readonly p1_restored: number;
  readonly p1_resolve_judged: number;
  readonly p1_resolved: number;
}

/** Count, mean, median and 95th percentile, interpolated between neighbours. */
type Durations = readonly [number, number | null, number | null, number | null];

const durations = (column: string): RawBuilder<unknown> => {
  const value = sql.ref(column);
  return sql`
    json_build_array(count(${value}), avg(${value}), percentile_cont(0.5) within group (order by ${value}),
                     percentile_cont(0.95) within group (order by ${value})) as ${value}`;
};

const P0_SECONDS = 300;
const P1_SECONDS = 1_800;

/**
 * A promise is judged once it was kept, or once its time is over. Detection counts from the first onset, or from what a
 * person made of it: when it became worse later is another matter.
 */
async function mainFigures(trx: Trx, filter: StatisticsFilter, now: number): Promise<readonly MainRow[]> {
  const judged = (column: string, seconds: number): RawBuilder<unknown> =>
    sql`(${sql.ref(column)} is not null or age >= ${sql.lit(seconds)})`;
  const { rows } = await sql<MainRow>`
    with ${scope(filter)}, phases as (
      select incident_id, phase, min(at) filter (where type = 'incident-reopened') as began,
             min(coalesce((data->>'at')::timestamptz, at))
               filter (where type in ('incident-mitigated', 'incident-resolved')) as ended
      from marks group by incident_id, phase
    ), restorations as (
      select incident_id, sum(greatest(interval '0', ended - coalesce(began, opened_at))) as took
      from phases join scope on scope.id = incident_id group by incident_id having bool_and(ended is not null)
    ), noticed as (
      select incident_id, min(at) filter (where type = 'incident-acknowledged') as acknowledged_at,
             coalesce((array_agg(data->>'to' order by seq desc) filter (where type = 'onset-corrected'))[1],
                      min(data->'onset'->>'at') filter (where type = 'incident-opened'))::timestamptz as onset_at
      from marks group by incident_id
    ), measured as (
      select scope.*, extract(epoch from ${new Date(now)}::timestamptz - opened_at)::float8 as age,
             greatest(0, extract(epoch from opened_at - n.onset_at))::float8 as detect,
             extract(epoch from n.acknowledged_at - opened_at)::float8 as acknowledge,
             extract(epoch from r.took)::float8 as restore,
             extract(epoch from resolved_at::timestamptz - opened_at)::float8 as resolve
      from scope left join noticed n on n.incident_id = id left join restorations r on r.incident_id = id
    )
    select ${GROUP}, count(*) as incidents,
      ${durations('detect')}, ${durations('acknowledge')}, ${durations('restore')}, ${durations('resolve')},
      count(*) filter (where is_over and severity in ('P0', 'P1')) as postmortems_due,
      count(*) filter (where is_over and severity in ('P0', 'P1') and postmortem_at is not null) as postmortems,
      count(*) filter (where is_over) as over,
      count(*) filter (where is_over and cause_confirmed) as causes,
      count(*) filter (where is_repeat) as repeats,
      count(*) filter (where severity = 'P0' and ${judged('restore', P0_SECONDS)}) as p0_judged,
      count(*) filter (where severity = 'P0' and restore < ${sql.lit(P0_SECONDS)}) as p0_restored,
      count(*) filter (where severity = 'P1' and ${judged('restore', P1_SECONDS)}) as p1_restore_judged,
      count(*) filter (where severity = 'P1' and restore < ${sql.lit(P1_SECONDS)}) as p1_restored,
      count(*) filter (where severity = 'P1' and ${judged('resolve', P1_SECONDS)}) as p1_resolve_judged,
      count(*) filter (where severity = 'P1' and resolve < ${sql.lit(P1_SECONDS)}) as p1_resolved
    from measured group by ${SETS} order by total desc, key collate "C" nulls last`.execute(trx);
  return rows;
}

interface ClockRow extends Grouped {
  readonly clock: string;
  readonly met: number;
  readonly breached: number;
}

/** Of the detection clock the last word counts: a person may have corrected the onset. Others run anew when it comes back. */
async function clockOutcomes(trx: Trx, filter: StatisticsFilter): Promise<readonly ClockRow[]> {
  const { rows } = await sql<ClockRow>`
    with ${scope(filter)}, ended as (
      select distinct on (incident_id, clock, run) scope.key, clock, type
      from marks join scope on scope.id = incident_id
      cross join lateral (select data->>'clock' as clock, case when data->>'clock' = 'detect' then 0 else seq end as run) c
      where type in ('clock-met', 'clock-breached') order by incident_id, clock, run, seq desc
    )
    select ${GROUP}, clock, count(*) filter (where type = 'clock-met') as met,
           count(*) filter (where type = 'clock-breached') as breached
    from ended group by clock, ${SETS} order by clock collate "C"`.execute(trx);
  return rows;
}

interface RollbackRow extends Grouped {
  readonly verdict: string;
  readonly count: number;
}

/** An attempt ends with its first verdict or stop; it counts once something was begun. */
async function rollbackOutcomes(trx: Trx, filter: StatisticsFilter): Promise<readonly RollbackRow[]> {
  const { rows } = await sql<RollbackRow>`
    with ${scope(filter)}, attempts as (
      select incident_id, coalesce(max(data->>'purpose'), 'roll-back') as purpose,
             bool_or(type = 'rollback-started') as started,
             (array_agg(coalesce(data->>'verdict', 'stopped') order by seq)
               filter (where type in ('rollback-verdict', 'rollback-stopped')))[1] as verdict
      from marks where attempt > 0 and type like 'rollback-%' group by incident_id, attempt
    )
    select ${GROUP}, verdict, count(*) as count
    from attempts join scope on scope.id = incident_id
    where started and purpose = 'roll-back' and verdict is not null
    group by verdict, ${SETS} order by verdict collate "C"`.execute(trx);
  return rows;
}

interface ActionRow extends Grouped {
  readonly open: number;
  readonly overdue: number;
  readonly done: number;
  readonly verified: number;
}

/** Of an `item`: it is open after its due date. */
export const isOverdue = (now: number): RawBuilder<unknown> =>
  sql`(item->>'status' = 'open' and (item->>'dueAt')::timestamptz < ${new Date(now)})`;

async function actionItems(trx: Trx, filter: StatisticsFilter, now: number): Promise<readonly ActionRow[]> {
  const { rows } = await sql<ActionRow>`
    with items as (
      select ${keyOf(filter)} as key, item from incidents, jsonb_array_elements(actions) as item
      where actions is not null and ${inScope(filter)}
    )
    select ${GROUP}, count(*) filter (where item->>'status' = 'open') as open,
           count(*) filter (where ${isOverdue(now)}) as overdue,
           count(*) filter (where item->>'status' = 'done') as done,
           count(*) filter (where item->>'status' = 'verified') as verified
    from items group by ${SETS}`.execute(trx);
  return rows;
}

function figuresOf(
  row: MainRow,
  clocks: readonly ClockRow[],
  rollbacks: readonly RollbackRow[],
  actions: ActionRow | undefined,
): Figures {
  const verdicts = Object.fromEntries(rollbacks.map(({ verdict, count }) => [verdict, count]));
  const ended = rollbacks.reduce((sum, { count }) => sum + count, 0);
  const { open, overdue, done, verified } = actions ?? { open: 0, overdue: 0, done: 0, verified: 0 };
  return {
    incidents: row.incidents,
    timeToDetect: spread(row.detect),
    timeToAcknowledge: spread(row.acknowledge),
    timeToRestore: spread(row.restore),
    timeToResolve: spread(row.resolve),
    clocks: clocks.map(({ clock, met, breached }) => ({ clock, met, breached })),
    rollbacks: { ...shareOf(verdicts['recovered'] ?? 0, ended), verdicts },
    postmortems: shareOf(row.postmortems, row.postmortems_due),
    rootCauses: shareOf(row.causes, row.over),
    repeats: shareOf(row.repeats, row.incidents),
    actions: { open, overdue, done, verified },
    goals: [
      { goal: 'p0-restored-in-5-min', ...shareOf(row.p0_restored, row.p0_judged) },
      { goal: 'p1-restored-in-30-min', ...shareOf(row.p1_restored, row.p1_restore_judged) },
      { goal: 'p1-resolved-in-30-min', ...shareOf(row.p1_resolved, row.p1_resolve_judged) },
    ],
  };
}

const spread = ([count, meanSeconds, medianSeconds, p95Seconds]: Durations): Spread => ({
  count,
  meanSeconds,
  medianSeconds,
  p95Seconds,
});

const NONE: Durations = [0, null, null, null];
const NOTHING: MainRow = {
  ...{ total: true, key: null, incidents: 0, detect: NONE, acknowledge: NONE, restore: NONE, resolve: NONE },
  ...{ postmortems_due: 0, postmortems: 0, over: 0, causes: 0, repeats: 0 },
  ...{ p0_judged: 0, p0_restored: 0, p1_restore_judged: 0, p1_restored: 0, p1_resolve_judged: 0, p1_resolved: 0 },
};

/** What is due and not done, over all incidents but drills. */
export async function countOverdueActions(db: Database, now: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from incidents, jsonb_array_elements(actions) as item
    where actions is not null and ${isOverdue(now)}`.execute(db);
  return rows[0]?.n ?? 0;
}

/** Incidents that were recognised as a repeat. */
export async function countRepeats(db: Database): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from incidents where is_repeat`.execute(db);
  return rows[0]?.n ?? 0;
}

/** Of the P0 and P1 that opened since (epoch ms) and are over: how many, and how many of them have a published post-mortem. */
export async function countPostmortems(
  db: Database,
  since: number,
): Promise<{ readonly due: number; readonly published: number }> {
  const { rows } = await sql<{ due: number; published: number }>`
    select count(*) as due, count(postmortem_at) as published from incidents
    where counted and severity in ('P0', 'P1') and status in ('resolved', 'closed')
      and opened_at >= ${new Date(since)}`.execute(db);
  return rows[0] ?? { due: 0, published: 0 };
}
