import type { Condition, Deployment } from '../kubernetes/objects.ts';
import { notSeenYet, type RolloutStatus } from '../kubernetes/workload.ts';

interface Counts {
  readonly wanted: number;
  readonly total: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
}

const countsOf = ({ spec, status }: Deployment): Counts => ({
  wanted: spec.replicas ?? 1, // live: an autoscaler may have changed it since
  total: status?.replicas ?? 0,
  updated: status?.updatedReplicas ?? 0,
  ready: status?.readyReplicas ?? 0,
  available: status?.availableReplicas ?? 0,
});

const conditionOf = (deployment: Deployment, type: string): Condition | undefined =>
  deployment.status?.conditions?.find((condition) => condition.type === type);

/**
 * True when the deadline passed for our rollout. The condition of the bad rollout before it stands until the first
 * progress of ours; both times are the server's, to the second, and a deadline takes at least one.
 */
const deadlinePassed = (deployment: Deployment, acceptedAtMs: number): boolean => {
  const progressing = conditionOf(deployment, 'Progressing');
  if (progressing?.reason !== 'ProgressDeadlineExceeded') return false;
  const at = Date.parse(progressing.lastUpdateTime ?? progressing.lastTransitionTime ?? '');
  return at > Math.floor(acceptedAtMs / 1000) * 1000;
};

const waitingFor = (counts: Counts): string | null => {
  const { wanted, total, updated, available } = counts;
  if (updated < wanted) return `${updated} of ${wanted} pods are of the target version`;
  if (total > updated) return `${total - updated} old pods are still there`;
  if (available < updated) return `${available} of ${updated} pods of the target version are available`;
  return null;
};

/** The reason that the controller cannot even make pods (a quota, a webhook), or null. */
const replicaFailure = (deployment: Deployment): string | null => {
  const condition = conditionOf(deployment, 'ReplicaFailure');
  return condition?.status === 'True' ? `${condition.reason ?? 'ReplicaFailure'}: ${condition.message ?? ''}` : null;
};

/**
 * Reads the state of the rollout that `generation` began and the server accepted at `acceptedAtMs`. Says nothing about
 * whether the template is still ours.
 */
export const rolloutStatus = (deployment: Deployment, generation: number, acceptedAtMs: number): RolloutStatus => {
  const counts = countsOf(deployment);
  const observed = deployment.status?.observedGeneration ?? 0;
  const failure = replicaFailure(deployment);
  const paused = deployment.spec.paused === true;
  const progress = {
    ...counts,
    observedGeneration: observed,
    ...(failure === null ? {} : { replicaFailure: failure }),
    ...(paused ? { paused } : {}),
  };
  if (observed < generation) return notSeenYet(progress);
  const waiting = waitingFor(counts);
  if (waiting === null) {
    return { kind: 'done', message: `${counts.available} of ${counts.wanted} pods run the target version`, progress };
  }
  if (deadlinePassed(deployment, acceptedAtMs)) {
    return { kind: 'failed', message: `The progress deadline passed: ${waiting}`, progress };
  }
  const notes = [paused ? 'somebody paused the rollout' : null, failure].filter((note) => note !== null);
  return { kind: 'progressing', message: [waiting, ...notes].join('; '), progress };
};
