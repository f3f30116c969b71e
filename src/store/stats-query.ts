import type { RawBuilder } from 'kysely';
import type { StatisticsFilter } from '../domain/statistics.ts';
import { sql } from './database.ts';

type Part = RawBuilder<unknown>;

/** `total`: over all of them; then the key is null. */
export interface Grouped {
  readonly total: boolean;
  readonly key: string | null;
}

/** Count, mean, median and 95th percentile, interpolated between neighbours. */
export type Durations = readonly [number, number | null, number | null, number | null];

export interface MainRow extends Grouped {
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

export interface ClockRow extends Grouped {
  readonly clock: string;
  readonly met: number;
  readonly breached: number;
}

export interface RollbackRow extends Grouped {
  readonly verdict: string;
  readonly count: number;
}

export interface ActionRow extends Grouped {
  readonly open: number;
  readonly overdue: number;
  readonly done: number;
  readonly verified: number;
}

export interface StatisticsRow {
  readonly main: readonly MainRow[];
  readonly clocks: readonly ClockRow[];
  readonly rollbacks: readonly RollbackRow[];
  readonly actions: readonly ActionRow[];
}

/** All figures in one statement: they are of one moment, and each event is read once. */
export const statisticsQuery = (filter: StatisticsFilter, now: number): RawBuilder<StatisticsRow> => sql`
  with ${scope(filter)}, ${measured(now)}, main as (${mainFigures}), clocks as (${clockOutcomes}),
       rollbacks as (${rollbackOutcomes}), actions as (${actionItems(filter, now)})
  select ${rowsOf('main')}, ${rowsOf('clocks')}, ${rowsOf('rollbacks')}, ${rowsOf('actions')}`;

const rowsOf = (name: string): Part => {
  const table = sql.ref(name);
  return sql`(select coalesce(json_agg(${table}), '[]') from ${table}) as ${table}`;
};

/** Where an incident belongs in the answer. */
function keyOf({ groupBy }: StatisticsFilter): Part {
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

function inScope({ since, until, service, severity }: StatisticsFilter): Part {
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
const scope = (filter: StatisticsFilter): Part => sql`
  scope as (
    select id, severity, opened_at, resolved_at, postmortem_at, cause_confirmed, is_repeat, ${keyOf(filter)} as key,
           status in ('resolved', 'closed') as is_over
    from incidents where counted and ${inScope(filter)}
  ), marks as (
    select incident_id, seq, type, (body->>'at')::timestamptz as at, body->'data' as data,
           count(*) filter (where type = 'incident-reopened') over story as phase,
           count(*) filter (where type = 'rollback-requested') over story as attempt
    from (
      select e.incident_id, e.seq, e.type, e.body::jsonb as body
      from scope join incident_events e on e.incident_id = scope.id
      where e.type in (
        'incident-opened', 'onset-corrected', 'incident-acknowledged', 'incident-mitigated', 'incident-resolved',
        'incident-reopened', 'clock-met', 'clock-breached', 'rollback-requested', 'rollback-started',
        'rollback-stopped', 'rollback-verdict')
      offset 0 -- each body is read once
    ) as said
    window story as (partition by incident_id order by seq)
  )`;

/**
 * How long everything took, by incident. Detection counts from the first onset, or from what a person made of it: when it
 * became worse later is another matter. One that came back was down as often as it was.
 */
const measured = (now: number): Part => sql`
  phases as (
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
  )`;

const durations = (column: string): Part => {
  const value = sql.ref(column);
  return sql`
    json_build_array(count(${value}), avg(${value}), percentile_cont(0.5) within group (order by ${value}),
                     percentile_cont(0.95) within group (order by ${value})) as ${value}`;
};

const P0_SECONDS = sql.lit(300);
const P1_SECONDS = sql.lit(1_800);

/** A promise is judged once it was kept, or once its time is over. */
const mainFigures = sql`
  select ${GROUP}, count(*) as incidents,
    ${durations('detect')}, ${durations('acknowledge')}, ${durations('restore')}, ${durations('resolve')},
    count(*) filter (where is_over and severity in ('P0', 'P1')) as postmortems_due,
    count(*) filter (where is_over and severity in ('P0', 'P1') and postmortem_at is not null) as postmortems,
    count(*) filter (where is_over) as over,
    count(*) filter (where is_over and cause_confirmed) as causes,
    count(*) filter (where is_repeat) as repeats,
    count(*) filter (where severity = 'P0' and (restore is not null or age >= ${P0_SECONDS})) as p0_judged,
    count(*) filter (where severity = 'P0' and restore < ${P0_SECONDS}) as p0_restored,
    count(*) filter (where severity = 'P1' and (restore is not null or age >= ${P1_SECONDS})) as p1_restore_judged,
    count(*) filter (where severity = 'P1' and restore < ${P1_SECONDS}) as p1_restored,
    count(*) filter (where severity = 'P1' and (resolve is not null or age >= ${P1_SECONDS})) as p1_resolve_judged,
    count(*) filter (where severity = 'P1' and resolve < ${P1_SECONDS}) as p1_resolved
  from measured group by ${SETS} order by total desc, key collate "C" nulls last`;

/** Of the detection clock the last word counts: a person may have corrected the onset. Others run anew when it comes back. */
const clockOutcomes = sql`
  select ${GROUP}, clock, count(*) filter (where type = 'clock-met') as met,
         count(*) filter (where type = 'clock-breached') as breached
  from (
    select distinct on (incident_id, clock, run) scope.key, clock, type
    from marks join scope on scope.id = incident_id
    cross join lateral (select data->>'clock' as clock, case when data->>'clock' = 'detect' then 0 else seq end as run) c
    where type in ('clock-met', 'clock-breached') order by incident_id, clock, run, seq desc
  ) as ended
  group by clock, ${SETS} order by clock collate "C"`;

/** An attempt ends with its first verdict or stop; it counts once something was begun. */
const rollbackOutcomes = sql`
  select ${GROUP}, verdict, count(*) as count
  from (
    select incident_id, coalesce(max(data->>'purpose'), 'roll-back') as purpose,
           bool_or(type = 'rollback-started') as started,
           (array_agg(coalesce(data->>'verdict', 'stopped') order by seq)
             filter (where type in ('rollback-verdict', 'rollback-stopped')))[1] as verdict
    from marks where attempt > 0 and type like 'rollback-%' group by incident_id, attempt
  ) as attempts join scope on scope.id = incident_id
  where started and purpose = 'roll-back' and verdict is not null
  group by verdict, ${SETS} order by verdict collate "C"`;

/** An item of a list of actions is due and not done. */
export const isOverdue = (now: number): Part =>
  sql`(item->>'status' = 'open' and (item->>'dueAt')::timestamptz < ${new Date(now)})`;

/** Of rows that are called `item`. */
export const actionCounts = (now: number): Part => sql`
  count(*) filter (where item->>'status' = 'open') as open,
  count(*) filter (where ${isOverdue(now)}) as overdue,
  count(*) filter (where item->>'status' = 'done') as done,
  count(*) filter (where item->>'status' = 'verified') as verified`;

const actionItems = (filter: StatisticsFilter, now: number): Part => sql`
  select ${GROUP}, ${actionCounts(now)}
  from (
    select ${keyOf(filter)} as key, item from incidents, jsonb_array_elements(actions) as item
    where actions is not null and ${inScope(filter)}
  ) as items
  group by ${SETS}`;
