import type { Candidate, KnownChange, ToldAndSeen } from './change-candidates.ts';
import { candidatesOf } from './change-candidates.ts';
import type { ChangeKind } from './change.ts';
import type { Json, JsonObject } from './json.ts';
import { ms } from './time.ts';

/** What a question to the world came to. Missing data is `unknown`, never a `no`. */
export const ANSWERS = ['yes', 'no', 'unknown'] as const;
export type Answer = (typeof ANSWERS)[number];

export interface Finding {
  readonly answer: Answer;
  readonly because: string;
}

/**
 * The questions that are put to every change. `no` to one of them acquits it, and the answers stand in the decision:
 * - `began-before-onset`: shortly before, by its sender's word or the target's own;
 * - `only-new-version-fails`: where old and new serve side by side, do they fail differently;
 * - `changed-service-suffers`: a change of a dependency breaks that dependency first;
 * - `dependencies-are-well`: what a service needs and does not get is not its own change's fault;
 * - `still-asked`: nor is traffic that is lost before it.
 */
export type TestName =
  'began-before-onset' | 'only-new-version-fails' | 'changed-service-suffers' | 'dependencies-are-well' | 'still-asked';

export interface SuspectTest extends Finding {
  readonly name: TestName;
}

/** A change that may have caused the trouble, and how it is known. */
export interface Suspect extends KnownChange {
  /** From its start to the onset. */
  readonly ageSeconds: number;
  /** From its end to the onset: how long it ran well. 0 while it runs. */
  readonly quietSeconds: number;
  /** Whether going back to an older version takes it back: a deployment, or what the target itself knows as its version. */
  readonly undoable: boolean;
  /** Whether it changed the service in trouble itself, and not one that it depends on. */
  readonly own: boolean;
  readonly tests: readonly SuspectTest[];
}

export interface Acquitted {
  readonly id: string;
  readonly kind: ChangeKind;
  readonly service: string;
  readonly because: string;
}

export interface ChangeAnalysis {
  /** Null: no change is known that could have caused it. */
  readonly suspect: Suspect | null;
  /** Others that could have caused it just as well, as far as known. */
  readonly rivals: readonly Suspect[];
  readonly acquitted: readonly Acquitted[];
  /** Somebody is changing the service since the trouble began: a fix or a rollback by hand. */
  readonly underWay: Acquitted | null;
}

/** What is known of a service that the one in trouble depends on. */
export interface Dependency {
  readonly service: string;
  readonly suffers: Finding;
  /** Its trouble is large enough to be the reason of ours. */
  readonly explains: boolean;
  /** When its metrics left what is usual, epoch milliseconds; null when they do not show it. */
  readonly beganAt: number | null;
}

/** What the service in trouble shows itself. */
export interface Symptoms {
  /** Null: its metrics do not show it. */
  readonly growth: 'sudden' | 'gradual' | null;
  /** `no`: its traffic is lost before it, and what arrives is answered as ever. */
  readonly stillAsked: Finding;
}

export interface ChangeQuestion extends ToldAndSeen {
  readonly service: string;
  /** Epoch milliseconds. */
  readonly onsetAt: number;
  readonly windowSeconds: number;
  readonly dependencies: readonly Dependency[];
  readonly symptoms: Symptoms;
  /** Do old and new pods, where both serve, fail differently? By service. */
  readonly onlyNewFails: Readonly<Record<string, Finding>>;
}

/** What breaks within this time after a change is likely to be broken by it. */
const FOLLOWS_MS = 180_000;
/** Changes that began this close to each other cannot be told apart by time. */
const TOO_CLOSE_MS = 5 * 60_000;

/** Which change caused the trouble, as far as it can be known: tested one by one, the acquitted with the reason. */
export function analyseChanges(question: ChangeQuestion): ChangeAnalysis {
  const candidates = candidatesOf(question);
  const { onsetAt } = question;
  const before = candidates.filter(({ startedAt }) => ms(startedAt) <= onsetAt);
  const judged = before.map((candidate) => judge(candidate, before, question));
  const left = judged.filter(({ tests }) => tests.every(({ answer }) => answer !== 'no')).sort(moreLikely);
  const suspect = left[0] ?? null;
  return {
    suspect,
    rivals: suspect === null ? [] : judged.filter((other) => other !== suspect && asLikely(suspect, other)),
    acquitted: judged.flatMap(acquittal),
    underWay: underWay(candidates, question),
  };
}

