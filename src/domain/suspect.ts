import type { Change } from './change.ts';
import type { JsonObject } from './json.ts';
import type { PinnedTarget } from './plan.ts';
import { iso, ms } from './time.ts';

/** A change that may have caused the trouble, and how it is known. */
export interface Suspect {
  readonly kind: string;
  readonly id: string;
  readonly service: string;
  readonly version: string | null;
  readonly startedAt: string;
  /** From its start to the onset. */
  readonly ageSeconds: number;
  readonly source: 'change-feed' | 'target';
}

/**
 * The newest change that began before the onset and not longer ago than `windowSeconds`. Changes are told by the feed
 * or read from the target itself (when its running version was made). Null: nothing changed recently, as far as known.
 */
export function findSuspect(
  changes: readonly Change[],
  targets: readonly { readonly name: string; readonly target: PinnedTarget }[],
  service: string,
  environment: string | null,
  onsetAt: number,
  windowSeconds: number,
): Suspect | null {
  const candidates = [
    ...changes.filter((change) => concerns(change, environment)).map(fromFeed),
    ...targets.flatMap(({ name, target }) => fromTarget(name, target, service)),
  ];
  const inWindow = candidates
    .map((candidate) => ({ ...candidate, ageSeconds: (onsetAt - ms(candidate.startedAt)) / 1000 }))
    .filter((candidate) => candidate.ageSeconds >= 0 && candidate.ageSeconds <= windowSeconds);
  return inWindow.sort((a, b) => a.ageSeconds - b.ageSeconds)[0] ?? null;
}

/** A change of staging breaks nothing in production. Where one of the two is unknown it may. */
const concerns = (change: Change, environment: string | null): boolean =>
  change.environment === null || environment === null || change.environment === environment;

type Candidate = Omit<Suspect, 'ageSeconds'>;

const fromFeed = (change: Change): Candidate => ({
  kind: change.kind,
  id: change.id,
  service: change.service,
  version: change.version,
  startedAt: change.startedAt,
  source: 'change-feed',
});

function fromTarget(name: string, target: PinnedTarget, service: string): readonly Candidate[] {
  const { since, version } = target.from;
  if (since === null) return [];
  const candidate: Candidate = {
    kind: 'deployment',
    id: `${name} ${version}`,
    service,
    version,
    startedAt: iso(ms(since)),
    source: 'target',
  };
  return [candidate];
}

export const suspectJson = (suspect: Suspect | null): JsonObject | null => (suspect === null ? null : { ...suspect });
