import { reconcileDaemonSet } from './daemonset-controller.ts';
import { reconcileDeployment } from './deployment-controller.ts';
import type { KubeObject } from './objects.ts';
import { reconcileReplicaSet } from './replicaset-controller.ts';
import { reconcileStatefulSet } from './statefulset-controller.ts';
import type { Store } from './store.ts';
import type { WorkQueue } from './work-queue.ts';

type Reconcile = (store: Store, now: number, namespace: string, name: string) => void;

/** One entry a workload kind: what its controller does when the object, or something that it owns, changes. */
const CONTROLLERS: Readonly<Record<string, { readonly ownerKind: string; readonly reconcile: Reconcile }>> = {
  deployments: { ownerKind: 'Deployment', reconcile: reconcileDeployment },
  statefulsets: { ownerKind: 'StatefulSet', reconcile: reconcileStatefulSet },
  daemonsets: { ownerKind: 'DaemonSet', reconcile: reconcileDaemonSet },
  replicasets: {
    ownerKind: 'ReplicaSet',
    reconcile: (store, _now, namespace, name) => {
      reconcileReplicaSet(store, namespace, name);
    },
  },
};

/** Runs the controllers over a store: every change asks for a pass over what it concerns, a moment later. */
export const runControllers = (
  store: Store,
  queue: WorkQueue,
  now: () => number,
  delayMs: number,
): { resync(): void } => {
  const ask = (resource: string, namespace: string, name: string): void => {
    const { reconcile } = CONTROLLERS[resource] ?? {};
    if (reconcile === undefined) return;
    queue.add(`${resource}/${namespace}/${name}`, delayMs, () => {
      reconcile(store, now(), namespace, name);
    });
  };
  const concern = (resource: string, { metadata }: KubeObject): void => {
    const namespace = metadata.namespace ?? '';
    ask(resource, namespace, metadata.name);
    for (const [owners, { ownerKind }] of Object.entries(CONTROLLERS)) {
      const owner = metadata.ownerReferences?.find((reference) => reference.kind === ownerKind);
      if (owner !== undefined) ask(owners, namespace, owner.name);
    }
  };
  store.onEvent((event) => {
    concern(event.resource, event.object);
  });
  return {
    resync() {
      for (const resource of Object.keys(CONTROLLERS)) {
        for (const object of store.list(resource)) concern(resource, object);
      }
    },
  };
};