function judge(candidate: Candidate, all: readonly Candidate[], question: ChangeQuestion): Suspect {
  const { onsetAt, service } = question;
  const { finishedAt, ...rest } = candidate;
  const endedAt = finishedAt === null ? onsetAt : Math.min(ms(finishedAt), onsetAt);
  return {
    ...rest,
    ageSeconds: (onsetAt - ms(candidate.startedAt)) / 1000,
    quietSeconds: (onsetAt - endedAt) / 1000,
    undoable: isUndoable(candidate, question),
    own: candidate.service === service,
    tests: testsOf(candidate, all, question),
  };
}

/** Configuration that is rolled out like a version (in a chart, in Git) is undone like one. */
function isUndoable({ kind, service, version }: Candidate, { targets }: ChangeQuestion): boolean {
  if (kind === 'deployment') return true;
  return version !== null && targets.some((each) => each.service === service && each.target.from.version === version);
}

function testsOf(candidate: Candidate, all: readonly Candidate[], question: ChangeQuestion): readonly SuspectTest[] {
  const { service, dependencies, onlyNewFails, symptoms } = question;
  const time = { name: 'began-before-onset' as const, ...nearness(candidate, question) };
  const versions = candidate.kind === 'deployment' ? onlyNewFails[candidate.service] : undefined;
  const only = versions === undefined ? [] : [{ name: 'only-new-version-fails' as const, ...versions }];
  if (candidate.service !== service) {
    const needed = dependencies.find((each) => each.service === candidate.service);
    const callers = all.filter((each) => each.service === service && each.kind === 'deployment');
    return [time, ...only, { name: 'changed-service-suffers', ...sufferingSince(candidate, callers, needed) }];
  }
  // Its own pods tell it more surely than what is around it.
  if (versions?.answer === 'yes') return [time, ...only];
  return [
    time,
    ...only,
    { name: 'dependencies-are-well', ...wellness(candidate, dependencies) },
    { name: 'still-asked', ...symptoms.stillAsked },
  ];
}

function nearness({ startedAt }: Candidate, { onsetAt, windowSeconds }: ChangeQuestion): Finding {
  const age = Math.round((onsetAt - ms(startedAt)) / 1000);
  const because = `it began ${duration(age)} before the onset`;
  return { answer: age <= windowSeconds ? 'yes' : 'no', because };
}

function wellness(candidate: Candidate, dependencies: readonly Dependency[]): Finding {
  const broken = dependencies.filter(({ suffers, explains }) => suffers.answer === 'yes' && explains);
  const dragged = broken.filter((each) => follows(each, candidate));
  const since = Math.min(...dragged.flatMap(({ beganAt }) => beganAt ?? []));
  // What breaks after something that the change dragged down may hang on that.
  const excuse = broken.find((each) => !dragged.includes(each) && !(each.beganAt !== null && each.beganAt >= since));
  if (excuse !== undefined) {
    return { answer: 'no', because: `${excuse.service} is in trouble: ${excuse.suffers.because}` };
  }
  const [first] = dragged;
  if (first !== undefined) {
    return { answer: 'unknown', because: `${first.service} is in trouble, too, since this change` };
  }
  const unknown = dependencies.filter(({ suffers }) => suffers.answer === 'unknown');
  if (unknown.length === 0) return { answer: 'yes', because: 'nothing that it depends on is in trouble' };
  return { answer: 'unknown', because: `nobody can say of ${unknown.map(({ service }) => service).join(', ')}` };
}

/** Does it suffer, and not only since its caller was changed? */
function sufferingSince(candidate: Candidate, callers: readonly Candidate[], needed: Dependency | undefined): Finding {
  if (needed === undefined) return { answer: 'unknown', because: 'nobody measures it' };
  const caller = callers.find((each) => follows(needed, each));
  if (caller === undefined || follows(needed, candidate)) return needed.suffers;
  return { answer: 'no', because: `${needed.service} suffers, but only since ${caller.id}` };
}

