import type { Policy, SeverityPolicy } from '../policy.ts';
import type { Severity } from '../severity.ts';
import { isUrgent, isWorse } from '../severity.ts';
import { iso, ms } from '../time.ts';
import type { Context } from './commands.ts';
import type { TimedClock } from './decide-clocks.ts';
import { cancelClock, startClock, stopClock } from './decide-clocks.ts';
import type { NewEvent } from './events.ts';
import type { IncidentState } from './state.ts';

/** The clocks that run from the opening, and the result of the one that ended with it. */
export function clocksAtOpening(onsetAt: number, severity: Severity, { now, policy }: Context): readonly NewEvent[] {
  return [...detection(onsetAt, policy.severities[severity], now), ...responseClocks(severity, now, false, policy)];
}

/** What runs while it is open. The cause of a P0 or P1 is looked for after the restoration. */
function responseClocks(
  severity: Severity,
  startedAt: number,
  diagnosed: boolean,
  policy: Policy,
): readonly NewEvent[] {
  const sla = policy.severities[severity];
  const diagnose = isUrgent(severity) || diagnosed ? null : sla.diagnoseSeconds;
  return [
    startClock('acknowledge', startedAt, sla.acknowledgeSeconds),
    startClock('restore', startedAt, sla.restoreSeconds),
    ...(diagnose === null ? [] : [startClock('diagnose', startedAt, diagnose)]),
    ...(isUrgent(severity) ? firstUpdate(startedAt, policy, severity) : []),
  ];
}

/** Where nothing can leave there is nobody to be late for. */
function firstUpdate(startedAt: number, policy: Policy, severity: Severity): readonly NewEvent[] {
  const started = startClock('update', startedAt, policy.severities[severity].firstUpdateSeconds);
  const because = unreachable(policy);
  return because === null ? [started] : [started, { type: 'clock-cancelled', data: { clock: 'update', because } }];
}

function unreachable({ communication }: Policy): string | null {
  if (!communication.sends) return 'nothing is sent: this is the sandbox, or only observes';
  return communication.slack || communication.email ? null : 'neither Slack nor e-mail is configured';
}

/** Detection ends with the opening, so it is judged at once; it can be breached before we heard of the trouble. */
function detection(onsetAt: number, sla: SeverityPolicy, now: number): readonly NewEvent[] {
  const started = startClock('detect', onsetAt, sla.detectSeconds);
  const late = now - (onsetAt + sla.detectSeconds * 1000);
  const result: NewEvent =
    late > 0
      ? {
          type: 'clock-breached',
          data: { clock: 'detect', deadline: iso(onsetAt + sla.detectSeconds * 1000), lateSeconds: late / 1000 },
        }
      : { type: 'clock-met', data: { clock: 'detect', seconds: Math.max(0, now - onsetAt) / 1000 } };
  return [started, result];
}

/** A person knows better when it began: whether it was detected in time is judged anew. */
export function detectionCorrected(state: IncidentState, onset: string, context: Context): readonly NewEvent[] {
  if (state.severity === null || state.clocks.detect === undefined) return [];
  return detection(ms(onset), context.policy.severities[state.severity], ms(state.openedAt));
}

/**
 * Another severity has other deadlines. Rising to P0 or P1 takes the clocks of what has not happened yet anew from now,
 * breached or not: the urgency began now. Any other change keeps when they started.
 */
export function clocksAtChange(state: IncidentState, to: Severity, context: Context): readonly NewEvent[] {
  return [
    ...changed(state, 'acknowledge', to, state.acknowledgedAt === null, context),
    ...changed(state, 'restore', to, state.mitigatedAt === null, context),
    ...diagnosisAtChange(state, to, context),
    ...updateAtChange(state, to, context),
  ];
}

const rises = ({ severity }: IncidentState, to: Severity): boolean =>
  isUrgent(to) && severity !== null && isWorse(to, severity);

const secondsOf = (name: Exclude<TimedClock, 'diagnose'>, sla: SeverityPolicy): number =>
  ({ acknowledge: sla.acknowledgeSeconds, restore: sla.restoreSeconds, update: sla.firstUpdateSeconds })[name];

