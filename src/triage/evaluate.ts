import type {
  Assessment,
  FactSet,
  RollbackStance,
  RoutingDecision,
  SeverityDecision,
  StanceDecision,
} from '../domain/decision.ts';
import type { Json } from '../domain/json.ts';
import { SEVERITIES, type Severity } from '../domain/severity.ts';
import { fillBecause } from './because.ts';
import { timeFacts } from './facts.ts';
import type { RuleRun } from './engine.ts';
import type { Rule, RuleSet, StageRules } from './rule-set.ts';

export interface EvaluateOptions {
  /** The severity that stands for the incident, given what the severity rules say now: the rollback stage goes by it. */
  readonly standing?: (decided: Severity) => Severity;
}

/** The winner of a stage, with what was found about it. */
export interface Verdict {
  readonly rule: Rule;
  readonly run: RuleRun;
}

type Known = Readonly<Record<string, Json>>;

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
  const known = { ...timeFacts(now), ...facts.known };
  const severity = severityDecision(rules, await winnerOf(rules.severity, known), known, facts.unknown);
  const forRollback = rollbackFacts(known, severity, options);
  const winner = await winnerOf(rules.rollback, forRollback);
  const rollback = stanceDecision(rules, winner, forRollback, facts.unknown);
  return { severity, rollback, routing: noRouting(rules) };
}

/** The facts of the rollback stage: those of the incident and what was concluded about it. */
export function rollbackFacts(known: Known, decided: SeverityDecision, { standing }: EvaluateOptions): Known {
  return {
    ...known,
    severity: standing?.(decided.severity) ?? decided.severity,
    unclassified: decided.unclassified,
  };
}

async function winnerOf(stage: StageRules, known: Known): Promise<Verdict | null> {
  return chooseWinner(stage, await stage.engines.run(stage.index.candidates(known), known));
}

/** Highest priority; then the more severe, or the more careful action; then the name, so that it is always the same. */
export function chooseWinner(stage: StageRules, runs: readonly RuleRun[]): Verdict | null {
  let best: Verdict | null = null;
  for (const run of runs) {
    const rule = stage.rules[run.rule];
    if (run.outcome !== true || rule === undefined) continue;
    if (best === null || wins(rule, best.rule)) best = { rule, run };
  }
  return best;
}

function wins(a: Rule, b: Rule): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  const [left, right] = [caution(a), caution(b)];
  return left === right ? a.name < b.name : left < right;
}

/** Most careful first: rolling back what should have stayed is worse than asking a person. */
const CAREFUL: readonly RollbackStance[] = ['hold', 'evaluate', 'fix-forward', 'roll-back'];

const caution = ({ event }: Rule): number =>
  event.type === 'severity' ? SEVERITIES.indexOf(event.params.severity) : CAREFUL.indexOf(event.params.action);

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

const noRouting = (rules: RuleSet): RoutingDecision => ({
  rule: null,
  because: 'no rule matched',
  rulesHash: rules.hash,
  specialist: null,
  routes: [],
  page: false,
  slackChannels: [],
  emails: [],
  audiences: [],
});

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
