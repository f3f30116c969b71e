import type { VersionHealth } from '../../ports.ts';
import type { Answer } from './answer.ts';
import type { ListOf, Pod, Workload } from './objects.ts';
import { podTroubles } from './pod-trouble.ts';
import { corePath, listBy, selectorText } from './requests.ts';
import type { Revision, Site } from './workload.ts';

/** The pods of all versions of a workload. */
export const listPods = async (
  site: Site,
  { spec }: Workload,
  signal: AbortSignal,
): Promise<Answer<readonly Pod[]>> => {
  const request = listBy(corePath(site.step.namespace, 'pods'), selectorText(spec.selector));
  const listed = await site.connection.send<ListOf<Pod>>(request, signal);
  return listed.kind === 'ok' ? { ...listed, body: listed.body.items } : listed;
};

export const isLeaving = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;

export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') ?? false;

export const hashOf = ({ kind }: Site, { metadata }: Pod): string => metadata.labels?.[kind.versionLabel] ?? '';

/** Those of one version. Pods that are being deleted count for none. */
export const podsOfVersion = (site: Site, pods: readonly Pod[], hash: string): readonly Pod[] =>
  pods.filter((pod) => !isLeaving(pod) && hashOf(site, pod) === hash);

/** How one version serves now: by the cluster's own count, or by its pods where there is none. */
export const healthOf = (site: Site, revision: Revision, pods: readonly Pod[]): VersionHealth => {
  const own = podsOfVersion(site, pods, revision.hash);
  const counts = revision.counts ?? { desired: own.length, ready: own.filter(isReady).length };
  const troubles = podTroubles(own).map(({ reason, pods: number }) => ({ reason, pods: number }));
  return { ...counts, troubles };
};
