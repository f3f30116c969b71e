import { rootCauseOf } from '../domain/incident/postmortem-message.ts';
import { lengthOf } from '../domain/length.ts';
import { isWorse } from '../domain/severity.ts';
import type { CaseFile } from './case-file.ts';
import type { Known } from './facts.ts';
import { usersAffected } from './facts.ts';
import { between, customerImpact, total } from './figures.ts';
import type { Section, Statement } from './model.ts';
import { moment } from './moments.ts';
import { outcomeOf } from './rollback-outcome.ts';
import { eventsOf, lastRollback } from './rollbacks.ts';
import { list, proved, unknown } from './statements.ts';
import { causeInWords } from './wording.ts';
import { written } from './writing.ts';

export const summarySection = (file: CaseFile): Section => ({
  number: 1,
  id: 'executive-summary',
  title: 'Executive summary',
  parts: [
    list('summary', null, [
      incident(file),
      severity(file),
      duration(file, 'Duration'),
      impact(file),
      status(file),
      rootCause(file),
      rollback(file),
      written(
        file,
        'summary',
        'In the words of the team',
        'what happened and what it means, for people who were not there',
      ),
    ]),
  ],
});

const incident = ({ opened }: CaseFile): Statement => {
  const { title, service, environment } = opened.data;
  const where = `${service ?? 'unknown service'}${environment === null ? '' : ` (${environment})`}`;
  return proved('Incident', `${title}, on ${where}`, [opened]);
};

function severity(file: CaseFile): Statement {
  const changes = file.all('severity-changed');
  const last = changes.at(-1);
  if (last === undefined) return unknown('Severity', 'nothing was decided');
  const worst = changes.reduce((a, b) => (isWorse(b.data.to, a.data.to) ? b : a));
  const peak = isWorse(worst.data.to, last.data.to) ? `; ${worst.data.to} at its worst` : '';
  const { unclassified } = file.state;
  const note = unclassified ? '; unclassified, since no rule matched' : '';
  // What was measured later is a better reason than what it was opened with.
  const newest = file.all('severity-decided').findLast(({ data }) => data.severity === last.data.to) ?? null;
  const because = newest !== null && newest.seq > last.seq ? newest.data.because : last.data.because;
  return proved('Severity', `${last.data.to}: ${because}${peak}${note}`, eventsOf(last, worst, newest));
}

/** From detection to the validated fix; where there is none, what is known of its length, and that this is not it. */
export function duration(file: CaseFile, label: string): Statement {
  const whole = total(file);
  if (whole !== null)
    return proved(label, `${lengthOf(whole.seconds)}, from detection to the fix being validated`, whole.events);
  const { opened } = file;
  const resolved = file.last('incident-resolved');
  const reopened = file.last('incident-reopened');
  if (resolved === null || (reopened?.seq ?? 0) > resolved.seq) {
    return unknown(label, `no validated fix is recorded, and it is not resolved; detected ${moment(opened.at)}`);
  }
  const length = lengthOf(between(opened.at, resolved.at));
  const none = file.all('fix-recorded').findLast(({ data }) => data.stage === 'unnecessary');
  return none === undefined
    ? proved(label, `${length}, from detection to resolution; no validated fix is recorded`, [opened, resolved])
    : proved(label, `${length}, from detection to resolution; no fix was needed`, [opened, resolved, none]);
}

function impact(file: CaseFile): Statement {
  const label = 'Customer impact';
  const over = withoutImpact(file);
  if (over !== null) return proved(label, over.text, over.events);
  const users = usersAffected(file);
  const length = customerImpact(file);
  const share = users?.text ?? 'unknown share of users';
  const events = [...(users?.events ?? []), ...(length?.events ?? [])];
  const time = length === null ? 'for how long is unknown: it is not restored' : `for ${lengthOf(length.seconds)}`;
  if (events.length === 0) return unknown(label, 'neither the share of users nor how long');
  return proved(label, `${share}, ${time}`, events);
}

/** Of a false alarm, or of what is told elsewhere, no impact is claimed. */
export function withoutImpact(file: CaseFile): Known | null {
  const dismissed = file.last('incident-dismissed');
  if (dismissed !== null) {
    const { by, because } = dismissed.data;
    return { text: `none: dismissed as a false alarm by ${by}: ${because}`, events: [dismissed] };
  }
  const merged = file.last('incident-merged');
  if (merged === null) return null;
  return { text: `told in the report of ${merged.data.into}, into which this was merged`, events: [merged] };
}

export function status(file: CaseFile): Statement {
  const { state, events } = file;
  const event = events.findLast(({ type }) => STATUS_EVENTS.has(type)) ?? file.opened;
  const why = event.type === 'incident-dismissed' ? ', dismissed as a false alarm' : '';
  const into = state.mergedInto === null ? '' : `, merged into ${state.mergedInto}`;
  return proved('Status', `${state.status} since ${moment(event.at)}${why}${into}`, [event]);
}

const STATUS_EVENTS: ReadonlySet<string> = new Set([
  'incident-acknowledged',
  'incident-mitigated',
  'incident-resolved',
  'incident-reopened',
  'incident-closed',
  'incident-dismissed',
  'incident-merged',
]);

export function rootCause(file: CaseFile): Statement {
  const cause = rootCauseOf(file.state.rootCauses);
  if (cause === null) return unknown('Root cause', 'no hypothesis is recorded');
  const recorded = file.all('root-cause-recorded').filter(({ data }) => data.id === cause.id);
  const judged = file.all('root-cause-judged').filter(({ data }) => data.id === cause.id);
  return proved('Root cause', causeInWords(cause), [...recorded.slice(-1), ...judged.slice(-1)]);
}

function rollback(file: CaseFile): Statement {
  const attempt = lastRollback(file);
  if (attempt !== null) return outcomeOf(attempt, 'Rollback');
  const decided = file.last('rollback-decided');
  if (decided === null) return unknown('Rollback', 'nothing was decided');
  return proved('Rollback', `none; decided: ${decided.data.action}: ${decided.data.because}`, [decided]);
}
