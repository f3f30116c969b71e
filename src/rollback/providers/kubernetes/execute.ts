import { iso } from '../../../domain/time.ts';
import type { Execution } from '../../ports.ts';
import { change } from './change.ts';
import type { Workload } from './objects.ts';
import { type Receipt, toReceipt, type WorkloadPin } from './pin.ts';
import type { Site } from './workload.ts';
import { ourWriteAt } from './writes.ts';

const receiptOf = ({ metadata }: Workload, date: string | null): Receipt => {
  const at = date ?? ourWriteAt(metadata);
  return { generation: metadata.generation ?? 0, acceptedAt: at === null ? null : iso(Date.parse(at)) };
};

/** Puts the target's template in place. Looks first, so that repeating it after a crash changes nothing twice. */
export const execute = async (site: Site, pin: WorkloadPin, signal: AbortSignal): Promise<Execution> => {
  const result = await change(site, pin, false, signal);
  switch (result.kind) {
    case 'changed':
      return { kind: 'accepted', receipt: toReceipt(receiptOf(result.workload, result.date)) };
    case 'already-there': {
      const receipt = toReceipt(receiptOf(result.workload, null));
      // The plan was to leave another version: a write of ours that put this one there came after it, before a crash.
      if (ourWriteAt(result.workload.metadata) !== null) return { kind: 'accepted', receipt };
      return { kind: 'already-there', receipt, message: 'The target version is already in place' };
    }
    case 'refused':
    case 'failed':
      return result;
  }
};
