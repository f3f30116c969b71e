import type { Happening } from './record.ts';
import type { Outcome, Start } from './outcome.ts';
import type { Expected, ExpectedDecision, MustNot, SeverityName } from './scenario.ts';

export interface Judgement {
  readonly passed: boolean;
  /** What did not fit, in words. */
  readonly faults: readonly string[];
  /** What of `mustNot` cannot be seen. */
  readonly notJudged: readonly string[];
  readonly wrongRollback: boolean;
  readonly expectsRollback: boolean;
  readonly missedRollback: boolean;
  /** Seconds from the onset to the decision that counts; null when there was none. */
  readonly decidedAt: number | null;
}

/** Whether what happened is what was expected. */
export function judge(expected: Expected, outcome: Outcome): Judgement {
  const fit = fitting(expected, outcome);
  const never = expected.mustNot.map((each) => ({ each, seen: violated(each, outcome, expected) }));
  const forbidden = never.flatMap(({ each, seen }) =>
    seen === null || seen === UNSEEN ? [] : [`${wordsOf(each)}: ${seen}`],
  );
  const faults = [
    ...severityFaults(expected, outcome),
    ...(fit === null ? decisionFaults(expected, outcome) : []),
    ...strayFaults(expected, outcome),
    ...forbidden.map((text) => `must not ${text}`),
    ...verdictFaults(expected, outcome, fit),
  ];
  const right = outcome.starts.some((start) => rollbacksAccepted(expected).some((each) => isInTime(each, start)));
  const expectsRollback = expected.decision.action === 'roll-back';
  return {
    passed: faults.length === 0,
    faults,
    notJudged: never.flatMap(({ each, seen }) => (seen === UNSEEN ? [wordsOf(each)] : [])),
    wrongRollback: outcome.starts.some((start) => isWrong(expected, start)),
    expectsRollback,
    missedRollback: expectsRollback && !right && fit === null,
    // A policy that did nothing took no time over it.
    decidedAt: outcome.isWhole || outcome.starts.length > 0 ? (outcome.decision?.at ?? null) : null,
  };
}

const decisionsOf = (expected: Expected): readonly ExpectedDecision[] => [
  expected.decision,
  ...expected.alsoAcceptable,
];

const rollbacksAccepted = (expected: Expected): readonly ExpectedDecision[] =>
  decisionsOf(expected).filter(({ action }) => action === 'roll-back');

const isOf = ({ targets }: ExpectedDecision, start: Start): boolean =>
  targets.length === 0 || (start.target !== null && targets.includes(start.target));

const isInTime = (decision: ExpectedDecision, start: Start): boolean =>
  isOf(decision, start) && (decision.byAt === null || start.at <= decision.byAt);

/** The decision among those that are accepted that was taken, in time and of the right target. */
function fitting(expected: Expected, outcome: Outcome): ExpectedDecision | null {
  const { decision } = outcome;
  if (decision === null) return null;
  const fits = (each: ExpectedDecision): boolean => {
    if (each.action === 'roll-back') {
      return decision.action === 'roll-back' && outcome.starts.some((start) => isInTime(each, start));
    }
    const said = decision.action === each.action || decision.also.includes(each.action);
    return said && outcome.starts.length === 0 && (each.byAt === null || decision.at <= each.byAt);
  };
  return decisionsOf(expected).find(fits) ?? null;
}

/** Started where none is accepted, of another target, or before it was allowed. */
const isWrong = (expected: Expected, start: Start): boolean =>
  !rollbacksAccepted(expected).some((each) => isOf(each, start)) ||
  expected.mustNot.some((each) => each.action === 'roll-back' && isMeant(each, start) && isWithin(each, start.at));

const isMeant = ({ what }: MustNot, start: Start): boolean =>
  what === null || what === start.target || what === start.service;

const isWithin = ({ before, after }: MustNot, at: number): boolean =>
  (before === null || at < before) && (after === null || at > after);

function severityFaults(expected: Expected, { severity, isWhole }: Outcome): readonly string[] {
  if (!isWhole || (severity !== null && expected.severities.includes(severity))) return [];
  return [`severity ${severity ?? 'none'} instead of ${expected.severities.join(' or ')}`];
}

function decisionFaults(expected: Expected, outcome: Outcome): readonly string[] {
  const wanted = decisionsOf(expected).map(decisionText).join(' or ');
  const { decision, starts } = outcome;
  if (decision === null) return [`no decision instead of ${wanted}`];
  const start = starts[0];
  const got = start === undefined ? decision.action : `roll-back ${start.target ?? `of ${start.service}`}`;
  return [`${got} at ${Math.round(start?.at ?? decision.at)} s instead of ${wanted}`];
}

/** Beside the right one, another was rolled back. */
function strayFaults(expected: Expected, { starts }: Outcome): readonly string[] {
  const strays = starts.filter((start) => !rollbacksAccepted(expected).some((each) => isOf(each, start)));
  // Where it is the only one, the decision says it already.
  const hasRight = strays.length < starts.length;
  return hasRight
    ? strays.map((start) => `also rolled back ${start.target ?? start.service} at ${Math.round(start.at)} s`)
    : [];
}

