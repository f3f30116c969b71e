import { isUrgent } from '../severity.ts';
import { iso, ms } from '../time.ts';
import type { Command, Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import { clocksAtResolution } from './clocks-at.ts';
import { cancelClock, TIMED_CLOCKS } from './decide-clocks.ts';
import { rollbackAtResolve } from './decide-recovery.ts';
import type { NewEvent } from './events.ts';
import type { IncidentState } from './state.ts';
import { isActive, lastCarriedOut, wasUrgent } from './state.ts';

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;

/** A fix is deployed, or somebody has said that none is needed. */
const isFixed = ({ fixSteps }: IncidentState): boolean =>
  fixSteps.some(({ stage }) => stage === 'deployed' || stage === 'unnecessary');

/** What a restored P0 or P1 waits for was there before: it is over with its alerts. A rollback took such a fix back. */
export const fixedBefore = (state: IncidentState): boolean => isFixed(state) && lastCarriedOut(state.rollback) === null;

/**
 * A person says that it is over. Of a P0 or P1 without a fix that says, too, that it needs none, for the reason given.
 * Alerts that still fire bring it back if they change, or if they fire on until its extended monitoring is over.
 */
export function resolve(state: IncidentState, command: Of<'resolve'>, context: Context): readonly NewEvent[] {
  if (state.status === 'closed') throw new CommandRefused('conflict', `incident ${state.id} is closed`);
  if (state.status === 'resolved') return [];
  const { by, via, because } = command;
  const needsFix = state.severity !== null && isUrgent(state.severity) && !isFixed(state);
  const fix = { stage: 'unnecessary' as const, at: iso(context.now), url: null, version: null, text: because };
  return [
    ...(needsFix ? [{ type: 'fix-recorded' as const, data: { ...fix, by, via } }] : []),
    { type: 'incident-resolved', data: { by, because, via } },
    ...clocksAtResolution(state, context.now, 'resolved', context),
    ...rollbackAtResolve(state, command, context),
  ];
}

/** Epoch milliseconds; null: it is not resolved. */
export const monitoredUntil = ({ resolvedAt }: IncidentState, monitoringSeconds: number): number | null =>
  resolvedAt === null ? null : ms(resolvedAt) + monitoringSeconds * 1000;

/** Related alerts bring it back, and no other incident opens for them. */
export function isMonitored(state: IncidentState, { now, policy }: Context): boolean {
  const until = monitoredUntil(state, policy.monitoringSeconds);
  return state.status === 'resolved' && state.monitoringEndedAt === null && until !== null && now < until;
}

/** The window of extended monitoring is over and nothing related came back. */
export function endMonitoring(state: IncidentState, context: Context): readonly NewEvent[] {
  const until = monitoredUntil(state, context.policy.monitoringSeconds);
  if (state.status !== 'resolved' || state.monitoringEndedAt !== null || until === null) return [];
  return context.now < until ? [] : endedQuietly(state, 'the window is over and nothing related came back');
}

function endedQuietly(state: IncidentState, because: string): readonly NewEvent[] {
  const after: IncidentState = { ...state, monitoringEndedAt: state.resolvedAt };
  return [{ type: 'monitoring-ended', data: { result: 'quiet', because } }, ...close(after)];
}

/** Closed by whichever comes last: the end of the extended monitoring or, of what was P0 or P1, the post-mortem. */
export function close(state: IncidentState): readonly NewEvent[] {
  if (state.status !== 'resolved' || state.monitoringEndedAt === null || lacksPostmortem(state)) return [];
  const published = state.postmortem === null ? '' : ', and the post-mortem is published';
  return [{ type: 'incident-closed', data: { because: `extended monitoring is over${published}` } }];
}

const lacksPostmortem = (state: IncidentState): boolean => wasUrgent(state) && state.postmortem === null;

/** A person ends the monitoring before its time. What must be written before is not waived by that. */
export function closeByPerson(state: IncidentState, { by }: Of<'close'>): readonly NewEvent[] {
  if (state.status === 'closed') return [];
  const refuse = (why: string): never => {
    throw new CommandRefused('conflict', `incident ${state.id} ${why}`);
  };
  if (state.status !== 'resolved') refuse(`is ${state.status}: resolve it first`);
  if (lacksPostmortem(state)) refuse(`was ${state.worst ?? ''}: it is closed when its post-mortem is published`);
  return state.monitoringEndedAt === null ? endedQuietly(state, `ended early by ${by}`) : close(state);
}

const DRILL_SECONDS = 120;

/** A drill needs no person to end it. */
export const drillEndsAt = ({ openedAt }: IncidentState): number => ms(openedAt) + DRILL_SECONDS * 1000;

export function endDrill(state: IncidentState, context: Context): readonly NewEvent[] {
  if (state.drill !== true || state.status === 'closed' || context.now < drillEndsAt(state)) return [];
  const because = 'the drill is over';
  const resolved: NewEvent = { type: 'incident-resolved', data: { by: 'firebreak', because, via: 'drill' } };
  return [
    ...(isActive(state.status) ? [resolved] : []),
    ...TIMED_CLOCKS.flatMap((name) => cancelClock(state, name, because, context.now)),
    { type: 'incident-closed', data: { because } },
  ];
}
