import type { Json, JsonObject } from '../../../domain/json.ts';

/** A step's `with`: which release, and how it is reached. */
export interface HelmStep {
  /** Null when only one cluster is configured. */
  readonly cluster: string | null;
  readonly namespace: string;
  readonly release: string;
  /** A context of the cluster's kubeconfig other than the configured one. */
  readonly kubeContext: string | null;
  /** How many revisions a rollback leaves in the history; null leaves all that are there. */
  readonly historyMax: number | null;
  /** Controllers whose ownership is no obstacle, because somebody suspended them. */
  readonly allowOwner: readonly GitOpsOwner[];
}

/** Who would put a release back to what Git says. */
export const GITOPS_OWNERS = ['argocd', 'flux'] as const;
export type GitOpsOwner = (typeof GITOPS_OWNERS)[number];

export interface ConfigFault {
  readonly field: string;
  readonly message: string;
}

const FIELDS = ['cluster', 'namespace', 'release', 'kubeContext', 'historyMax', 'allowOwner'];
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** Helm takes no longer names; never one that could be read as a flag. */
const RELEASE = /^[a-z0-9]([-.a-z0-9]{0,51}[a-z0-9])?$/;

const isOwner = (value: unknown): value is GitOpsOwner => GITOPS_OWNERS.some((owner) => owner === value);

const ownersIn = (value: Json | undefined): readonly GitOpsOwner[] | null => {
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.every(isOwner) ? list : null;
};

const clusterFault = (cluster: Json | undefined, clusters: readonly string[]): string | null => {
  if (cluster === undefined) {
    return clusters.length > 1 ? `name one of the configured clusters: ${clusters.join(', ')}` : null;
  }
  if (typeof cluster !== 'string') return 'must be a text';
  return clusters.includes(cluster) ? null : `no cluster "${cluster}" is configured`;
};

const isContext = (value: Json | undefined): boolean =>
  value === undefined || (typeof value === 'string' && value !== '' && !value.startsWith('-'));

const isHistoryMax = (value: Json | undefined): boolean =>
  value === undefined || (typeof value === 'number' && Number.isInteger(value) && value >= 2);

const faultOf = (input: JsonObject, clusters: readonly string[]): ConfigFault | null => {
  const { cluster, namespace, release, kubeContext, historyMax, allowOwner } = input;
  const unknown = Object.keys(input).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) return { field: unknown, message: `unknown; known are ${FIELDS.join(', ')}` };
  const wrongCluster = clusterFault(cluster, clusters);
  if (wrongCluster !== null) return { field: 'cluster', message: wrongCluster };
  if (typeof namespace !== 'string' || !LABEL.test(namespace)) {
    return { field: 'namespace', message: 'must be the name of a namespace' };
  }
  if (typeof release !== 'string' || !RELEASE.test(release)) {
    return { field: 'release', message: 'must be the name of a Helm release' };
  }
  if (!isContext(kubeContext)) return { field: 'kubeContext', message: 'must be the name of a context' };
  if (!isHistoryMax(historyMax)) return { field: 'historyMax', message: 'must be a whole number from 2' };
  if (ownersIn(allowOwner) === null) return { field: 'allowOwner', message: `must be of ${GITOPS_OWNERS.join(', ')}` };
  return null;
};

export type ParsedStep =
  { readonly kind: 'step'; readonly step: HelmStep } | { readonly kind: 'fault'; readonly fault: ConfigFault };

/** Reads a step's `with`; the first field that is wrong is named. */
export const parseStep = (input: JsonObject, clusters: readonly string[]): ParsedStep => {
  const fault = faultOf(input, clusters);
  if (fault !== null) return { kind: 'fault', fault };
  const { cluster, namespace, release, kubeContext, historyMax, allowOwner } = input;
  const step = {
    cluster: (cluster as string | undefined) ?? null,
    namespace: namespace as string,
    release: release as string,
    kubeContext: (kubeContext as string | undefined) ?? null,
    historyMax: (historyMax as number | undefined) ?? null,
    allowOwner: ownersIn(allowOwner) ?? [],
  };
  return { kind: 'step', step };
};
