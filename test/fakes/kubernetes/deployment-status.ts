import { type Condition, type DeploymentObject, type ReplicaSetObject, timestamp } from './objects.ts';
import { rollingLimits } from './rolling-update.ts';

type Status = DeploymentObject['status'];

const sum = (sets: readonly ReplicaSetObject[], field: 'replicas' | 'availableReplicas' | 'readyReplicas'): number =>
  sets.reduce((total, set) => total + (set.status[field] ?? 0), 0);

/** Sets a condition as the controller does: the transition time moves with the status, the update time always. */
export const setCondition = (
  status: Status,
  wanted: { type: string; status: string; reason: string; message: string },
  now: number,
): void => {
  const current = status.conditions?.find((condition) => condition.type === wanted.type);
  if (current?.status === wanted.status && current.reason === wanted.reason) return;
  replaceCondition(status, wanted, now);
};

/** The same, but it counts as news even when it says what it said before: progress restarts the deadline. */
const replaceCondition = (
  status: Status,
  wanted: { type: string; status: string; reason: string; message: string },
  now: number,
): void => {
  const current = status.conditions?.find((condition) => condition.type === wanted.type);
  const time = timestamp(now);
  const lastTransitionTime = current?.status === wanted.status ? (current.lastTransitionTime ?? time) : time;
  const others = (status.conditions ?? []).filter((condition) => condition.type !== wanted.type);
  status.conditions = [...others, { ...wanted, lastUpdateTime: time, lastTransitionTime }];
};

const moved = (before: Status, after: Status): boolean => {
  const old = (status: Status): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
};

const isComplete = ({ spec, status }: DeploymentObject): boolean =>
  status.updatedReplicas === spec.replicas &&
  status.replicas === spec.replicas &&
  status.availableReplicas === spec.replicas;

const timedOut = (progressing: Condition | undefined, deadlineSeconds: number, now: number): boolean => {
  if (progressing === undefined || progressing.reason === 'NewReplicaSetAvailable') return false;
  if (progressing.reason === 'ProgressDeadlineExceeded') return true;
  return Date.parse(progressing.lastUpdateTime ?? '') + deadlineSeconds * 1000 < now;
};

const judgeProgress = (deployment: DeploymentObject, before: Status, newName: string, now: number): void => {
  const { status, spec } = deployment;
  const progressing = status.conditions?.find((condition) => condition.type === 'Progressing');
  const say = (holds: boolean, reason: string, message: string): Parameters<typeof setCondition>[1] => ({
    type: 'Progressing',
    status: holds ? 'True' : 'False',
    reason,
    message: `ReplicaSet "${newName}" ${message}`,
  });
  if (isComplete(deployment)) {
    setCondition(status, say(true, 'NewReplicaSetAvailable', 'has successfully progressed.'), now);
  } else if (moved(before, status)) {
    replaceCondition(status, say(true, 'ReplicaSetUpdated', 'is progressing.'), now);
  } else if (timedOut(progressing, spec.progressDeadlineSeconds, now)) {
    setCondition(status, say(false, 'ProgressDeadlineExceeded', 'has timed out progressing.'), now);
  }
};

/** Writes what the controller reports about its Deployment into `deployment.status`. */
export const reportStatus = (
  deployment: DeploymentObject,
  newSet: ReplicaSetObject | null,
  oldSets: readonly ReplicaSetObject[],
  now: number,
): void => {
  const before = structuredClone(deployment.status);
  const all = newSet === null ? oldSets : [newSet, ...oldSets];
  const available = sum(all, 'availableReplicas');
  Object.assign(deployment.status, {
    observedGeneration: deployment.metadata.generation,
    replicas: sum(all, 'replicas'),
    updatedReplicas: newSet?.status.replicas ?? 0,
    readyReplicas: sum(all, 'readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, deployment.spec.replicas - available),
  });
  const enough = available >= deployment.spec.replicas - rollingLimits(deployment).maxUnavailable;
  const reason = enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable';
  const message = `Deployment ${enough ? 'has' : 'does not have'} minimum availability.`;
  setCondition(deployment.status, { type: 'Available', status: enough ? 'True' : 'False', reason, message }, now);
  if (newSet !== null) judgeProgress(deployment, before, newSet.metadata.name, now);
};
