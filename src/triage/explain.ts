import type { Assessment, ConditionRecord, FactSet } from '../domain/decision.ts';
import type { Known } from './choose.ts';
import { conclude, type EvaluateOptions } from './evaluate.ts';
import type { RuleRun } from './engine.ts';
import type { Stage } from './rule-file.ts';
import type { KindRules, Rule, RuleSet } from './rule-set.ts';

export interface RuleExplanation {
  readonly stage: Stage;
  readonly rule: string;
  readonly file: string;
  readonly priority: number;
  /** `decided`: the winner, or a route that matched: each of them adds. `outranked`: it matched, another one won. `unknown`: it hangs on facts that nobody knows. */
  readonly outcome: 'decided' | 'outranked' | 'not-matched' | 'unknown';
  readonly because: string;
  readonly conditions: readonly ConditionRecord[];
}

export interface Explanation {
  readonly assessment: Assessment;
  /** Every rule, stage by stage, those that mattered first. */
  readonly rules: readonly RuleExplanation[];
}

/** Why each rule did or did not decide. Runs every rule, also those that the index would have passed over. */
export async function explain(
  rules: RuleSet,
  facts: FactSet,
  now: number,
  options: EvaluateOptions = {},
): Promise<Explanation> {
  const { assessment, facts: known } = await conclude(rules, facts, now, options);
  const { severity, rollback, routing } = assessment;
  const routes = routing.routes.map(({ rule }) => rule);
  return {
    assessment,
    rules: [
      ...(await explainKind(rules.severity, known.severity, [severity.rule])),
      ...(await explainKind(rules.rollback, known.rollback, [rollback.rule])),
      ...(await explainKind(rules.specialist, known.specialist, [routing.rule])),
      ...(await explainKind(rules.route, known.route, routes)),
    ],
  };
}

async function explainKind(
  kind: KindRules,
  known: Known,
  decisive: readonly (string | null)[],
): Promise<readonly RuleExplanation[]> {
  const runs = await kind.engines.run([...kind.rules.keys()], known);
  const explained = runs.flatMap((run) => {
    const rule = kind.rules[run.rule];
    return rule === undefined ? [] : [explainRule(rule, run, decisive)];
  });
  const rank = ['decided', 'outranked', 'unknown', 'not-matched'];
  return explained.sort((a, b) => rank.indexOf(a.outcome) - rank.indexOf(b.outcome) || b.priority - a.priority);
}

function explainRule(
  { stage, name, file, priority, event }: Rule,
  run: RuleRun,
  decisive: readonly (string | null)[],
): RuleExplanation {
  const base = { stage, rule: name, file, priority, conditions: run.conditions };
  if (decisive.includes(name)) return { ...base, outcome: 'decided', because: event.params.because };
  if (run.outcome === true) return { ...base, outcome: 'outranked', because: outrankedBy(decisive) };
  const failed = run.conditions.filter((condition) => !condition.result);
  const outcome = run.outcome === 'unknown' ? 'unknown' : 'not-matched';
  const shown = outcome === 'unknown' ? failed.filter((condition) => condition.unknown) : failed;
  return { ...base, outcome, because: (shown.length > 0 ? shown : run.conditions).map(describeCondition).join('; ') };
}

const outrankedBy = (decisive: readonly (string | null)[]): string => `matched, but "${decisive.join()}" decides`;

/** `labels $.severity equal "critical": it is "warning"` */
function describeCondition({ fact, path, operator, expected, actual, unknown, result }: ConditionRecord): string {
  const asked = `${fact}${path === undefined ? '' : ` ${path}`} ${operator} ${JSON.stringify(expected)}`;
  if (unknown === true && actual === null) return `${asked}: it is unknown`;
  if (unknown === true) return `${asked}: ${JSON.stringify(actual)} cannot be compared with that`;
  return `${asked}: it is ${JSON.stringify(actual)}${result ? ', as asked' : ''}`;
}
