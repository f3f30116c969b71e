import type { EventAnswer, IncidentAnswer } from './answers.ts';
import { clean, moment, plural, table } from './format.ts';

export function incidentList(incidents: readonly IncidentAnswer[]): string {
  if (incidents.length === 0) return 'No incidents.\n';
  const rows = incidents.map((incident) => [
    incident.id,
    incident.severity,
    [incident.status, ...incident.quiet.map(({ kind }) => kind)].join(', '),
    moment(incident.detectedAt),
    incident.service ?? '-',
    String(incident.alertCounts.firing),
    incident.title,
  ]);
  return table([['ID', 'SEV', 'STATUS', 'OPENED (UTC)', 'SERVICE', 'FIRING', 'TITLE'], ...rows]);
}

/** What somebody needs who was just woken up: what it is, how bad, what is being done; then the timeline, where one is given. */
export function incidentSheet(incident: IncidentAnswer, timeline: readonly EventAnswer[]): string {
  const { id, severity, status, title } = incident;
  const lines = [...about(incident), ...measures(incident), ...process(incident)].filter(([, value]) => value !== '');
  const events = timeline.map((event) => [moment(event.at), event.text]);
  const told = events.length === 0 ? '' : `\nTimeline (UTC)\n${table(events)}`;
  return `${clean(`${id}  ${severity} ${status}  ${place(incident)}`)}\n${clean(title)}\n\n${table(lines)}${told}`;
}

const place = ({ service, environment }: IncidentAnswer): string =>
  `${service ?? 'unknown service'}${environment === null ? '' : ` (${environment})`}`;

function about(incident: IncidentAnswer): string[][] {
  const { severityRule, lowerSince, alertCounts, override, commander, runbookUrl, mitigatedAt, resolvedAt } = incident;
  return [
    [
      'severity',
      `${incident.severity}: ${incident.severityBecause}${override == null ? ` (${rule(severityRule)})` : ''}`,
    ],
    ['set by', override == null ? '' : `${override.by}, until it is released: ${override.because}`],
    ['falls', lowerSince === null ? '' : `10 minutes after ${moment(lowerSince)}, if the rules say less until then`],
    ['impact', impact(incident.impact)],
    ['began', `${moment(incident.startedAt)} UTC, opened ${moment(incident.detectedAt)}`],
    ['restored', mitigatedAt === null ? '' : moment(mitigatedAt)],
    ['resolved', resolvedAt === null ? '' : moment(resolvedAt)],
    ['alerts', `${alertCounts.firing} firing, ${alertCounts.resolved} resolved`],
    ['commander', commander ?? 'nobody has acknowledged'],
    ...amongOthers(incident),
    ['team', specialistOf(incident.routing)],
    ['runbook', runbookUrl ?? ''],
  ];
}

/** Why nobody hears of it, and where it is told of instead. */
function amongOthers({
  quiet,
  dismissed,
  mergedInto,
  absorbed,
  linkedTo,
  linkedIncidents,
}: IncidentAnswer): string[][] {
  const quiets = quiet.map(({ kind, because, until }) => [
    'quiet',
    `${kind}${until === null ? '' : ` until ${moment(until)}`}: ${because}`,
  ]);
  return [
    ...quiets,
    ['dismissed', dismissed == null ? '' : `by ${dismissed.by}: ${dismissed.because}`],
    ['merged', mergedInto === null ? '' : `into ${mergedInto}`],
    ['goes on', absorbed.length === 0 ? '' : `for ${absorbed.join(', ')} as well`],
    ['linked', linkedTo === null ? '' : `to ${linkedTo}, which has the page for both`],
    ['pages', linkedIncidents.length === 0 ? '' : `for ${linkedIncidents.join(', ')} as well`],
  ];
}

const specialistOf = (routing: IncidentAnswer['routing']): string =>
  routing?.specialist == null ? '' : `${routing.specialist}: ${routing.because} (${rule(routing.rule)})`;

function measures({ decision, rollback, clocks }: IncidentAnswer): string[][] {
  return [
    ['decision', decision === null ? '' : `${decision.action}: ${decision.because} (${rule(decision.rule)})`],
    ...(rollback === null ? [] : rollbackLines(rollback)),
    ...clocks.map(({ name, state, deadline }, i) => [
      i === 0 ? 'clocks' : ' ',
      `${name} ${state}, deadline ${moment(deadline)}`,
    ]),
  ];
}

function rollbackLines(rollback: NonNullable<IncidentAnswer['rollback']>): string[][] {
  const { state, mode, verdict, because, approvalUntil, planHash, steps } = rollback;
  const waits = state === 'awaiting-approval' && approvalUntil !== null ? ` until ${moment(approvalUntil)}` : '';
  const outcome = verdict === null ? '' : `, ${verdict}`;
  return [
    ['rollback', `${state}${waits}${outcome} (mode ${mode})${because === null ? '' : `: ${because}`}`],
    ...steps.map((step) => [' ', `${step.name}: ${step.from ?? '?'} → ${step.to ?? '?'}, ${step.state}`]),
    ...(planHash === null ? [] : [[' ', `plan ${planHash}`]]),
  ];
}

/** What has been found out, what is done about it, and what is left to do; nothing of it is shown that is not there. */
function process(incident: IncidentAnswer): string[][] {
  const { recurrence, rootCauses, blockers, fixSteps, actions, review } = incident;
  const repeats = recurrence === null ? [] : repeatLines(recurrence);
  const causes = rootCauses.map(({ id, state, category, summary, confidence }) => [
    `${id} ${state}: ${category}, ${Math.round(confidence * 100)} % sure: ${summary}`,
  ]);
  const open = blockers.filter(({ clearedAt }) => clearedAt === null).map(({ id, text }) => [`${id}: ${text}`]);
  const fixes = fixSteps.map(({ stage, at, version, url }) => [
    [stage, moment(at), version, url].filter((part) => part !== null).join('  '),
  ]);
  const items = actions.map(({ id, status, action, owner, dueAt }) => [
    `${id} ${status}: ${action} (${owner ?? 'no owner'}${dueAt === null ? '' : `, due ${moment(dueAt)}`})`,
  ]);
  const reviewed = review === null ? [] : [[review.heldAt === null ? `due ${moment(review.dueAt)}` : 'held']];
  return [
    ...named('again', repeats),
    ...named('cause', causes),
    ...named('blocked', open),
    ...named('fix', fixes),
    ...named('actions', items),
    ...named('review', reviewed),
  ];
}

const repeatLines = ({ why, of, days, openActions }: NonNullable<IncidentAnswer['recurrence']>): string[][] => [
  [`${why} as ${of.join(', ')} in ${days} days`],
  ...openActions.map(({ incidentId, id, action }) => [`still open: ${id} of ${incidentId}: ${action}`]),
];

/** A name before the first line, and the others below it. */
const named = (name: string, lines: readonly string[][]): string[][] =>
  lines.map((line, i) => [i === 0 ? name : ' ', ...line]);

const rule = (name: string | null): string => (name === null ? 'no rule matched' : `rule ${name}`);

function impact(measured: Readonly<Record<string, unknown>>): string {
  const known = Object.entries(measured).filter(([, value]) => value !== null);
  return known.length === 0 ? 'unknown' : known.map(([name, value]) => `${name} ${String(value)}`).join(', ');
}

export const moreLine = (shown: number): string =>
  `${plural(shown, 'incident')} shown; there are more (--limit, --cursor)\n`;
