import { ms } from '../time.ts';
import type { Policy } from '../policy.ts';
import type { TimerName } from './commands.ts';
import { drillEndsAt, monitoredUntil } from './decide-ending.ts';
import { nextReminderAt } from './decide-reminders.ts';
import type { IncidentState } from './state.ts';

export interface Timer {
  readonly name: TimerName;
  /** Epoch milliseconds. */
  readonly due: number;
}

/**
 * The reminders that a state needs. The store keeps exactly these for the incident (but for `rollback-poll`,
 * `reassess` and `follow-up`, which whoever watches sets while it does): written with the events, so that a restart loses none.
 */
export function timersOf(state: IncidentState, policy: Policy): readonly Timer[] {
  const drill: readonly Timer[] =
    state.drill === true && state.status !== 'closed' ? [{ name: 'drill-end', due: drillEndsAt(state) }] : [];
  return [
    ...clockTimers(state),
    ...rollbackTimers(state),
    ...monitoringTimer(state, policy),
    ...reminderTimer(state, policy),
    ...drill,
  ];
}

function clockTimers(state: IncidentState): readonly Timer[] {
  return (['acknowledge', 'restore'] as const).flatMap((name) => {
    const clock = state.clocks[name];
    return clock?.state === 'running' ? [{ name: `clock:${name}` as const, due: ms(clock.deadline) }] : [];
  });
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

function monitoringTimer(state: IncidentState, policy: Policy): readonly Timer[] {
  const due = monitoredUntil(state, policy.monitoringSeconds);
  const isMonitored = state.status === 'resolved' && state.monitoringEndedAt === null;
  return isMonitored && due !== null ? [{ name: 'monitoring', due }] : [];
}

function reminderTimer(state: IncidentState, policy: Policy): readonly Timer[] {
  const due = nextReminderAt(state, policy);
  return due === null ? [] : [{ name: 'reminders', due }];
}
