import { lengthOf } from '../domain/length.ts';
import type { CaseFile } from './case-file.ts';
import { customerImpact } from './figures.ts';
import type { Section, Statement } from './model.ts';
import { day, moment, timeOfDay } from './moments.ts';
import { duration, withoutImpact } from './section-summary.ts';
import { list, proved, row, table, unknown } from './statements.ts';
import { keyEventsOf } from './timeline.ts';

export function timelineSection(file: CaseFile): Section {
  const rows = keyEventsOf(file);
  const days = new Set(rows.map(({ at }) => day(at)));
  const time = days.size === 1 ? timeOfDay : moment;
  const when = days.size === 1 ? `on ${day(file.opened.at)}, in UTC` : 'in UTC';
  return {
    number: 2,
    id: 'timeline',
    title: 'Timeline (UTC)',
    parts: [
      list('times', null, [proved('All times', when, [file.opened])]),
      table(
        'key-events',
        null,
        ['Time', 'Event', 'Action taken'],
        rows.map(({ at, event, action, proofs }) => row([time(at), event, action === '' ? '–' : action], proofs)),
        'no key event',
      ),
      list('durations', null, [duration(file, 'Total incident duration'), impactDuration(file)]),
    ],
  };
}

function impactDuration(file: CaseFile): Statement {
  const label = 'Customer-impact duration';
  const over = withoutImpact(file);
  if (over !== null) return proved(label, over.text, over.events);
  const length = customerImpact(file);
  if (length === null) return unknown(label, `the service is not restored; detected ${moment(file.opened.at)}`);
  const times = length.times === 1 ? '' : `, ${length.times} times together`;
  return proved(label, `${lengthOf(length.seconds)}, from detection to service restored${times}`, length.events);
}
