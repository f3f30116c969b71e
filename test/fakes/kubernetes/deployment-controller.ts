import { createHash } from 'node:crypto';
import { isSame } from './equality.ts';
import { reportStatus, setCondition } from './deployment-status.ts';
import { type DeploymentObject, isOwnedBy, type ReplicaSetObject, type Template } from './objects.ts';
import { rollOnce } from './rolling-update.ts';
import type { Store } from './store.ts';

const MANAGER = 'kube-controller-manager';
const REVISION = 'deployment.kubernetes.io/revision';
const HISTORY = 'deployment.kubernetes.io/revision-history';
const HASH = 'pod-template-hash';

const revisionOf = (set: ReplicaSetObject): number => Number(set.metadata.annotations?.[REVISION] ?? 0);

const withoutHash = (template: Template): Template => {
  const copy = structuredClone(template);
  if (copy.metadata.labels !== undefined) Reflect.deleteProperty(copy.metadata.labels, HASH);
  return copy;
};

const createSet = (store: Store, deployment: DeploymentObject): ReplicaSetObject => {
  const template = structuredClone(deployment.spec.template);
  const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
  template.metadata.labels = { ...template.metadata.labels, [HASH]: hash };
  const { name, namespace, uid } = deployment.metadata;
  const set = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...template.metadata.labels },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid: uid!, controller: true }],
    },
    spec: {
      replicas: 0,
      selector: { matchLabels: { ...deployment.spec.selector.matchLabels, [HASH]: hash } },
      template,
    },
    status: { replicas: 0 },
  };
  return store.put('replicasets', set, { manager: MANAGER }) as ReplicaSetObject;
};

/** The number moves on when an old ReplicaSet is used again, and the one it had is kept in its history. */
const renumber = (deployment: DeploymentObject, set: ReplicaSetObject, number: number): void => {
  const before = set.metadata.annotations?.[REVISION];
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(
    ([key]) => !key.startsWith('deployment.kubernetes.io/'),
  );
  set.metadata.annotations = { ...set.metadata.annotations, ...Object.fromEntries(copied) };
  if (Number(before ?? 0) >= number) return;
  const past = set.metadata.annotations[HISTORY];
  if (before !== undefined) set.metadata.annotations[HISTORY] = past === undefined ? before : `${past},${before}`;
  set.metadata.annotations[REVISION] = String(number);
};

const forgetOld = (store: Store, deployment: DeploymentObject, oldSets: readonly ReplicaSetObject[]): void => {
  const empty = oldSets.filter((set) => set.spec.replicas === 0 && (set.status.replicas ?? 0) === 0);
  const surplus = Math.max(0, empty.length - deployment.spec.revisionHistoryLimit);
  for (const set of empty.toSorted((a, b) => revisionOf(a) - revisionOf(b)).slice(0, surplus)) {
    store.remove('replicasets', set.metadata.namespace, set.metadata.name);
  }
};

/** One pass of the deployment controller over one Deployment. */
export const reconcileDeployment = (store: Store, now: number, namespace: string, name: string): void => {
  const deployment = store.get('deployments', namespace, name) as DeploymentObject | null;
  if (deployment === null) return;
  const owned = store.list('replicasets', namespace) as ReplicaSetObject[];
  const sets = owned.filter((set) => isOwnedBy(set, deployment.metadata.uid));
  const template = withoutHash(deployment.spec.template);
  let newSet = sets.find((set) => isSame(withoutHash(set.spec.template), template)) ?? null;
  const oldSets = sets.filter((set) => set !== newSet);

  if (deployment.spec.paused !== true) {
    const number = Math.max(0, ...oldSets.map(revisionOf)) + 1;
    if (newSet === null) {
      newSet = createSet(store, deployment);
      const message = `Created new replica set "${newSet.metadata.name}"`;
      setCondition(
        deployment.status,
        { type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated', message },
        now,
      );
    }
    renumber(deployment, newSet, number);
    rollOnce(deployment, newSet, oldSets);
    const settled = [newSet, ...oldSets].map(
      (set) => store.put('replicasets', set, { manager: MANAGER }) as ReplicaSetObject,
    );
    newSet = settled[0] ?? newSet;
    deployment.metadata.annotations = {
      ...deployment.metadata.annotations,
      [REVISION]: newSet.metadata.annotations?.[REVISION] ?? '',
    };
    forgetOld(store, deployment, settled.slice(1));
  }
  reportStatus(deployment, newSet, oldSets, now);
  store.put('deployments', deployment, { manager: MANAGER, subresource: 'status' });
};
