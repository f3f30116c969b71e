import type { FactSet, RollbackStance, RoutingDecision } from '../domain/decision.ts';
import type { Severity } from '../domain/severity.ts';
import { factKinds } from './catalogue.ts';
import { evaluate } from './evaluate.ts';
import { unknownName } from './nearest.ts';
import { pointerSegment, problem, type RuleProblem } from './problem.ts';
import { parseTestFile, type RuleFile, type RuleTestText } from './rule-file.ts';
import type { RuleSet } from './rule-set.ts';

export interface RuleTest extends RuleTestText {
  readonly file: string;
}

export interface RuleTestResult {
  readonly file: string;
  readonly name: string;
  readonly passed: boolean;
  /** What was expected and is otherwise: `severity: expected P0, is P1 by "p1-users" (because …)`. */
  readonly differences: readonly string[];
  readonly severity: Severity;
  readonly action: RollbackStance;
}

/** Reads table tests; a fact that nobody gives would make a test prove nothing, so it is a problem. */
export function readRuleTests(
  files: readonly RuleFile[],
  declaredFacts: readonly string[],
): { readonly tests: readonly RuleTest[]; readonly problems: readonly RuleProblem[] } {
  const kinds = factKinds(declaredFacts);
  const tests: RuleTest[] = [];
  const problems: RuleProblem[] = [];
  for (const { path, text } of files) {
    const { content, faults } = parseTestFile(text);
    problems.push(...faults.map(({ field, message }) => problem(path, null, field, message)));
    if (content === null || faults.length > 0) continue;
    content.tests.forEach((test, at) => {
      const unknown = Object.keys(test.facts).filter((name) => !kinds.has(name));
      for (const name of unknown) {
        const field = `/tests/${at}/facts${pointerSegment(name)}`;
        problems.push(problem(path, test.name, field, unknownName('fact', name, kinds.keys())));
      }
      if (unknown.length === 0) tests.push({ ...test, file: path });
    });
  }
  return { tests, problems };
}

/** Runs table tests. A fact that a test does not give is unknown. */
export async function runRuleTests(
  rules: RuleSet,
  tests: readonly RuleTest[],
  now: number,
): Promise<readonly RuleTestResult[]> {
  const results: RuleTestResult[] = [];
  for (const test of tests) results.push(await runOne(rules, test, now));
  return results;
}

async function runOne(rules: RuleSet, { file, name, facts, expect }: RuleTest, now: number): Promise<RuleTestResult> {
  const given: FactSet = { known: facts, unknown: [], sources: {} };
  const { severity, rollback, routing } = await evaluate(rules, given, now);
  const differences = [
    difference('severity', expect.severity, severity.severity, severity),
    difference('action', expect.action, rollback.action, rollback),
    difference('rule', expect.rule, severity.rule, severity),
    difference('rollback rule', expect.rollbackRule, rollback.rule, rollback),
    difference('specialist', expect.specialist, routing.specialist, routing),
    difference('specialist rule', expect.specialistRule, routing.rule, routing),
    ...routeDifferences(expect, routing),
  ].filter((text) => text !== null);
  const passed = differences.length === 0;
  return { file, name, passed, differences, severity: severity.severity, action: rollback.action };
}

function difference(
  what: string,
  expected: string | null | undefined,
  actual: string | null,
  { rule, because }: { readonly rule: string | null; readonly because: string },
): string | null {
  if (expected === undefined || expected === actual) return null;
  return `${what}: expected ${String(expected)}, is ${String(actual)} by ${rule === null ? 'no rule' : `"${rule}"`} (${because})`;
}

function routeDifferences(
  { page, routes }: RuleTestText['expect'],
  decision: RoutingDecision,
): readonly (string | null)[] {
  const names = (list: readonly string[]): string => list.toSorted().join(', ') || 'none';
  const matched = names(decision.routes.map(({ rule }) => rule));
  return [
    page === undefined || page === decision.page
      ? null
      : `page: expected ${page}, is ${decision.page} by the routes: ${matched}`,
    routes === undefined || names(routes) === matched ? null : `routes: expected ${names(routes)}, are ${matched}`,
  ];
}
