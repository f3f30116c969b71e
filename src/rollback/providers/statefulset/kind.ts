import { revisionOf, templateOf } from '../kubernetes/controller-revision.ts';
import type { ControllerRevision, ObjectMeta, StatefulSet } from '../kubernetes/objects.ts';
import { appsPath, mergeTemplate } from '../kubernetes/requests.ts';
import { sameTemplate } from '../kubernetes/template.ts';
import { onDeleteObstacle, REVISION_LABEL } from '../kubernetes/update-strategy.ts';
import type { Begun, Site, WorkloadKind } from '../kubernetes/workload.ts';
import { partitionOf, rolloutStatus } from './rollout-status.ts';
import { unblock } from './unblock.ts';

/** By name, or by content: the controller makes the same version anew when the one that was pinned has been forgotten. */
const isUpdateTarget = async (
  site: Site,
  { status }: StatefulSet,
  { pin }: Begun,
  signal: AbortSignal,
): Promise<boolean> => {
  const name = status?.updateRevision ?? '';
  if (name === '' || name === pin.hash) return name !== '';
  const path = appsPath(site.step.namespace, 'controllerrevisions', name);
  const read = await site.connection.send<ControllerRevision>({ method: 'GET', path }, signal);
  return read.kind === 'ok' && sameTemplate(templateOf(read.body), pin.template);
};

const warningsOf = (set: StatefulSet): readonly string[] => {
  const partition = partitionOf(set);
  return partition > 0
    ? [`The update strategy has a partition: pods below ${partition} keep the version that they have`]
    : [];
};

/** Older versions are ControllerRevisions, and the label of a pod is the name of its own. */
export const STATEFULSET: WorkloadKind<StatefulSet> = {
  provider: 'statefulset',
  kind: 'StatefulSet',
  resource: 'statefulsets',
  switches: ['deleteBlockedPods'],
  history: 'controllerrevisions',
  versionLabel: REVISION_LABEL,
  revision: (remembered: { readonly metadata: ObjectMeta }) =>
    revisionOf(remembered as ControllerRevision, remembered.metadata.name ?? ''),
  obstacle: (set) => onDeleteObstacle('StatefulSet', set),
  warnings: warningsOf,
  change: mergeTemplate,
  // Each pod is replaced in its place.
  pace: ({ spec }) => ({ wanted: spec.replicas ?? 1, surge: 0, unavailable: 1 }),
  async status(site, set, begun, signal) {
    const isObserved = (set.status?.observedGeneration ?? 0) >= begun.generation;
    const isTarget = isObserved && (await isUpdateTarget(site, set, begun, signal));
    return rolloutStatus(set, begun.generation, isTarget);
  },
  unblock,
};
