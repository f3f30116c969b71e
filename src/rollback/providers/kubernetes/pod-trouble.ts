import type { Pod } from './objects.ts';

/** Something that keeps pods of a version from becoming ready, with how many it holds. */
export interface PodTrouble {
  readonly reason: string;
  readonly pods: number;
  /** What the kubelet or the scheduler said about one of them. */
  readonly said: string;
}

/** Waiting that does not pass by itself, or seldom; ContainerCreating and PodInitializing do. */
const STUCK = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** What keeps this pod from becoming ready and does not pass by itself; null when nothing is known to. */
export const troubleOf = (pod: Pod): { readonly reason: string; readonly said: string } | null => {
  const scheduled = pod.status?.conditions?.find((c) => c.type === 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    return { reason: 'Unschedulable', said: scheduled.message ?? '' };
  }
  const containers = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  for (const container of containers) {
    const { reason = '', message = '' } = container.state?.waiting ?? {};
    // Between two starts it only says that it waits; how it ended says why.
    const killed = reason === 'CrashLoopBackOff' && container.lastState?.terminated?.reason === 'OOMKilled';
    if (STUCK.has(reason)) return { reason: killed ? 'OOMKilled' : reason, said: `${container.name}: ${message}` };
  }
  return null;
};

/** What holds the pods up, the most frequent first. Pods that are being deleted do not count. */
export const podTroubles = (pods: readonly Pod[]): readonly PodTrouble[] => {
  const found = new Map<string, PodTrouble>();
  for (const pod of pods) {
    const trouble = pod.metadata.deletionTimestamp === undefined ? troubleOf(pod) : null;
    if (trouble === null) continue;
    const pastCount = found.get(trouble.reason)?.pods ?? 0;
    found.set(trouble.reason, { ...trouble, pods: pastCount + 1 });
  }
  return [...found.values()].sort((a, b) => b.pods - a.pods);
};