export const decisionText = ({ action, targets, byAt }: ExpectedDecision): string =>
  [action, ...(targets.length === 0 ? [] : [targets.join(' or ')]), ...(byAt === null ? [] : [`by ${byAt} s`])].join(
    ' ',
  );

function verdictFaults(expected: Expected, outcome: Outcome, fit: ExpectedDecision | null): readonly string[] {
  const { verdict } = expected;
  // The verdict that is expected follows the decision that is expected; another accepted one has another end.
  if (verdict === null || !outcome.isWhole || (fit !== null && fit.action !== expected.decision.action)) return [];
  if (outcome.verdicts.includes(verdict)) return [];
  return [`verdict ${outcome.verdicts[0] ?? 'none'} instead of ${verdict} (${outcome.verdictBecause})`];
}

const wordsOf = ({ action, what, before, after }: MustNot): string =>
  [
    action,
    ...(what === null ? [] : [what]),
    ...(before === null ? [] : [`before ${before} s`]),
    ...(after === null ? [] : [`after ${after} s`]),
  ].join(' ');

const UNSEEN = 'cannot be seen here';

/** Null: it did not happen. Else what was seen, or that nobody can see it here. */
function violated(never: MustNot, outcome: Outcome, expected: Expected): string | null {
  if (!outcome.isWhole && !never.action.startsWith('roll-back')) return null;
  const classify = /^classify-(below|above|as)-?(P[0-3])$/.exec(never.action);
  if (classify !== null) return misclassified(classify[1] ?? '', classify[2] as SeverityName, outcome.severity);
  switch (never.action) {
    case 'roll-back':
      return seenAt(outcome.starts.filter((start) => isMeant(never, start) && isWithin(never, start.at)));
    case 'roll-back-again':
      return seenAt(
        again(outcome.starts.filter((start) => isMeant(never, start))).filter(({ at }) => isWithin(never, at)),
      );
    case 'declare-recovered':
      return seenAt(happened(never, outcome, (each) => each.kind === 'called-recovered'));
    case 'dismiss':
      return seenAt(happened(never, outcome, (each) => each.kind === 'dismissed'));
    case 'page':
      return seenAt(happened(never, outcome, (each) => each.kind === 'paged'));
    case 'wait-for-person':
      return waitedForPerson(never, outcome, expected);
    case 'hold':
    case 'evaluate':
    case 'fix-forward':
    case 'no-automatic-action':
      return stood(never, outcome);
    case 'bypass-owner':
    case 'unpause':
      return outcome.trespasses.includes(never.action) ? 'it tried to' : null;
    case 'open-second-incident':
      return outcome.incidentsOfAService > 1 ? `${outcome.incidentsOfAService} incidents of one service` : null;
    default:
      return UNSEEN;
  }
}

const seenAt = (found: readonly { readonly at: number }[]): string | null => {
  const [first] = found;
  return first === undefined ? null : `at ${Math.round(first.at)} s`;
};

const happened = (never: MustNot, outcome: Outcome, is: (each: Happening) => boolean): readonly Happening[] =>
  outcome.happened.filter((each) => is(each) && isWithin(never, each.at));

/** Of each service, every start but the first. */
const again = (starts: readonly Start[]): readonly Start[] =>
  starts.filter((start, at) => starts.findIndex(({ service }) => service === start.service) < at);

function misclassified(how: string, limit: SeverityName, severity: SeverityName | null): string | null {
  if (severity === null) return null;
  const wrong = how === 'below' ? severity > limit : how === 'above' ? severity < limit : severity === limit;
  return wrong ? `it was ${severity}` : null;
}

function waitedForPerson(never: MustNot, outcome: Outcome, expected: Expected): string | null {
  const asked = happened(never, outcome, (each) => each.kind === 'waits' && each.forPerson);
  if (asked.length > 0) return seenAt(asked);
  const left = expected.decision.action === 'roll-back' && outcome.starts.length === 0;
  return left ? `nothing was rolled back: ${outcome.decision?.because ?? 'no decision'}` : null;
}

/** Without limits: the decision in the end. With them: that it stood at some moment between. */
function stood(never: MustNot, outcome: Outcome): string | null {
  const { decision, phases } = outcome;
  if (never.before === null && never.after === null) return decision?.action === never.action ? 'it did' : null;
  const stands = phases.filter(({ action }) => action === never.action);
  const from = never.after ?? -Infinity;
  const to = never.before ?? Infinity;
  const found = stands.find((phase) => phase.at < to && endOf(phase.at, phases) > from);
  return found === undefined ? null : `at ${Math.round(Math.max(found.at, from))} s`;
}

const endOf = (at: number, phases: readonly { readonly at: number }[]): number =>
  phases.find((phase) => phase.at > at)?.at ?? Infinity;
