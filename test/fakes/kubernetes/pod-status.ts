import { randomBytes } from 'node:crypto';
import { type Condition, type PodObject, timestamp } from './objects.ts';
import type { Store } from './store.ts';

/** What pods of an image do. `slow` never becomes ready and says no reason; `not-ready` runs and fails its probe. */
export type ImageBehaviour =
  'ready' | 'slow' | 'not-ready' | 'crash-loop' | 'out-of-memory' | 'image-pull' | 'unschedulable';

const BACK_OFF = { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container' };

const STATES: Readonly<Record<ImageBehaviour, object>> = {
  ready: { running: {} },
  'not-ready': { running: {} },
  slow: { waiting: { reason: 'ContainerCreating' } },
  'crash-loop': { waiting: BACK_OFF },
  'out-of-memory': { waiting: BACK_OFF },
  'image-pull': { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } },
  unschedulable: {},
};

/** How the container ended before; only of those that are started again and again. */
const ENDS: Partial<Record<ImageBehaviour, object>> = {
  'crash-loop': { exitCode: 1, reason: 'Error' },
  'out-of-memory': { exitCode: 137, reason: 'OOMKilled' },
};

const TROUBLES: Partial<Record<ImageBehaviour, { reason: string; message: string }>> = {
  'not-ready': { reason: 'Unhealthy', message: 'Readiness probe failed: HTTP probe failed with statuscode: 503' },
  'crash-loop': { reason: 'BackOff', message: 'Back-off restarting failed container' },
  'out-of-memory': { reason: 'BackOff', message: 'Back-off restarting failed container' },
  'image-pull': { reason: 'Failed', message: 'Failed to pull image: not found' },
  unschedulable: { reason: 'FailedScheduling', message: '0/3 nodes are available: 3 Insufficient cpu.' },
};

const condition = (now: number, type: string, holds: boolean, more: Partial<Condition> = {}): Condition => ({
  type,
  status: holds ? 'True' : 'False',
  lastTransitionTime: timestamp(now),
  ...more,
});

const containerStatus = (behaviour: ImageBehaviour, name: string, image: string): object => {
  const terminated = ENDS[behaviour];
  return {
    name,
    image,
    ready: behaviour === 'ready',
    restartCount: terminated === undefined ? 0 : 3,
    state: STATES[behaviour],
    ...(terminated === undefined ? {} : { lastState: { terminated } }),
  };
};

/** The status of a pod that has got as far as it gets. */
export const podStatus = (pod: PodObject, behaviour: ImageBehaviour, now: number): PodObject['status'] => {
  if (behaviour === 'unschedulable') {
    const { message } = TROUBLES.unschedulable!;
    return {
      phase: 'Pending',
      conditions: [condition(now, 'PodScheduled', false, { reason: 'Unschedulable', message })],
    };
  }
  return {
    phase: behaviour === 'ready' || behaviour === 'not-ready' ? 'Running' : 'Pending',
    conditions: [condition(now, 'PodScheduled', true), condition(now, 'Ready', behaviour === 'ready')],
    containerStatuses: pod.spec.containers.map(({ name, image }) => ({ ...containerStatus(behaviour, name, image) })),
  };
};

/** Writes the Event that tells of what is wrong with the pod, as kubelet and scheduler do. */
export const reportTrouble = (store: Store, pod: PodObject, behaviour: ImageBehaviour, now: number): void => {
  const trouble = TROUBLES[behaviour];
  if (trouble === undefined) return;
  const { name, namespace = '', uid } = pod.metadata;
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${randomBytes(6).toString('hex')}`, namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
    type: 'Warning',
    count: 4,
    firstTimestamp: timestamp(now),
    lastTimestamp: timestamp(now),
    ...trouble,
  };
  store.put('events', event, { manager: 'kubelet' });
};
