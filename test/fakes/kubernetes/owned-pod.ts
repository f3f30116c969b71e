import type { Fields, KubeObject, Template } from './objects.ts';
import type { Store } from './store.ts';

const MANAGER = 'kube-controller-manager';

export interface PodOrder {
  readonly name: string;
  readonly template: Template;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Fields;
}

/** Makes a pod of a template that belongs to its controller. */
export const createPod = (store: Store, owner: KubeObject, { name, template, labels, spec }: PodOrder): void => {
  const { namespace, uid } = owner.metadata;
  const { apiVersion, kind } = owner;
  const copy = structuredClone(template);
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...copy.metadata,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...copy.metadata.labels, ...labels },
      ownerReferences: [{ apiVersion, kind, name: owner.metadata.name, uid: uid!, controller: true }],
    },
    spec: { ...copy.spec, ...spec },
    status: { phase: 'Pending' },
  };
  store.put('pods', pod, { manager: MANAGER });
};
