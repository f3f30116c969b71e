import type { PinnedTarget, VersionRef } from '../../../domain/plan.ts';
import type { JsonObject } from '../../../domain/json.ts';
import type { Resolution, ResolveContext, Serving } from '../../ports.ts';
import { obstacleOf, readOwned } from './gate.ts';
import type { ListOf, ObjectMeta, Workload } from './objects.ts';
import { type Owner, ownerText } from './owner.ts';
import { type Live, liveVersionOf, type Pick, pickTarget, revisionsOf, versionOf } from './pick-target.ts';
import { toPin } from './pin.ts';
import { healthOf, listPods } from './pods.ts';
import { checkReferences, referencesOf, referenceText } from './references.ts';
import { appsPath, listBy, selectorText } from './requests.ts';
import { templateDigest } from './template.ts';
import { refused, type Revision, type Site } from './workload.ts';

/** One end of a way back: a version, its template, and the mark of its pods. */
export interface End {
  readonly version: VersionRef;
  readonly template: JsonObject;
  readonly hash: string;
}

export interface Way {
  readonly workload: Workload;
  readonly owners: readonly Owner[];
  readonly from: End;
  readonly to: End;
  readonly warnings: readonly string[];
}

/** Helm 4 applies on the server, which keeps it from changing what somebody else has changed. */
const isAppliedByHelm = ({ metadata }: Workload): boolean =>
  metadata.managedFields?.some(({ manager, operation }) => manager === 'helm' && operation === 'Apply') ?? false;

const standingWarnings = ({ kind }: Site, { workload, owners }: Way): readonly string[] => [
  ...owners.map((owner) => `${ownerText(owner)} does not know of this rollback and may undo it`),
  ...(isAppliedByHelm(workload)
    ? ['The next helm upgrade will be refused for the fields that this rollback takes over, but for --force-conflicts']
    : []),
  ...(workload.spec.replicas === 0 ? [`The ${kind.kind} is scaled to zero: no pod will prove the target version`] : []),
  ...kind.warnings(workload),
];

/** The target as it is stored, with what going back would not revert. */
export const pinned = async (site: Site, way: Way, signal: AbortSignal): Promise<PinnedTarget> => {
  const { workload, from, to } = way;
  const { namespace, name } = site.step;
  const references = referencesOf(to.template);
  const missing = await checkReferences(site.connection, namespace, references, to.version.since, signal);
  return {
    key: `kubernetes/${site.cluster}/${namespace}/${site.kind.provider}/${name}`,
    from: from.version,
    to: to.version,
    pin: toPin({
      cluster: site.cluster,
      namespace,
      name,
      uid: workload.metadata.uid ?? '',
      hash: to.hash,
      template: to.template,
      fromHash: from.hash,
      fromDigest: templateDigest(from.template),
      fromTemplate: from.template,
    }),
    notReverted: references.map(referenceText),
    warnings: [...way.warnings, ...standingWarnings(site, way), ...missing],
  };
};

const endOf = (revision: Revision): End => ({
  version: versionOf(revision),
  template: revision.template,
  hash: revision.hash,
});

const liveEnd = (live: Live, workload: Workload): End => ({
  version: liveVersionOf(live, workload),
  template: live.template,
  hash: live.revision?.hash ?? '',
});

/** How both versions serve now; null where pods may not be listed: it is worth knowing, and worth no delay. */
const servingOf = async (
  site: Site,
  workload: Workload,
  { live, target }: Extract<Pick, { kind: 'target' }>,
  signal: AbortSignal,
): Promise<Serving | null> => {
  const pods = await listPods(site, workload, signal);
  if (pods.kind !== 'ok') return null;
  return {
    from: live.revision === null ? null : healthOf(site, live.revision, pods.body),
    to: healthOf(site, target, pods.body),
  };
};

const resolutionOf = async (
  site: Site,
  workload: Workload,
  owners: readonly Owner[],
  pick: Exclude<Pick, { kind: 'refused' }>,
  signal: AbortSignal,
): Promise<Resolution> => {
  if (pick.kind === 'target') {
    const { live, target: to, warnings } = pick;
    const way = { workload, owners, from: liveEnd(live, workload), to: endOf(to), warnings };
    const [target, serving] = await Promise.all([pinned(site, way, signal), servingOf(site, workload, pick, signal)]);
    return { kind: 'target', target, ...(serving === null ? {} : { serving }) };
  }
  const way = { workload, owners, from: endOf(pick.left), to: endOf(pick.current), warnings: [] };
  const { from, to } = way;
  const message = `Already back at ${to.version.version}: it is older than ${from.version.version}, which was found bad`;
  return { kind: 'already-there', target: await pinned(site, way, signal), message };
};

/** Reads the workload and the versions that are remembered of it, and finds the one to go back to. Changes nothing. */
export const resolve = async (site: Site, context: ResolveContext, signal: AbortSignal): Promise<Resolution> => {
  const { connection, step, kind } = site;
  const read = await readOwned(site, signal);
  if (read.kind !== 'open') return read;
  const { workload, owners } = read;
  const obstacle = obstacleOf(site, workload, owners);
  if (obstacle !== null) return obstacle;

  const history = listBy(appsPath(step.namespace, kind.history), selectorText(workload.spec.selector));
  const listed = await connection.send<ListOf<{ metadata: ObjectMeta }>>(history, signal);
  if (listed.kind === 'failed') return listed;
  if (listed.kind !== 'ok') return refused('not-found', listed.message);
  const revisions = revisionsOf(kind, workload.metadata.uid ?? '', listed.body.items);
  const pick = pickTarget(workload, revisions, context.badVersions);
  return pick.kind === 'refused' ? pick : await resolutionOf(site, workload, owners, pick, signal);
};
