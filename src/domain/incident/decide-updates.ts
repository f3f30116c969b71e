import { iso, ms } from '../time.ts';
import type { Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import { stopClock } from './decide-clocks.ts';
import type { NewEvent } from './events.ts';
import type { ProcessCommand } from './process-commands.ts';
import type { IncidentState } from './state.ts';
import { isActive } from './state.ts';
import type { Policy } from '../policy.ts';
import { isUrgent } from '../severity.ts';
import { isUnheard } from './told.ts';
import { factsText } from './update-text.ts';
import { clockTime } from './words.ts';

type Of<K extends ProcessCommand['kind']> = Extract<ProcessCommand, { kind: K }>;

/** How often updates are owed, in milliseconds; null: none are. */
function intervalOf({ severity, status }: IncidentState, policy: Policy): number | null {
  if (severity === null || !isUrgent(severity) || !isActive(status)) return null;
  const every = policy.severities[severity].updateEverySeconds;
  return every === null ? null : every * 1000;
}

/** Epoch milliseconds of the next update that is due when one goes out now; null: none is. */
function nextUpdateAt(state: IncidentState, { now, policy }: Context): number | null {
  const every = intervalOf(state, policy);
  return every === null ? null : now + every;
}

/** When Firebreak writes an update itself, unless a person does before. Null: none is owed, or messages are held back. */
export function updateDueAt(state: IncidentState, policy: Policy): number | null {
  const every = intervalOf(state, policy);
  if (every === null || isUnheard(state)) return null;
  // Owed since it became a P0 or P1, or came back.
  const owedSince = ms(state.clocks.update?.startedAt ?? state.openedAt);
  return Math.max(owedSince, state.updates.lastAt === null ? 0 : ms(state.updates.lastAt)) + every;
}

/** A person says how it stands; the next one is due an interval from now. */
export function writeUpdate(
  state: IncidentState,
  { text, by, via }: Of<'write-update'>,
  context: Context,
): readonly NewEvent[] {
  if (state.status === 'closed') throw new CommandRefused('conflict', `incident ${state.id} is closed`);
  const person = iso(context.now);
  return [
    { type: 'status-updated', data: { text, by, via, person, nextAt: nextAt(state, context) } },
    ...stopClock(state, 'update', context.now),
  ];
}

const nextAt = (state: IncidentState, context: Context): string | null => {
  const next = nextUpdateAt(state, context);
  return next === null ? null : iso(next);
};

/** Later than this it is said that it is late. */
const LATE_MS = 30_000;

/** Nobody wrote one in time. What was missed while nobody was there is caught up once. */
export function fireStatusUpdate(state: IncidentState, context: Context): readonly NewEvent[] {
  const due = updateDueAt(state, context.policy);
  if (due === null || context.now < due) return [];
  const late = context.now - due > LATE_MS ? `This update was due at ${clockTime(iso(due))}.` : null;
  return [updateByFacts(state, context, late)];
}

/** The first update is almost late and nothing has gone out: the facts go out now. */
export function firstUpdateByFacts(state: IncidentState, context: Context): readonly NewEvent[] {
  return state.updates.count > 0 || isUnheard(state) ? [] : [updateByFacts(state, context, null)];
}

function updateByFacts(state: IncidentState, context: Context, late: string | null): NewEvent {
  const text = [factsText(state, iso(context.now)), ...(late === null ? [] : [late])].join(' ');
  const person = state.updates.personAt;
  return {
    type: 'status-updated',
    data: { text, by: null, via: 'firebreak', person, nextAt: nextAt(state, context) },
  };
}

export const growStorm = ({ incidents, services, bySeverity, over }: Of<'grow-storm'>): readonly NewEvent[] => [
  { type: 'storm-grew', data: { incidents, services, bySeverity, ...(over === undefined ? {} : { over }) } },
];
