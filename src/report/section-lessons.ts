import { lengthOf } from '../domain/length.ts';
import { plural } from '../domain/incident/words.ts';
import type { ClockName } from '../domain/incident/events.ts';
import { isUrgent } from '../domain/severity.ts';
import type { CaseFile } from './case-file.ts';
import { rollbackLength } from './figures.ts';
import type { Section, SlaResult, Statement } from './model.ts';
import { day, readable } from './moments.ts';
import { lastRollback } from './rollbacks.ts';
import { breachText } from './sla.ts';
import { list, proved } from './statements.ts';
import { written } from './writing.ts';

export const lessonsSection = (file: CaseFile, sla: readonly SlaResult[]): Section => ({
  number: 8,
  id: 'lessons',
  title: 'Lessons',
  parts: [
    list('went-well', 'What went well', [
      ...clocksMet(file, sla),
      ...rollbackFacts(file),
      written(file, 'went-well', 'What went well', 'what to keep doing'),
    ]),
    list('could-be-better', 'What could be better', [
      ...clocksBreached(file, sla),
      ...faults(file),
      written(file, 'could-be-better', 'What could be better', 'what to change'),
    ]),
    list('takeaways', 'Key takeaways', [
      ...recurrences(file, null),
      written(file, 'takeaways', 'Key takeaways', 'what every team should know after this'),
    ]),
  ],
});

const MET: Readonly<Record<ClockName, string>> = {
  detect: 'Detected in',
  acknowledge: 'Acknowledged in',
  restore: 'Restored in',
  diagnose: 'Hypothesis recorded in',
  update: 'First status update sent in',
};

const BREACHED: Readonly<Record<ClockName, string>> = {
  detect: 'Detection',
  acknowledge: 'Acknowledgement',
  restore: 'Restoration',
  diagnose: 'Diagnosis',
  update: 'The first status update',
};

const cited = (file: CaseFile, { events }: SlaResult) => file.events.filter(({ seq }) => events.includes(seq));

function clocksMet(file: CaseFile, sla: readonly SlaResult[]): readonly Statement[] {
  return sla.flatMap((each) => {
    if (each.result !== 'met' || each.judgedAnew || each.startedAt === null || each.endedAt === null) return [];
    const took = (Date.parse(each.endedAt) - Date.parse(each.startedAt)) / 1000;
    return [proved(null, `${MET[each.clock]} ${lengthOf(Math.max(0, took))}`, cited(file, each))];
  });
}

function clocksBreached(file: CaseFile, sla: readonly SlaResult[]): readonly Statement[] {
  return sla.flatMap((each) => {
    if (each.result !== 'breached' || each.judgedAnew) return [];
    const by = each.marginSeconds === null ? 'breached, and its end is unknown' : breachText(each.marginSeconds);
    return [proved(null, `${BREACHED[each.clock]} ${by}`, cited(file, each))];
  });
}

function rollbackFacts(file: CaseFile): readonly Statement[] {
  const took = rollbackLength(file);
  const verdict = lastRollback(file)?.verdict ?? null;
  return [
    ...(took === null ? [] : [proved(null, `Rollback took ${lengthOf(took.seconds)}`, took.events)]),
    ...(verdict?.data.verdict === 'recovered'
      ? [proved(null, `The rollback was proved to have helped: ${readable(verdict.data.because)}`, [verdict])]
      : []),
  ];
}

/** What did not go as it should, as far as the events say so. */
function faults(file: CaseFile): readonly Statement[] {
  const { state } = file;
  const unclassified = state.unclassified ? file.all('severity-decided').filter(({ data }) => data.unclassified) : [];
  const reopened = file.all('incident-reopened');
  const given = file.all('notification-failed');
  return [
    ...file.all('rollback-stopped').map((e) => proved(null, `A rollback was stopped: ${e.data.because}`, [e])),
    ...file
      .all('rollback-verdict')
      .filter(({ data }) => data.verdict === 'not-recovered' || data.verdict === 'unknown')
      .map((e) => proved(null, `A rollback was not proved to have helped (${e.data.verdict}): ${e.data.because}`, [e])),
    ...file.all('rollback-reverted').map((e) => proved(null, `A rollback did not stay: ${e.data.detail}`, [e])),
    ...file
      .all('page-unaccepted')
      .map((e) => proved(null, `A page was not accepted within ${lengthOf(e.data.seconds)}: ${e.data.because}`, [e])),
    ...(given.length === 0 ? [] : [proved(null, `${plural(given.length, 'message')} could not be delivered`, given)]),
    ...(unclassified.length === 0 ? [] : [proved(null, 'No rule classified it: a rule is missing', unclassified)]),
    ...reopened.map((e) => proved(null, `It came back: ${e.data.because}`, [e])),
    ...silence(file),
  ];
}

/** Firebreak had to speak for everybody. */
function silence(file: CaseFile): readonly Statement[] {
  const { severity } = file.state;
  const own = file.all('status-updated').filter(({ data }) => data.by === null);
  const byPeople = file.all('status-updated').some(({ data }) => data.by !== null);
  if (severity === null || !isUrgent(severity) || own.length === 0 || byPeople) return [];
  return [proved(null, `No person wrote a status update; ${own.length} went out from the facts alone`, own)];
}

const WHY = { 'same-cause': 'same root cause', 'same-alerts': 'same alerts', 'same-service': 'same service' } as const;

/** "Third time in 60 days; action item X is still open." */
export function recurrences(file: CaseFile, label: string | null): readonly Statement[] {
  return file.all('recurrence-recognised').map((event) => {
    const { why, of, days, openActions } = event.data;
    const items = openActions.map(
      ({ id, incidentId, action, owner, dueAt }) =>
        `action item ${id} of ${incidentId} is still open: ${action} (owner ${owner ?? 'unknown'}, due ${dueAt === null ? 'unknown' : day(dueAt)})`,
    );
    const count = `${nth(of.length + 1)} time in ${days} days, ${WHY[why]} as ${of.join(', ')}`;
    return proved(label, [count, ...items].join('; '), [event]);
  });
}

const NTH = ['', 'First', 'Second', 'Third', 'Fourth', 'Fifth', 'Sixth', 'Seventh', 'Eighth', 'Ninth', 'Tenth'];
const ENDINGS: Readonly<Record<string, string>> = { one: 'st', two: 'nd', few: 'rd', other: 'th' };
const ordinals = new Intl.PluralRules('en', { type: 'ordinal' });

const nth = (n: number): string => NTH[n] ?? `${n}${ENDINGS[ordinals.select(n)] ?? 'th'}`;