function changed(
  state: IncidentState,
  name: Exclude<TimedClock, 'diagnose'>,
  to: Severity,
  isWaitedFor: boolean,
  { now, policy }: Context,
): readonly NewEvent[] {
  const clock = state.clocks[name];
  if (clock === undefined || !isWaitedFor) return [];
  const anew = rises(state, to);
  const ended = cancelClock(state, name, `severity is now ${to}`, now);
  const breached = clock.state === 'breached' || ended.some((event) => event.type === 'clock-breached');
  if (breached ? !anew : clock.state !== 'running') return ended;
  return [...ended, startClock(name, anew ? now : ms(clock.startedAt), secondsOf(name, policy.severities[to]))];
}

/** From the restoration for P0 and P1, from the opening for P2; each deadline is the new severity's. */
function diagnosisAtChange(state: IncidentState, to: Severity, { now, policy }: Context): readonly NewEvent[] {
  const clock = state.clocks.diagnose;
  const seconds = policy.severities[to].diagnoseSeconds;
  const from = isUrgent(to) ? state.mitigatedAt : state.openedAt;
  const ended = cancelClock(state, 'diagnose', `severity is now ${to}`, now);
  const isOver = clock?.state === 'met' || clock?.state === 'breached' || hasHypothesis(state);
  const breached = ended.some((event) => event.type === 'clock-breached');
  if (isOver || breached || seconds === null || from === null) return ended;
  return [...ended, startClock('diagnose', ms(from), seconds)];
}

/** Owed to those who hear of P0 and P1, from the moment that it is one. */
function updateAtChange(state: IncidentState, to: Severity, context: Context): readonly NewEvent[] {
  if (!isUrgent(to)) return cancelClock(state, 'update', `no updates are owed for ${to}`, context.now);
  const clock = state.clocks.update;
  if (clock === undefined || clock.state === 'cancelled') return firstUpdate(context.now, context.policy, to);
  return changed(state, 'update', to, true, context);
}

/** One that nobody has refuted. */
const hasHypothesis = ({ rootCauses }: IncidentState): boolean => rootCauses.some(({ state }) => state !== 'refuted');

/** The service is restored, at `at`: nobody has to take it over any more, and the cause of a P0 or P1 is looked for. */
export function clocksAtRestoration(
  state: IncidentState,
  at: number,
  because: string,
  { now, policy }: Context,
): readonly NewEvent[] {
  const severity = state.severity ?? 'P2';
  const seconds = isUrgent(severity) ? policy.severities[severity].diagnoseSeconds : null;
  return [
    ...stopClock(state, 'restore', at),
    ...cancelClock(state, 'acknowledge', because, now),
    ...(seconds === null ? [] : diagnosis(state, at, seconds)),
  ];
}

function diagnosis(state: IncidentState, at: number, seconds: number): readonly NewEvent[] {
  const clock = state.clocks.diagnose;
  if (!hasHypothesis(state)) return [startClock('diagnose', at, seconds)];
  if (clock?.state === 'met') return [];
  return [startClock('diagnose', at, seconds), { type: 'clock-met', data: { clock: 'diagnose', seconds: 0 } }];
}

/** It is over, and nothing is waited for any more. `at`: when the service was restored. */
export function clocksAtResolution(
  state: IncidentState,
  at: number,
  because: string,
  { now }: Context,
): readonly NewEvent[] {
  return [
    ...stopClock(state, 'restore', at),
    ...(['acknowledge', 'diagnose', 'update'] as const).flatMap((name) => cancelClock(state, name, because, now)),
  ];
}

/** What was waited for is waited for again. */
export function clocksAtReopening(
  state: IncidentState,
  severity: Severity,
  { now, policy }: Context,
): readonly NewEvent[] {
  return [
    ...(['diagnose', 'update'] as const).flatMap((name) => cancelClock(state, name, 'reopened', now)),
    ...responseClocks(severity, now, hasHypothesis(state), policy),
  ];
}
