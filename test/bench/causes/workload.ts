import type { Move } from './deploys.ts';
import type { ClusterEntry, Owner, PodState, RevisionEntry, Scenario } from './scenario.ts';

export interface Revision {
  readonly version: string;
  readonly desired: number;
  readonly ready: number;
  readonly state: PodState;
  /** When it first existed on the cluster, and when it was last rolled out. */
  readonly createdAt: number;
  readonly deployedAt: number;
}

/** One workload as its cluster would show it. */
export interface WorkloadView {
  /** The wanted version first; then the older ones, the newest of them first. */
  readonly revisions: readonly Revision[];
  readonly paused: boolean;
  readonly owner: Owner;
  readonly autoSync: boolean | null;
  readonly gone: boolean;
  readonly dataCompatible: boolean;
}

const DAY = 86_400;
/** What nobody told the beginning of is old. */
const LONG_AGO = -30 * DAY;
const PODS = 4;

/**
 * How a workload stands at a time. What the timeline says of the cluster holds from the last move before it until the
 * next word; where it says nothing, the moves (deployments, undos) tell. After a move of ours, what it says of pods is
 * the world in which nobody acted, and no longer true.
 */
export function workloadAt(scenario: Scenario, moves: readonly Move[], service: string, at: number): WorkloadView {
  const own = moves.filter((move) => move.service === service && move.at <= at);
  const entries = entriesOf(scenario, service);
  const last = own.at(-1) ?? null;
  const entry = entryFor(entries, moves, service, own, at);
  const flags = flagsAt(entries, entry, at);
  if (entry !== null) return { ...flags, revisions: fromEntry(entry, entries, own) };
  if (last === null) return { ...flags, revisions: [] };
  return { ...flags, revisions: fromMove(scenario, moves, own, last, at) };
}

const entriesOf = (scenario: Scenario, service: string): readonly ClusterEntry[] =>
  scenario.timeline.filter(
    (entry) => entry.kind === 'cluster' && (entry.services.includes(service) || entry.services.includes('*')),
  ) as readonly ClusterEntry[];

/** The word on the cluster that is true now: the last one since the last move, else the next one before another move. */
function entryFor(
  entries: readonly ClusterEntry[],
  moves: readonly Move[],
  service: string,
  own: readonly Move[],
  at: number,
): ClusterEntry | null {
  const since = own.at(-1)?.at ?? -Infinity;
  if (own.at(-1)?.by === 'firebreak') return null;
  const past = entries.findLast((entry) => entry.at <= at && entry.at >= since);
  if (past !== undefined) return past;
  const next = entries.find((entry) => entry.at > at);
  const moved = moves.some((move) => move.service === service && move.at > at && move.at <= (next?.at ?? at));
  return next === undefined || moved ? null : next;
}

/** Ownership and the form of the data stand until something else is said; a pause and an absence only as long as they are said. */
function flagsAt(entries: readonly ClusterEntry[], entry: ClusterEntry | null, at: number) {
  const known = entries.filter((each) => each.at <= at || each === entry);
  const said = known.length > 0 ? known : entries.slice(0, 1);
  const latest = <Key extends 'owner' | 'autoSync' | 'dataCompatible'>(key: Key) =>
    said.findLast((each) => each.workload[key] !== null)?.workload[key] ?? null;
  const now = entry ?? known.at(-1);
  return {
    paused: now?.workload.paused ?? false,
    gone: now?.workload.gone ?? false,
    owner: latest('owner') ?? 'none',
    autoSync: latest('autoSync'),
    dataCompatible: latest('dataCompatible') ?? true,
  };
}

const isServing = ({ desired, state }: RevisionEntry): boolean => desired > 0 && state !== 'terminating';

function fromEntry(entry: ClusterEntry, entries: readonly ClusterEntry[], own: readonly Move[]): readonly Revision[] {
  const listed = entry.workload.revisions;
  const wanted = wantedOf(listed, own);
  if (wanted === undefined) return [];
  const rest = listed.filter((each) => each !== wanted);
  const recency = (version: string): number =>
    own.findLastIndex((move) => move.to === version || move.from === version);
  const known = rest.every((each) => recency(each.revision) >= 0);
  const ordered = known ? rest.toSorted((a, b) => lastSeen(own, b.revision) - lastSeen(own, a.revision)) : rest;
  return [wanted, ...ordered].map((each, index) => ({
    ...{ version: each.revision, desired: each.desired, ready: each.ready, state: each.state },
    ...madeAt(each.revision, index, entry, entries, own),
  }));
}

