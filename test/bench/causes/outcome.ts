import type { Happening, IncidentRecord, RunRecord } from './record.ts';
import type { Action, Scenario, SeverityName, VerdictName } from './scenario.ts';
import { changesIn } from './scenario.ts';

/** A rollback that was started. */
export interface Start {
  readonly at: number;
  readonly service: string;
  /** The change that it undoes; null when no change that we know made the version it leaves. */
  readonly target: string | null;
}

/** A stretch of time in which a decision stood. */
export interface Phase {
  readonly at: number;
  readonly action: Action;
  /** Words that fit as well: one that was announced, waited and was stopped by a person held, and did nothing. */
  readonly also: readonly Action[];
  readonly because: string;
}

/** What Firebreak (or another policy) made of a scenario. */
export interface Outcome {
  readonly severity: SeverityName | null;
  readonly decision: Phase | null;
  readonly starts: readonly Start[];
  readonly verdicts: readonly VerdictName[];
  readonly verdictBecause: string;
  /** Of all judged incidents, in order. */
  readonly happened: readonly Happening[];
  readonly phases: readonly Phase[];
  readonly trespasses: readonly string[];
  /** The most incidents that were opened for one service. */
  readonly incidentsOfAService: number;
  /** False for a policy that knows no severities and gives no verdict: then these are not judged. */
  readonly isWhole: boolean;
}

const TRIAGE_SECONDS = 300;

/** The incidents that hold the onset, or that began after it. What was over before it is another matter. */
const judgedOf = (record: RunRecord): readonly IncidentRecord[] =>
  record.incidents.filter(({ overAt }) => overAt === null || overAt >= 0).toSorted((a, b) => a.openedAt - b.openedAt);

export function outcomeOf(scenario: Scenario, record: RunRecord): Outcome {
  const judged = judgedOf(record);
  const starts = judged.flatMap((incident) => startsOf(scenario, incident)).toSorted((a, b) => a.at - b.at);
  const speaker = speakerOf(judged);
  const phases = speaker === null ? [] : phasesOf(speaker.happened);
  const decided = speaker === null ? [] : atItsWorst(phases, of(speaker.happened, 'severity'));
  const severity = worst(judged.map((incident) => triaged(incident)));
  const verdict = verdictOf(judged, speaker);
  return {
    severity,
    decision: standing(decided),
    starts,
    verdicts: verdict.verdicts,
    verdictBecause: verdict.because,
    happened: judged.flatMap((incident) => incident.happened).toSorted((a, b) => a.at - b.at),
    phases,
    trespasses: record.trespasses.map(({ what }) => what),
    incidentsOfAService: Math.max(
      0,
      ...judged.map(({ service }) => judged.filter((each) => each.service === service).length),
    ),
    isWhole: true,
  };
}

const of = <Kind extends Happening['kind']>(happened: readonly Happening[], kind: Kind) =>
  happened.filter((each): each is Extract<Happening, { kind: Kind }> => each.kind === kind);

const startsOf = (scenario: Scenario, { happened }: IncidentRecord): readonly Start[] =>
  of(happened, 'started').map(({ at, service, from }) => ({
    at,
    service,
    target: targetOf(scenario, service, from, at),
  }));

/** The id of the change that brought the version which is left. */
function targetOf(scenario: Scenario, service: string, version: string, at: number): string | null {
  const made = changesIn(scenario).filter((change) => change.service === service && change.to === version);
  return (made.findLast((change) => change.at <= at) ?? made[0])?.id ?? null;
}

const worst = (severities: readonly (SeverityName | null)[]): SeverityName | null =>
  severities.filter((each) => each !== null).toSorted()[0] ?? null;

/** As it was when the rollback started; without one, the worst of the first five minutes. */
function triaged({ happened, openedAt }: IncidentRecord): SeverityName | null {
  const severities = of(happened, 'severity');
  const start = of(happened, 'started')[0];
  if (start !== undefined) return severities.findLast(({ at }) => at <= start.at)?.severity ?? null;
  const first = severities.filter(({ at }) => at <= openedAt + TRIAGE_SECONDS);
  return worst(first.map(({ severity }) => severity));
}

