import type { Assessment, FactSet, SeverityDecision, StanceDecision } from '../domain/decision.ts';
import type { Severity } from '../domain/severity.ts';
import { fillBecause } from './because.ts';
import { winnerOf, type Known, type Verdict } from './choose.ts';
import { timeFacts } from './facts.ts';
import { route, type SpecialistChoice } from './routing.ts';
import type { RuleKind } from './rule-file.ts';
import type { RuleSet } from './rule-set.ts';

export interface EvaluateOptions {
  /** The severity that stands for the incident, given what the severity rules say now: the later rules go by it. */
  readonly standing?: (decided: Severity) => Severity;
  /** The specialist that stands for it, given what the rules say now: routes go by it. */
  readonly standingSpecialist?: (decided: SpecialistChoice) => SpecialistChoice;
}

/**
 * What the rules conclude from the facts. The same rules, facts and moment give the same answer. A fact that is not
 * known never makes a rule match, unless the rule asks for just that with `isUnknown`.
 */
export async function evaluate(
  rules: RuleSet,
  facts: FactSet,
  now: number,
  options: EvaluateOptions = {},
): Promise<Assessment> {
  return (await conclude(rules, facts, now, options)).assessment;
}

export interface Conclusion {
  readonly assessment: Assessment;
  /** What the rules of each kind went by. */
  readonly facts: Readonly<Record<RuleKind, Known>>;
}

/** The same, with the facts that were known to each kind of rules: those that come later know what earlier ones said. */
export async function conclude(
  rules: RuleSet,
  facts: FactSet,
  now: number,
  { standing, standingSpecialist = (decided) => decided }: EvaluateOptions,
): Promise<Conclusion> {
  const known: Known = { ...timeFacts(now), ...facts.known };
  const severity = severityDecision(rules, await winnerOf(rules.severity, known), known, facts.unknown);
  const later: Known = {
    ...known,
    severity: standing?.(severity.severity) ?? severity.severity,
    unclassified: severity.unclassified,
  };
  const rollback = stanceDecision(rules, await winnerOf(rules.rollback, later), later, facts.unknown);
  const routing = await route(rules, later, standingSpecialist);
  return {
    assessment: { severity, rollback, routing: routing.decision },
    facts: { severity: known, rollback: later, specialist: later, route: routing.facts },
  };
}

function severityDecision(
  rules: RuleSet,
  winner: Verdict | null,
  known: Known,
  unknown: readonly string[],
): SeverityDecision {
  const event = winner?.rule.event;
  const params = event?.type === 'severity' ? event.params : { severity: 'P2' as const, because: NO_SEVERITY };
  return {
    ...reasoned(rules, winner, params.because, known, unknown),
    severity: params.severity,
    unclassified: winner === null,
  };
}

function stanceDecision(
  rules: RuleSet,
  winner: Verdict | null,
  known: Known,
  unknown: readonly string[],
): StanceDecision {
  const event = winner?.rule.event;
  const params = event?.type === 'rollback' ? event.params : { action: 'evaluate' as const, because: NO_STANCE };
  return { ...reasoned(rules, winner, params.because, known, unknown), action: params.action };
}

const NO_SEVERITY = 'no rule matched';
const NO_STANCE = 'no rule matched: nothing is rolled back by itself, a person must look';

function reasoned(rules: RuleSet, winner: Verdict | null, because: string, known: Known, unknown: readonly string[]) {
  return {
    rule: winner?.rule.name ?? null,
    because: fillBecause(because, known),
    rulesHash: rules.hash,
    conditions: winner?.run.conditions ?? [],
    facts: known,
    unknownFacts: unknown,
  };
}
