import type { Figures, Spread, Statistics, StatisticsFilter } from '../domain/statistics.ts';
import { shareOf } from '../domain/statistics.ts';
import type { Database } from './database.ts';
import { sql } from './database.ts';
import type { ActionRow, ClockRow, Durations, Grouped, MainRow, RollbackRow, StatisticsRow } from './stats-query.ts';
import { actionCounts, statisticsQuery } from './stats-query.ts';

const NONE_READ: StatisticsRow = { main: [], clocks: [], rollbacks: [], actions: [] };

/**
 * The figures of the incidents that opened in a time, with drills, dismissed false alarms and merged ones left out. All of
 * it is computed from what is stored, so it is the same on every replica and after a restart. `now` decides what is overdue.
 */
export async function readStatistics(db: Database, filter: StatisticsFilter, now: number): Promise<Statistics> {
  const { rows } = await statisticsQuery(filter, now).execute(db);
  const read = rows[0] ?? NONE_READ;
  const figures = (row: MainRow): Figures => {
    const mine = <T extends Grouped>(others: readonly T[]): readonly T[] =>
      others.filter((other) => other.total === row.total && other.key === row.key);
    return figuresOf(row, mine(read.clocks), mine(read.rollbacks), mine(read.actions)[0]);
  };
  const [total = NOTHING] = read.main.filter((row) => row.total);
  const { since, until, groupBy } = filter;
  const keyed = groupBy === null ? [] : read.main.filter((row) => !row.total);
  const groups = keyed.map((row) => ({ key: row.key, ...figures(row) }));
  return { since, until, groupBy, total: figures(total), groups };
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

/** The action items of all incidents but drills, by their status; `overdue` ones are open, too. */
export async function countActions(db: Database, now: number): Promise<Figures['actions']> {
  const { rows } = await sql<Figures['actions']>`
    select ${actionCounts(now)} from incidents, jsonb_array_elements(actions) as item
    where actions is not null`.execute(db);
  return rows[0] ?? { open: 0, overdue: 0, done: 0, verified: 0 };
}

/** Incidents that were recognised as a repeat. */
export async function countRepeats(db: Database): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from incidents where is_repeat`.execute(db);
  return rows[0]?.n ?? 0;
}

/** Of the incidents that opened since (epoch ms) and are over. */
interface Documented {
  /** P0 and P1: they need a post-mortem. */
  readonly due: number;
  readonly published: number;
  readonly over: number;
  /** A root cause of theirs is confirmed. */
  readonly causes: number;
}

export async function countDocumented(db: Database, since: number): Promise<Documented> {
  const { rows } = await sql<Documented>`
    select count(*) filter (where severity in ('P0', 'P1')) as due,
           count(postmortem_at) filter (where severity in ('P0', 'P1')) as published,
           count(*) as over, count(*) filter (where cause_confirmed) as causes
    from incidents
    where counted and status in ('resolved', 'closed') and opened_at >= ${new Date(since)}`.execute(db);
  return rows[0] ?? { due: 0, published: 0, over: 0, causes: 0 };
}
