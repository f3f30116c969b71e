import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { JsonObject } from '../../src/domain/json.ts';
import type { PinnedTarget, StepConfig } from '../../src/domain/plan.ts';
import { iso } from '../../src/domain/time.ts';
import type { Observation, RollbackProvider } from '../../src/rollback/ports.ts';
import { createDaemonSetProvider } from '../../src/rollback/providers/daemonset/index.ts';
import { createDeploymentProvider } from '../../src/rollback/providers/deployment/index.ts';
import { createStatefulSetProvider } from '../../src/rollback/providers/statefulset/index.ts';
import {
  type DeploymentObject,
  type FakeKubernetes,
  startFakeKubernetes,
  type WorkloadResource,
} from '../fakes/kubernetes/index.ts';
import { kubernetesTools } from '../harness/kubernetes-tools.ts';

export const NS = 'shop';
export const APP = 'checkout';

const PROVIDERS = {
  deployments: createDeploymentProvider,
  statefulsets: createStatefulSetProvider,
  daemonsets: createDaemonSetProvider,
} as const;

/** What kubectl calls the kind. */
export const KINDS = { deployments: 'deployment', statefulsets: 'statefulset', daemonsets: 'daemonset' } as const;

type Release = Parameters<FakeKubernetes['deploy']>[0];
type Answers<K extends 'resolve' | 'execute' | 'rehearse' | 'undo'> = ReturnType<RollbackProvider[K]>;

/** How long something is looked for that should be there. */
const SEARCH_MS = 10_000;

const signal = (): AbortSignal => AbortSignal.timeout(20_000);
const nowOnOurClock = (): string => iso(Date.now());

/** A cluster with one app in it, and our provider for its kind. */
export interface Bench {
  readonly cluster: FakeKubernetes;
  readonly provider: RollbackProvider;
  readonly directory: string;
  readonly kubeconfig: string;
  readonly step: StepConfig;
  stepOf(extra?: JsonObject): StepConfig;
  deploy(image: string, more?: Partial<Release>): Promise<DeploymentObject>;
  app(): DeploymentObject;
  edit(change: (app: DeploymentObject) => void): void;
  liveImage(): string;
  resolve(badVersions?: readonly string[], step?: StepConfig): Answers<'resolve'>;
  resolved(badVersions?: readonly string[], step?: StepConfig): Promise<PinnedTarget>;
  rehearse(target: PinnedTarget, step?: StepConfig): Answers<'rehearse'>;
  execute(target: PinnedTarget, step?: StepConfig): Answers<'execute'>;
  accepted(target: PinnedTarget, step?: StepConfig): Promise<JsonObject>;
  observe(target: PinnedTarget, receipt: JsonObject, step?: StepConfig): Promise<Observation>;
  /** Looks until something is so. */
  seen(
    target: PinnedTarget,
    receipt: JsonObject,
    so: (o: Observation) => boolean,
    step?: StepConfig,
  ): Promise<Observation>;
  ended(target: PinnedTarget, receipt: JsonObject, step?: StepConfig): Promise<Observation>;
  /** Resolves, executes and waits for the end. */
  goneBack(badVersions?: readonly string[]): Promise<PinnedTarget>;
  kubectl(...args: string[]): Promise<{ stdout: string; stderr: string }>;
  stop(): Promise<void>;
}

export const startBench = async (resource: WorkloadResource): Promise<Bench> => {
  // Loaded at its first use, which is not to count against the budget of a test.
  await import('@kubernetes/client-node');
  const directory = await mkdtemp(join(tmpdir(), 'kubernetes-test-'));
  const cluster = await startFakeKubernetes();
  const kubeconfig = await cluster.kubeconfig(join(directory, 'kubeconfig'));
  const provider = PROVIDERS[resource]({ clusters: { 'eu-1': { kubeconfig } } });
  const stepOf = (extra: JsonObject = {}): StepConfig => ({
    name: 'back',
    provider: provider.name,
    timeoutSeconds: 300,
    onFailure: 'stop',
    with: { namespace: NS, name: APP, ...extra },
  });
  const standard = stepOf();
  const app = (): DeploymentObject => cluster.get(resource, NS, APP) as DeploymentObject;

  const bench: Bench = {
    cluster,
    provider,
    directory,
    kubeconfig,
    step: standard,
    stepOf,
    app,
    deploy: (image, more = {}) => cluster.deploy({ resource, namespace: NS, name: APP, image, ...more }),
    edit(change) {
      cluster.edit(resource, NS, APP, (object) => {
        change(object as DeploymentObject);
      });
    },
    liveImage: () => app().spec.template.spec.containers[0]!.image,
    resolve: (badVersions = [], step = standard) =>
      provider.resolve(step, { badVersions, now: nowOnOurClock() }, signal()),
    async resolved(badVersions, step) {
      const resolution = await bench.resolve(badVersions, step);
      if (resolution.kind !== 'target') throw new Error(`not resolved: ${JSON.stringify(resolution)}`);
      return resolution.target;
    },
    rehearse: (target, step = standard) => provider.rehearse(step, target, signal()),
    execute: (target, step = standard) => provider.execute(step, target, signal()),
    async accepted(target, step) {
      const execution = await bench.execute(target, step);
      if (execution.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(execution)}`);
      return execution.receipt;
    },
    observe: (target, receipt, step = standard) => provider.observe(step, target, receipt, nowOnOurClock(), signal()),
    async seen(target, receipt, so, step) {
      const until = Date.now() + SEARCH_MS;
      for (;;) {
        const observation = await bench.observe(target, receipt, step);
        if (so(observation)) return observation;
        if (Date.now() > until) throw new Error(`never seen; last was ${JSON.stringify(observation)}`);
        await delay(5);
      }
    },
    ended: (target, receipt, step) => bench.seen(target, receipt, ({ kind }) => kind !== 'progressing', step),
    async goneBack(badVersions) {
      const target = await bench.resolved(badVersions);
      await bench.ended(target, await bench.accepted(target));
      await cluster.settled();
      return target;
    },
    async kubectl(...args) {
      const { kubectl } = await kubernetesTools();
      const fixed = ['--kubeconfig', kubeconfig, '--cache-dir', join(directory, 'cache'), '-n', NS];
      return await promisify(execFile)(kubectl, [...fixed, ...args], { timeout: 30_000 });
    },
    async stop() {
      await cluster.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return bench;
};
