import type { Context } from './commands.ts';
import {
  absorb,
  clearQuiet,
  correctOnset,
  dismiss,
  link,
  merge,
  noteLink,
  setQuiet,
  stateImpact,
  takeCommand,
  unlink,
} from './decide-people.ts';
import { closeByPerson } from './decide-ending.ts';
import { overrideSeverity, releaseSeverity } from './decide-severity.ts';
import { addBlocker, addEvidence, clearBlocker, judgeRootCause, recordRootCause, tick } from './decide-diagnosis.ts';
import { noticeChange, recordFix } from './decide-fix.ts';
import {
  addAction,
  changeAction,
  holdReview,
  publishPostmortem,
  recogniseRecurrence,
  writeSection,
} from './decide-learning.ts';
import { approvePublication } from './decide-publication.ts';
import { growStorm, writeUpdate } from './decide-updates.ts';
import type { NewEvent } from './events.ts';
import type { ProcessCommand } from './process-commands.ts';
import type { IncidentState } from './state.ts';

/** What follows from what people and the process ask. */
export function decideProcess(state: IncidentState, command: ProcessCommand, context: Context): readonly NewEvent[] {
  switch (command.kind) {
    case 'take-command':
      return takeCommand(state, command);
    case 'override-severity':
      return overrideSeverity(state, command, context);
    case 'release-severity':
      return releaseSeverity(state, command);
    case 'state-impact':
      return stateImpact(state, command);
    case 'correct-onset':
      return correctOnset(state, command, context);
    case 'close':
      return closeByPerson(state, command);
    case 'dismiss':
      return dismiss(state, command, context);
    case 'merge':
      return merge(state, command, context);
    case 'absorb':
      return absorb(state, command);
    case 'link':
      return link(state, command);
    case 'unlink':
      return unlink(state, command);
    case 'note-link':
      return noteLink(state, command);
    case 'set-quiet':
      return setQuiet(state, command);
    case 'clear-quiet':
      return clearQuiet(state, command, context);
    case 'write-update':
      return writeUpdate(state, command, context);
    case 'approve-publication':
      return approvePublication(state, command);
    case 'grow-storm':
      return growStorm(command);
    case 'add-evidence':
      return addEvidence(state, command);
    case 'add-blocker':
      return addBlocker(state, command);
    case 'clear-blocker':
      return clearBlocker(state, command);
    case 'record-root-cause':
      return recordRootCause(state, command, context);
    case 'judge-root-cause':
      return judgeRootCause(state, command);
    case 'tick':
      return tick(state, command);
    case 'notice-change':
      return noticeChange(state, command, context);
    case 'record-fix':
      return recordFix(state, command, context);
    case 'add-action':
      return addAction(state, command);
    case 'change-action':
      return changeAction(state, command);
    case 'write-section':
      return writeSection(state, command);
    case 'publish-postmortem':
      return publishPostmortem(state, command, context);
    case 'hold-review':
      return holdReview(state, command);
    case 'recognise-recurrence':
      return recogniseRecurrence(state, command);
  }
}
