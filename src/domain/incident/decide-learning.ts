import { iso } from '../time.ts';
import type { Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import { close } from './decide-ending.ts';
import type { NewEvent } from './events.ts';
import type { ProcessCommand } from './process-commands.ts';
import type { IncidentState } from './state.ts';
import { isActive } from './state.ts';

type Of<K extends ProcessCommand['kind']> = Extract<ProcessCommand, { kind: K }>;

const DAY_MS = 86_400_000;

export function addAction(state: IncidentState, command: Of<'add-action'>): readonly NewEvent[] {
  const { action, of: kind, owner, dueAt, by, via } = command;
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
  if (item === undefined) throw new CommandRefused('not-found', `no action item ${id}`);
  if (status === 'verified' && item.status === 'open') {
    throw new CommandRefused('conflict', `action item ${id} is not done yet: what is verified was done before`);
  }
  const same =
    (status ?? item.status) === item.status &&
    (owner === undefined || owner === item.owner) &&
    (dueAt === undefined || dueAt === item.dueAt) &&
    note === undefined;
  return same ? [] : [{ type: 'action-changed', data }];
}

export function writeSection(
  state: IncidentState,
  { section, text, by, via }: Of<'write-section'>,
): readonly NewEvent[] {
  const known = state.sections[section];
  if (known?.text === text) return [];
  return [{ type: 'section-written', data: { section, text, version: (known?.version ?? 0) + 1, by, via } }];
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
  if (state.postmortem !== null) return [];
  const dueAt = iso(context.now + context.policy.learning.reviewDays * DAY_MS);
  const published: NewEvent = { type: 'postmortem-published', data: { by, via, version: state.version + 1 } };
  const review: readonly NewEvent[] = state.review === null ? [{ type: 'review-due', data: { dueAt } }] : [];
  const after: IncidentState = { ...state, postmortem: { publishedAt: iso(context.now), by } };
  return [published, ...review, ...close(after)];
}

export function holdReview(state: IncidentState, { text, by, via }: Of<'hold-review'>): readonly NewEvent[] {
  if (state.review === null) throw new CommandRefused('conflict', `no review is due for incident ${state.id}`);
  return state.review.heldAt === null ? [{ type: 'review-held', data: { text, by, via } }] : [];
}

export function recogniseRecurrence(state: IncidentState, command: Of<'recognise-recurrence'>): readonly NewEvent[] {
  const { why, of, days, openActions } = command;
  if (of.length === 0) return [];
  const known = state.recurrence;
  if (known?.why === why && known.of.length === of.length && known.of.every((id) => of.includes(id))) return [];
  return [{ type: 'recurrence-recognised', data: { why, of, days, openActions } }];
}
