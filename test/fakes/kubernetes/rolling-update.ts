import type { DeploymentObject, ReplicaSetObject } from './objects.ts';

const portion = (value: string | number, of: number, round: (n: number) => number): number =>
  typeof value === 'number' ? value : round((Number.parseFloat(value) / 100) * of);

export const rollingLimits = ({ spec }: DeploymentObject): { maxSurge: number; maxUnavailable: number } => {
  const limits = spec.strategy.rollingUpdate;
  if (limits === undefined) return { maxSurge: 0, maxUnavailable: spec.replicas };
  const maxSurge = portion(limits.maxSurge, spec.replicas, Math.ceil);
  const maxUnavailable = portion(limits.maxUnavailable, spec.replicas, Math.floor);
  // The server refuses both to be zero only as numbers; percentages may round to it.
  return { maxSurge, maxUnavailable: maxSurge === 0 ? Math.max(1, maxUnavailable) : maxUnavailable };
};

const available = (set: ReplicaSetObject): number => set.status.availableReplicas ?? 0;
const total = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);

/** Takes pods from the old ReplicaSets: those that are not available first, then as many as may be missing. */
const shrink = (deployment: DeploymentObject, newSet: ReplicaSetObject, oldSets: readonly ReplicaSetObject[]): void => {
  const minimum = deployment.spec.replicas - rollingLimits(deployment).maxUnavailable;
  const all = [newSet, ...oldSets];
  const notYet = Math.max(0, newSet.spec.replicas - available(newSet));
  let room = total(all.map((set) => set.spec.replicas)) - minimum - notYet;
  for (const set of oldSets) {
    const broken = Math.max(0, Math.min(room, set.spec.replicas - available(set)));
    set.spec.replicas -= broken;
    room -= broken;
  }
  let spare = total(all.map(available)) - minimum;
  for (const set of oldSets) {
    const fewer = Math.max(0, Math.min(room, spare, set.spec.replicas));
    set.spec.replicas -= fewer;
    spare -= fewer;
    room -= fewer;
  }
};

/** One step of the rollout: decides how many pods each ReplicaSet is to have now. Changes only their `spec.replicas`. */
export const rollOnce = (
  deployment: DeploymentObject,
  newSet: ReplicaSetObject,
  oldSets: readonly ReplicaSetObject[],
): void => {
  const wanted = deployment.spec.replicas;
  if (deployment.spec.strategy.type === 'Recreate') {
    for (const set of oldSets) set.spec.replicas = 0;
    const oldPods = total(oldSets.map((set) => set.status.replicas ?? 0));
    if (oldPods === 0) newSet.spec.replicas = wanted;
    return;
  }
  const current = total([newSet, ...oldSets].map((set) => set.spec.replicas));
  const headroom = wanted + rollingLimits(deployment).maxSurge - current;
  if (newSet.spec.replicas > wanted) newSet.spec.replicas = wanted;
  else newSet.spec.replicas += Math.max(0, Math.min(headroom, wanted - newSet.spec.replicas));
  shrink(deployment, newSet, oldSets);
};
