import { iso } from '../time.ts';
import type { Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import type { NewEvent } from './events.ts';
import type { ProcessCommand } from './process-commands.ts';
import type { IncidentState } from './state.ts';
import { isUrgent } from '../severity.ts';

type Of<K extends ProcessCommand['kind']> = Extract<ProcessCommand, { kind: K }>;

/** Epoch milliseconds of the next update that is due when one goes out now; null: none is. */
export function nextUpdateAt(state: IncidentState, { now, policy }: Context): number | null {
  if (state.severity === null || !isUrgent(state.severity)) return null;
  if (state.status === 'resolved' || state.status === 'closed') return null;
  const every = policy.severities[state.severity].updateEverySeconds;
  return every === null ? null : now + every * 1000;
}

/** A person says how it stands; the next one is due an interval from now. */
export function writeUpdate(
  state: IncidentState,
  { text, by, via }: Of<'write-update'>,
  context: Context,
): readonly NewEvent[] {
  if (state.status === 'closed') throw new CommandRefused('conflict', `incident ${state.id} is closed`);
  const next = nextUpdateAt(state, context);
  const nextAt = next === null ? null : iso(next);
  return [{ type: 'status-updated', data: { text, by, via, person: iso(context.now), nextAt } }];
}

export function approvePublication(state: IncidentState, { by, via }: Of<'approve-publication'>): readonly NewEvent[] {
  if (state.publication === null) throw new CommandRefused('conflict', 'nothing awaits publication');
  return state.publication === 'awaiting-approval' ? [{ type: 'publication-approved', data: { by, via } }] : [];
}

export const growStorm = ({ incidents, services, bySeverity }: Of<'grow-storm'>): readonly NewEvent[] => [
  { type: 'storm-grew', data: { incidents, services, bySeverity } },
];
