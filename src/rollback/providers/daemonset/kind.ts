import { revisionOf } from '../kubernetes/controller-revision.ts';
import type { ControllerRevision, DaemonSet, ObjectMeta } from '../kubernetes/objects.ts';
import { mergeTemplate } from '../kubernetes/requests.ts';
import { shareOf } from '../kubernetes/share.ts';
import { onDeleteObstacle, REVISION_LABEL } from '../kubernetes/update-strategy.ts';
import type { Pace, Revision, WorkloadKind } from '../kubernetes/workload.ts';
import { rolloutStatus } from './rollout-status.ts';

const revision = (remembered: ControllerRevision): Revision | null =>
  revisionOf(remembered, remembered.metadata.labels?.[REVISION_LABEL] ?? '');

const paceOf = ({ spec, status }: DaemonSet): Pace => {
  const wanted = status?.desiredNumberScheduled ?? 0;
  const { maxSurge = 0, maxUnavailable = 1 } = spec.updateStrategy?.rollingUpdate ?? {};
  // The controller rounds both up.
  return {
    wanted,
    surge: shareOf(maxSurge, wanted, 'up'),
    unavailable: shareOf(maxUnavailable, wanted, 'up'),
  };
};

/** Older versions are ControllerRevisions. Pods that are not available are replaced first: a broken one blocks nothing. */
export const DAEMONSET: WorkloadKind<DaemonSet> = {
  provider: 'daemonset',
  kind: 'DaemonSet',
  resource: 'daemonsets',
  switches: [],
  history: 'controllerrevisions',
  versionLabel: REVISION_LABEL,
  revision: (remembered: { readonly metadata: ObjectMeta }) => revision(remembered as ControllerRevision),
  obstacle: (set) => onDeleteObstacle('DaemonSet', set),
  warnings: () => [],
  change: mergeTemplate,
  pace: paceOf,
  status: (_site, set, { generation }) => Promise.resolve(rolloutStatus(set, generation)),
};