/** A caller that changes can drag down what it calls: then the trouble there began with the change, not with the onset. */
function follows({ beganAt }: Dependency, { startedAt, finishedAt }: Candidate): boolean {
  if (beganAt === null) return false;
  return beganAt >= ms(startedAt) - 30_000 && beganAt <= ms(finishedAt ?? startedAt) + FOLLOWS_MS;
}

const answerTo = (suspect: Suspect, name: TestName): Answer =>
  suspect.tests.find((test) => test.name === name)?.answer ?? 'unknown';

/** Evidence first, then what changed the service itself, then the newest. */
function rank(suspect: Suspect): number {
  if (answerTo(suspect, 'only-new-version-fails') === 'yes') return 0;
  if (answerTo(suspect, 'changed-service-suffers') === 'yes') return 1;
  return suspect.own ? 2 : 3;
}

const moreLikely = (a: Suspect, b: Suspect): number => rank(a) - rank(b) || a.ageSeconds - b.ageSeconds;

/** As near in time, and nothing tells them apart: not even that one drags the other down. */
function asLikely(suspect: Suspect, other: Suspect): boolean {
  if (answerTo(suspect, 'only-new-version-fails') === 'yes' || isSameVersion(suspect, other)) return false;
  const refuted = other.tests.filter(({ answer }) => answer === 'no');
  if (refuted.some(({ name }) => name !== 'dependencies-are-well')) return false;
  return Math.abs(ms(suspect.startedAt) - ms(other.startedAt)) <= TOO_CLOSE_MS;
}

/** Two notices of one version are one change: undoing it is the same. */
const isSameVersion = (a: Suspect, b: Suspect): boolean =>
  a.service === b.service && a.kind === b.kind && a.version !== null && a.version === b.version;

function acquittal({ id, kind, service, tests }: Suspect): readonly Acquitted[] {
  const no = tests.find(({ answer }) => answer === 'no');
  return no === undefined ? [] : [{ id, kind, service, because: no.because }];
}

function underWay(candidates: readonly Candidate[], { onsetAt, service }: ChangeQuestion): Acquitted | null {
  const after = candidates.find((each) => each.service === service && ms(each.startedAt) > onsetAt);
  if (after === undefined) return null;
  const { id, kind, startedAt } = after;
  const since = duration(Math.round((ms(startedAt) - onsetAt) / 1000));
  return { id, kind, service, because: `${kind} ${id} began ${since} after the onset` };
}

function duration(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

/** What else speaks for a change: not a test, but worth to be read by rules. */
export interface SuspectEvidence {
  /** What keeps pods of the version that runs from serving. */
  readonly podTroubles: readonly string[];
  readonly growth: Symptoms['growth'];
}

/** The analysis as the fact `suspectChange`, which rules read: the answers by name, and what else could be it. */
export function suspectFact(
  { suspect, rivals, acquitted }: ChangeAnalysis,
  { podTroubles, growth }: SuspectEvidence = { podTroubles: [], growth: null },
): JsonObject | null {
  if (suspect === null) return null;
  const { tests, ...known } = suspect;
  return {
    ...known,
    onlyNewVersionFails: answerTo(suspect, 'only-new-version-fails'),
    dependenciesAreWell: answerTo(suspect, 'dependencies-are-well'),
    changedServiceSuffers: suspect.own ? 'yes' : answerTo(suspect, 'changed-service-suffers'),
    tests: tests.map((test) => ({ ...test })),
    rivals: rivals.map(({ id }) => id),
    rivalCount: rivals.length,
    acquitted: acquitted.map((each) => ({ ...each })) as Json[],
    podTroubles: suspect.own ? podTroubles : [],
    ...(growth === null ? {} : { growth }),
  };
}

/** Why none of the changes that come into question is it, in a sentence; null where there were none. */
export const acquittalText = ({ suspect, acquitted }: ChangeAnalysis): string | null =>
  suspect !== null || acquitted.length === 0
    ? null
    : acquitted.map(({ id, because }) => `not ${id}, since ${because}`).join('; ');
