import type { DaemonSet } from '../kubernetes/objects.ts';
import { notSeenYet, type RolloutStatus } from '../kubernetes/workload.ts';

interface Counts {
  readonly wanted: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
}

const countsOf = ({ status }: DaemonSet): Counts => ({
  wanted: status?.desiredNumberScheduled ?? 0,
  updated: status?.updatedNumberScheduled ?? 0,
  ready: status?.numberReady ?? 0,
  available: status?.numberAvailable ?? 0,
});

const waitingFor = ({ wanted, updated, available }: Counts): string | null => {
  if (updated < wanted) return `${updated} of ${wanted} pods are of the target version`;
  return available < wanted ? `${available} of ${wanted} pods of the target version are available` : null;
};

/**
 * Reads the state of the rollout that `generation` began, by the same rules as `kubectl rollout status`. A DaemonSet has
 * no deadline of its own: a rollout that hangs is ended by the step's.
 */
export const rolloutStatus = (set: DaemonSet, generation: number): RolloutStatus => {
  const counts = countsOf(set);
  const observedGeneration = set.status?.observedGeneration ?? 0;
  const progress = { ...counts, observedGeneration };
  if (observedGeneration < generation) return notSeenYet(progress);
  const waiting = waitingFor(counts);
  if (waiting !== null) return { kind: 'progressing', message: waiting, progress };
  return { kind: 'done', message: `${counts.available} of ${counts.wanted} pods run the target version`, progress };
};
