import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { JsonObject } from '../../src/domain/json.ts';
import type { PinnedTarget, ProviderName, StepConfig } from '../../src/domain/plan.ts';
import type { RollbackProvider } from '../../src/rollback/ports.ts';
import { createDaemonSetProvider } from '../../src/rollback/providers/daemonset/index.ts';
import { createDeploymentProvider } from '../../src/rollback/providers/deployment/index.ts';
import { createHelmProvider } from '../../src/rollback/providers/helm/index.ts';
import { createStatefulSetProvider } from '../../src/rollback/providers/statefulset/index.ts';
import type { FakeKubernetes, WorkloadResource } from '../fakes/kubernetes/index.ts';
import { startFakeKubernetes } from '../fakes/kubernetes/index.ts';
import { kubernetesTools } from '../harness/kubernetes-tools.ts';
import { inTemporaryDirectory } from './chart.ts';

/** What the API server was asked for, as a role would have to allow it: `patch apps/deployments`, `get /pods/log`. */
export type Requests = ReadonlySet<string>;

const APP = { namespace: 'shop', name: 'checkout' };
const CREATORS = {
  deployments: createDeploymentProvider,
  statefulsets: createStatefulSetProvider,
  daemonsets: createDaemonSetProvider,
} as const;

type Recorded = FakeKubernetes['requests'][number];

const PATH = /^\/(?:api|apis\/([^/]+))\/[^/]+\/namespaces\/[^/]+\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/;

/** Null for discovery, which every account may ask for. */
const asRule = ({ method, path, query }: Recorded): string | null => {
  const found = PATH.exec(path);
  if (found === null) {
    if (/^\/(version|openapi|apis?)(\/|$)/.test(path)) return null;
    throw new Error(`no role of a namespace allows ${method} ${path}`);
  }
  const [, group = '', resource, name, subresource] = found;
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verbOf(method, name, query)} ${group}/${what}`;
};

const verbOf = (method: string, name: string | undefined, query: Recorded['query']): string => {
  if (method !== 'GET') return { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }[method] ?? method;
  if (query['watch'] !== undefined) return 'watch';
  return name === undefined ? 'list' : 'get';
};

const signal = (): AbortSignal => AbortSignal.timeout(30_000);
const now = (): string => new Date().toISOString();

const stepOf = (provider: ProviderName, input: JsonObject): StepConfig => ({
  name: 'back',
  provider,
  timeoutSeconds: 20,
  onFailure: 'stop',
  with: input,
});

/** Runs the work on a cluster of its own; what it asked there from `begin` on. */
const recorded = (
  work: (cluster: FakeKubernetes, kubeconfig: string, begin: () => void, directory: string) => Promise<void>,
): Promise<Requests> =>
  inTemporaryDirectory(async (directory) => {
    const cluster = await startFakeKubernetes();
    try {
      let from = 0;
      const begin = (): void => {
        from = cluster.requests.length;
      };
      await work(cluster, await cluster.kubeconfig(join(directory, 'kubeconfig')), begin, directory);
      return new Set(cluster.requests.slice(from).flatMap((request) => asRule(request) ?? []));
    } finally {
      await cluster.stop();
    }
  });

const resolved = async (provider: RollbackProvider, step: StepConfig): Promise<PinnedTarget> => {
  const resolution = await provider.resolve(step, { badVersions: [], now: now() }, signal());
  if (resolution.kind !== 'target') throw new Error(JSON.stringify(resolution));
  return resolution.target;
};

const accepted = async (provider: RollbackProvider, step: StepConfig, target: PinnedTarget): Promise<JsonObject> => {
  const execution = await provider.execute(step, target, signal());
  if (execution.kind !== 'accepted') throw new Error(JSON.stringify(execution));
  return execution.receipt;
};

/**
 * A rollback from a version that crashes to one that gets no further: planned, rehearsed, saved, carried out, watched and
 * taken back, so that everything is asked that a rollback can ask.
 */
export const requestsOfWorkload = (resource: WorkloadResource, more: JsonObject = {}): Promise<Requests> =>
  recorded(async (cluster, kubeconfig, begin) => {
    const provider = CREATORS[resource]({ clusters: { only: { kubeconfig } } });
    const step = stepOf(provider.name, { ...APP, ...more });
    const release = (image: string, podSpec: object = {}): Promise<unknown> =>
      cluster.deploy({
        resource,
        ...APP,
        image,
        template: ({ spec }) => {
          Object.assign(spec.containers[0]!, podSpec);
        },
      });
    await release('shop:v1', { envFrom: [{ secretRef: { name: 'keys' } }, { configMapRef: { name: 'flags' } }] });
    cluster.behave('shop:v2', 'crash-loop');
    await release('shop:v2');
    begin();
    const target = await resolved(provider, step);
    const rehearsal = await provider.rehearse(step, target, signal());
    if (rehearsal.kind !== 'would-work') throw new Error(JSON.stringify(rehearsal));
    await provider.capture?.(step, target, signal());
    cluster.freeze('pods');
    const receipt = await accepted(provider, step, target);
    await cluster.settled();
    await provider.observe(step, target, receipt, now(), signal());
    if (resource === 'statefulsets') {
      // The controller has made the pinned version anew under another name.
      cluster.freeze('controllers');
      cluster.edit(resource, APP.namespace, APP.name, ({ status }) => {
        Object.assign(status ?? {}, { updateRevision: 'checkout-anew' });
      });
      await provider.observe(step, target, receipt, now(), signal());
    }
    await provider.undo(step, target, signal());
  });

const CHART = {
  'Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
  'values.yaml': 'image: shop:v1\nextra: false\nold: true\n',
  'templates/all.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {image: "{{ .Values.image }}"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  replicas: 2
  selector: {matchLabels: {app: checkout}}
  template:
    metadata: {labels: {app: checkout}}
    spec: {containers: [{name: app, image: "{{ .Values.image }}"}]}
---
apiVersion: v1
kind: Service
metadata: {name: {{ if .Values.extra }}new{{ else }}old{{ end }}}
spec: {selector: {app: checkout}, ports: [{port: 80}]}
`,
};

