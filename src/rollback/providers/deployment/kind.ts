import type { Deployment, ObjectMeta, ReplicaSet } from '../kubernetes/objects.ts';
import { replaceTemplate } from '../kubernetes/requests.ts';
import { shareOf } from '../kubernetes/share.ts';
import { HASH_LABEL, hashLabelOf, withoutHash } from '../kubernetes/template.ts';
import { toInstant } from '../kubernetes/time.ts';
import { type Pace, type Refused, refused, type Revision, type WorkloadKind } from '../kubernetes/workload.ts';
import { rolloutStatus } from './rollout-status.ts';

const REVISION = 'deployment.kubernetes.io/revision';

/** Names of pods are cut to this and five random letters: what is longer than that loses the end of its hash. */
const MAX_POD_PREFIX = 58;

const podPattern = (name: string): string | null =>
  name === '' || name.length >= MAX_POD_PREFIX ? null : `^${name.replaceAll('.', '[.]')}-.*`;

const revisionOf = ({ metadata, spec, status }: ReplicaSet): Revision | null => {
  const number = Number(metadata.annotations?.[REVISION] ?? Number.NaN);
  if (!Number.isInteger(number)) return null;
  return {
    number,
    identity: metadata.uid ?? '',
    hash: metadata.labels?.[HASH_LABEL] ?? hashLabelOf(spec.template) ?? '',
    since: toInstant(metadata.creationTimestamp),
    template: withoutHash(spec.template),
    counts: { desired: spec.replicas ?? 1, ready: status?.readyReplicas ?? 0 },
    pods: podPattern(metadata.name ?? ''),
  };
};

const obstacleOf = ({ spec }: Deployment): Refused | null =>
  spec.paused === true ? refused('paused', 'The Deployment is paused: a change would not roll out') : null;

const paceOf = ({ spec }: Deployment): Pace => {
  const wanted = spec.replicas ?? 1;
  if (spec.strategy?.type === 'Recreate') return { wanted, surge: 0, unavailable: wanted };
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {};
  const surge = shareOf(maxSurge, wanted, 'up');
  const unavailable = shareOf(maxUnavailable, wanted, 'down');
  // Both may come to nothing as shares; the controller lets one go then.
  return { wanted, surge, unavailable: surge === 0 ? Math.max(1, unavailable) : unavailable };
};

/** Older versions are ReplicaSets; the way back is the template of one of them. */
export const DEPLOYMENT: WorkloadKind<Deployment> = {
  provider: 'deployment',
  kind: 'Deployment',
  resource: 'deployments',
  switches: [],
  history: 'replicasets',
  versionLabel: HASH_LABEL,
  revision: (remembered: { readonly metadata: ObjectMeta }) => revisionOf(remembered as ReplicaSet),
  obstacle: obstacleOf,
  warnings: ({ spec }) =>
    spec.strategy?.type === 'Recreate' ? ['Strategy Recreate: all pods stop before new ones start'] : [],
  change: replaceTemplate,
  pace: paceOf,
  status: (_site, deployment, { generation, acceptedAtMs }) =>
    Promise.resolve(rolloutStatus(deployment, generation, acceptedAtMs)),
};