/** The incident whose decision counts: where something was rolled back, else the worst, else where most was done. */
function speakerOf(judged: readonly IncidentRecord[]): IncidentRecord | null {
  const rank = (incident: IncidentRecord): readonly number[] => [
    of(incident.happened, 'started').length > 0 ? 0 : 1,
    Number((triaged(incident) ?? 'P9').slice(1)),
    of(incident.happened, 'asked').length > 0 ? 0 : 1,
    incident.hasPlan ? 0 : 1,
    incident.openedAt,
  ];
  const compare = (a: readonly number[], b: readonly number[]): number =>
    a.map((value, at) => value - (b[at] ?? 0)).find((difference) => difference !== 0) ?? 0;
  return judged.toSorted((a, b) => compare(rank(a), rank(b)))[0] ?? null;
}

/** Stopped by these it had held until then, and it did nothing: both words are true. */
const HELD_UNTIL_THEN = ['aborted', 'recovered-without-us', 'approval-expired'];

/** What stood when, as an observer would say it. */
function phasesOf(happened: readonly Happening[]): readonly Phase[] {
  const phases: Phase[] = [];
  let stance: Phase | null = null;
  let inMotion = false;
  const say = (at: number, action: Action, because: string, also: readonly Action[] = []): void => {
    phases.push({ at, action, also, because });
  };
  for (const each of happened) {
    if (each.kind === 'stance' && each.action !== 'roll-back') {
      stance = { at: each.at, action: each.action, also: [], because: each.because };
      if (!inMotion) phases.push(stance);
    } else if (each.kind === 'asked' || each.kind === 'waits') {
      inMotion = true;
      say(each.at, 'hold', each.because);
    } else if (each.kind === 'shadowed') {
      inMotion = false;
      say(each.at, 'no-automatic-action', each.because);
    } else if (each.kind === 'started') {
      say(each.at, 'roll-back', `${each.service} from ${each.from} to ${each.to}`);
    } else if (each.kind === 'stopped') {
      inMotion = false;
      const because = `${each.rail}: ${each.because}`;
      const held = HELD_UNTIL_THEN.includes(each.rail);
      if (each.rail === 'state-moved' && stance !== null) say(each.at, stance.action, because, ['hold']);
      else say(each.at, 'no-automatic-action', because, held ? ['hold'] : []);
    }
  }
  return phases;
}

/**
 * What stood while the incident was as bad as it ever was. When it heals its severity falls, and the decision that goes
 * with the lower one ("P3 is never rolled back") is about nothing any more.
 */
function atItsWorst(
  phases: readonly Phase[],
  severities: readonly { readonly at: number; readonly severity: SeverityName }[],
): readonly Phase[] {
  const peak = worst(severities.map(({ severity }) => severity));
  const last = severities.findLastIndex(({ severity }) => severity === peak);
  const fellAt = severities[last + 1]?.at ?? Infinity;
  const before = phases.filter(({ at, action }) => at < fellAt || action === 'roll-back');
  return before.length > 0 ? before : phases;
}

/** The rollback that was started, else the last decision with the time since when it stands. */
function standing(phases: readonly Phase[]): Phase | null {
  const started = phases.find(({ action }) => action === 'roll-back');
  if (started !== undefined) return started;
  const last = phases.at(-1);
  if (last === undefined) return null;
  const other = phases.findLastIndex(({ action }) => action !== last.action);
  return { ...last, at: phases[other + 1]?.at ?? last.at };
}

function verdictOf(judged: readonly IncidentRecord[], speaker: IncidentRecord | null) {
  const said = [speaker, ...judged].flatMap((incident) => of(incident?.happened ?? [], 'verdict'));
  const last = of(speaker?.happened ?? [], 'verdict').at(-1) ?? said.at(-1);
  if (last !== undefined) return { verdicts: [last.verdict] as const, because: last.because };
  const started = judged.some(({ happened }) => of(happened, 'started').length > 0);
  const recovered = of(speaker?.happened ?? [], 'called-recovered').length > 0;
  // Nobody gave a verdict on a rollback that was not; that it is well again was seen all the same.
  if (!started && recovered)
    return { verdicts: ['recovered-without-us', 'none'] as const, because: 'its alerts resolved' };
  return { verdicts: ['none'] as const, because: 'no verdict' };
}
