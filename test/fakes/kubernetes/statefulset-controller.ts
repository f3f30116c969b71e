import { currentRevision, REVISION_HASH, revisionsOf } from './controller-revisions.ts';
import {
  type ControllerRevisionObject,
  isOwnedBy,
  type PodObject,
  type StatefulSetObject,
  type Template,
} from './objects.ts';
import { createPod } from './owned-pod.ts';
import { isReady } from './pod-simulator.ts';
import type { Store } from './store.ts';

const MANAGER = 'kube-controller-manager';

const revisionOf = (pod: PodObject): string | undefined => pod.metadata.labels?.[REVISION_HASH];

interface Sight {
  readonly store: Store;
  readonly set: StatefulSetObject;
  readonly update: ControllerRevisionObject;
  /** The version that stays below the partition; the update itself once that is all there is. */
  readonly current: ControllerRevisionObject;
  readonly pods: ReadonlyMap<number, PodObject>;
}

const ordinals = (set: StatefulSetObject): number[] => Array.from({ length: set.spec.replicas }, (_, index) => index);

const partitionOf = ({ spec }: StatefulSetObject): number => spec.updateStrategy.rollingUpdate?.partition ?? 0;

const podsOf = (store: Store, set: StatefulSetObject): Map<number, PodObject> => {
  const owned = store.list('pods', set.metadata.namespace).filter((pod) => isOwnedBy(pod, set.metadata.uid));
  const ordinal = (pod: PodObject): number => Number(pod.metadata.name.slice(set.metadata.name.length + 1));
  return new Map((owned as PodObject[]).map((pod) => [ordinal(pod), pod]));
};

const create = ({ store, set, update, current }: Sight, ordinal: number): void => {
  const revision = ordinal < partitionOf(set) ? current : update;
  const template: Template = structuredClone(revision.data.spec.template);
  delete template['$patch'];
  createPod(store, set, {
    name: `${set.metadata.name}-${ordinal}`,
    template,
    labels: { [REVISION_HASH]: revision.metadata.name, 'apps.kubernetes.io/pod-index': String(ordinal) },
  });
};

/** Makes what is missing, in order. True when nothing more may be done in this pass: a pod is not ready yet. */
const fill = (sight: Sight): boolean => {
  const ordered = sight.set.spec.podManagementPolicy !== 'Parallel';
  for (const ordinal of ordinals(sight.set)) {
    const pod = sight.pods.get(ordinal);
    if (pod === undefined) create(sight, ordinal);
    if (ordered && (pod === undefined || !isReady(pod))) return true;
  }
  return false;
};

/** Takes the highest pod that is not of the update; waits for the one before it to be ready. */
const roll = ({ store, set, update, pods }: Sight): void => {
  if (set.spec.updateStrategy.type === 'OnDelete') return;
  for (const ordinal of ordinals(set)
    .reverse()
    .filter((one) => one >= partitionOf(set))) {
    const pod = pods.get(ordinal);
    if (pod === undefined) return;
    if (revisionOf(pod) !== update.metadata.name) {
      store.remove('pods', set.metadata.namespace, pod.metadata.name);
      return;
    }
    if (!isReady(pod)) return;
  }
};

const scaleDown = ({ store, set, pods }: Sight): void => {
  const surplus = [...pods.keys()].filter((ordinal) => ordinal >= set.spec.replicas).sort((a, b) => b - a);
  const last = pods.get(surplus[0] ?? -1);
  if (last !== undefined) store.remove('pods', set.metadata.namespace, last.metadata.name);
};

const report = ({ store, set, update, current }: Sight): void => {
  const pods = [...podsOf(store, set).values()];
  const of = (revision: ControllerRevisionObject): number =>
    pods.filter((pod) => revisionOf(pod) === revision.metadata.name).length;
  const ready = pods.filter(isReady).length;
  const complete = of(update) === pods.length && ready === pods.length && pods.length === set.spec.replicas;
  set.status = {
    observedGeneration: set.metadata.generation!,
    replicas: pods.length,
    readyReplicas: ready,
    availableReplicas: ready,
    currentReplicas: complete ? of(update) : of(current),
    updatedReplicas: of(update),
    currentRevision: (complete ? update : current).metadata.name,
    updateRevision: update.metadata.name,
    collisionCount: 0,
  };
  store.put('statefulsets', set, { manager: MANAGER, subresource: 'status' });
};

/** One pass of the StatefulSet controller over one StatefulSet. */
export const reconcileStatefulSet = (store: Store, _now: number, namespace: string, name: string): void => {
  const set = store.get('statefulsets', namespace, name) as StatefulSetObject | null;
  if (set === null) return;
  const pods = podsOf(store, set);
  const inUse = [...pods.values()].map((pod) => revisionOf(pod) ?? '');
  const update = currentRevision(store, set, inUse);
  const current =
    revisionsOf(store, set).find(({ metadata }) => metadata.name === set.status.currentRevision) ?? update;
  const sight = { store, set, update, current, pods };
  if (!fill(sight)) {
    if (pods.size > set.spec.replicas) scaleDown(sight);
    else roll(sight);
  }
  report(sight);
};
