import type { VersionRef } from '../../../domain/plan.ts';
import { iso, ms } from '../../../domain/time.ts';
import type { Application, HistoryEntry } from './objects.ts';
import { firstOf, historyOf, type Live, liveOf } from './state.ts';
import { digestOf, imagesOf, revisionsOf, shortOf } from './version.ts';

export type Pick =
  | {
      readonly kind: 'target';
      readonly live: Live;
      readonly target: HistoryEntry;
      readonly warnings: readonly string[];
    }
  /** Somebody already went back: what runs is older than the newest other version, and that one is the bad one. */
  | { readonly kind: 'already-there'; readonly current: HistoryEntry; readonly left: HistoryEntry }
  | { readonly kind: 'refused'; readonly refusal: 'no-older-version' | 'target-was-bad'; readonly message: string };

const nameOf = (entry: HistoryEntry): string => `#${entry.id} ${shortOf(entry)}`;

const isBad = (entry: HistoryEntry, badVersions: readonly string[]): boolean =>
  [digestOf(entry), nameOf(entry), ...revisionsOf(entry), ...imagesOf(entry)].some((name) =>
    badVersions.includes(name),
  );

/** Entries of other versions than the live one (nothing is newer than that), the newest first, each version once. */
const othersOf = (history: readonly HistoryEntry[], live: Live): readonly HistoryEntry[] => {
  const seen = new Set([live.digest]);
  return history.toReversed().filter((entry) => {
    const digest = digestOf(entry);
    if (seen.has(digest)) return false;
    seen.add(digest);
    return true;
  });
};

/** Whether the live version was made before `other`: it came to run again when somebody went back, or tried to. */
const wentBackFrom = (history: readonly HistoryEntry[], live: Live, other: HistoryEntry): boolean => {
  const first = firstOf(history, live.digest);
  const firstOther = firstOf(history, digestOf(other)) ?? other;
  return first !== undefined && first.id < firstOther.id;
};

const warningsOf = (wentBack: boolean, live: Live, target: HistoryEntry): readonly string[] => [
  ...(wentBack
    ? [`${nameOf(target)} was made after the version that runs now: somebody seems to have gone back already`]
    : []),
  ...(live.entry === null ? ['The last sync did not complete: the cluster may hold parts of two versions'] : []),
];

/**
 * Finds the version to go back to: the newest older entry of the history that is another version than the live one and
 * that was not found bad. Never "the previous one": after a rollback that is the bad one again.
 */
export const pickTarget = (application: Application, badVersions: readonly string[]): Pick => {
  const history = historyOf(application);
  const live = liveOf(application);
  const others = live === null ? [] : othersOf(history, live);
  const newest = others[0];
  if (live === null || newest === undefined) {
    const message = 'The history holds no older entry with another revision or other parameters';
    return { kind: 'refused', refusal: 'no-older-version', message };
  }
  const { entry } = live;
  const wentBack = wentBackFrom(history, live, newest);
  if (entry !== null && wentBack && isBad(newest, badVersions) && !isBad(entry, badVersions)) {
    return { kind: 'already-there', current: entry, left: newest };
  }
  const target = others.find((one) => !isBad(one, badVersions));
  if (target !== undefined) {
    return { kind: 'target', live, target, warnings: warningsOf(wentBackFrom(history, live, target), live, target) };
  }
  const message = `Every older version was found bad in this incident: ${others.map(nameOf).join(', ')}`;
  return { kind: 'refused', refusal: 'target-was-bad', message };
};

/** An entry as people and the store know it. */
export const versionOf = (entry: HistoryEntry, history: readonly HistoryEntry[]): VersionRef => {
  const digest = digestOf(entry);
  const first = firstOf(history, digest) ?? entry;
  return {
    version: nameOf(entry),
    identity: digest,
    images: imagesOf(entry),
    since: iso(ms(first.deployStartedAt ?? first.deployedAt)),
  };
};

/** The live version, with the images that run now. */
export const liveVersionOf = (live: Live, application: Application): VersionRef => ({
  version: live.entry === null ? `${shortOf(live.version)} (not completed)` : nameOf(live.entry),
  identity: live.digest,
  images: application.status?.summary?.images ?? imagesOf(live.version),
  since: iso(ms(live.since)),
});
