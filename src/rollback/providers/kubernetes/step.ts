import type { JsonObject } from '../../../domain/json.ts';
import { type OwnerKind, OWNERS } from './owner.ts';
import type { WorkloadKind, WorkloadStep } from './workload.ts';

export interface ConfigFault {
  readonly field: string;
  readonly message: string;
}

const FIELDS = ['cluster', 'namespace', 'name', 'allowOwner'];
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/;

const isOwner = (value: unknown): value is OwnerKind => OWNERS.some((owner) => owner === value);

const ownersIn = (value: JsonObject[string]): readonly OwnerKind[] | null => {
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.every(isOwner) ? list : null;
};

const clusterFault = (cluster: JsonObject[string], clusters: readonly string[]): string | null => {
  if (cluster === undefined) {
    return clusters.length > 1 ? `name one of the configured clusters: ${clusters.join(', ')}` : null;
  }
  if (typeof cluster !== 'string') return 'must be a text';
  return clusters.includes(cluster) ? null : `no cluster "${cluster}" is configured`;
};

const switchFault = (input: JsonObject, { switches }: WorkloadKind): ConfigFault | null => {
  const wrong = switches.find((field) => !['boolean', 'undefined'].includes(typeof input[field]));
  return wrong === undefined ? null : { field: wrong, message: 'must be true or false' };
};

const faultOf = (input: JsonObject, clusters: readonly string[], kind: WorkloadKind): ConfigFault | null => {
  const { cluster, namespace, name, allowOwner } = input;
  const fields = [...FIELDS, ...kind.switches];
  const unknown = Object.keys(input).find((field) => !fields.includes(field));
  if (unknown !== undefined) return { field: unknown, message: `unknown; known are ${fields.join(', ')}` };
  const wrongCluster = clusterFault(cluster, clusters);
  if (wrongCluster !== null) return { field: 'cluster', message: wrongCluster };
  if (typeof namespace !== 'string' || !LABEL.test(namespace)) {
    return { field: 'namespace', message: 'must be the name of a namespace' };
  }
  if (typeof name !== 'string' || !SUBDOMAIN.test(name)) {
    return { field: 'name', message: `must be the name of a ${kind.kind}` };
  }
  if (ownersIn(allowOwner) === null) return { field: 'allowOwner', message: `must be of ${OWNERS.join(', ')}` };
  return switchFault(input, kind);
};

export type ParsedStep =
  { readonly kind: 'step'; readonly step: WorkloadStep } | { readonly kind: 'fault'; readonly fault: ConfigFault };

/** Reads a step's `with`; the first field that is wrong is named. */
export const parseStep = (input: JsonObject, clusters: readonly string[], kind: WorkloadKind): ParsedStep => {
  const fault = faultOf(input, clusters, kind);
  if (fault !== null) return { kind: 'fault', fault };
  const { cluster, namespace, name, allowOwner } = input;
  const step = {
    cluster: (cluster as string | undefined) ?? null,
    namespace: namespace as string,
    name: name as string,
    allowOwner: ownersIn(allowOwner) ?? [],
    deleteBlockedPods: input['deleteBlockedPods'] === true,
  };
  return { kind: 'step', step };
};
