import type { PinnedTarget } from '../../../domain/plan.ts';
import type { Refusal, Resolution, ResolveContext } from '../../ports.ts';
import type { KubernetesConnection } from '../kubernetes/connection.ts';
import type { Deployment, ListOf, ReplicaSet } from '../kubernetes/objects.ts';
import { type OwnerKind, ownersOf, ownerText } from '../kubernetes/owner.ts';
import { checkReferences, referencesOf, referenceText } from '../kubernetes/references.ts';
import { appsPath, listBy, selectorText } from '../kubernetes/requests.ts';
import { templateDigest } from '../kubernetes/template.ts';
import type { DeploymentStep } from './config.ts';
import {
  liveVersionOf,
  type Live,
  type Pick,
  pickTarget,
  type Revision,
  revisionsOf,
  versionOf,
} from './pick-target.ts';
import { toPin } from './pin.ts';

/** A Deployment of a cluster that we can talk to. */
export interface Site {
  readonly cluster: string;
  readonly connection: KubernetesConnection;
  readonly step: DeploymentStep;
}

export const pathOf = ({ step }: Site): string => appsPath(step.namespace, 'deployments', step.name);

const refused = (refusal: Refusal, message: string): Extract<Resolution, { kind: 'refused' }> => ({
  kind: 'refused',
  refusal,
  message,
});

/** Why this Deployment must not be touched as it stands, whatever the target; null when nothing speaks against it. */
export const obstacleOf = (
  deployment: Deployment,
  allowed: readonly OwnerKind[],
): { readonly kind: 'refused'; readonly refusal: Refusal; readonly message: string } | null => {
  if (deployment.metadata.deletionTimestamp !== undefined)
    return refused('not-found', 'The Deployment is being deleted');
  if (deployment.spec.paused === true)
    return refused('paused', 'The Deployment is paused: a change would not roll out');
  const owner = ownersOf(deployment.metadata).find(({ kind }) => !allowed.includes(kind));
  if (owner === undefined) return null;
  return refused('owned-by-another', `Owned by ${ownerText(owner)}, which would put the change back`);
};

const standingWarnings = (deployment: Deployment): readonly string[] => [
  ...ownersOf(deployment.metadata).map((owner) => `${ownerText(owner)} does not know of this rollback and may undo it`),
  ...(deployment.spec.replicas === 0 ? ['The Deployment is scaled to zero: no pod will prove the target version'] : []),
  ...(deployment.spec.strategy?.type === 'Recreate' ? ['Strategy Recreate: all pods stop before new ones start'] : []),
];

interface Found {
  readonly deployment: Deployment;
  readonly live: Live;
  readonly target: Revision;
  /** The version that is left, in the words of the plan. */
  readonly from: PinnedTarget['from'];
  readonly fromTemplate: Revision['template'];
  readonly warnings: readonly string[];
}

const pinned = async (site: Site, found: Found, signal: AbortSignal): Promise<PinnedTarget> => {
  const { deployment, target, fromTemplate } = found;
  const { namespace, name } = site.step;
  const references = referencesOf(target.template);
  const missing = await checkReferences(site.connection, namespace, references, target.since, signal);
  return {
    key: `kubernetes/${site.cluster}/${namespace}/deployment/${name}`,
    from: found.from,
    to: versionOf(target),
    pin: toPin({
      cluster: site.cluster,
      namespace,
      name,
      deploymentUid: deployment.metadata.uid ?? '',
      replicaSetUid: target.uid,
      hash: target.hash,
      template: target.template,
      fromDigest: templateDigest(fromTemplate),
      fromTemplate,
    }),
    notReverted: references.map(referenceText),
    warnings: [...found.warnings, ...standingWarnings(deployment), ...missing],
  };
};

const resolutionOf = async (
  site: Site,
  deployment: Deployment,
  pick: Exclude<Pick, { kind: 'refused' }>,
  signal: AbortSignal,
): Promise<Resolution> => {
  if (pick.kind === 'target') {
    const from = liveVersionOf(pick.live, deployment);
    const found = { deployment, ...pick, from, fromTemplate: pick.live.template };
    return { kind: 'target', target: await pinned(site, found, signal) };
  }
  const { current, left, live } = pick;
  const from = versionOf(left);
  const found = { deployment, live, target: current, from, fromTemplate: left.template, warnings: [] };
  const message = `Already back at ${versionOf(current).version}: it is older than ${from.version}, which was found bad`;
  return { kind: 'already-there', target: await pinned(site, found, signal), message };
};

/** Reads the Deployment and its ReplicaSets and finds the version to go back to. Changes nothing. */
export const resolve = async (site: Site, context: ResolveContext, signal: AbortSignal): Promise<Resolution> => {
  const { connection, step } = site;
  const read = await connection.send<Deployment>({ method: 'GET', path: pathOf(site) }, signal);
  if (read.kind === 'failed') return read;
  if (read.kind !== 'ok') return refused('not-found', read.message);
  const deployment = read.body;
  const obstacle = obstacleOf(deployment, step.allowOwner);
  if (obstacle !== null) return obstacle;

  const sets = listBy(appsPath(step.namespace, 'replicasets'), selectorText(deployment.spec.selector));
  const listed = await connection.send<ListOf<ReplicaSet>>(sets, signal);
  if (listed.kind === 'failed') return listed;
  if (listed.kind !== 'ok') return refused('not-found', listed.message);
  const revisions = revisionsOf(deployment.metadata.uid ?? '', listed.body.items);
  const pick = pickTarget(deployment, revisions, context.badVersions);
  return pick.kind === 'refused' ? pick : await resolutionOf(site, deployment, pick, signal);
};
