import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { selfSigned } from './certificate.ts';
import { runControllers } from './controllers.ts';
import { type Fault, Faults } from './faults.ts';
import { revertDrift, type Watched } from './drift-reverter.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { type ImageLogs, Logs } from './logs.ts';
import type { DeploymentObject, KubeObject } from './objects.ts';
import { PodSimulator } from './pod-simulator.ts';
import type { ImageBehaviour } from './pod-status.ts';
import { type Release, released } from './releases.ts';
import { resourceType } from './resources.ts';
import { type EffectivePatch, type RecordedRequest, serveApi } from './server.ts';
import { Store } from './store.ts';
import { WorkQueue } from './work-queue.ts';

export type { DeploymentObject, KubeObject, PodObject, ReplicaSetObject, Template } from './objects.ts';
export type { WorkloadResource } from './releases.ts';

export interface FakeKubernetesOptions {
  /** How long a pod takes to become what its image makes of it. */
  readonly podStartMs?: number;
  /** How long after a change a controller looks at it. */
  readonly controllerDelayMs?: number;
  /** The server's clock; its own offset (`advance`) comes on top. */
  readonly now?: () => number;
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
  /** What containers of an image have written. */
  logs(image: string, logs: ImageLogs): void;
  /** An autoscaler sets the number of pods. */
  autoscale(resource: string, namespace: string, name: string, replicas: number): void;
  /** Somebody puts the object's template back to what it is now after every change. Returns how to stop them. */
  revertDrift(watched: Watched): () => void;
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

/**
 * Starts a Kubernetes API server that behaves like one, behind TLS, with the controllers that workloads need. Real
 * kubectl and helm work on it. Two releases are at least a minute apart on its clock.
 */
export const startFakeKubernetes = async (options: FakeKubernetesOptions = {}): Promise<FakeKubernetes> => {
  let offset = -3_600_000; // nobody may rely on the cluster's clock being ours
  const clock = options.now ?? Date.now;
  const now = (): number => clock() + offset;
  const queues = { pods: new WorkQueue(), controllers: new WorkQueue() };
  const store = new Store(now);
  const faults = new Faults();
  const logs = new Logs();
  const pods = new PodSimulator(store, queues.pods, now, options.podStartMs ?? 10);
  const controllers = runControllers(store, queues.controllers, now, options.controllerDelayMs ?? 2);
  const certificate = await selfSigned();
  const token = randomBytes(12).toString('hex');
  const api = await serveApi({ store, faults, logs, now, token, certificate });
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
      const { resource = 'deployments', namespace, name } = release;
      const current = store.get(resource, namespace, name) as DeploymentObject | null;
      advance(60_000);
      const wanted = released(current, release);
      resourceType(resource).complete?.(wanted);
      store.put(resource, wanted, { manager: 'ci' });
      await settled();
      return get(resource, namespace, name) as DeploymentObject;
    },
    behave: (image, behaviour) => {
      pods.behave(image, behaviour);
    },
    logs: (image, written) => {
      logs.write(image, written);
    },
    autoscale(resource, namespace, name, replicas) {
      const object = get(resource, namespace, name) as DeploymentObject;
      object.spec.replicas = replicas;
      store.put(resource, object, { manager: 'kube-controller-manager', subresource: 'scale' });
    },
    revertDrift: (watched) => revertDrift(store, queues.controllers, watched),
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
