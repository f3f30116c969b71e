import { compileRules } from './compile.ts';
import { readRuleFiles, type RuleFiles } from './files.ts';
import { problem, type RuleProblem } from './problem.ts';
import { readRuleTests, runRuleTests, type RuleTestResult } from './rule-tests.ts';
import type { RuleSet } from './rule-set.ts';

export interface RulesReport {
  readonly ok: boolean;
  readonly files: number;
  readonly problems: readonly RuleProblem[];
  /** Null when the rules cannot be used. */
  readonly ruleSet: RuleSet | null;
  /** Empty when the rules cannot be used. */
  readonly tests: readonly RuleTestResult[];
}

/** Checks a rules directory and runs its table tests: what `firebreak rules check` and `rules test` show. */
export async function checkRules(
  directory: string,
  declaredFacts: readonly string[],
  now: number,
): Promise<RulesReport> {
  const files = await readOrNull(directory);
  if ('message' in files) {
    const problems = [problem(directory, null, '', files.message)];
    return { ok: false, files: 0, problems, ruleSet: null, tests: [] };
  }
  const compiled = compileRules(files.rules, declaredFacts);
  const table = readRuleTests(files.tests, declaredFacts);
  const problems = [...(compiled.ok ? [] : compiled.problems), ...table.problems];
  const ruleSet = compiled.ok ? compiled.ruleSet : null;
  const tests = ruleSet === null ? [] : await runRuleTests(ruleSet, table.tests, now);
  const ok = problems.length === 0 && tests.every((test) => test.passed);
  return { ok, files: files.rules.length, problems, ruleSet, tests };
}

async function readOrNull(directory: string): Promise<RuleFiles | { readonly message: string }> {
  try {
    return await readRuleFiles(directory);
  } catch (error) {
    return { message: `cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}
