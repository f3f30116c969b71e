import type { VersionRef } from '../../../domain/plan.ts';
import type { JsonObject } from '../../../domain/json.ts';
import { isControlledBy, type ObjectMeta, type Workload } from './objects.ts';
import { imagesOf, sameTemplate, sameVersion, templateDigest, withoutHash } from './template.ts';
import type { Revision, WorkloadKind } from './workload.ts';

/** What runs by the workload's word now. `revision` is null until the controller has remembered it. */
export interface Live {
  readonly template: JsonObject;
  readonly revision: Revision | null;
  /** Everything with a lower number is older. Infinite while the controller has not numbered the live template. */
  readonly number: number;
}

export type Pick =
  | { readonly kind: 'target'; readonly live: Live; readonly target: Revision; readonly warnings: readonly string[] }
  /** Somebody already went back: what runs is older than the newest other version, and that one is the bad one. */
  | { readonly kind: 'already-there'; readonly live: Live; readonly current: Revision; readonly left: Revision }
  | { readonly kind: 'refused'; readonly refusal: 'no-older-version' | 'target-was-bad'; readonly message: string };

/** The versions that this very workload controls, the newest first. */
export const revisionsOf = (
  kind: WorkloadKind,
  uid: string,
  remembered: readonly { readonly metadata: ObjectMeta }[],
): readonly Revision[] =>
  remembered
    .filter(({ metadata }) => isControlledBy(metadata, uid))
    .map((one) => kind.revision(one))
    .filter((revision) => revision !== null)
    .sort((a, b) => b.number - a.number);

const liveOf = (workload: Workload, revisions: readonly Revision[]): Live => {
  const template = withoutHash(workload.spec.template);
  const revision = revisions.find((one) => sameTemplate(one.template, template)) ?? null;
  const settled = (workload.status?.observedGeneration ?? 0) >= (workload.metadata.generation ?? 0);
  // A template that goes back to an older one keeps that one's low number until the controller renumbers it.
  return { template, revision, number: settled && revision !== null ? revision.number : Infinity };
};

const nameOf = (revision: Revision): string => `r${revision.number}`;

const isBad = (revision: Revision, badVersions: readonly string[]): boolean => {
  const names = [nameOf(revision), revision.identity, revision.hash, ...imagesOf(revision.template)];
  return names.some((name) => name !== '' && badVersions.includes(name));
};

const isOlder = (a: Revision, b: Revision): boolean => a.since !== null && b.since !== null && a.since < b.since;

const targetOf = (live: Live, target: Revision): Pick => {
  const wentBack = live.revision !== null && isOlder(live.revision, target);
  const warnings = wentBack
    ? [`${nameOf(target)} was made after the version that runs now: somebody seems to have gone back already`]
    : [];
  return { kind: 'target', live, target, warnings };
};

/**
 * Finds the version to go back to: the newest older revision that is another version than the live one and that was
 * not found bad. Never "the previous one": after an undo that is the bad one again.
 */
export const pickTarget = (
  workload: Workload,
  revisions: readonly Revision[],
  badVersions: readonly string[],
): Pick => {
  const live = liveOf(workload, revisions);
  const older = revisions.filter((one) => one.number < live.number && !sameVersion(one.template, live.template));
  const newest = older[0];
  if (newest === undefined) {
    return {
      kind: 'refused',
      refusal: 'no-older-version',
      message: 'No older revision with another pod template is left',
    };
  }
  const current = live.revision;
  if (current !== null && isBad(newest, badVersions) && !isBad(current, badVersions) && isOlder(current, newest)) {
    return { kind: 'already-there', live, current, left: newest };
  }
  const target = older.find((one) => !isBad(one, badVersions));
  if (target !== undefined) return targetOf(live, target);
  const message = `Every older revision was found bad in this incident: ${older.map(nameOf).join(', ')}`;
  return { kind: 'refused', refusal: 'target-was-bad', message };
};

/** A revision as people and the store know it. */
export const versionOf = (revision: Revision): VersionRef => ({
  version: nameOf(revision),
  identity: revision.identity,
  images: imagesOf(revision.template),
  since: revision.since,
  ...(revision.pods === null ? {} : { pods: revision.pods }),
});

/** The live version; by the digest of its template while no revision stands for it. */
export const liveVersionOf = (live: Live, workload: Workload): VersionRef =>
  live.revision !== null
    ? versionOf(live.revision)
    : {
        version: `g${workload.metadata.generation ?? 0}`,
        identity: templateDigest(live.template),
        images: imagesOf(live.template),
        since: null,
      };
