import { type PodObject, type KubeObject } from './objects.ts';
import { type ImageBehaviour, podStatus, reportTrouble } from './pod-status.ts';
import type { Store } from './store.ts';
import type { WorkQueue } from './work-queue.ts';

/** Scheduler and kubelet in one: pods become what their image makes of them, some time after they are created. */
export class PodSimulator {
  readonly #store: Store;
  readonly #queue: WorkQueue;
  readonly #now: () => number;
  readonly #startMs: number;
  readonly #behaviours = new Map<string, ImageBehaviour>();

  constructor(store: Store, queue: WorkQueue, now: () => number, startMs: number) {
    this.#store = store;
    this.#queue = queue;
    this.#now = now;
    this.#startMs = startMs;
    store.onEvent((event) => {
      if (event.resource === 'pods' && event.type === 'ADDED') this.#later(event.object);
    });
  }

  /** Decides for pods that start from now on. */
  behave(image: string, behaviour: ImageBehaviour): void {
    this.#behaviours.set(image, behaviour);
  }

  #later({ metadata: { namespace, name, uid } }: KubeObject): void {
    // By uid: a StatefulSet makes another pod of the same name before this one would have started.
    this.#queue.add(`pod/${uid ?? ''}`, this.#startMs, () => {
      const pod = this.#store.get('pods', namespace, name);
      if (pod?.metadata.uid === uid) this.#start(pod as PodObject);
    });
  }

  #start(pod: PodObject): void {
    const behaviour = this.#behaviours.get(pod.spec.containers[0]?.image ?? '') ?? 'ready';
    pod.status = podStatus(pod, behaviour, this.#now());
    this.#store.put('pods', pod, { manager: 'kubelet', subresource: 'status' });
    reportTrouble(this.#store, pod, behaviour, this.#now());
  }
}

export const isReady = (pod: PodObject): boolean =>
  pod.status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
