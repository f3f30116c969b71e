import type { IncidentState } from './state.ts';

/** What the state says of a version: names, image references, and what the change feed called it. */
type Known = Pick<IncidentState, 'badVersions' | 'rollback'>;

/**
 * Everything that this incident was rolled away from: what the targets call it, and what the change feed called the change
 * that was undone. A rollback that a person took back accuses nobody.
 */
function badVersionsOf({ badVersions, rollback }: Known): readonly string[] {
  const suspected = rollback?.suspect?.['version'];
  const undone = rollback?.purpose === 'roll-back' && rollback.steps.some((step) => step.acceptedAt !== null);
  return undone && typeof suspected === 'string' ? [...new Set([...badVersions, suspected])] : badVersions;
}

export const isBadVersion = (state: Known, version: string | null): boolean =>
  version !== null && badVersionsOf(state).some((bad) => isSameVersion(bad, version));

/** An image reference is of a version when its tag or digest is. */
export const isSameVersion = (known: string, version: string): boolean =>
  known === version || known.endsWith(`:${version}`) || known.endsWith(`@${version}`);
