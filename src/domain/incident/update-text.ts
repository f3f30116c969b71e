import { ms } from '../time.ts';
import type { Instant } from '../time.ts';
import { describePlan } from './decide-rollback.ts';
import type { RollbackEstimate } from './events.ts';
import type { IncidentState, RollbackState } from './state.ts';
import { clockTime, headline, plural } from './words.ts';

/**
 * How an incident stands, from nothing but its state: what Firebreak tells people when nobody has written anything. Calm,
 * short sentences; what is not known is not said.
 */
export function factsText(state: IncidentState, now: Instant): string {
  return [
    `${headline(state)}.`,
    statusText(state),
    ...rollbackText(state, now),
    ...impactText(state),
    alertsText(state),
    commanderText(state),
    ...blockersText(state),
    ...clocksText(state, now),
    personText(state),
  ].join(' ');
}

function statusText({ status, openedAt, acknowledgedBy, mitigatedAt, resolvedAt }: IncidentState): string {
  switch (status) {
    case 'open':
      return `Open since ${clockTime(openedAt)}; nobody has acknowledged it.`;
    case 'acknowledged':
      return `Open since ${clockTime(openedAt)}; acknowledged by ${acknowledgedBy ?? 'somebody'}.`;
    case 'mitigated':
      return `Service restored at ${clockTime(mitigatedAt ?? openedAt)}; the fix is still to come.`;
    case 'resolved':
    case 'closed':
      return `Resolved at ${clockTime(resolvedAt ?? openedAt)}.`;
  }
}

function rollbackText({ rollback, decision }: IncidentState, now: Instant): readonly string[] {
  if (rollback !== null) return [stageText(rollback, now)];
  return decision === null ? [] : [`Rollback decision: ${decision.action}, ${decision.because}.`];
}

function stageText(rollback: RollbackState, now: Instant): string {
  const { plan, estimate, steps, startedAt, startsAt, approvalUntil, stoppedBy, because } = rollback;
  const what = plan === null ? (rollback.service ?? 'the service') : describePlan(plan);
  const takes = estimate === null ? '' : ` ${estimateText(estimate)}`;
  switch (rollback.stage) {
    case 'requested':
    case 'planned':
      return `Preparing a rollback of ${what}.`;
    case 'shadowed':
      return `Shadow mode: would have rolled back ${what}.`;
    case 'awaiting-approval':
      return `A rollback of ${what} awaits approval${approvalUntil === null ? '' : ` until ${clockTime(approvalUntil)}`}.${takes}`;
    case 'announced':
      return startsAt !== null && startsAt > now
        ? `Rolling back ${what}, starting at ${clockTime(startsAt)}.${takes}`
        : `Rolling back ${what}.${takes}`;
    case 'executing': {
      const done = steps.filter(({ state }) => state === 'done').length;
      const since = startedAt === null ? '' : ` since ${clockTime(startedAt)}`;
      return `Rolling back ${what}${since}: ${done} of ${plural(steps.length, 'step')} done.${takes}`;
    }
    case 'validating':
      return `Rolled back ${what}; watching whether it recovers.`;
    case 'finished':
      return verdictText(what, rollback);
    case 'stopped':
      return `The rollback was stopped (${stoppedBy ?? 'unknown'}): ${because ?? 'no reason given'}.`;
  }
}

function verdictText(what: string, { verdict, because }: RollbackState): string {
  switch (verdict) {
    case 'recovered':
      return `Rolled back ${what}, and it recovered.`;
    case 'recovered-without-us':
      return `Not rolled back: ${because ?? 'it recovered by itself'}.`;
    case 'not-recovered':
      return `Rolled back ${what}, and it has not recovered: ${because ?? 'no reason given'}.`;
    case 'unknown':
    case null:
      return `Rolled back ${what}; whether it helped is unknown.`;
  }
}

