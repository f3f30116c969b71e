import type { StepConfig } from '../../../domain/plan.ts';
import { createConnection, type KubernetesConnection } from './connection.ts';
import type { ClusterConfig } from './kubeconfig.ts';
import { type ConfigFault, parseStep } from './step.ts';
import type { Site, WorkloadKind } from './workload.ts';

export interface KubernetesOptions {
  /** By the name that steps use. None means the cluster that Firebreak itself runs in. */
  readonly clusters: Readonly<Record<string, ClusterConfig>>;
}

export type Located =
  { readonly kind: 'site'; readonly site: Site } | { readonly kind: 'fault'; readonly fault: ConfigFault };

const IN_CLUSTER = 'in-cluster';

/** Finds the place of a step: its workload and the connection to its cluster. Connects to nothing. */
export const createLocator = (kind: WorkloadKind, options: KubernetesOptions): ((step: StepConfig) => Located) => {
  const configured = Object.entries(options.clusters);
  const clusters = configured.length === 0 ? [[IN_CLUSTER, {}] as const] : configured;
  const names = clusters.map(([name]) => name);
  const connections = new Map<string, KubernetesConnection>(
    clusters.map(([name, cluster]) => [name, createConnection(cluster)]),
  );
  return ({ with: input }) => {
    const parsed = parseStep(input, names, kind);
    if (parsed.kind === 'fault') return parsed;
    const cluster = parsed.step.cluster ?? names[0] ?? IN_CLUSTER;
    const connection = connections.get(cluster);
    if (connection === undefined) return { kind: 'fault', fault: { field: 'cluster', message: `unknown: ${cluster}` } };
    return { kind: 'site', site: { cluster, connection, kind, step: parsed.step } };
  };
};
