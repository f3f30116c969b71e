import type { Command } from 'commander';
import { readFacts } from '../facts.ts';
import { paint } from '../format.ts';
import type { Locations } from '../ports.ts';
import { EXIT, reports, withRules } from '../session.ts';
import type { Session } from '../session.ts';
import { explanation, problemLines, rulesSummary, testSummary } from '../show-rules.ts';

export function addRules(program: Command, session: Session): void {
  const rules = program.command('rules').description('The rules that decide severities and rollbacks');
  addCheck(rules, session);
  addTest(rules, session);
  addExplain(rules, session);
}

function addCheck(rules: Command, session: Session): void {
  const check = rules.command('check').description('Check every rule file, and say everything that is wrong');
  reports<Locations>(session, withRules(check), async (locations) => {
    const report = await session.actions.checkRules(locations);
    const exitCode = report.problems.length > 0 ? EXIT.problems : EXIT.ok;
    return { exitCode, report: { ok: exitCode === EXIT.ok, ...report }, text: rulesSummary(session.io, report) };
  });
}

function addTest(rules: Command, session: Session): void {
  const test = rules.command('test').description('Run the table tests of the rules');
  reports<Locations>(session, withRules(test), async (locations) => {
    const report = await session.actions.testRules(locations);
    const ok = report.problems.length === 0 && report.results.every((result) => result.passed);
    const exitCode = ok ? EXIT.ok : EXIT.problems;
    return { exitCode, report: { ok, ...report }, text: testSummary(session.io, report) };
  });
}

function addExplain(rules: Command, session: Session): void {
  const explain = rules
    .command('explain')
    .description('Say what the rules make of some facts, and why each rule did or did not decide')
    .argument('[facts...]', 'name=value, like errorRatio=0.2 or labels.severity=critical; what is not given is unknown')
    .option('--facts <file>', 'JSON object of facts; - reads standard input');
  type ExplainOptions = Locations & { readonly facts?: string };
  reports<ExplainOptions>(session, withRules(explain), async ({ facts: file, ...locations }, words) => {
    const facts = await readFacts(session.io, file, words);
    const report = await session.actions.explainRules(locations, facts);
    if (report.explanation === null) {
      const text = `${problemLines(report.problems)}${paint(session.io, 'bad', 'the rules cannot be used')}\n`;
      return { exitCode: EXIT.problems, report: { ok: false, problems: report.problems }, text };
    }
    return { exitCode: EXIT.ok, report: { ok: true, ...report.explanation }, text: explanation(report.explanation) };
  });
}