/** `Estimated 4 minutes.`, or how long it takes at most where nothing is known of earlier ones. */
export const estimateText = ({ seconds, from }: RollbackEstimate): string =>
  `${from === 'past-rollbacks' ? 'Estimated' : 'At most'} ${spoken(seconds)}.`;

const spoken = (seconds: number): string =>
  seconds < 90 ? plural(Math.max(1, Math.round(seconds)), 'second') : plural(Math.round(seconds / 60), 'minute');

function impactText({ facts, statedImpact }: IncidentState): readonly string[] {
  const number = (name: string): number | null => {
    const value = facts[name];
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
  };
  const percent = (ratio: number): string => `${short(ratio * 100)} %`;
  const usually = (name: string, unit: (value: number) => string): string => {
    const value = number(name);
    return value === null ? '' : ` (usually ${unit(value)})`;
  };
  const share = statedImpact.usersAffectedPercent ?? number('usersAffectedPercent');
  const errors = number('errorRatio');
  const latency = number('latencyP95Seconds');
  const inSeconds = (value: number): string => `${short(value)} s`;
  const parts = [
    ...(share === null ? [] : [`${short(share)} % of users affected`]),
    ...(statedImpact.usersAffected === undefined ? [] : [plural(statedImpact.usersAffected, 'user')]),
    ...(errors === null ? [] : [`${percent(errors)} errors${usually('errorRatioBaseline', percent)}`]),
    ...(latency === null
      ? []
      : [`p95 latency ${inSeconds(latency)}${usually('latencyP95SecondsBaseline', inSeconds)}`]),
  ];
  return [`Impact: ${parts.length === 0 ? 'unknown' : parts.join(', ')}.`];
}

const short = (value: number): string => String(Number(value.toPrecision(3)));

const NAMES = 3;
function alertsText({ alertCounts, alertNames }: IncidentState): string {
  const { firing, resolved } = alertCounts;
  if (firing === 0) return 'No alert is firing.';
  const names = alertNames.slice(0, NAMES).join(', ');
  const more = alertNames.length > NAMES ? ' and others' : '';
  return `${firing} of ${plural(firing + resolved, 'alert')} firing${names === '' ? '' : ` (${names}${more})`}.`;
}

const commanderText = ({ commander }: IncidentState): string =>
  commander === null ? 'Nobody has taken command.' : `In command: ${commander}.`;

const BLOCKERS = 5;
const BLOCKER_LENGTH = 200;
/** What stands in the way, for every update, whoever writes it. */
export function blockersText({ blockers }: Pick<IncidentState, 'blockers'>): readonly string[] {
  const standing = blockers.filter(({ clearedAt }) => clearedAt === null);
  if (standing.length === 0) return [];
  const texts = standing.slice(0, BLOCKERS).map(({ text }) => text.slice(0, BLOCKER_LENGTH).toWellFormed());
  const more = standing.length > BLOCKERS ? ` and ${standing.length - BLOCKERS} more` : '';
  return [`Blocked by: ${texts.join('; ')}${more}.`];
}

const CLOCK_WORDS = { acknowledge: 'Acknowledge', restore: 'Restore', diagnose: 'Find the cause' } as const;

function clocksText({ clocks }: IncidentState, now: Instant): readonly string[] {
  return (['acknowledge', 'restore', 'diagnose'] as const).flatMap((name) => {
    const clock = clocks[name];
    if (clock?.state === 'running') {
      const left = Math.max(0, ms(clock.deadline) - ms(now)) / 1000;
      return [`${CLOCK_WORDS[name]} by ${clockTime(clock.deadline)} (${spoken(left)} left).`];
    }
    return clock?.state === 'breached' ? [`${CLOCK_WORDS[name]}: missed at ${clockTime(clock.deadline)}.`] : [];
  });
}

const personText = ({ updates }: IncidentState): string =>
  updates.personAt === null
    ? 'No person has written an update yet.'
    : `No person has written an update since ${clockTime(updates.personAt)}.`;
