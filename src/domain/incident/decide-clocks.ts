import type { SeverityPolicy } from '../policy.ts';
import type { Severity } from '../severity.ts';
import { isUrgent, isWorse } from '../severity.ts';
import { iso, ms } from '../time.ts';
import type { Context } from './commands.ts';
import type { ClockName, NewEvent } from './events.ts';
import type { IncidentState } from './state.ts';

const startClock = (clock: ClockName, startedAt: number, seconds: number): NewEvent => ({
  type: 'clock-started',
  data: { clock, startedAt: iso(startedAt), deadline: iso(startedAt + seconds * 1000) },
});

/** The clocks that run from the opening, and the result of the one that ended with it. */
export function clocksAtOpening(onsetAt: number, severity: Severity, context: Context): readonly NewEvent[] {
  const sla = context.policy.severities[severity];
  return [...detection(onsetAt, sla, context.now), ...responseClocks(sla, context.now)];
}

const responseClocks = (sla: SeverityPolicy, startedAt: number): readonly NewEvent[] => [
  startClock('acknowledge', startedAt, sla.acknowledgeSeconds),
  startClock('restore', startedAt, sla.restoreSeconds),
];

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
  const anew = isUrgent(to) && state.severity !== null && isWorse(to, state.severity);
  const sla = context.policy.severities[to];
  const seconds = { acknowledge: sla.acknowledgeSeconds, restore: sla.restoreSeconds };
  const waitedFor = { acknowledge: state.acknowledgedAt === null, restore: state.mitigatedAt === null };
  return (['acknowledge', 'restore'] as const).flatMap((name): readonly NewEvent[] => {
    const clock = state.clocks[name];
    if (clock === undefined || !waitedFor[name]) return [];
    const ended = cancelClock(state, name, `severity is now ${to}`, context.now);
    const breached = clock.state === 'breached' || ended.some((event) => event.type === 'clock-breached');
    if (breached ? !anew : clock.state !== 'running') return ended;
    return [...ended, startClock(name, anew ? context.now : ms(clock.startedAt), seconds[name])];
  });
}

/** Starts the response clocks again when an incident comes back. */
export function clocksAtReopening(severity: Severity, context: Context): readonly NewEvent[] {
  return responseClocks(context.policy.severities[severity], context.now);
}

/** What was waited for has happened. A breach that was noticed stands; one nobody noticed yet is said now. */
export function stopClock(state: IncidentState, name: ClockName, now: number): readonly NewEvent[] {
  const clock = state.clocks[name];
  if (clock?.state !== 'running') return [];
  if (now > ms(clock.deadline)) return [breach(name, clock.deadline, now)];
  return [{ type: 'clock-met', data: { clock: name, seconds: Math.max(0, now - ms(clock.startedAt)) / 1000 } }];
}

/** It is no longer waited for. A deadline that nobody noticed passing is a breach all the same. */
export function cancelClock(state: IncidentState, name: ClockName, because: string, now: number): readonly NewEvent[] {
  const clock = state.clocks[name];
  if (clock?.state !== 'running') return [];
  if (now > ms(clock.deadline)) return [breach(name, clock.deadline, now)];
  return [{ type: 'clock-cancelled', data: { clock: name, because } }];
}

/** The deadline's timer came. Late firing is caught up once, and says how late. */
export function fireClock(state: IncidentState, name: ClockName, context: Context): readonly NewEvent[] {
  // Restored in time, as it seems: the samples that are still to come say whether it was.
  const passingSince = state.rollback?.stage === 'validating' ? state.rollback.recovery.passingSince : null;
  const deadline = state.clocks[name]?.deadline;
  if (name === 'restore' && passingSince !== null && deadline !== undefined && passingSince <= deadline) return [];
  return breachIfDue(state, name, context.now);
}

export function breachIfDue(state: IncidentState, name: ClockName, now: number): readonly NewEvent[] {
  const clock = state.clocks[name];
  if (clock?.state !== 'running' || now < ms(clock.deadline)) return [];
  return [breach(name, clock.deadline, now)];
}

const breach = (clock: ClockName, deadline: string, now: number): NewEvent => ({
  type: 'clock-breached',
  data: { clock, deadline, lateSeconds: (now - ms(deadline)) / 1000 },
});
