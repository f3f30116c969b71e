import { reasonOf } from '../kubernetes/answer.ts';
import { isControlledBy, type Pod, type StatefulSet } from '../kubernetes/objects.ts';
import { hashOf, isLeaving, isReady } from '../kubernetes/pods.ts';
import { corePath, deleteExactly } from '../kubernetes/requests.ts';
import type { Begun, Site } from '../kubernetes/workload.ts';
import { partitionOf } from './rollout-status.ts';

const ordinalOf = ({ metadata }: Pod): number => Number(/-(\d+)$/.exec(metadata.name ?? '')?.[1] ?? Number.NaN);

/** The pod that the controller waits for before it replaces any other: the lowest one that is not ready. */
const blockerOf = (set: StatefulSet, pods: readonly Pod[]): Pod | null =>
  pods
    .filter((pod) => isControlledBy(pod.metadata, set.metadata.uid ?? '') && !Number.isNaN(ordinalOf(pod)))
    .toSorted((a, b) => ordinalOf(a) - ordinalOf(b))
    .find((pod) => isLeaving(pod) || !isReady(pod)) ?? null;

const remove = async (site: Site, { metadata }: Pod, signal: AbortSignal): Promise<string> => {
  const name = metadata.name ?? '';
  const path = corePath(site.step.namespace, 'pods', name);
  const answer = await site.connection.send(deleteExactly(path, metadata), signal);
  if (answer.kind === 'ok') return `deleted ${name} of the version that is left, which was not ready and in the way`;
  // It is gone or has changed since it was read, perhaps to ready: the next look decides anew.
  if (answer.kind !== 'failed') return `${name} is in the way and has just changed`;
  return `${name} is in the way and could not be deleted: ${reasonOf(answer)}`;
};

/**
 * With OrderedReady the controller waits for a broken pod to become ready before it goes on, even when it waits to
 * replace just that pod; Kubernetes' own advice is to delete it. Done one pod a look, lowest first as the controller
 * counts, never to a ready pod, to one of the target version, or to one that has changed since it was read.
 */
export const unblock = async (
  site: Site,
  set: StatefulSet,
  pods: readonly Pod[],
  { pin }: Begun,
  signal: AbortSignal,
): Promise<string | null> => {
  if (set.spec.podManagementPolicy === 'Parallel') return null;
  const blocker = blockerOf(set, pods);
  if (blocker === null || isLeaving(blocker)) return null;
  // It is only starting, or the controller has not taken the target up and would make the same again.
  if (hashOf(site, blocker) === set.status?.updateRevision) return null;
  const name = blocker.metadata.name ?? '';
  if (ordinalOf(blocker) < partitionOf(set)) return `${name} is below the partition, not ready, and in the way`;
  if (pin.fromHash === '' || hashOf(site, blocker) !== pin.fromHash) {
    return `${name} is of a third version, not ready, and in the way: delete it by hand`;
  }
  if (site.step.deleteBlockedPods) return await remove(site, blocker, signal);
  return `${name} is not ready and in the way: delete it by hand, or set deleteBlockedPods in the step`;
};
