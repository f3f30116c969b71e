import type { JsonObject } from '../../../domain/json.ts';
import type { VersionRef } from '../../../domain/plan.ts';
import type { Instant } from '../../../domain/time.ts';
import { type Deployment, isControlledBy, type ReplicaSet } from '../kubernetes/objects.ts';
import {
  hashLabelOf,
  imagesOf,
  sameTemplate,
  sameVersion,
  templateDigest,
  withoutHash,
} from '../kubernetes/template.ts';

const REVISION = 'deployment.kubernetes.io/revision';

/** One version that the cluster still remembers as a ReplicaSet. */
export interface Revision {
  readonly number: number;
  readonly uid: string;
  readonly hash: string;
  readonly since: Instant | null;
  readonly template: JsonObject;
}

/** What runs by the Deployment's word now. `revision` is null until the controller has made a ReplicaSet of it. */
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

const revisionNumber = (replicaSet: ReplicaSet): number =>
  Number(replicaSet.metadata.annotations?.[REVISION] ?? Number.NaN);

const toInstant = (time: string | undefined): Instant | null =>
  time === undefined ? null : new Date(time).toISOString();

/** The ReplicaSets that this very Deployment controls and that carry a revision, the newest first. */
export const revisionsOf = (deploymentUid: string, replicaSets: readonly ReplicaSet[]): readonly Revision[] =>
  replicaSets
    .filter((set) => isControlledBy(set.metadata, deploymentUid) && Number.isInteger(revisionNumber(set)))
    .map((set) => ({
      number: revisionNumber(set),
      uid: set.metadata.uid ?? '',
      hash: set.metadata.labels?.['pod-template-hash'] ?? hashLabelOf(set.spec.template) ?? '',
      since: toInstant(set.metadata.creationTimestamp),
      template: withoutHash(set.spec.template),
    }))
    .sort((a, b) => b.number - a.number);

const liveOf = (deployment: Deployment, revisions: readonly Revision[]): Live => {
  const template = withoutHash(deployment.spec.template);
  const revision = revisions.find((one) => sameTemplate(one.template, template)) ?? null;
  const settled = (deployment.status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);
  // A template that goes back to an older one keeps that one's low number until the controller renumbers it.
  return { template, revision, number: settled && revision !== null ? revision.number : Infinity };
};

const isBad = (revision: Revision, badVersions: readonly string[]): boolean => {
  const names = [`r${revision.number}`, revision.uid, revision.hash, ...imagesOf(revision.template)];
  return names.some((name) => name !== '' && badVersions.includes(name));
};

const isOlder = (a: Revision, b: Revision): boolean => a.since !== null && b.since !== null && a.since < b.since;

const nameOf = (revision: Revision): string => `r${revision.number}`;

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
  deployment: Deployment,
  revisions: readonly Revision[],
  badVersions: readonly string[],
): Pick => {
  const live = liveOf(deployment, revisions);
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
  identity: revision.uid,
  images: imagesOf(revision.template),
  since: revision.since,
});

/** The live version; by the digest of its template while no ReplicaSet stands for it. */
export const liveVersionOf = (live: Live, deployment: Deployment): VersionRef =>
  live.revision !== null
    ? versionOf(live.revision)
    : {
        version: `g${deployment.metadata.generation ?? 0}`,
        identity: templateDigest(live.template),
        images: imagesOf(live.template),
        since: null,
      };
