import { planText } from '../plan-text.ts';
import { ms } from '../time.ts';
import { DESCRIBE_PROCESS } from './describe-process.ts';
import type { EventData, EventType, IncidentEvent, NewEvent } from './events.ts';
import { estimateText } from './update-text.ts';
import { noticedLate, plural, seconds } from './words.ts';

type Describe = { readonly [T in EventType]: (data: EventData[T]) => string };

/** One calm, factual line for each kind of event: the timeline, Slack threads, the CLI and the report all use it. */
const DESCRIBE: Describe = {
  ...DESCRIBE_PROCESS,
  'incident-opened': (d) => `Incident opened: ${d.title}`,
  'alerts-joined': (d) => `${plural(d.count, 'alert')} joined (${d.names.join(', ')}); ${d.counts.firing} firing`,
  'alerts-resolved': (d) => `${plural(d.count, 'alert')} resolved; ${d.counts.firing} still firing`,
  'severity-decided': (d) => `Rules say ${d.severity}: ${d.because} (${d.rule ?? 'no rule matched'})`,
  'severity-changed': (d) =>
    d.from === null ? `Severity ${d.to}: ${d.because}` : `Severity changes from ${d.from} to ${d.to}: ${d.because}`,
  'rollback-decided': (d) => `Rollback decision: ${d.action}: ${d.because}`,
  'routing-decided': (d) => describeRouting(d),
  'page-requested': (d) => `Paging (${d.reason}): ${d.because}`,
  'clock-started': (d) => `Clock ${d.clock} runs until ${d.deadline}`,
  'clock-met': (d) => `Clock ${d.clock} met after ${seconds(d.seconds)}`,
  'clock-breached': (d) =>
    d.clock === 'detect'
      ? `Clock detect breached by ${seconds(d.lateSeconds)}: the deadline was ${d.deadline}`
      : `Clock ${d.clock} breached: the deadline was ${d.deadline}${noticedLate(d.lateSeconds)}`,
  'clock-cancelled': (d) => `Clock ${d.clock} cancelled: ${d.because}`,
  'incident-acknowledged': (d) => `Acknowledged by ${d.by} via ${d.via}`,
  'incident-mitigated': (d) => `Service restored: ${d.because}`,
  'incident-resolved': (d) => `Resolved by ${d.by}: ${d.because}`,
  'incident-reopened': (d) => `Reopened: ${d.because}`,
  'incident-closed': (d) => `Closed: ${d.because}`,
  'note-added': (d) => `Note by ${d.by}: ${d.text}`,
  'notification-sent': (d) => `Sent: ${d.channel} ${d.kind} in ${d.latencyMs} ms`,
  'notification-skipped': (d) => `Not sent: ${d.channel} ${d.kind}: ${d.because}`,
  'notification-failed': (d) =>
    `Failed: ${d.channel} ${d.kind} after ${plural(d.attempts, 'attempt')}: ${d.failure.message}`,
  'baseline-frozen': (d) => describeBaseline(d.baseline),
  'fix-declared': (d) =>
    `${d.by} declares a fix in ${seconds(d.seconds)} via ${d.via}: the rollback waits until ${d.until}`,
  'rollback-requested': (d) =>
    `${d.purpose === 'undo' ? 'Undo of the rollback' : 'Rollback'} requested by ${d.by} (mode ${d.mode}): ${d.because}`,
  'rollback-planned': (d) =>
    `Rollback planned: ${planText(d.plan.steps, ms(d.plan.madeAt))} (plan ${d.planHash.slice(0, 12)})`,
  'rollback-shadowed': (d) => `Shadow mode: ${d.summary}`,
  'rollback-awaits-approval': (d) => `Rollback awaits approval until ${d.until}: ${d.summary}`,
  'rollback-approved': (d) => `Rollback approved by ${d.by} via ${d.via}`,
  'rollback-announced': (d) =>
    `Rolling back ${d.summary}, starting at ${d.startsAt}${d.estimate === undefined ? '' : `. ${estimateText(d.estimate)}`}`,
  'rollback-started': () => 'Rollback started',
  'evidence-captured': (d) =>
    `Saved before step ${d.name}: ${plural(d.items.length, 'piece')} of evidence in ${d.seconds.toFixed(1)} s` +
    (d.missing.length > 0 ? `; missing: ${d.missing.join('; ')}` : ''),
  'recovery-sampled': (d) =>
    `Recovery sample: ${d.result} (${d.checks.map((check) => `${check.name}: ${check.detail} (${check.result})`).join('; ')})`,
  'rollback-reverted': (d) => `The rollback of ${d.name} did not stay: ${d.detail}`,
  'rollback-watched': (d) => `End of the watch: ${d.because}`,
  'rollback-step-intended': (d) => `Rollback step ${d.name}: about to move ${d.target} from ${d.from} to ${d.to}`,
  'rollback-step-accepted': (d) =>
    d.alreadyThere ? `Rollback step ${d.name}: already there` : `Rollback step ${d.name}: accepted`,
  'rollback-step-progressed': (d) => `Rollback step ${d.name}: ${d.detail}`,
  'rollback-step-finished': (d) => `Rollback step ${d.name} ${d.outcome}: ${d.detail}`,
  'rollback-stopped': (d) =>
    `Rollback stopped by ${d.rail}: ${d.because}. Steps done before: ${d.completed.join(', ') || 'none'}`,
  'rollback-validating': (d) => `All steps done; the verdict must stand by ${d.until}`,
  'rollback-verdict': (d) => `Verdict ${d.verdict} after ${seconds(d.seconds)}: ${d.because}`,
};

function describeRouting(routing: EventData['routing-decided']): string {
  const { specialist, because, routes, page, slackChannels, emails, audiences } = routing;
  const team = specialist === null ? 'Routed to no specialist' : `Routed to ${specialist}: ${because}`;
  const heard = [...(page ? ['a page'] : []), ...slackChannels, ...emails, ...audiences];
  if (heard.length === 0) return team;
  return `${team}. Also told: ${heard.join(', ')} (${routes.map((route) => route.because).join('; ')})`;
}

function describeBaseline(baseline: EventData['baseline-frozen']['baseline']): string {
  if (baseline === null) return 'No baseline: no metric is declared to measure recovery by';
  const known = Object.entries(baseline.metrics).map(
    ([name, { median }]) => `${name} ${Number(median.toPrecision(3))}`,
  );
  const missing = Object.entries(baseline.missing).map(([name, why]) => `${name} unknown (${why})`);
  return `Baseline of ${baseline.from} to ${baseline.to}: ${[...known, ...missing].join(', ')}`;
}

export function describeEvent(event: IncidentEvent | NewEvent): string {
  // Each line is typed by its own event above; here only the pairing is generic.
  const line = DESCRIBE[event.type] as ((data: unknown) => string) | undefined;
  return line === undefined ? event.type : line(event.data);
}
