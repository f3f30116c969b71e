import { randomBytes } from 'node:crypto';
import { currentRevision, REVISION_HASH } from './controller-revisions.ts';
import { type DaemonSetObject, isOwnedBy, type PodObject } from './objects.ts';
import { createPod } from './owned-pod.ts';
import { isReady } from './pod-simulator.ts';
import type { Store } from './store.ts';

const MANAGER = 'kube-controller-manager';
/** The nodes of the cluster. */
const NODES = ['node-a', 'node-b', 'node-c'];

const revisionOf = (pod: PodObject): string | undefined => pod.metadata.labels?.[REVISION_HASH];

const podsOf = (store: Store, set: DaemonSetObject): PodObject[] =>
  store.list('pods', set.metadata.namespace).filter((pod) => isOwnedBy(pod, set.metadata.uid)) as PodObject[];

const fill = (store: Store, set: DaemonSetObject, hash: string): void => {
  const taken = podsOf(store, set).map((pod) => pod.spec['nodeName']);
  for (const nodeName of NODES.filter((node) => !taken.includes(node))) {
    const name = `${set.metadata.name}-${randomBytes(3).toString('hex').slice(0, 5)}`;
    const { template } = set.spec;
    createPod(store, set, { name, template, labels: { [REVISION_HASH]: hash }, spec: { nodeName } });
  }
};

/** Old pods that are not available go at once; the others as far as `maxUnavailable` lets them. */
const roll = (store: Store, set: DaemonSetObject, hash: string): void => {
  if (set.spec.updateStrategy.type === 'OnDelete') return;
  const pods = podsOf(store, set);
  const old = pods.filter((pod) => revisionOf(pod) !== hash);
  const unavailable = pods.filter((pod) => !isReady(pod)).length;
  const room = Math.max(0, (set.spec.updateStrategy.rollingUpdate?.maxUnavailable ?? 1) - unavailable);
  const victims = [...old.filter((pod) => !isReady(pod)), ...old.filter(isReady).slice(0, room)];
  for (const pod of victims) store.remove('pods', set.metadata.namespace, pod.metadata.name);
};

const report = (store: Store, set: DaemonSetObject, hash: string): void => {
  const pods = podsOf(store, set);
  const ready = pods.filter(isReady).length;
  set.status = {
    observedGeneration: set.metadata.generation!,
    desiredNumberScheduled: NODES.length,
    currentNumberScheduled: pods.length,
    numberReady: ready,
    numberAvailable: ready,
    numberUnavailable: NODES.length - ready,
    numberMisscheduled: 0,
    updatedNumberScheduled: pods.filter((pod) => revisionOf(pod) === hash).length,
  };
  store.put('daemonsets', set, { manager: MANAGER, subresource: 'status' });
};

/** One pass of the DaemonSet controller over one DaemonSet. */
export const reconcileDaemonSet = (store: Store, _now: number, namespace: string, name: string): void => {
  const set = store.get('daemonsets', namespace, name) as DaemonSetObject | null;
  if (set === null) return;
  const inUse = podsOf(store, set).map((pod) => `${name}-${revisionOf(pod) ?? ''}`);
  const hash = currentRevision(store, set, inUse).metadata.labels?.[REVISION_HASH] ?? '';
  fill(store, set, hash);
  roll(store, set, hash);
  report(store, set, hash);
};
