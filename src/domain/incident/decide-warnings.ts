import { isUrgent } from '../severity.ts';
import { iso, ms } from '../time.ts';
import type { Policy } from '../policy.ts';
import type { Context } from './commands.ts';
import type { TimedClock } from './decide-clocks.ts';
import { breachIfDue } from './decide-clocks.ts';
import { firstUpdateByFacts } from './decide-updates.ts';
import type { NewEvent } from './events.ts';
import { holdsPage, pageEvent } from './paging.ts';
import type { ClockState, IncidentState } from './state.ts';
import { isUnheard, told } from './told.ts';

/** Epoch milliseconds of the next warning of a running clock, with its percentage; null: none is left. */
export function nextWarning(
  state: IncidentState,
  name: TimedClock,
  policy: Policy,
): { readonly percent: number; readonly at: number } | null {
  const clock = state.clocks[name];
  if (clock?.state !== 'running' || isUnheard(state)) return null;
  const given = state.warned[name] ?? 0;
  const percent = policy.communication.warnPercents.find((each) => each > given);
  if (percent === undefined) return null;
  return { percent, at: momentOf(clock, percent) };
}

/**
 * A clock runs low. Of several warnings that nobody was there for only the last is given, and none of a clock that has run
 * out: then the breach is what there is to say.
 */
export function fireWarning(state: IncidentState, name: TimedClock, context: Context): readonly NewEvent[] {
  const clock = state.clocks[name];
  const next = nextWarning(state, name, context.policy);
  if (clock === undefined || next === null || context.now < next.at) return [];
  if (context.now >= ms(clock.deadline)) return fireClock(state, name, context);
  const { warnPercents } = context.policy.communication;
  const percent = warnPercents.findLast((each) => momentOf(clock, each) <= context.now) ?? next.percent;
  const lateSeconds = (context.now - momentOf(clock, percent)) / 1000;
  const warned: NewEvent = {
    type: 'clock-warned',
    data: { clock: name, percent, deadline: clock.deadline, lateSeconds },
  };
  if (percent !== lastPercent(context.policy)) return [warned];
  const because = `${percent} % of the time to ${WAITED_FOR[name]} is gone`;
  return [
    warned,
    ...(name === 'acknowledge' || name === 'restore' ? escalation(state, name, because) : []),
    ...(name === 'update' ? firstUpdateByFacts(state, context) : []),
  ];
}

const momentOf = ({ startedAt, deadline }: ClockState, percent: number): number =>
  ms(startedAt) + Math.ceil(((ms(deadline) - ms(startedAt)) * percent) / 100);

const lastPercent = ({ communication }: Policy): number => communication.warnPercents.at(-1) ?? Infinity;

const WAITED_FOR: Readonly<Record<TimedClock, string>> = {
  acknowledge: 'acknowledge it',
  restore: 'restore the service',
  diagnose: 'find the cause',
  update: 'tell people',
};

/** The deadline's timer came. Late firing is caught up once, and says how late. */
export function fireClock(state: IncidentState, name: TimedClock, context: Context): readonly NewEvent[] {
  // Restored in time, as it seems: the samples that are still to come say whether it was.
  const passingSince = state.rollback?.stage === 'validating' ? state.rollback.recovery.passingSince : null;
  const deadline = state.clocks[name]?.deadline;
  if (name === 'restore' && passingSince !== null && deadline !== undefined && passingSince <= deadline) return [];
  return breached(state, name, context);
}

/** Where the deadline is over, that it is; and who has to hear of it, unless a warning woke them already. */
export function breached(state: IncidentState, name: TimedClock, context: Context): readonly NewEvent[] {
  const events = breachIfDue(state, name, context.now);
  const escalated = (state.warned[name] ?? 0) >= lastPercent(context.policy) && name !== 'diagnose';
  if (events.length === 0 || escalated || name === 'update') return events;
  return [...events, ...escalation(state, name, `the time to ${WAITED_FOR[name]} is over`)];
}

/**
 * The page of a clock that ran out while messages were held back: nothing else would wake anybody any more. `state` as it is
 * once they are not. The gravest one stands for all.
 */
export function escalationHeldBack(
  state: IncidentState,
  because: string,
  { now, policy }: Context,
): readonly NewEvent[] {
  if (state.alertCounts.firing === 0) return [];
  const { page, clocks, warned } = state;
  const name = (['restore', 'acknowledge'] as const).find((each) => {
    const clock = clocks[each];
    const isSaid = (warned[each] ?? 0) >= lastPercent(policy) || (page !== null && page.at >= (clock?.deadline ?? ''));
    return clock?.state === 'breached' && !isSaid;
  });
  if (name === undefined) return [];
  const heard: IncidentState = { ...state, ...told(state, state.severity, iso(now)) };
  return escalation(heard, name, `${because}, and the time to ${WAITED_FOR[name]} is over, too`);
}

/** Wakes somebody for a P0 or P1 whose clocks nobody keeps. Another incident that has the page for both keeps its own. */
function escalation(state: IncidentState, name: TimedClock, because: string): readonly NewEvent[] {
  if (state.severity === null || !isUrgent(state.severity) || state.linkedTo !== null) return [];
  if (holdsPage(state, state.severity, 'escalated') || state.toldAt === null) return [];
  const lasts = state.status === 'open' || state.status === 'acknowledged';
  const isWanted = lasts || (name === 'diagnose' && state.status === 'mitigated');
  return isWanted ? [pageEvent('escalated', because)] : [];
}
