import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import type { PinnedTarget, StepConfig } from '../../../domain/plan.ts';
import type { Clock } from '../../../domain/time.ts';
import type { RollbackProvider } from '../../ports.ts';
import { createConnection, type KubernetesConnection } from '../kubernetes/connection.ts';
import type { ClusterConfig } from '../kubernetes/kubeconfig.ts';
import type { Environment } from '../process/environment.ts';
import { createProcessRunner, type ProcessRunner } from '../process/index.ts';
import { createHelm, type HelmCli } from './cli.ts';
import { type ConfigFault, type HelmStep, parseStep } from './config.ts';
import { execute, fromReceipt } from './execute.ts';
import { observe } from './observe.ts';
import { fromPin, type HelmPin } from './pin.ts';
import { rehearse } from './rehearse.ts';
import { resolve } from './resolve.ts';
import type { FactsMemory, Site } from './site.ts';
import { undo } from './undo.ts';

export interface HelmProviderOptions {
  /** By the name that steps use. None means the cluster that Firebreak itself runs in. */
  readonly clusters: Readonly<Record<string, ClusterConfig>>;
  /** The helm program, 3 or 4; `helm` is looked up in PATH. */
  readonly path?: string;
  readonly runner?: ProcessRunner;
  /** Where variables are taken from; our own environment unless told. */
  readonly environmentSource?: Environment;
  /** Names of further variables that helm gets: those of credential plugins, say. */
  readonly environment?: readonly string[];
  readonly clock?: Clock;
  readonly newId?: () => string;
}

const IN_CLUSTER = 'in-cluster';

type Located = { readonly kind: 'site'; readonly site: Site } | { readonly kind: 'fault'; readonly fault: ConfigFault };

const failed = ({ field, message }: ConfigFault) =>
  ({ kind: 'failed', failure: { kind: 'rejected', message: `with.${field}: ${message}` } }) as const;

interface Link {
  readonly helm: HelmCli;
  readonly connection: KubernetesConnection;
}

/** Finds the place of a step: its release, and helm and the API for its cluster. Connects to nothing. */
const createLocator = (options: HelmProviderOptions): ((step: StepConfig) => Located) => {
  const { path = 'helm', clock = { now: () => Date.now() }, newId = randomUUID } = options;
  const runner = options.runner ?? createProcessRunner();
  const configured = Object.entries(options.clusters);
  const clusters = new Map<string, ClusterConfig>(configured.length === 0 ? [[IN_CLUSTER, {}]] : configured);
  const names = [...clusters.keys()];
  const environment = options.environmentSource ?? process.env;
  const links = new Map<string, Link>();
  const facts: FactsMemory = new Map();

  const linkOf = (name: string, { kubeContext }: HelmStep): Link => {
    const key = JSON.stringify([name, kubeContext]);
    const known = links.get(key);
    if (known !== undefined) return known;
    const cluster = { ...clusters.get(name), ...(kubeContext === null ? {} : { context: kubeContext }) };
    const helm = createHelm({ path, runner, environment, passed: options.environment ?? [] }, cluster);
    const link = { helm, connection: createConnection(cluster) };
    links.set(key, link);
    return link;
  };
  return (step) => {
    const parsed = parseStep(step.with, names);
    if (parsed.kind === 'fault') return parsed;
    const cluster = parsed.step.cluster ?? names[0] ?? IN_CLUSTER;
    const { helm, connection } = linkOf(cluster, parsed.step);
    const shared = { runner, facts, fieldManager: basename(path), now: () => clock.now(), newId };
    return { kind: 'site', site: { cluster, step: parsed.step, helm, connection, ...shared } };
  };
};

/** The plan decides what is touched: a step that was edited since points elsewhere and is refused. */
const elsewhere = ({ cluster, step }: Site, pin: HelmPin): boolean =>
  cluster !== pin.cluster ||
  step.kubeContext !== pin.kubeContext ||
  step.namespace !== pin.namespace ||
  step.release !== pin.release;

const CHANGED_STEP = {
  kind: 'refused',
  refusal: 'changed-meanwhile',
  message: 'The step names another release than the one that was pinned',
} as const;

/** Rolls a Helm release back to the content of an older revision. */
export const createHelmProvider = (options: HelmProviderOptions): RollbackProvider => {
  const locate = createLocator(options);

  const change = async <T>(
    step: StepConfig,
    target: PinnedTarget,
    work: (site: Site, pin: HelmPin) => Promise<T>,
  ): Promise<T | typeof CHANGED_STEP | ReturnType<typeof failed>> => {
    const located = locate(step);
    if (located.kind === 'fault') return failed(located.fault);
    const pin = fromPin(target);
    return elsewhere(located.site, pin) ? CHANGED_STEP : await work(located.site, pin);
  };

  return {
    name: 'helm',
    describe(step) {
      const located = locate(step);
      if (located.kind === 'fault') return `Helm release of step ${step.name}`;
      const { cluster, step: where } = located.site;
      return `Helm release ${where.namespace}/${where.release} in ${cluster}`;
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
    execute: (step, target, signal) =>
      change(step, target, (site, pin) => execute(site, pin, step.timeoutSeconds, signal)),
    undo: (step, target, signal) => change(step, target, (site, pin) => undo(site, target, pin, signal)),
    async observe(step, target, receipt, since, signal) {
      const located = locate(step);
      if (located.kind === 'fault') return { kind: 'unreadable', failure: failed(located.fault).failure };
      return await observe(located.site, fromPin(target), fromReceipt(receipt), since, signal);
    },
  };
};
