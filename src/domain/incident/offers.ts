import type { Offers } from '../view.ts';
import { LONGEST_FIX_SECONDS } from './decide-rollback.ts';
import type { IncidentState } from './state.ts';
import { isActive, isSettled } from './state.ts';

/** In a minute the rollback would be nearly done: not worth the only hold that there is. */
const FIX_MINUTES = [2, 3, 4].filter((minutes) => minutes * 60 < LONGEST_FIX_SECONDS);

/**
 * What makes sense to ask of the incident as it stands, for whoever shows buttons. It decides nothing: the commands
 * themselves say what is allowed, and it may have changed when somebody presses.
 */
export function offersOf(state: IncidentState): Offers {
  const active = isActive(state.status) && state.dismissed === null;
  const isOpen = state.status !== 'closed' && state.dismissed === null;
  return {
    acknowledge: active && state.acknowledgedAt === null,
    takeCommand: active,
    severity: active,
    override: state.override?.severity ?? null,
    fixMinutes: mayDeclareFix(state) ? FIX_MINUTES : [],
    approve: approvable(state),
    abort: abortable(state),
    update: isOpen,
    note: isOpen,
    dismiss: isOpen,
    resolve: active,
    publish: isOpen && state.publication === 'awaiting-approval',
  };
}

/** While there is a rollback that has not begun, and once an incident. */
function mayDeclareFix({ status, severity, fix, rollback }: IncidentState): boolean {
  if (status !== 'open' && status !== 'acknowledged') return false;
  if ((severity !== 'P1' && severity !== 'P2') || fix !== null || rollback === null) return false;
  return !isSettled(rollback) && rollback.stage !== 'executing' && rollback.stage !== 'validating';
}

function approvable({ rollback }: IncidentState): string | null {
  const waits =
    rollback?.stage === 'awaiting-approval' || (rollback?.stage === 'announced' && rollback.approvedBy === null);
  return waits ? rollback.planHash : null;
}

const abortable = ({ rollback }: IncidentState): Offers['abort'] =>
  rollback === null || isSettled(rollback) || rollback.stage === 'validating' ? null : { planHash: rollback.planHash };
