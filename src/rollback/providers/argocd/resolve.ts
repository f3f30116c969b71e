import type { PinnedTarget, VersionRef } from '../../../domain/plan.ts';
import type { Refusal, Resolution, ResolveContext } from '../../ports.ts';
import type { Application, HistoryEntry } from './objects.ts';
import { liveVersionOf, type Pick, pickTarget, versionOf } from './pick-target.ts';
import { toPin } from './pin.ts';
import { describeSync, obstacleOf, readApplication, refused, type Site } from './site.ts';
import { endedOf, historyOf, runningOf } from './state.ts';
import { digestOf, sourcesOf } from './version.ts';

type Stop = Extract<Resolution, { kind: 'refused' | 'failed' }>;

/** What stands in the way of a plan now. What runs is waited for. */
export const standingStop = (application: Application): Stop | null => {
  const obstacle = obstacleOf(application);
  if (obstacle !== null) return obstacle;
  const running = runningOf(application);
  if (running === null) return null;
  const message = `Another operation is running: ${describeSync(running)}`;
  return refused('busy', message);
};

const notReverted = (site: Site, from: VersionRef): readonly string[] => [
  `Git still holds ${from.version}: the Application will show OutOfSync, and the next sync brings it back`,
  'Hooks (PreSync, Sync, PostSync) do not run in a rollback, so what they did stays',
  ...(site.step.prune ? [] : [`Resources that only ${from.version} has stay, since prune is off`]),
];

export interface Ends {
  readonly from: VersionRef;
  readonly to: VersionRef;
  readonly target: HistoryEntry;
}

/** Pins the way between two versions, and where history and operations stand now. */
export const pinned = (
  site: Site,
  application: Application,
  { from, to, target }: Ends,
  warnings: readonly string[],
): PinnedTarget => {
  const { name, namespace, uid } = application.metadata;
  const several = sourcesOf(target).length > 1;
  return {
    key: `argocd/${namespace ?? site.step.namespace ?? 'argocd'}/application/${name}`,
    from,
    to,
    pin: toPin({
      application: site.step.application,
      namespace: site.step.namespace,
      uid: uid ?? '',
      historyId: target.id,
      digest: digestOf(target),
      fromDigest: from.identity,
      newestId: historyOf(application).at(-1)?.id ?? -1,
      operationStartedAt: endedOf(application)?.state.startedAt ?? null,
    }),
    notReverted: notReverted(site, from),
    warnings: [
      ...warnings,
      ...(several ? ['It has several sources, which older versions of Argo CD cannot roll back'] : []),
    ],
  };
};

const resolutionOf = (site: Site, application: Application, pick: Exclude<Pick, { kind: 'refused' }>): Resolution => {
  const history = historyOf(application);
  if (pick.kind === 'target') {
    const { live, target } = pick;
    const ends = { from: liveVersionOf(live, application), to: versionOf(target, history), target };
    return { kind: 'target', target: pinned(site, application, ends, pick.warnings) };
  }
  const ends = { from: versionOf(pick.left, history), to: versionOf(pick.current, history), target: pick.current };
  const message = `Already back at ${ends.to.version}: it is older than ${ends.from.version}, which was found bad`;
  return { kind: 'already-there', target: pinned(site, application, ends, []), message };
};

/** What an answer without an Application means for a plan. */
export const unread = (
  answer: { readonly kind: 'not-found' | 'declined'; readonly message: string },
  refusal: Refusal = answer.kind === 'not-found' ? 'not-found' : 'unsupported',
): Extract<Resolution, { kind: 'refused' }> => refused(refusal, answer.message);

/** Reads the Application and finds the version to go back to. Changes nothing. */
export const resolve = async (site: Site, context: ResolveContext, signal: AbortSignal): Promise<Resolution> => {
  const read = await readApplication(site, signal);
  if (read.kind === 'failed') return read;
  if (read.kind !== 'ok') return unread(read);
  const application = read.body;
  const stop = standingStop(application);
  if (stop !== null) return stop;
  const pick = pickTarget(application, context.badVersions);
  return pick.kind === 'refused' ? pick : resolutionOf(site, application, pick);
};
