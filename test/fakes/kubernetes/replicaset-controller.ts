import { randomBytes } from 'node:crypto';
import { isOwnedBy, type PodObject, type ReplicaSetObject } from './objects.ts';
import { createPod } from './owned-pod.ts';
import { isReady } from './pod-simulator.ts';
import type { Store } from './store.ts';

const MANAGER = 'kube-controller-manager';

/** Makes as many pods as the ReplicaSet wants, or removes those that are too many: not ready ones first. */
export const reconcileReplicaSet = (store: Store, namespace: string, name: string): void => {
  const set = store.get('replicasets', namespace, name) as ReplicaSetObject | null;
  if (set === null) return;
  const podsNow = (): PodObject[] =>
    store.list('pods', namespace).filter((pod) => isOwnedBy(pod, set.metadata.uid)) as PodObject[];
  const pods = podsNow();
  for (let missing = set.spec.replicas - pods.length; missing > 0; missing -= 1) {
    const podName = `${name}-${randomBytes(3).toString('hex')}`;
    createPod(store, set, { name: podName, template: set.spec.template });
  }
  const surplus = Math.max(0, pods.length - set.spec.replicas);
  const victims = pods.toSorted((a, b) => Number(isReady(a)) - Number(isReady(b))).slice(0, surplus);
  for (const pod of victims) store.remove('pods', namespace, pod.metadata.name);

  const left = podsNow();
  const ready = left.filter(isReady).length;
  set.status = {
    replicas: left.length,
    readyReplicas: ready,
    availableReplicas: ready,
    observedGeneration: set.metadata.generation,
  };
  store.put('replicasets', set, { manager: MANAGER, subresource: 'status' });
};
