import { createHash } from 'node:crypto';
import { isSame } from './equality.ts';
import { type ControllerRevisionObject, isOwnedBy, type KubeObject, type Template } from './objects.ts';
import type { Store } from './store.ts';

const MANAGER = 'kube-controller-manager';
export const REVISION_HASH = 'controller-revision-hash';

type Workload = KubeObject & { spec: { template: Template; revisionHistoryLimit?: number } };

/** What a ControllerRevision keeps: a strategic merge patch that puts the whole template back. */
const dataOf = ({ spec }: Workload): ControllerRevisionObject['data'] => ({
  spec: { template: { ...structuredClone(spec.template), $patch: 'replace' } },
});

export const revisionsOf = (store: Store, { metadata }: KubeObject): ControllerRevisionObject[] =>
  (store.list('controllerrevisions', metadata.namespace) as ControllerRevisionObject[])
    .filter((one) => isOwnedBy(one, metadata.uid))
    .sort((a, b) => a.revision - b.revision);

const create = (store: Store, workload: Workload, number: number): ControllerRevisionObject => {
  const data = dataOf(workload);
  const hash = createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 10);
  const { name, namespace, uid } = workload.metadata;
  const { apiVersion, kind } = workload;
  const labels = { ...workload.spec.template.metadata.labels };
  const mark = kind === 'DaemonSet' ? REVISION_HASH : 'controller.kubernetes.io/hash';
  const revision = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels, [mark]: hash },
      ownerReferences: [{ apiVersion, kind, name, uid: uid!, controller: true }],
    },
    revision: number,
    data,
  };
  return store.put('controllerrevisions', revision, { manager: MANAGER }) as ControllerRevisionObject;
};

const forgetOld = (store: Store, workload: Workload, inUse: readonly string[]): void => {
  const old = revisionsOf(store, workload).filter(({ metadata }) => !inUse.includes(metadata.name));
  const surplus = Math.max(0, old.length - (workload.spec.revisionHistoryLimit ?? 10));
  for (const { metadata } of old.slice(0, surplus)) {
    store.remove('controllerrevisions', metadata.namespace, metadata.name);
  }
};

/**
 * The revision of the template as it is now: a new one, or, when an older one has the same content, that one with a new
 * number. The newest of all has the highest number.
 */
export const currentRevision = (
  store: Store,
  workload: Workload,
  inUse: readonly string[],
): ControllerRevisionObject => {
  const all = revisionsOf(store, workload);
  const data = dataOf(workload);
  const newest = all.at(-1);
  const equal = all.findLast((one) => isSame(one.data, data));
  if (equal !== undefined && equal === newest) return equal;
  const number = (newest?.revision ?? 0) + 1;
  if (equal === undefined) {
    const made = create(store, workload, number);
    forgetOld(store, workload, [...inUse, made.metadata.name]);
    return made;
  }
  return store.put('controllerrevisions', { ...equal, revision: number }, { manager: MANAGER }) as typeof equal;
};
