import { redact } from '../redact.ts';
import { iso } from '../time.ts';
import type { Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import { close } from './decide-ending.ts';
import { scheduleReview } from './decide-reminders.ts';
import type { NewEvent } from './events.ts';
import type { ProcessCommand } from './process-commands.ts';
import type { IncidentState } from './state.ts';
import { isActive } from './state.ts';

type Of<K extends ProcessCommand['kind']> = Extract<ProcessCommand, { kind: K }>;

const MOST_ACTIONS = 100;

export function addAction(state: IncidentState, command: Of<'add-action'>): readonly NewEvent[] {
  const { action, of: kind, owner, dueAt, by, via } = command;
  if (state.actions.length >= MOST_ACTIONS) {
    throw new CommandRefused('conflict', `there are ${MOST_ACTIONS} action items already: nobody carries out more`);
  }
  const id = `A${state.actions.length + 1}`;
  return [{ type: 'action-added', data: { id, action, kind, owner, dueAt, by, via } }];
}

/** open → done → verified; what turns out not to be done is opened again. */
export function changeAction(state: IncidentState, command: Of<'change-action'>): readonly NewEvent[] {
  const { id, status, owner, dueAt, note, by, via } = command;
  const data = {
    ...{ id, by, via },
    ...(status === undefined ? {} : { status }),
    ...(owner === undefined ? {} : { owner }),
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(note === undefined ? {} : { note }),
  };
  const item = state.actions.find((each) => each.id === id);
  if (item === undefined) throw new CommandRefused('not-found', `no action item ${id}`, 'id');
  if (status === 'verified' && item.status === 'open') {
    const message = `action item ${id} is not done yet: what is verified was done before`;
    throw new CommandRefused('conflict', message, 'status');
  }
  const same =
    (status ?? item.status) === item.status &&
    (owner === undefined || owner === item.owner) &&
    (dueAt === undefined || dueAt === item.dueAt) &&
    note === undefined;
  return same ? [] : [{ type: 'action-changed', data }];
}

/** Each text replaces the one before; the timeline keeps them all. */
export function writeSection(
  state: IncidentState,
  { section, text, by, via }: Of<'write-section'>,
): readonly NewEvent[] {
  const known = state.sections[section];
  const shown = redact(text);
  if (known?.text === shown) return [];
  return [{ type: 'section-written', data: { section, text: shown, version: (known?.version ?? 0) + 1, by, via } }];
}

/** Shared with team and stakeholders; the review follows 30 days later. */
export function publishPostmortem(
  state: IncidentState,
  { by, via }: Of<'publish-postmortem'>,
  context: Context,
): readonly NewEvent[] {
  if (isActive(state.status)) {
    throw new CommandRefused(
      'conflict',
      `incident ${state.id} is ${state.status}: a post-mortem is published when it is resolved`,
    );
  }
  if (state.dismissed !== null || state.mergedInto !== null) {
    throw new CommandRefused('conflict', `incident ${state.id} is closed without a post-mortem`);
  }
  if (state.postmortem !== null) return [];
  const published: NewEvent = { type: 'postmortem-published', data: { by, via, version: state.version + 1 } };
  const after: IncidentState = { ...state, postmortem: { publishedAt: iso(context.now), by } };
  return [published, ...scheduleReview(state, context), ...close(after)];
}

export function holdReview(state: IncidentState, { text, by, via }: Of<'hold-review'>): readonly NewEvent[] {
  if (state.review === null) {
    const message = `no review is due for incident ${state.id}: it is, once its post-mortem is published`;
    throw new CommandRefused('conflict', message);
  }
  return state.review.heldAt === null ? [{ type: 'review-held', data: { text, by, via } }] : [];
}

export function recogniseRecurrence(state: IncidentState, command: Of<'recognise-recurrence'>): readonly NewEvent[] {
  const { why, of, days, openActions } = command;
  if (of.length === 0 || state.dismissed !== null || state.mergedInto !== null || state.drill === true) return [];
  const known = state.recurrence;
  if (known?.why === why && known.of.length === of.length && known.of.every((id) => of.includes(id))) return [];
  return [{ type: 'recurrence-recognised', data: { why, of, days, openActions } }];
}
