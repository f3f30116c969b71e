import type { Handover, HandoverClock, HandoverIncident } from './handover.ts';
import { lengthOf } from './length.ts';
import type { Instant } from './time.ts';

/** Longer lists are cut: this is read on one screen, and everything is in the JSON. */
const SHOWN = 8;

/**
 * What the next person on call must know, as plain text that reads well on one screen. What others wrote comes as one
 * line without control characters; a channel still has to escape it.
 */
export function handoverText(handover: Handover): string {
  const sections = [
    openSection(handover),
    section('Waits for your approval', handover.approvals, ({ incidentId, service, until, leftSeconds, what }) => [
      `${incidentId}  ${named(service)}: ${line(what)}; until ${clock(until)} (${inTime(leftSeconds)})`,
      `  firebreak rollback approve ${incidentId}`,
    ]),
    section('Holds', handover.holds, (hold) => [
      hold.kind === 'waits-for-fix'
        ? `${hold.incidentId}  ${named(hold.service)}: waits for the fix of ${line(hold.by ?? 'somebody')} until ${clock(hold.until)} (${inTime(hold.leftSeconds)})`
        : `${hold.incidentId}  ${named(hold.service)}: ${line(hold.what)} (${inTime(hold.leftSeconds)})`,
    ]),
    section('Leave suspended until the repository is right', handover.suspendedOwners, (owner) => [
      `${owner.owner}  ${line(owner.target)}: rolled back from ${line(owner.from)} to ${line(owner.to)} (${owner.incidentId})`,
    ]),
    section('Over, not closed yet', handover.watched, ({ id, severity, service, until, title, postmortemMissing }) => [
      `${id}  ${severity}  ${named(service)}: ${line(title)}; watched until ${moment(until)}${postmortemMissing ? ', post-mortem to publish' : ''}`,
    ]),
    section('Overdue action items', handover.overdueActions, (item) => [
      `${lengthOf(item.overdueSeconds)}  ${line(item.owner ?? 'nobody')}: ${line(item.action)} (${item.incidentId} ${item.id})`,
    ]),
    section('Maintenance', handover.maintenance, (window) => [
      `${line(window.what)}  ${moment(window.from)} to ${moment(window.until)}: ${line(window.because)} (${line(window.by)})`,
    ]),
  ];
  return [head(handover), ...sections.filter((text) => text !== '')].join('\n');
}

function head({ at, automation, silent }: Handover): string {
  const { mode, killSwitch, changedBy, changedAt } = automation;
  const changed = changedBy === null || changedAt === null ? '' : ` (${line(changedBy)}, ${moment(changedAt)})`;
  const automatic = killSwitch
    ? `KILL SWITCH ON${changed}: nothing is rolled back by itself`
    : `Automation: ${mode}${changed}`;
  return `Handover, ${moment(at)} UTC. ${automatic}.\n${silent === null ? '' : `NOTHING IS SENT: ${line(silent)}.\n`}`;
}

function openSection({ incidents }: Handover): string {
  return incidents.length === 0 ? 'No incident is open.\n' : section('Open', incidents, incidentLines);
}

function incidentLines(incident: HandoverIncident): readonly string[] {
  const { id, severity, status, service, environment, commander, specialist, ageSeconds, title } = incident;
  const place = `${named(service)}${environment === null ? '' : ` (${line(environment)})`}`;
  const who = [
    commander === null ? 'NOBODY HAS TAKEN IT' : line(commander),
    ...(specialist === null ? [] : [`team ${line(specialist)}`]),
  ];
  return [
    `${id}  ${severity} ${status}  ${place}, ${lengthOf(ageSeconds)}, ${who.join(', ')}`,
    `  ${line(title)}`,
    ...pressing(incident.clocks),
    ...(incident.rollback === null ? [] : [`  ${line(incident.rollback)}`]),
    ...incident.blockers.map((blocker) => `  blocked: ${line(blocker)}`),
    ...incident.quiet.map(
      ({ kind, because, until }) =>
        `  quiet (${kind}${until === null ? '' : ` until ${moment(until)}`}): ${line(because)}`,
    ),
  ];
}

function pressing(clocks: readonly HandoverClock[]): readonly string[] {
  const said = clocks
    .filter((each) => each.pressing)
    .map(({ clock: name, leftSeconds }) =>
      leftSeconds < 0 ? `${name} BREACHED ${lengthOf(-leftSeconds)} ago` : `${name} ${inTime(leftSeconds)}`,
    );
  return said.length === 0 ? [] : [`  clocks: ${said.join(', ')}`];
}

function section<T>(title: string, items: readonly T[], lines: (item: T) => readonly string[]): string {
  if (items.length === 0) return '';
  const shown = items.slice(0, SHOWN).flatMap(lines);
  const more = items.length > SHOWN ? [`and ${items.length - SHOWN} more`] : [];
  const heading = `${title}${items.length > 1 ? ` (${items.length})` : ''}`;
  return `${heading}\n${[...shown, ...more].map((each) => `  ${each}\n`).join('')}`;
}

const named = (service: string | null): string => (service === null ? 'unknown service' : line(service));

const LONGEST = 160;

/** Text of others as one harmless line. */
function line(text: string): string {
  const flat = text.replace(/[\s\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
  return flat.length > LONGEST ? `${flat.slice(0, LONGEST - 1)}…` : flat;
}

const moment = (at: Instant): string => at.slice(0, 16).replace('T', ' ');
const clock = (at: Instant): string => at.slice(11, 19);

const inTime = (seconds: number): string => (seconds <= 0 ? 'now' : `in ${lengthOf(seconds)}`);
