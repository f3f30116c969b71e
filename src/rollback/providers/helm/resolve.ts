import type { PinnedTarget } from '../../../domain/plan.ts';
import type { Resolution, ResolveContext } from '../../ports.ts';
import { ownerText } from '../kubernetes/owner.ts';
import { isFailedRollback, isPending, originOf, type Revision, versionText } from './history.ts';
import type { ManifestFacts } from './manifest.ts';
import { type Candidate, candidatesOf, isBad, versionOf } from './pick-target.ts';
import { toPin } from './pin.ts';
import { pendingText, type Refused, refused, revisionFacts, type Site } from './site.ts';

/** A revision with what its manifest says. */
export interface Known {
  readonly revision: Revision;
  readonly facts: ManifestFacts;
}

/** Further back nobody wants to go without looking. */
const MOST_CANDIDATES = 8;

/** The revision that ran before everything that is not settled, for the way out of it. */
export const lastGood = (history: readonly Revision[]): number | null =>
  history.findLast(({ status }) => status === 'deployed')?.number ??
  history.findLast(({ status }) => status === 'superseded')?.number ??
  null;

/** Why the release cannot be gone back from as it stands; null when nothing speaks against it. */
const obstacleOf = (site: Site, live: Revision, history: readonly Revision[]): Refused | null => {
  if (live.status.startsWith('uninstall')) return refused('not-found', `The release is ${live.status}`);
  if (isPending(live)) return refused('busy', pendingText(site, live, lastGood(history)));
  if (isFailedRollback(live)) {
    const what = `Revision ${live.number} is a rollback that failed, so what runs is a mixture: ${live.description}`;
    return refused('unsupported', what);
  }
  return null;
};

const ownedBy = ({ facts }: Known): Refused | null =>
  facts.owner === null
    ? null
    : refused('owned-by-another', `Owned by ${ownerText(facts.owner)}, which would put the release back`);

const warningsOf = (from: Known, to: Known): readonly string[] => {
  const gone = from.facts.names.filter((name) => !to.facts.names.includes(name));
  const { status, number, description } = from.revision;
  return [
    ...(status === 'failed' ? [`Revision ${number} failed, perhaps half way: ${description}`] : []),
    ...(gone.length === 0 ? [] : [`Going back deletes ${gone.join(', ')}`]),
  ];
};

const keyOf = ({ cluster, step }: Site): string =>
  `kubernetes/${cluster}${step.kubeContext === null ? '' : `@${step.kubeContext}`}/${step.namespace}/helm/${step.release}`;

const NOT_REVERTED = ['custom resource definitions of the chart', 'what hooks of the chart did', 'data in volumes'];

const pinned = (site: Site, from: Known, to: Known, history: readonly Revision[]): PinnedTarget => ({
  key: keyOf(site),
  from: versionOf(from.revision, history, from.facts),
  to: versionOf(to.revision, history, to.facts),
  pin: toPin({
    id: site.newId(),
    cluster: site.cluster,
    kubeContext: site.step.kubeContext,
    namespace: site.step.namespace,
    release: site.step.release,
    fromRevision: from.revision.number,
    toRevision: to.revision.number,
    fromDigest: from.facts.digest,
    toDigest: to.facts.digest,
  }),
  notReverted: NOT_REVERTED,
  warnings: warningsOf(from, to),
});

type Failed = Extract<Resolution, { kind: 'failed' }>;

const known = async (site: Site, revision: Revision, signal: AbortSignal): Promise<Known | Refused | Failed> => {
  const told = await revisionFacts(site, revision, signal);
  if (told.kind === 'ok') return { revision, facts: told.value };
  return told.kind === 'failed' ? told : refused('not-found', told.message);
};

/** Somebody went back already, and what they left is what was found bad: there is nothing to do. */
const alreadyBack = async (
  site: Site,
  live: Known,
  history: readonly Revision[],
  { badVersions }: ResolveContext,
  signal: AbortSignal,
): Promise<Resolution | null> => {
  const origin = originOf(live.revision, history);
  if (badVersions.length === 0 || origin === live.revision.number || isBad([live.revision], live.facts, badVersions)) {
    return null;
  }
  const newer = history.filter((one) => one.number !== live.revision.number && originOf(one, history) > origin);
  for (const revision of newer.slice(-MOST_CANDIDATES).reverse()) {
    const left = await known(site, revision, signal);
    if ('kind' in left) return left;
    if (!isBad([revision], left.facts, badVersions)) continue;
    const message = `Already back from ${versionText(revision)}, which was found bad: ${live.revision.description}`;
    return { kind: 'already-there', target: pinned(site, left, live, history), message };
  }
  return null;
};

const pick = async (
  site: Site,
  live: Known,
  history: readonly Revision[],
  { badVersions }: ResolveContext,
  signal: AbortSignal,
): Promise<Resolution> => {
  const bad: Candidate[] = [];
  for (const candidate of candidatesOf(live.revision, history).slice(0, MOST_CANDIDATES)) {
    const to = await known(site, candidate.revision, signal);
    if ('kind' in to) return to;
    if (to.facts.digest === live.facts.digest) continue; // an upgrade that changed nothing
    if (!isBad(candidate.same, to.facts, badVersions)) {
      return { kind: 'target', target: pinned(site, live, to, history) };
    }
    bad.push(candidate);
  }
  if (bad.length === 0) return refused('no-older-version', 'The history holds no older revision with other content');
  const names = bad.map(({ revision }) => versionText(revision)).join(', ');
  return refused('target-was-bad', `Every older revision was found bad in this incident: ${names}`);
};

/** Reads the history of the release and finds the revision to go back to. Changes nothing. */
export const resolve = async (site: Site, context: ResolveContext, signal: AbortSignal): Promise<Resolution> => {
  const read = await site.helm.history(site.step, signal);
  if (read.kind === 'failed') return read;
  const history = read.kind === 'ok' ? read.value : [];
  const newest = history.at(-1);
  if (newest === undefined) return refused('not-found', 'There is no such release');
  const obstacle = obstacleOf(site, newest, history);
  if (obstacle !== null) return obstacle;
  const live = await known(site, newest, signal);
  if ('kind' in live) return live;
  return (
    ownedBy(live) ??
    (await alreadyBack(site, live, history, context, signal)) ??
    (await pick(site, live, history, context, signal))
  );
};
