import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { selfSigned } from './certificate.ts';
import { runControllers } from './controllers.ts';
import { type Fault, Faults } from './faults.ts';
import type { DeploymentObject, Fields, KubeObject, Template } from './objects.ts';
import { type ImageBehaviour, PodSimulator } from './pod-simulator.ts';
import { resourceType } from './resources.ts';
import { type EffectivePatch, type RecordedRequest, serveApi } from './server.ts';
import { Store } from './store.ts';
import { WorkQueue } from './work-queue.ts';

export type { DeploymentObject, KubeObject, PodObject, ReplicaSetObject, Template } from './objects.ts';

export interface FakeKubernetesOptions {
  /** How long a pod takes to become what its image makes of it. */
  readonly podStartMs?: number;
  /** How long after a change a controller looks at it. */
  readonly controllerDelayMs?: number;
  /** The server's clock; its own offset (`advance`) comes on top. */
  readonly now?: () => number;
}

export interface Release {
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
  /** Of a new Deployment: 3 unless told. Of one that is there: as it is. */
  readonly replicas?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Laid over `spec` of a new Deployment. */
  readonly spec?: Fields;
  /** Changes the template beyond the image. */
  readonly template?: (template: Template) => void;
}

export interface KubeconfigOverrides {
  readonly token?: string;
  /** Whether the client is given our certificate; true unless told. */
  readonly trusted?: boolean;
}

export interface FakeKubernetes {
  readonly url: string;
  /** Every request, in order. */
  readonly requests: readonly RecordedRequest[];
  /** The PATCHes that changed something: no dry runs, no refusals, no changes to the same. */
  readonly patches: readonly EffectivePatch[];
  /** Writes a kubeconfig for this server and returns its path. */
  kubeconfig(path: string, overrides?: KubeconfigOverrides): Promise<string>;
  /** Creates the app, or rolls it out to another image, and waits until the rollout can get no further. */
  deploy(release: Release): Promise<DeploymentObject>;
  /** What pods of an image do from now on; `ready` unless told. */
  behave(image: string, behaviour: ImageBehaviour): void;
  failNext(fault: Fault): void;
  create(resource: string, object: Partial<KubeObject> & Pick<KubeObject, 'metadata'>): KubeObject;
  /** Changes an object as somebody else would, with all that follows from it. */
  edit(resource: string, namespace: string, name: string, change: (object: KubeObject) => void): KubeObject;
  remove(resource: string, namespace: string, name: string): void;
  get(resource: string, namespace: string, name: string): KubeObject;
  deployment(namespace: string, name: string): DeploymentObject;
  list(resource: string, namespace: string): KubeObject[];
  /** Moves the server's clock on; deadlines that pass take effect. */
  advance(ms: number): void;
  now(): number;
  /** Holds back pods (no pod starts) or controllers (nobody reacts) until released. */
  freeze(what: 'pods' | 'controllers'): void;
  release(what: 'pods' | 'controllers'): void;
  /** Resolves when no controller and no pod has anything left to do, but for what is frozen. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const newDeployment = ({ namespace, name, image, replicas = 3, spec }: Release): DeploymentObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace, name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image }] } },
    ...spec,
  } as Fields as DeploymentObject['spec'],
  status: {},
});

const laidOver = (deployment: DeploymentObject, release: Release): DeploymentObject => {
  const { metadata, spec } = deployment;
  metadata.labels = { ...metadata.labels, ...release.labels };
  metadata.annotations = { ...metadata.annotations, ...release.annotations };
  if (release.replicas !== undefined) spec.replicas = release.replicas;
  spec.template.spec.containers[0]!.image = release.image;
  release.template?.(spec.template);
  return deployment;
};

const kubeconfigText = (server: string, ca: string | null, token: string): string => {
  const authority = ca === null ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'fake',
    clusters: [{ name: 'fake', cluster: { server, ...authority } }],
    users: [{ name: 'fake', user: { token } }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
  });
};

/**
 * Starts a Kubernetes API server that behaves like one, behind TLS, with the controllers that Deployments need. Real
 * kubectl works on it. Two releases are at least a minute apart on its clock.
 */
export const startFakeKubernetes = async (options: FakeKubernetesOptions = {}): Promise<FakeKubernetes> => {
  let offset = -3_600_000; // nobody may rely on the cluster's clock being ours
  const clock = options.now ?? Date.now;
  const now = (): number => clock() + offset;
  const queues = { pods: new WorkQueue(), controllers: new WorkQueue() };
  const store = new Store(now);
  const faults = new Faults();
  const pods = new PodSimulator(store, queues.pods, now, options.podStartMs ?? 10);
  const controllers = runControllers(store, queues.controllers, now, options.controllerDelayMs ?? 2);
  const certificate = await selfSigned();
  const token = randomBytes(12).toString('hex');
  const api = await serveApi({ store, faults, now, token, certificate });
  const url = `https://127.0.0.1:${api.port}`;

  const get = (resource: string, namespace: string, name: string): KubeObject => {
    const found = store.get(resource, namespace, name);
    if (found === null) throw new Error(`The fake has no ${resource} ${namespace}/${name}`);
    return found;
  };
  const settled = async (): Promise<void> => {
    while (queues.pods.busy || queues.controllers.busy) {
      await queues.pods.settled();
      await queues.controllers.settled();
    }
  };
  const advance = (ms: number): void => {
    offset += ms;
    controllers.resync();
  };

  return {
    url,
    requests: api.requests,
    patches: api.patches,
    now,
    get,
    advance,
    async kubeconfig(path, overrides = {}) {
      await writeFile(
        path,
        kubeconfigText(url, overrides.trusted === false ? null : certificate.cert, overrides.token ?? token),
      );
      return path;
    },
    async deploy(release) {
      const { namespace, name } = release;
      const current = store.get('deployments', namespace, name) as DeploymentObject | null;
      advance(60_000);
      const wanted = laidOver(current ?? newDeployment(release), release);
      resourceType('deployments').complete?.(wanted);
      store.put('deployments', wanted, { manager: 'ci' });
      await settled();
      return get('deployments', namespace, name) as DeploymentObject;
    },
    behave: (image, behaviour) => {
      pods.behave(image, behaviour);
    },
    failNext: (fault) => {
      faults.add(fault);
    },
    create: (resource, object) => store.put(resource, { apiVersion: '', kind: '', ...object }, { manager: 'somebody' }),
    edit(resource, namespace, name, change) {
      const object = get(resource, namespace, name);
      change(object);
      return store.put(resource, object, { manager: 'somebody' });
    },
    remove: (resource, namespace, name) => {
      store.remove(resource, namespace, name);
    },
    deployment: (namespace, name) => get('deployments', namespace, name) as DeploymentObject,
    list: (resource, namespace) => store.list(resource, namespace),
    freeze: (what) => {
      queues[what].hold();
    },
    release: (what) => {
      queues[what].release();
    },
    settled,
    async stop() {
      queues.pods.stop();
      queues.controllers.stop();
      await api.close();
    },
  };
};