/** The version that the workload's specification names. */
function wantedOf(listed: readonly RevisionEntry[], own: readonly Move[]): RevisionEntry | undefined {
  const known = (version: string): boolean => own.some((move) => move.to === version || move.from === version);
  const firstKnown = listed.findIndex((each) => known(each.revision));
  // A version that nobody told of, listed before those that we were told of, is newer than they are.
  const untold = own.length === 0 ? undefined : listed.slice(0, Math.max(0, firstKnown)).find(isServing);
  const last = own.at(-1)?.to;
  return (
    untold ?? listed.find((each) => each.revision === last && each.desired > 0) ?? listed.find(isServing) ?? listed[0]
  );
}

/** Later moves first; a version that was left was there before the one that took its place. */
function lastSeen(own: readonly Move[], version: string): number {
  const made = own.findLastIndex((move) => move.to === version);
  if (made >= 0) return made;
  return own.findIndex((move) => move.from === version) - 0.5;
}

function madeAt(
  version: string,
  index: number,
  entry: ClusterEntry,
  entries: readonly ClusterEntry[],
  own: readonly Move[],
): { readonly createdAt: number; readonly deployedAt: number } {
  const deployedAt = own.findLast((move) => move.to === version)?.at;
  if (deployedAt !== undefined) return { createdAt: firstMade(own, version), deployedAt };
  if (own.some((move) => move.from === version)) return { createdAt: firstMade(own, version), deployedAt: LONG_AGO };
  // Nobody told of it: it came when the cluster first showed it beside others, or anew.
  const seen = entries.findIndex((each) => each.workload.revisions.some(({ revision }) => revision === version));
  const first = entries[seen] ?? entry;
  const isNew = index === 0 && (seen > 0 || first.workload.revisions.filter(({ desired }) => desired > 0).length > 1);
  const at = isNew ? first.at : LONG_AGO - index * DAY;
  return { createdAt: at, deployedAt: at };
}

/** A version that was left before anybody told where it came from is older than everything told. */
function firstMade(own: readonly Move[], version: string): number {
  const left = own.findIndex((move) => move.from === version);
  const made = own.findIndex((move) => move.to === version);
  if (made >= 0 && (left < 0 || made <= left)) return own[made]?.at ?? LONG_AGO;
  return LONG_AGO + left;
}

/** Where no word on the cluster holds: the pods follow the last move, and the versions of the earlier ones are kept. */
function fromMove(
  scenario: Scenario,
  moves: readonly Move[],
  own: readonly Move[],
  last: Move,
  at: number,
): readonly Revision[] {
  const others = moves.filter((move) => move !== last);
  const before = workloadAt(scenario, others, last.service, last.at - 0.001);
  const pods = before.revisions.reduce((sum, { desired }) => sum + desired, 0) || PODS;
  const moved = progressOf(last, at);
  const target = before.revisions.find((each) => each.version === last.to);
  const broken = last.endsAt === Infinity && last.by === 'firebreak' ? (target?.state ?? 'running') : 'running';
  const there = last.by === 'change' && last.endsAt > at ? Math.ceil(pods / 2) : Math.floor(pods * moved);
  const wanted: Revision = {
    ...{ version: last.to, state: broken, desired: last.by === 'change' && last.endsAt > at ? there : pods },
    ready: broken === 'running' ? there : 0,
    ...{ createdAt: firstMade(own, last.to), deployedAt: last.at },
  };
  const rest = before.revisions.filter((each) => each.version !== last.to);
  const leaving = rest.map((each, index) => {
    const left = index === 0 ? pods - there : 0;
    return { ...each, desired: last.by === 'change' ? left : 0, ready: Math.min(each.ready, left) };
  });
  const known = leaving.some((each) => each.version === last.from);
  return [
    wanted,
    ...(known || last.from === null || last.from === last.to ? [] : [leftBehind(own, last, pods - there)]),
    ...leaving,
  ];
}

const leftBehind = (own: readonly Move[], { from }: Move, ready: number): Revision => ({
  ...{ version: from ?? '', desired: ready, ready, state: 'running' },
  ...{ createdAt: firstMade(own, from ?? ''), deployedAt: LONG_AGO },
});

const progressOf = (move: Move, at: number): number =>
  move.endsAt === Infinity ? 0 : Math.min(1, Math.max(0, (at - move.at) / Math.max(1, move.endsAt - move.at)));
