import type { ContainerState, ContainerStatus, Pod } from './objects.ts';
import { troubleOf } from './pod-trouble.ts';
import { isReady } from './pods.ts';

export interface EventObject {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
}

export const containerStatesOf = ({ status }: Pod): readonly ContainerStatus[] => [
  ...(status?.initContainerStatuses ?? []),
  ...(status?.containerStatuses ?? []),
];

const restartsOf = (pod: Pod): number =>
  containerStatesOf(pod).reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);

/** In trouble, then not ready, then often restarted: in the order in which they are worth looking at. */
export const worstFirst = (pods: readonly Pod[]): readonly Pod[] => {
  const badness = (pod: Pod): number => (troubleOf(pod) === null ? 0 : 2) + (isReady(pod) ? 0 : 1);
  return pods.toSorted((a, b) => badness(b) - badness(a) || restartsOf(b) - restartsOf(a));
};

const stateText = ({ waiting, running, terminated }: ContainerState): string => {
  if (waiting !== undefined) return `waiting ${waiting.reason ?? ''} ${waiting.message ?? ''}`.trim();
  if (terminated !== undefined) {
    const { reason = '', exitCode = '?', message = '' } = terminated;
    return `terminated ${reason} with exit code ${exitCode} ${message}`.trim();
  }
  return running === undefined ? 'unknown' : `running since ${running.startedAt ?? 'unknown'}`;
};

const containerText = ({ name, restartCount = 0, state, lastState }: ContainerStatus): string => {
  const last = lastState?.terminated === undefined ? '' : `; before that ${stateText(lastState)}`;
  return `  container ${name}: ${stateText(state ?? {})}, ${restartCount} restarts${last}`;
};

const conditionsText = ({ status }: Pod): readonly string[] =>
  (status?.conditions ?? [])
    .filter(({ status: holds }) => holds !== 'True')
    .map(({ type, reason = '', message = '' }) => `  not ${type}: ${reason} ${message}`.trimEnd());

/** How one pod stands, a line a container. */
export const podStateText = (pod: Pod): string => {
  const { name = '', deletionTimestamp } = pod.metadata;
  const leaving = deletionTimestamp === undefined ? '' : ', being deleted';
  const head = `pod ${name}: ${pod.status?.phase ?? 'unknown'}, ${isReady(pod) ? 'ready' : 'not ready'}${leaving}`;
  return [head, ...conditionsText(pod), ...containerStatesOf(pod).map(containerText)].join('\n');
};

const timeOf = ({ lastTimestamp, eventTime }: EventObject): string => lastTimestamp ?? eventTime ?? '';

/** Events, the newest last. */
export const eventsText = (events: readonly EventObject[]): string =>
  events
    .toSorted((a, b) => timeOf(a).localeCompare(timeOf(b)))
    .map((event) => {
      const { type = '', reason = '', message = '', count = 1 } = event;
      return `${timeOf(event)} ${type} ${reason} (${count}x): ${message}`;
    })
    .join('\n');
