import { ms } from '../time.ts';
import type { Policy } from '../policy.ts';
import type { TimerName } from './commands.ts';
import { TIMED_CLOCKS } from './decide-clocks.ts';
import { drillEndsAt, monitoredUntil } from './decide-ending.ts';
import { nextReminderAt } from './decide-reminders.ts';
import { quietUntil } from './told.ts';
import { fallbackAt } from './decide-pages.ts';
import { updateDueAt } from './decide-updates.ts';
import { nextWarning } from './decide-warnings.ts';
import type { IncidentState } from './state.ts';

export interface Timer {
  readonly name: TimerName;
  /** Epoch milliseconds. */
  readonly due: number;
}

/** Set by whoever watches, for as long as it does. */
export const TIMERS_OF_WATCHERS: readonly TimerName[] = [
  'rollback-poll',
  'reassess',
  'follow-up',
  'look-around',
  'storm',
];

/**
 * The reminders that a state needs. The store keeps exactly these for the incident (but for those of watchers): written
 * with the events, so that a restart loses none.
 */
export function timersOf(state: IncidentState, policy: Policy): readonly Timer[] {
  const drill: readonly Timer[] =
    state.drill === true && state.status !== 'closed' ? [{ name: 'drill-end', due: drillEndsAt(state) }] : [];
  return [
    ...clockTimers(state, policy),
    ...messageTimers(state, policy),
    ...rollbackTimers(state),
    ...monitoringTimer(state, policy),
    ...reminderTimer(state, policy),
    ...quietTimer(state),
    ...drill,
  ];
}

function clockTimers(state: IncidentState, policy: Policy): readonly Timer[] {
  return TIMED_CLOCKS.flatMap((name): readonly Timer[] => {
    const clock = state.clocks[name];
    if (clock?.state !== 'running') return [];
    const warning = nextWarning(state, name, policy);
    return [
      { name: `clock:${name}`, due: ms(clock.deadline) },
      ...(warning === null ? [] : [{ name: `clock-warning:${name}` as const, due: warning.at }]),
    ];
  });
}

function messageTimers(state: IncidentState, policy: Policy): readonly Timer[] {
  const update = updateDueAt(state, policy);
  const fallback = fallbackAt(state, policy);
  return [
    ...(update === null ? [] : [{ name: 'status-update' as const, due: update }]),
    ...(fallback === null ? [] : [{ name: 'page-fallback' as const, due: fallback }]),
  ];
}

function rollbackTimers(state: IncidentState): readonly Timer[] {
  const { rollback } = state;
  if (rollback === null) return [];
  switch (rollback.stage) {
    case 'announced':
      return rollback.startsAt === null ? [] : [{ name: 'rollback-hold', due: ms(rollback.startsAt) }];
    case 'awaiting-approval':
      return rollback.approvalUntil === null ? [] : [{ name: 'rollback-approval', due: ms(rollback.approvalUntil) }];
    case 'validating':
      return rollback.validateUntil === null ? [] : [{ name: 'rollback-verdict', due: ms(rollback.validateUntil) }];
    case 'finished':
      return rollback.watchUntil === null ? [] : [{ name: 'rollback-watch', due: ms(rollback.watchUntil) }];
    case 'requested':
    case 'planned':
    case 'shadowed':
    case 'executing':
    case 'stopped':
      return [];
  }
}

/** Also of what is resolved: it may come back after the window. */
function quietTimer({ quiet, status }: IncidentState): readonly Timer[] {
  const ends = quiet.map(quietUntil).filter((until) => until !== null);
  return ends.length === 0 || status === 'closed' ? [] : [{ name: 'quiet-end', due: Math.min(...ends) }];
}

function monitoringTimer(state: IncidentState, policy: Policy): readonly Timer[] {
  const due = monitoredUntil(state, policy.monitoringSeconds);
  const isMonitored = state.status === 'resolved' && state.monitoringEndedAt === null;
  return isMonitored && due !== null ? [{ name: 'monitoring', due }] : [];
}

function reminderTimer(state: IncidentState, policy: Policy): readonly Timer[] {
  const due = nextReminderAt(state, policy);
  return due === null ? [] : [{ name: 'reminders', due }];
}
