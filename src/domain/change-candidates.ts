import type { Change, ChangeKind } from './change.ts';
import type { PinnedTarget } from './plan.ts';
import { iso, ms } from './time.ts';

/** A rollout known from the target may have been told of a little earlier, and is the same change. */
const SAME_CHANGE_MS = 15 * 60_000;

/** A change, as it is best known. */
export interface KnownChange {
  readonly kind: ChangeKind;
  readonly id: string;
  readonly service: string;
  readonly version: string | null;
  readonly previousVersion: string | null;
  readonly startedAt: string;
  readonly source: 'change-feed' | 'target';
}

export interface Candidate extends KnownChange {
  readonly finishedAt: string | null;
}

export interface ToldAndSeen {
  readonly environment: string | null;
  readonly changes: readonly Change[];
  /** What the targets themselves say of the version that runs, by service. */
  readonly targets: readonly { readonly service: string; readonly name: string; readonly target: PinnedTarget }[];
}

/** What the feed tells and what the targets show, each change once. */
export function candidatesOf({ changes, targets, environment }: ToldAndSeen): readonly Candidate[] {
  const fromFeed = changes.filter((change) => concerns(change, environment)).map(ofFeed);
  const fromTargets = targets.flatMap(({ service, name, target }) => ofTarget(service, name, target));
  const matched = fromFeed.map((change) => corrected(change, fromTargets));
  return [...matched, ...fromTargets.filter((target) => !fromFeed.some((change) => isSame(change, target)))];
}

/** A change of staging breaks nothing in production. Where one of the two is unknown it may. */
const concerns = (change: Change, environment: string | null): boolean =>
  change.environment === null || environment === null || change.environment === environment;

const ofFeed = (change: Change): Candidate => ({
  kind: change.kind,
  id: change.id,
  service: change.service,
  version: change.version,
  previousVersion: change.previousVersion,
  startedAt: change.startedAt,
  finishedAt: change.finishedAt,
  source: 'change-feed',
});

function ofTarget(service: string, name: string, { from, to }: PinnedTarget): readonly Candidate[] {
  if (from.since === null) return [];
  const startedAt = iso(ms(from.since));
  const versions = { version: from.version, previousVersion: to.version };
  const id = `${name} ${from.version}`;
  return [{ kind: 'deployment', id, service, ...versions, startedAt, finishedAt: startedAt, source: 'target' }];
}

const isSame = (change: Candidate, target: Candidate): boolean =>
  change.kind === 'deployment' &&
  change.service === target.service &&
  (change.version === target.version ||
    (ms(target.startedAt) >= ms(change.startedAt) - 60_000 &&
      ms(target.startedAt) <= ms(change.finishedAt ?? change.startedAt) + SAME_CHANGE_MS));

/**
 * Where the target itself names the version, it cannot have run before the target had it, whatever the sender's clock says.
 * (It may be known there for longer: an old version that came back keeps its first date.)
 */
function corrected(change: Candidate, targets: readonly Candidate[]): Candidate {
  const seen = targets.find((target) => isSame(change, target) && target.version === change.version);
  if (seen === undefined || ms(seen.startedAt) <= ms(change.startedAt)) return change;
  const finishedAt = change.finishedAt === null ? null : iso(Math.max(ms(change.finishedAt), ms(seen.startedAt)));
  return { ...change, startedAt: seen.startedAt, finishedAt };
}
