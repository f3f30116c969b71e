import type { JsonObject } from '../../../domain/json.ts';
import { ms, type Instant } from '../../../domain/time.ts';
import type { Observation } from '../../ports.ts';
import { reasonOf } from './answer.ts';
import type { Pod, Workload } from './objects.ts';
import type { Receipt, WorkloadPin } from './pin.ts';
import { podTroubles } from './pod-trouble.ts';
import { listPods, podsOfVersion } from './pods.ts';
import { imagesOf, sameTemplate } from './template.ts';
import { type Begun, pathOf, type RolloutStatus, type Site } from './workload.ts';
import { templateWriteSince } from './writes.ts';

const diverged = (message: string, progress: JsonObject = {}): Observation => ({ kind: 'diverged', message, progress });

const strayed = ({ kind }: Site, workload: Workload, { pin, acceptedAtMs }: Begun): Observation | null => {
  if (workload.metadata.uid !== pin.uid) return diverged(`The ${kind.kind} was deleted and made anew`);
  if (sameTemplate(workload.spec.template, pin.template)) return null;
  const images = imagesOf(workload.spec.template);
  const write = templateWriteSince(workload.metadata, acceptedAtMs);
  const now = `it is now ${images.join(', ')}`;
  if (write === null) return diverged(`Somebody changed the pod template after us; ${now}`, { images });
  const { manager, time } = write;
  return diverged(`${manager} changed the pod template at ${time.slice(11, 19)}; ${now}`, {
    images,
    manager,
    at: time,
  });
};

const withTroubles = (status: RolloutStatus, pods: readonly Pod[]): RolloutStatus => {
  const troubles = podTroubles(pods).map(({ reason, pods: number, said }) => ({ reason, pods: number, said }));
  if (troubles.length === 0) return status;
  const text = troubles.map(({ reason, pods: number }) => `${number} in ${reason}`).join(', ');
  return { ...status, message: `${status.message} (${text})`, progress: { ...status.progress, troubles } };
};

const withBlockade = (status: RolloutStatus, blockade: string | null): RolloutStatus =>
  blockade === null
    ? status
    : { ...status, message: `${status.message}; ${blockade}`, progress: { ...status.progress, blockade } };

/** What holds the target's pods up. Not being allowed to list pods costs only the early warning. */
const lookedInto = async (
  site: Site,
  workload: Workload,
  status: RolloutStatus,
  begun: Begun,
  signal: AbortSignal,
  { only }: { readonly only: boolean },
): Promise<RolloutStatus> => {
  const read = await listPods(site, workload, signal);
  if (read.kind !== 'ok') return { ...status, progress: { ...status.progress, podsUnreadable: reasonOf(read) } };
  const pods = podsOfVersion(site, read.body, begun.pin.hash);
  const blockade = only ? null : ((await site.kind.unblock?.(site, workload, read.body, begun, signal)) ?? null);
  return withBlockade(withTroubles(status, pods), blockade);
};

/** How far the rollout that `execute` began is. Changes nothing but what the step allows to be unblocked. */
export const observe = async (
  site: Site,
  pin: WorkloadPin,
  receipt: Receipt,
  since: Instant,
  signal: AbortSignal,
  look: { readonly only: boolean },
): Promise<Observation> => {
  const read = await site.connection.send<Workload>({ method: 'GET', path: pathOf(site) }, signal);
  if (read.kind === 'failed') return { kind: 'unreadable', failure: read.failure };
  if (read.kind !== 'ok') return diverged(`The ${site.kind.kind} was deleted`);
  const begun = { pin, generation: receipt.generation, acceptedAtMs: ms(receipt.acceptedAt ?? since) };
  const away = strayed(site, read.body, begun);
  if (away !== null) return away;
  const status = await site.kind.status(site, read.body, begun, signal);
  return status.kind === 'done' ? status : await lookedInto(site, read.body, status, begun, signal, look);
};
