import type { JsonObject } from '../../../domain/json.ts';
import type { StatefulSet } from '../kubernetes/objects.ts';
import { notSeenYet, type RolloutStatus } from '../kubernetes/workload.ts';

interface Counts {
  readonly wanted: number;
  readonly partition: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
}

export const partitionOf = ({ spec }: StatefulSet): number => spec.updateStrategy?.rollingUpdate?.partition ?? 0;

const countsOf = (set: StatefulSet): Counts => ({
  wanted: set.spec.replicas ?? 1, // live: an autoscaler may have changed it since
  partition: partitionOf(set),
  updated: set.status?.updatedReplicas ?? 0,
  ready: set.status?.readyReplicas ?? 0,
  available: set.status?.availableReplicas ?? 0,
});

const waitingFor = ({ wanted, partition, updated, ready, available }: Counts): string | null => {
  const due = Math.max(0, wanted - partition);
  if (updated < due) return `${updated} of ${due} pods are of the target version`;
  if (ready < wanted) return `${ready} of ${wanted} pods are ready`;
  return available < wanted ? `${available} of ${wanted} pods are available` : null;
};

const doneText = ({ wanted, partition, updated }: Counts): string =>
  partition > 0
    ? `${updated} of ${wanted} pods run the target version; those below the partition (${partition}) stay as they are`
    : `${updated} of ${wanted} pods run the target version`;

/**
 * Reads the state of the rollout that `generation` began, by the same rules as `kubectl rollout status`, and besides
 * requires that the controller takes the target for what it rolls out. A StatefulSet has no deadline of its own.
 */
export const rolloutStatus = (set: StatefulSet, generation: number, isUpdateTarget: boolean): RolloutStatus => {
  const counts = countsOf(set);
  const { observedGeneration = 0, updateRevision = '' } = set.status ?? {};
  const progress: JsonObject = { ...counts, observedGeneration, updateRevision };
  if (observedGeneration < generation) return notSeenYet(progress);
  if (!isUpdateTarget) {
    return { kind: 'progressing', message: `The controller rolls out ${updateRevision}, not the target`, progress };
  }
  const waiting = waitingFor(counts);
  if (waiting !== null) return { kind: 'progressing', message: waiting, progress };
  return { kind: 'done', message: doneText(counts), progress };
};
