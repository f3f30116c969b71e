import type { PinnedTarget, StepConfig } from '../../../domain/plan.ts';
import type { RollbackProvider } from '../../ports.ts';
import { createConnection, type KubernetesConnection } from '../kubernetes/connection.ts';
import type { ClusterConfig } from '../kubernetes/kubeconfig.ts';
import { type ConfigFault, parseStep } from './config.ts';
import { execute, rehearse } from './execute.ts';
import { observe } from './observe.ts';
import { type DeploymentPin, fromPin, fromReceipt } from './pin.ts';
import { resolve, type Site } from './resolve.ts';
import { undo } from './undo.ts';

export interface DeploymentProviderOptions {
  /** By the name that steps use. None means the cluster that Firebreak itself runs in. */
  readonly clusters: Readonly<Record<string, ClusterConfig>>;
}

const IN_CLUSTER = 'in-cluster';

type Located = { readonly kind: 'site'; readonly site: Site } | { readonly kind: 'fault'; readonly fault: ConfigFault };

const failed = ({ field, message }: ConfigFault) =>
  ({ kind: 'failed', failure: { kind: 'rejected', message: `with.${field}: ${message}` } }) as const;

/** Finds the place of a step: its Deployment and the connection to its cluster. Connects to nothing. */
const createLocator = (options: DeploymentProviderOptions): ((step: StepConfig) => Located) => {
  const configured = Object.entries(options.clusters);
  const clusters = configured.length === 0 ? [[IN_CLUSTER, {}] as const] : configured;
  const names = clusters.map(([name]) => name);
  const connections = new Map<string, KubernetesConnection>(
    clusters.map(([name, cluster]) => [name, createConnection(cluster)]),
  );
  return (step) => {
    const parsed = parseStep(step.with, names);
    if (parsed.kind === 'fault') return parsed;
    const cluster = parsed.step.cluster ?? names[0] ?? IN_CLUSTER;
    const connection = connections.get(cluster);
    if (connection === undefined) return { kind: 'fault', fault: { field: 'cluster', message: `unknown: ${cluster}` } };
    return { kind: 'site', site: { cluster, connection, step: parsed.step } };
  };
};

/** The plan decides what is touched: a step that was edited since points elsewhere and is refused. */
const elsewhere = ({ cluster, step }: Site, pin: DeploymentPin): boolean =>
  cluster !== pin.cluster || step.namespace !== pin.namespace || step.name !== pin.name;

const CHANGED_STEP = {
  kind: 'refused',
  refusal: 'changed-meanwhile',
  message: 'The step names another Deployment than the one that was pinned',
} as const;

/** Rolls a Kubernetes Deployment back to the pod template of an older ReplicaSet. */
export const createDeploymentProvider = (options: DeploymentProviderOptions): RollbackProvider => {
  const locate = createLocator(options);

  const change = async <T>(
    step: StepConfig,
    target: PinnedTarget,
    work: (site: Site, pin: DeploymentPin) => Promise<T>,
  ): Promise<T | typeof CHANGED_STEP | ReturnType<typeof failed>> => {
    const located = locate(step);
    if (located.kind === 'fault') return failed(located.fault);
    const pin = fromPin(target.pin);
    return elsewhere(located.site, pin) ? CHANGED_STEP : await work(located.site, pin);
  };

  return {
    name: 'deployment',
    describe(step) {
      const located = locate(step);
      if (located.kind === 'fault') return `Deployment of step ${step.name}`;
      const {
        cluster,
        step: { namespace, name },
      } = located.site;
      return `Deployment ${namespace}/${name} in ${cluster}`;
    },
    checkConfig(step) {
      const located = locate(step);
      return located.kind === 'fault' ? located.fault : null;
    },
    async resolve(step, context, signal) {
      const located = locate(step);
      return located.kind === 'fault' ? failed(located.fault) : await resolve(located.site, context, signal);
    },
    rehearse: (step, target, signal) => change(step, target, (site, pin) => rehearse(site, pin, signal)),
    execute: (step, target, signal) => change(step, target, (site, pin) => execute(site, pin, signal)),
    undo: (step, target, signal) => change(step, target, (site, pin) => undo(site, target, pin, signal)),
    async observe(step, target, receipt, since, signal) {
      const located = locate(step);
      if (located.kind === 'fault') return { kind: 'unreadable', failure: failed(located.fault).failure };
      return await observe(located.site, fromPin(target.pin), fromReceipt(receipt), since, signal);
    },
  };
};
