import type { ChangeEntry, Scenario } from './scenario.ts';
import { changesIn } from './scenario.ts';

/** A move of one workload from a version to another, whoever made it. */
export interface Move {
  readonly at: number;
  readonly service: string;
  readonly from: string | null;
  readonly to: string;
  /** When all pods are on `to`; infinite when they never get there. */
  readonly endsAt: number;
  readonly by: 'change' | 'person' | 'firebreak';
  /** Ids of the changes that are undone by it. */
  readonly undoes: readonly string[];
}

/** A change that is told twice (running, then completed) began at the first word and ended at the second. */
export function deploymentMoves(scenario: Scenario): readonly Move[] {
  const byId = new Map<string, readonly ChangeEntry[]>();
  for (const change of changesIn(scenario)) {
    if (change.type === 'deployment') byId.set(change.id, [...(byId.get(change.id) ?? []), change]);
  }
  return [...byId.values()].flatMap(([first, ...later]): Move[] => {
    if (first === undefined) return [];
    const completed = [first, ...later].find((entry) => entry.state === 'completed');
    const { service, from } = first;
    const at = happenedAt(scenario, first);
    return [
      { at, service, from, to: first.to ?? first.id, endsAt: completed?.at ?? Infinity, by: 'change', undoes: [] },
    ];
  });
}

/** What the cluster showed before anybody told of it had happened by then: at the time that its sender claims, if that fits. */
function happenedAt(scenario: Scenario, { at, service, to, claimedAt }: ChangeEntry): number {
  const shown = scenario.timeline.find(
    (entry) =>
      entry.kind === 'cluster' &&
      entry.at < at &&
      entry.services.includes(service) &&
      entry.workload.revisions.some(({ revision, desired }) => revision === to && desired > 0),
  );
  return shown === undefined ? at : Math.min(shown.at, claimedAt ?? shown.at);
}

/** The changes of a service that going from one version to another takes back: those that made what is left. */
export function undoneBy(moves: readonly Move[], scenario: Scenario, move: Omit<Move, 'undoes' | 'endsAt'>): string[] {
  const deployments = changesIn(scenario).filter(
    // What made the version that is left is undone, whatever it is called.
    (change) =>
      (change.type === 'deployment' || change.to === move.from) &&
      change.service === move.service &&
      change.at <= move.at,
  );
  const made = deployments.findLast((change) => change.to === move.from);
  if (made === undefined) return [];
  const kept = moves.findLast(
    ({ service, to, at }) => service === move.service && to === move.to && at <= made.at && to !== move.from,
  );
  const between = deployments.filter((change) => change.at > (kept?.at ?? -Infinity) && change.at < made.at);
  // The version to go back to was made by none of the changes we know: only the newest is surely undone.
  return [made.id, ...(kept === undefined ? [] : between.map((change) => change.id))].filter(
    (id, at, ids) => ids.indexOf(id) === at,
  );
}

/** The move by which a person takes back a change; null for what is no deployment, or not known. */
export function undoOf(scenario: Scenario, what: string, at: number, seconds: number): Move | null {
  const change = changesIn(scenario).find((each) => each.id === what);
  if (change?.type !== 'deployment' || change.to === null || change.from === null) return null;
  const { service, from: to, to: from } = change;
  return { at, service, from, to, endsAt: at + seconds, by: 'person', undoes: [what] };
}
