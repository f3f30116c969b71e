import type { Command, Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import { assess } from './decide-assessment.ts';
import { consequences } from './consequences.ts';
import { firePageFallback } from './decide-pages.ts';
import { fireStatusUpdate } from './decide-updates.ts';
import { fireClock, fireWarning } from './decide-warnings.ts';
import { acknowledge, addNote, monitoringOver, observeAlerts, open, reportEffect } from './decide-lifecycle.ts';
import { endDrill, resolve } from './decide-ending.ts';
import {
  abortRollback,
  approveRollback,
  declareFix,
  expireApproval,
  planRollback,
  requestByPerson,
  stopRollback,
} from './decide-rollback.ts';
import { acceptStep, finishStep, intendStep, progressStep, recordCapture, startRollback } from './decide-steps.ts';
import { endWatch, recoverWithoutUs, reportReverted, sampleRecovery } from './decide-recovery.ts';
import { decideProcess } from './decide-process.ts';
import { remind } from './decide-reminders.ts';
import type { NewEvent } from './events.ts';
import type { IncidentState } from './state.ts';

/**
 * The process: what follows from a command in a state. Pure. Returns the events, none when the command changes
 * nothing (a repeat). Throws CommandRefused when the state does not allow it.
 */
export function decide(state: IncidentState | null, command: Command, context: Context): readonly NewEvent[] {
  if (command.kind === 'open') {
    if (state !== null) throw new CommandRefused('conflict', `incident ${state.id} is open already`);
    return open(command.opening, command.news, context);
  }
  if (state === null) throw new CommandRefused('not-found', 'no such incident');
  const events = decideOpen(state, command, context);
  return [...events, ...consequences(state, events, context)];
}

function decideOpen(
  state: IncidentState,
  command: Exclude<Command, { kind: 'open' }>,
  context: Context,
): readonly NewEvent[] {
  switch (command.kind) {
    case 'observe-alerts':
      return observeAlerts(state, command.news, context);
    case 'assess':
      return assess(state, command, context);
    case 'acknowledge':
      return acknowledge(state, command, context);
    case 'resolve':
      return resolve(state, command, context);
    case 'add-note':
      return addNote(command);
    case 'report-effect':
      return reportEffect(state, command, context);
    case 'fire-timer':
      return fireTimer(state, command.name, context);
    case 'plan-rollback':
      return planRollback(state, command, context);
    case 'stop-rollback':
      return stopRollback(state, command.stop);
    case 'approve-rollback':
      return approveRollback(state, command, context);
    case 'abort-rollback':
      return abortRollback(state, command);
    case 'start-rollback':
      return startRollback(state, context);
    case 'intend-step':
      return intendStep(state, command.index);
    case 'accept-step':
      return acceptStep(state, command);
    case 'progress-step':
      return progressStep(state, command, context);
    case 'finish-step':
      return finishStep(state, command, context);
    case 'freeze-baseline':
      return state.baseline === undefined ? [{ type: 'baseline-frozen', data: { baseline: command.baseline } }] : [];
    case 'declare-fix':
      return declareFix(state, command, context);
    case 'request-rollback':
      return requestByPerson(state, command, 'roll-back', context);
    case 'undo-rollback':
      return requestByPerson(state, command, 'undo', context);
    case 'record-capture':
      return recordCapture(state, command.capture);
    case 'sample-recovery':
      return sampleRecovery(state, command, context);
    case 'recover-without-us':
      return recoverWithoutUs(state, command.because, context);
    case 'report-reverted':
      return reportReverted(state, command, context);
    case 'end-watch':
      return endWatch(state, context);
    default:
      return decideProcess(state, command, context);
  }
}

/** What fires checks the state again: a timer is a reminder, never a fact. */
function fireTimer(
  state: IncidentState,
  name: Extract<Command, { kind: 'fire-timer' }>['name'],
  context: Context,
): readonly NewEvent[] {
  switch (name) {
    case 'clock:acknowledge':
      return fireClock(state, 'acknowledge', context);
    case 'clock:restore':
      return fireClock(state, 'restore', context);
    case 'clock:diagnose':
      return fireClock(state, 'diagnose', context);
    case 'clock:update':
      return fireClock(state, 'update', context);
    case 'clock-warning:acknowledge':
      return fireWarning(state, 'acknowledge', context);
    case 'clock-warning:restore':
      return fireWarning(state, 'restore', context);
    case 'clock-warning:diagnose':
      return fireWarning(state, 'diagnose', context);
    case 'clock-warning:update':
      return fireWarning(state, 'update', context);
    case 'status-update':
      return fireStatusUpdate(state, context);
    case 'page-fallback':
      return firePageFallback(state, context);
    case 'rollback-approval':
      return expireApproval(state, context);
    case 'drill-end':
      return endDrill(state, context);
    case 'monitoring':
      return monitoringOver(state, context);
    case 'reminders':
      return remind(state, context);
    case 'rollback-hold':
    case 'rollback-verdict':
    case 'rollback-watch':
    case 'rollback-poll':
    case 'reassess':
    case 'follow-up':
    case 'look-around':
    case 'quiet-end':
    case 'storm':
      return []; // these wake whoever reads the state, and what stands around it, and acts
  }
}
