import type { VersionRef } from '../../../domain/plan.ts';
import { leftBehind, originOf, type Revision, versionText } from './history.ts';
import type { ManifestFacts } from './manifest.ts';

/** A revision that could be gone back to. */
export interface Candidate {
  /** What helm is told: the original where it is still there, else the newest that repeats it. */
  readonly revision: Revision;
  readonly origin: number;
  /** Every revision with this content, by its own word. */
  readonly same: readonly Revision[];
}

const RAN_WELL = new Set(['deployed', 'superseded']);

/**
 * The revisions to go back to, the one that ran last first. Only older content than what runs, and nothing that
 * somebody has gone back from: the revision before a rollback is the bad one, and "the previous one" would bring it back.
 */
export const candidatesOf = (live: Revision, history: readonly Revision[]): readonly Candidate[] => {
  const liveOrigin = originOf(live, history);
  const left = leftBehind(history);
  const older = history
    .filter((one) => one.number < live.number && RAN_WELL.has(one.status))
    .map((one) => ({ one, origin: originOf(one, history) }))
    .filter(({ origin }) => origin < liveOrigin && !left.has(origin))
    .sort((a, b) => b.one.number - a.one.number);
  const byOrigin = Map.groupBy(older, ({ origin }) => origin);
  return [...byOrigin].map(([origin, group]) => {
    const same = group.map(({ one }) => one);
    const original = same.find(({ number }) => number === origin);
    return { origin, same, revision: original ?? (same[0] as Revision) };
  });
};

/** The names under which a revision can have been found bad. */
export const isBad = (
  revisions: readonly Revision[],
  { digest, images }: ManifestFacts,
  badVersions: readonly string[],
): boolean => {
  const names = revisions.flatMap((one) => [versionText(one), `rev ${one.number}`, one.chart, one.appVersion]);
  return [digest, ...images, ...names].some((name) => name !== '' && badVersions.includes(name));
};

/** A revision as people and the store know it. It was made when its content was: a rollback makes nothing new. */
export const versionOf = (revision: Revision, history: readonly Revision[], facts: ManifestFacts): VersionRef => {
  const origin = originOf(revision, history);
  const original = history.find(({ number }) => number === origin);
  return {
    version: versionText(revision),
    identity: facts.digest,
    images: facts.images,
    since: original?.updated ?? revision.updated,
  };
};
