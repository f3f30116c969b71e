import type { PinnedTarget } from '../../../domain/plan.ts';
import type { Capture, Captured } from '../../ports.ts';
import { reasonOf } from './answer.ts';
import { readWorkload } from './gate.ts';
import type { ListOf, Pod } from './objects.ts';
import type { WorkloadPin } from './pin.ts';
import { containerStatesOf, type EventObject, eventsText, podStateText, worstFirst } from './pod-report.ts';
import { hashOf, listPods } from './pods.ts';
import { corePath } from './requests.ts';
import { nameOf, type Site } from './workload.ts';

const MAX_PODS = 5;
const TAIL_LINES = 200;
/** No line of a log is worth more of our memory than this. */
const LIMIT_BYTES = 1_048_576;
const MAX_TEXT = 8_000;

const nothing = (missing: string): Capture => ({ items: [], missing: [missing] });

/** The end of a text: what happened last tells most. */
const capped = (kind: Captured['kind'], name: string, text: string, cut = false): Captured => ({
  kind,
  name,
  text: text.slice(-MAX_TEXT),
  truncated: cut || text.length > MAX_TEXT,
});

const logOf = async (
  site: Site,
  pod: string,
  container: string,
  previous: boolean,
  signal: AbortSignal,
): Promise<Capture> => {
  const query = { container, tailLines: String(TAIL_LINES), limitBytes: String(LIMIT_BYTES) };
  const path = `${corePath(site.step.namespace, 'pods', pod)}/log`;
  const all = previous ? { ...query, previous: 'true' } : query;
  const read = await site.connection.read({ method: 'GET', path, query: all }, signal);
  const name = `pod ${pod} container ${container}`;
  const kind = previous ? 'previous-logs' : 'logs';
  if (read.kind !== 'ok') return nothing(`${kind} of ${name}: ${reasonOf(read)}`);
  const lines = read.body.split('\n').length - 1;
  return { items: [capped(kind, name, read.body, lines >= TAIL_LINES)], missing: [] };
};

const logsOf = (site: Site, pod: Pod, signal: AbortSignal): readonly Promise<Capture>[] => {
  const name = pod.metadata.name ?? '';
  return containerStatesOf(pod).flatMap(({ name: container, restartCount = 0 }) => [
    logOf(site, name, container, false, signal),
    ...(restartCount > 0 ? [logOf(site, name, container, true, signal)] : []),
  ]);
};

const eventsOf = async (site: Site, kind: string, name: string, signal: AbortSignal): Promise<Capture> => {
  const path = corePath(site.step.namespace, 'events');
  const query = { fieldSelector: `involvedObject.kind=${kind},involvedObject.name=${name}` };
  const read = await site.connection.send<ListOf<EventObject>>({ method: 'GET', path, query }, signal);
  if (read.kind !== 'ok') return nothing(`events of ${kind} ${name}: ${reasonOf(read)}`);
  const text = eventsText(read.body.items);
  return { items: text === '' ? [] : [capped('events', `${kind} ${name}`, text)], missing: [] };
};

/** Of the version that is left; where no revision stood for it, everything that is not of the target. */
const ofLeftVersion = (site: Site, pods: readonly Pod[], pin: WorkloadPin): readonly Pod[] =>
  pods.filter((pod) => (pin.fromHash === '' ? hashOf(site, pod) !== pin.hash : hashOf(site, pod) === pin.fromHash));

const ofPods = async (site: Site, target: PinnedTarget, pin: WorkloadPin, signal: AbortSignal): Promise<Capture> => {
  const read = await readWorkload(site, signal);
  if (read.kind !== 'ok') {
    return nothing(`pods of ${nameOf(site)}: ${read.kind === 'failed' ? read.failure.message : read.message}`);
  }
  const listed = await listPods(site, read.workload, signal);
  if (listed.kind !== 'ok') return nothing(`pods of ${nameOf(site)}: ${reasonOf(listed)}`);
  const pods = worstFirst(ofLeftVersion(site, listed.body, pin));
  const chosen = pods.slice(0, MAX_PODS);
  const left = pods.slice(MAX_PODS).map(({ metadata }) => metadata.name ?? '');
  const parts = await Promise.all([
    ...chosen.map((pod) => eventsOf(site, 'Pod', pod.metadata.name ?? '', signal)),
    ...chosen.flatMap((pod) => logsOf(site, pod, signal)),
  ]);
  const states = capped('pod-states', `pods of ${target.from.version}`, pods.map(podStateText).join('\n'));
  return {
    items: [...(pods.length === 0 ? [] : [states]), ...parts.flatMap(({ items }) => items)],
    missing: [
      ...parts.flatMap(({ missing }) => missing),
      ...(left.length === 0 ? [] : [`logs and events of ${left.length} more pods: ${left.join(', ')}`]),
    ],
  };
};

/** Saves what the rollback will destroy of the version that is left: as much as `signal` leaves time for. */
export const capture = async (
  site: Site,
  target: PinnedTarget,
  pin: WorkloadPin,
  signal: AbortSignal,
): Promise<Capture> => {
  const [pods, events] = await Promise.all([
    ofPods(site, target, pin, signal),
    eventsOf(site, site.kind.kind, site.step.name, signal),
  ]);
  return { items: [...pods.items, ...events.items], missing: [...pods.missing, ...events.missing] };
};
