import { isUrgent } from '../severity.ts';
import type { Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import { customerText } from './customer-text.ts';
import type { NewEvent } from './events.ts';
import type { ProcessCommand } from './process-commands.ts';
import type { IncidentState } from './state.ts';
import { isActive } from './state.ts';

/**
 * Whether customers are to hear of it, decided once, when it is a P0 or P1 that people were told of. Unknown is not yes:
 * what they read cannot be taken back.
 */
export function publication(state: IncidentState, { policy }: Context): readonly NewEvent[] {
  const { statuspage } = policy.communication;
  const { severity, service, status, alertCounts } = state;
  const isBad = severity !== null && isUrgent(severity) && (status === 'open' || status === 'acknowledged');
  const isTold = state.announced && alertCounts.firing > 0 && state.drill !== true;
  if (statuspage === null || state.publication !== null || !isBad || !isTold) return [];
  const customerFacing = (service === null ? undefined : policy.services[service])?.customerFacing ?? null;
  if (customerFacing === false) return [];
  if (customerFacing === null) {
    const because = `nobody has said whether ${service ?? 'its service, which is unknown,'} is customer-facing`;
    return [{ type: 'publication-withheld', data: { because } }];
  }
  return statuspage === 'automatic'
    ? [{ type: 'publication-approved', data: { by: 'firebreak', via: 'firebreak' } }]
    : [{ type: 'publication-awaits-approval', data: { text: customerText(state, 'opened') } }];
}

export function approvePublication(
  state: IncidentState,
  { by, via }: Extract<ProcessCommand, { kind: 'approve-publication' }>,
): readonly NewEvent[] {
  if (state.publication === null) throw new CommandRefused('conflict', 'nothing awaits publication');
  if (state.publication !== 'awaiting-approval' && state.publication !== 'withheld') return [];
  if (!isActive(state.status)) {
    throw new CommandRefused('conflict', `incident ${state.id} is ${state.status}: customers need not hear of it now`);
  }
  return [{ type: 'publication-approved', data: { by, via } }];
}

/** Customers were told of it, or are about to be. */
export const isPublic = ({ publication: stage }: IncidentState): boolean =>
  stage === 'approved' || stage === 'published';
