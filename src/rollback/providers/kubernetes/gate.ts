import type { Failure } from '../../../domain/failure.ts';
import type { Workload } from './objects.ts';
import { outsideOwners } from './outside-owner.ts';
import { type Owner, ownersOf, ownerText } from './owner.ts';
import { pathOf, type Refused, refused, type Site } from './workload.ts';

export type Gate =
  | { readonly kind: 'open'; readonly workload: Workload; readonly owners: readonly Owner[] }
  | Refused
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Why this workload must not be touched as it stands, whatever the target; null when nothing speaks against it. */
export const obstacleOf = (site: Site, workload: Workload, owners: readonly Owner[]): Refused | null => {
  const { kind, step } = site;
  if (workload.metadata.deletionTimestamp !== undefined) {
    return refused('not-found', `The ${kind.kind} is being deleted`);
  }
  const own = kind.obstacle(workload);
  if (own !== null) return own;
  const owner = owners.find((one) => !step.allowOwner.includes(one.kind));
  if (owner === undefined) return null;
  return refused('owned-by-another', `Owned by ${ownerText(owner)}, which would put the change back`);
};

/** Reads the workload. */
export const readWorkload = async (
  site: Site,
  signal: AbortSignal,
): Promise<{ readonly kind: 'ok'; readonly workload: Workload } | Exclude<Gate, { kind: 'open' }>> => {
  const read = await site.connection.send<Workload>({ method: 'GET', path: pathOf(site) }, signal);
  if (read.kind === 'ok') return { kind: 'ok', workload: read.body };
  return read.kind === 'failed' ? read : refused('not-found', read.message);
};

/** Reads the workload and everybody who keeps it as it is. */
export const readOwned = async (site: Site, signal: AbortSignal): Promise<Gate> => {
  const [read, outside] = await Promise.all([readWorkload(site, signal), outsideOwners(site, signal)]);
  if (read.kind !== 'ok') return read;
  if (outside.kind === 'failed') return outside;
  return { kind: 'open', workload: read.workload, owners: [...ownersOf(read.workload.metadata), ...outside.owners] };
};
