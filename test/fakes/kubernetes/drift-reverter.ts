import { isSame } from './equality.ts';
import type { DeploymentObject } from './objects.ts';
import type { Store } from './store.ts';
import type { WorkQueue } from './work-queue.ts';

export interface Watched {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** Under this name it writes: `argocd-controller`, `kustomize-controller`. */
  readonly manager: string;
}

/** Puts the template of an object back to what it is now whenever somebody changes it, until told to stop. */
export const revertDrift = (store: Store, queue: WorkQueue, watched: Watched): (() => void) => {
  const { resource, namespace, name, manager } = watched;
  const read = (): DeploymentObject | null => store.get(resource, namespace, name) as DeploymentObject | null;
  const desired = read()?.spec.template;
  const revert = (): void => {
    const object = read();
    if (object === null || desired === undefined || isSame(object.spec.template, desired)) return;
    object.spec.template = structuredClone(desired);
    store.put(resource, object, { manager });
  };
  return store.onEvent((event) => {
    const { metadata } = event.object;
    if (event.resource !== resource || metadata.namespace !== namespace || metadata.name !== name) return;
    queue.add(`revert/${resource}/${namespace}/${name}`, 1, revert);
  });
};
