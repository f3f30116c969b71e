import { lengthOf } from '../domain/length.ts';
import type { FiguresAnswer, StatisticsAnswer } from './answers.ts';
import { moment, table } from './format.ts';

/** The figures as columns: the total, then one for each group. */
export function statisticsTable(answer: StatisticsAnswer): string {
  const { since, until, groupBy, total, groups } = answer;
  const columns: readonly FiguresAnswer[] = [total, ...groups];
  const row = (name: string, cell: (figures: FiguresAnswer) => string): string[] => [name, ...columns.map(cell)];
  const clocks = [...new Set(columns.flatMap((each) => each.clocks.map(({ clock }) => clock)))];
  const goals = total.goals.map(({ goal }) => goal);
  const rows = [
    ['', 'all', ...groups.map(({ key }) => key ?? 'unknown')],
    row('incidents', ({ incidents }) => String(incidents)),
    ...SPREADS.map(([name, of]) => row(name, (figures) => spread(of(figures)))),
    ...clocks.map((name) => row(`${name} breached`, (figures) => breaches(figures, name))),
    row('rollbacks recovered', ({ rollbacks }) => share(rollbacks)),
    row('post-mortems', ({ postmortems }) => share(postmortems)),
    row('root causes', ({ rootCauses }) => share(rootCauses)),
    row('repeats', ({ repeats }) => share(repeats)),
    row('actions overdue', ({ actions }) => `${actions.overdue} of ${actions.open} open`),
    ...goals.map((name) => row(name.replace('p', 'P').replaceAll('-', ' '), (figures) => goalOf(figures, name))),
  ];
  const by = groupBy === null ? '' : `, by ${groupBy}`;
  return `Incidents opened from ${moment(since)} to ${moment(until)} UTC${by}\nTimes: median / 95th percentile (how many)\n\n${table(rows)}`;
}

type Spread = FiguresAnswer['timeToDetect'];
type Share = FiguresAnswer['postmortems'];

const SPREADS: readonly [string, (figures: FiguresAnswer) => Spread][] = [
  ['time to detect', (figures) => figures.timeToDetect],
  ['time to acknowledge', (figures) => figures.timeToAcknowledge],
  ['time to restore', (figures) => figures.timeToRestore],
  ['time to resolve', (figures) => figures.timeToResolve],
];

const spread = ({ count, medianSeconds, p95Seconds }: Spread): string =>
  medianSeconds === null || p95Seconds === null
    ? '-'
    : `${lengthOf(medianSeconds)} / ${lengthOf(p95Seconds)} (${count})`;

const share = ({ count, of, share: part }: Share): string =>
  part === null ? '-' : `${Math.round(part * 100)} % (${count} of ${of})`;

function breaches({ clocks }: FiguresAnswer, name: string): string {
  const clock = clocks.find((each) => each.clock === name);
  return clock === undefined ? '-' : `${clock.breached} of ${clock.breached + clock.met}`;
}

function goalOf({ goals }: FiguresAnswer, name: string): string {
  const goal = goals.find((each) => each.goal === name);
  return goal === undefined ? '-' : share(goal);
}
