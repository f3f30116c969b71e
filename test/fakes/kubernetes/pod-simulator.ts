import { type Condition, type KubeObject, type PodObject, timestamp } from './objects.ts';
import type { Store } from './store.ts';
import type { WorkQueue } from './work-queue.ts';

/** What pods of an image do. `slow` never becomes ready and says no reason. */
export type ImageBehaviour = 'ready' | 'slow' | 'crash-loop' | 'image-pull' | 'unschedulable';

const WAITING: Partial<Record<ImageBehaviour, { reason: string; message: string }>> = {
  'crash-loop': { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container' },
  'image-pull': { reason: 'ImagePullBackOff', message: 'Back-off pulling image' },
};

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
    this.#queue.add(`pod/${namespace ?? ''}/${name}`, this.#startMs, () => {
      const pod = this.#store.get('pods', namespace, name);
      if (pod?.metadata.uid === uid) this.#start(pod as PodObject);
    });
  }

  #start(pod: PodObject): void {
    const image = pod.spec.containers[0]?.image ?? '';
    const behaviour = this.#behaviours.get(image) ?? 'ready';
    const ready = behaviour === 'ready';
    pod.status =
      behaviour === 'unschedulable'
        ? { phase: 'Pending', conditions: [this.#condition('PodScheduled', false, 'Unschedulable')] }
        : {
            phase: ready ? 'Running' : 'Pending',
            conditions: [this.#condition('PodScheduled', true), this.#condition('Ready', ready)],
            containerStatuses: pod.spec.containers.map(({ name, image: used }) => ({
              name,
              image: used,
              ready,
              restartCount: behaviour === 'crash-loop' ? 3 : 0,
              state: stateOf(behaviour),
            })),
          };
    this.#store.put('pods', pod, { manager: 'kubelet', subresource: 'status' });
  }

  #condition(type: string, holds: boolean, reason?: string): Condition {
    const message = reason === 'Unschedulable' ? { message: '0/3 nodes are available: 3 Insufficient cpu.' } : {};
    return {
      type,
      status: holds ? 'True' : 'False',
      lastTransitionTime: timestamp(this.#now()),
      ...(reason === undefined ? {} : { reason }),
      ...message,
    };
  }
}

const stateOf = (behaviour: ImageBehaviour): object => {
  const waiting = WAITING[behaviour];
  if (waiting !== undefined) return { waiting };
  return behaviour === 'slow' ? { waiting: { reason: 'ContainerCreating' } } : { running: {} };
};

export const isReady = (pod: PodObject): boolean =>
  pod.status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
