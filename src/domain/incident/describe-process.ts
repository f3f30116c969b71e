import type { ProcessEventData, QuietKind, StatedImpact } from './process-events.ts';
import { describeStorm } from './storm-text.ts';
import { noticedLate, ordinal, plural, seconds } from './words.ts';

type Describe = { readonly [T in keyof ProcessEventData]: (data: ProcessEventData[T]) => string };

const QUIET: Readonly<Record<QuietKind, string>> = {
  maintenance: 'Maintenance',
  silenced: 'Silenced',
  storm: 'Part of a storm',
};

const changes = (parts: readonly (string | null)[]): string => parts.filter((part) => part !== null).join(', ');

export const DESCRIBE_PROCESS: Describe = {
  'commander-taken': (d) => `${d.by} takes command via ${d.via}`,
  'severity-overridden': (d) => `${d.by} sets the severity to ${d.severity} until it is released: ${d.because}`,
  'severity-released': (d) => `${d.by} releases the severity: the rules decide again`,
  'impact-stated': (d) => `Impact stated by ${d.by}: ${impactInWords(d.impact)}`,
  'onset-corrected': (d) => `${d.by} corrects the onset from ${d.from} to ${d.to}: ${d.because}`,
  'onset-renewed': (d) => `Onset taken anew, ${d.at}: ${d.because}`,
  'incident-dismissed': (d) => `Dismissed by ${d.by} as a false alarm: ${d.because}`,
  'incident-merged': (d) => `Merged into ${d.into} by ${d.by}: ${d.because}`,
  'incident-absorbed': (d) =>
    `${d.from} (${d.title}) merged into this incident by ${d.by}; ${plural(d.counts.firing, 'alert')} firing`,
  'incident-linked': (d) => `Linked to ${d.to}, which pages for both: ${d.because}`,
  'incident-unlinked': (d) => `No longer linked to ${d.from}: ${d.because}`,
  'link-noted': (d) => `${d.from} (${d.title}) is linked to this incident: ${d.because}`,
  quieted: (d) =>
    `${QUIET[d.kind]}: messages are held back${d.until === null ? '' : ` until ${d.until}`}: ${d.because}`,
  unquieted: (d) => `${QUIET[d.kind]} is over: ${d.because}`,
  'clock-warned': (d) =>
    `Clock ${d.clock}: ${d.percent} % of its time is gone; the deadline is ${d.deadline}${noticedLate(d.lateSeconds ?? 0)}`,
  'status-updated': (d) =>
    d.by === null ? `Status update by Firebreak: ${d.text}` : `Status update by ${d.by}: ${d.text}`,
  'page-unaccepted': (d) =>
    `PagerDuty has not taken the page within ${seconds(d.seconds)} (${d.because}): every other channel is told`,
  'publication-awaits-approval': (d) => `The status page's post awaits approval: ${d.text}`,
  'publication-approved': (d) => `${d.by} approves the status page's post via ${d.via}`,
  'publication-withheld': (d) => `Not on the status page: ${d.because}`,
  'storm-grew': (d) => describeStorm(d),
  'evidence-added': (d) => `Evidence (${d.kind}) by ${d.by}: ${d.title}`,
  'blocker-added': (d) => `Blocker, told by ${d.by}: ${d.text}`,
  'blocker-cleared': (d) => `Blocker ${d.id} is out of the way, says ${d.by}`,
  'root-cause-recorded': (d) =>
    `Hypothesis by ${d.by} (${d.category}, ${Math.round(d.confidence * 100)} % sure): ${d.summary}`,
  'root-cause-judged': (d) => `Hypothesis ${d.id} ${d.state} by ${d.by}: ${d.because}`,
  'checklist-ticked': (d) => `Checklist: ${d.item} ${d.done ? 'done' : 'not done'}, says ${d.by}`,
  'change-noticed': (d) =>
    `Change to ${d.service}${d.beforeRestoration ? ' before it was restored' : ''}: ${d.kind} ${d.version ?? d.id} by ${d.by ?? 'nobody named'}`,
  'fix-recorded': (d) =>
    `Fix ${d.stage}${d.version === null ? '' : ` (${d.version})`} at ${d.at}, told by ${d.by}${d.text === null ? '' : `: ${d.text}`}`,
  'monitoring-ended': (d) => `Extended monitoring ended (${d.result}): ${d.because}`,
  'action-added': (d) =>
    `Action item ${d.id} by ${d.by}: ${d.action} (owner ${d.owner ?? 'none yet'}, due ${d.dueAt ?? 'not set'})`,
  'action-changed': (d) =>
    `Action item ${d.id} changed by ${d.by}: ${changes([
      d.status ?? null,
      d.owner === undefined ? null : `owner ${d.owner ?? 'none'}`,
      d.dueAt === undefined ? null : `due ${d.dueAt ?? 'not set'}`,
      d.note ?? null,
    ])}`,
  'action-reminded': (d) => `Reminder: action item ${d.id} is ${d.overdue ? 'overdue' : 'due soon'}`,
  'section-written': (d) => `Post-mortem section ${d.section}, version ${d.version}, by ${d.by}`,
  'postmortem-published': (d) => `Post-mortem published by ${d.by}`,
  'review-due': (d) => `Follow-up review due ${d.dueAt}`,
  'review-reminded': (d) => `Reminder: the follow-up review was due ${d.dueAt} and has not been held`,
  'review-held': (d) => `Follow-up review held, told by ${d.by}: ${d.text}`,
  'recurrence-recognised': (d) =>
    `${ordinal(d.of.length + 1)} time in ${d.days} days (${d.why}): ${d.of.join(', ')}` +
    d.openActions
      .map(({ id, incidentId, action }) => `; action item ${id} of ${incidentId} is still open: ${action}`)
      .join(''),
};

function impactInWords(impact: StatedImpact): string {
  const said = Object.entries(impact).map(
    ([name, value]) => `${name} ${Array.isArray(value) ? value.join(', ') : String(value)}`,
  );
  return said.join('; ') || 'nothing stated';
}