/** A release goes back, with the real helm: one object comes, one goes, two change; a revision falls out of the history. */
export const requestsOfHelm = (): Promise<Requests> =>
  recorded(async (cluster, kubeconfig, begin, directory) => {
    const { helm } = await kubernetesTools();
    const chart = join(directory, 'chart');
    await mkdir(join(chart, 'templates'), { recursive: true });
    for (const [name, text] of Object.entries(CHART)) await writeFile(join(chart, name), text);
    const place = ['--kubeconfig', kubeconfig, '--namespace', APP.namespace];
    const upgrade = async (...set: string[]): Promise<void> => {
      const args = ['upgrade', '--install', 'shop', chart, ...set.flatMap((value) => ['--set', value]), ...place];
      await promisify(execFile)(helm, args, { env: { HOME: directory } });
    };
    await upgrade();
    await upgrade('image=shop:v1.1');
    await upgrade('image=shop:v2', 'extra=true');
    const environmentSource = { PATH: process.env['PATH'], HOME: directory };
    const provider = createHelmProvider({ clusters: { only: { kubeconfig } }, path: helm, environmentSource });
    const step = stepOf('helm', { namespace: APP.namespace, release: 'shop', historyMax: 2 });
    begin();
    const target = await resolved(provider, step);
    const rehearsal = await provider.rehearse(step, target, signal());
    if (rehearsal.kind !== 'would-work') throw new Error(JSON.stringify(rehearsal));
    const receipt = await accepted(provider, step, target);
    for (;;) {
      const seen = await provider.observe(step, target, receipt, now(), signal());
      if (seen.kind === 'done') break;
      if (seen.kind !== 'progressing') throw new Error(JSON.stringify(seen));
      await delay(50);
    }
    await provider.undo(step, target, signal());
    await cluster.settled();
  });
