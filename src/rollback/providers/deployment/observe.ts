import { ms, type Instant } from '../../../domain/time.ts';
import type { Observation } from '../../ports.ts';
import type { Deployment, ListOf, Pod } from '../kubernetes/objects.ts';
import { podTroubles, type PodTrouble } from '../kubernetes/pod-trouble.ts';
import { corePath, listBy, selectorText } from '../kubernetes/requests.ts';
import { HASH_LABEL, imagesOf, sameTemplate } from '../kubernetes/template.ts';
import type { DeploymentPin, Receipt } from './pin.ts';
import { pathOf, type Site } from './resolve.ts';
import { type RolloutStatus, rolloutStatus } from './rollout-status.ts';

const diverged = (message: string, progress = {}): Observation => ({ kind: 'diverged', message, progress });

const strayed = (deployment: Deployment, pin: DeploymentPin): Observation | null => {
  if (deployment.metadata.uid !== pin.deploymentUid) return diverged('The Deployment was deleted and made anew');
  if (sameTemplate(deployment.spec.template, pin.template)) return null;
  const images = imagesOf(deployment.spec.template);
  return diverged(`Somebody changed the pod template after us; it is now ${images.join(', ')}`, { images });
};

type Troubles =
  | { readonly kind: 'read'; readonly troubles: readonly PodTrouble[] }
  | { readonly kind: 'unread'; readonly why: string };

/** What holds the target's pods up. Not being allowed to list pods costs only the early warning. */
const troublesOf = async (site: Site, deployment: Deployment, hash: string, signal: AbortSignal): Promise<Troubles> => {
  const selector = `${selectorText(deployment.spec.selector)},${HASH_LABEL}=${hash}`;
  const pods = await site.connection.send<ListOf<Pod>>(listBy(corePath(site.step.namespace, 'pods'), selector), signal);
  if (pods.kind === 'ok') return { kind: 'read', troubles: podTroubles(pods.body.items) };
  return { kind: 'unread', why: pods.kind === 'failed' ? pods.failure.message : pods.message };
};

const withTroubles = (status: RolloutStatus, found: Troubles): RolloutStatus => {
  if (found.kind === 'unread') return { ...status, progress: { ...status.progress, podsUnreadable: found.why } };
  if (found.troubles.length === 0) return status;
  const troubles = found.troubles.map(({ reason, pods, said }) => ({ reason, pods, said }));
  const text = troubles.map(({ reason, pods }) => `${pods} in ${reason}`).join(', ');
  return { ...status, message: `${status.message} (${text})`, progress: { ...status.progress, troubles } };
};

/** How far the rollout that `execute` began is. Changes nothing. */
export const observe = async (
  site: Site,
  pin: DeploymentPin,
  receipt: Receipt,
  since: Instant,
  signal: AbortSignal,
): Promise<Observation> => {
  const read = await site.connection.send<Deployment>({ method: 'GET', path: pathOf(site) }, signal);
  if (read.kind === 'failed') return { kind: 'unreadable', failure: read.failure };
  if (read.kind !== 'ok') return diverged('The Deployment was deleted');
  const away = strayed(read.body, pin);
  if (away !== null) return away;
  const status = rolloutStatus(read.body, receipt.generation, ms(receipt.acceptedAt ?? since));
  return status.kind === 'done' ? status : withTroubles(status, await troublesOf(site, read.body, pin.hash, signal));
};
