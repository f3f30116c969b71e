import type { Rehearsal } from '../../ports.ts';
import { roomFor } from './capacity.ts';
import { change } from './change.ts';
import type { WorkloadPin } from './pin.ts';
import { refused, type Site } from './workload.ts';

/**
 * Asks the server to validate and admit the very change, and to store nothing; then whether the quotas would let the
 * new pods in, which admission of the workload itself does not look at.
 */
export const rehearse = async (site: Site, pin: WorkloadPin, signal: AbortSignal): Promise<Rehearsal> => {
  const result = await change(site, pin, true, signal);
  if (result.kind === 'already-there') {
    return { kind: 'would-work', message: 'Already at the target version', alreadyThere: true };
  }
  if (result.kind !== 'changed') return result;
  const room = await roomFor(site, result.workload, pin, signal);
  if (room.kind === 'none') return refused('no-capacity', room.message);
  return { kind: 'would-work', message: ['The server would accept the change', ...room.remarks].join('; ') };
};
