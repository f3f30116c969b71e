import type { Assessment, ConditionRecord, FactSet } from '../domain/decision.ts';
import type { Json } from '../domain/json.ts';
import { evaluate, rollbackFacts, type EvaluateOptions } from './evaluate.ts';
import type { RuleRun } from './engine.ts';
import { timeFacts } from './facts.ts';
import type { Rule, RuleSet, Stage, StageRules } from './rule-set.ts';

export interface RuleExplanation {
  readonly stage: Stage;
  readonly rule: string;
  readonly file: string;
  readonly priority: number;
  /** `decided`: the winner. `outranked`: it matched, another one won. `unknown`: it hangs on facts that nobody knows. */
  readonly outcome: 'decided' | 'outranked' | 'not-matched' | 'unknown';
  readonly because: string;
  readonly conditions: readonly ConditionRecord[];
}

export interface Explanation {
  readonly assessment: Assessment;
  /** Every rule of both stages, those that mattered first. */
  readonly rules: readonly RuleExplanation[];
}

/** Why each rule did or did not decide. Runs every rule, also those that the index would have passed over. */
export async function explain(
  rules: RuleSet,
  facts: FactSet,
  now: number,
  options: EvaluateOptions = {},
): Promise<Explanation> {
  const assessment = await evaluate(rules, facts, now, options);
  const known = { ...timeFacts(now), ...facts.known };
  const forRollback = rollbackFacts(known, assessment.severity, options);
  return {
    assessment,
    rules: [
      ...(await explainStage(rules.severity, known, assessment.severity.rule)),
      ...(await explainStage(rules.rollback, forRollback, assessment.rollback.rule)),
    ],
  };
}

async function explainStage(
  stage: StageRules,
  known: Readonly<Record<string, Json>>,
  winner: string | null,
): Promise<readonly RuleExplanation[]> {
  const runs = await stage.engines.run([...stage.rules.keys()], known);
  const explained = runs.flatMap((run) => {
    const rule = stage.rules[run.rule];
    return rule === undefined ? [] : [explainRule(rule, run, winner)];
  });
  const rank = ['decided', 'outranked', 'unknown', 'not-matched'];
  return explained.sort((a, b) => rank.indexOf(a.outcome) - rank.indexOf(b.outcome) || b.priority - a.priority);
}

function explainRule(
  { stage, name, file, priority, event }: Rule,
  run: RuleRun,
  winner: string | null,
): RuleExplanation {
  const base = { stage, rule: name, file, priority, conditions: run.conditions };
  if (name === winner) return { ...base, outcome: 'decided', because: event.params.because };
  if (run.outcome === true) return { ...base, outcome: 'outranked', because: `matched, but "${winner ?? ''}" decides` };
  const failed = run.conditions.filter((condition) => !condition.result);
  const outcome = run.outcome === 'unknown' ? 'unknown' : 'not-matched';
  const shown = outcome === 'unknown' ? failed.filter((condition) => condition.unknown) : failed;
  return { ...base, outcome, because: (shown.length > 0 ? shown : run.conditions).map(describeCondition).join('; ') };
}

/** `labels $.severity equal "critical": it is "warning"` */
function describeCondition({ fact, path, operator, expected, actual, unknown, result }: ConditionRecord): string {
  const asked = `${fact}${path === undefined ? '' : ` ${path}`} ${operator} ${JSON.stringify(expected)}`;
  if (unknown === true && actual === null) return `${asked}: it is unknown`;
  if (unknown === true) return `${asked}: ${JSON.stringify(actual)} cannot be compared with that`;
  return `${asked}: it is ${JSON.stringify(actual)}${result ? ', as asked' : ''}`;
}
