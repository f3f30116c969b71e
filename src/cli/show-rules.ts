import type { RoutingDecision } from '../domain/decision.ts';
import { clean, paint, plural, table } from './format.ts';
import type { CliIo } from './io.ts';
import type { ExplainReport, RuleProblem, RulesReport, RuleTestReport } from './ports.ts';

/** `severity/impact.json: rule "p0": /rules/0/event: what is wrong`, a line each. */
export const problemLines = (problems: readonly RuleProblem[]): string =>
  problems
    .map(({ file, rule, field, message }) => [file, rule === null ? '' : `rule "${rule}"`, field, message])
    .map((parts) => `${clean(parts.filter((part) => part !== '').join(': '))}\n`)
    .join('');

export function rulesSummary(io: CliIo, { directory, rules, hash, problems }: RulesReport): string {
  if (problems.length > 0) {
    return `${problemLines(problems)}${paint(io, 'bad', `${plural(problems.length, 'problem')} in ${clean(directory)}`)}\n`;
  }
  return `${paint(io, 'good', 'ok')}  ${plural(rules, 'rule')} in ${clean(directory)}, hash ${(hash ?? '').slice(0, 12)}\n`;
}

export function testSummary(io: CliIo, { problems, results }: RuleTestReport): string {
  const failed = results.filter((result) => !result.passed);
  const failures = failed.map(({ file, name, differences }) => {
    const details = differences.map((difference) => `      ${clean(difference)}\n`).join('');
    return `${paint(io, 'bad', 'FAIL')}  ${clean(`${file}: ${name}`)}\n${details}`;
  });
  const passed = results.length - failed.length;
  const summary = `${plural(results.length, 'test')}: ${passed} passed, ${failed.length} failed\n`;
  return `${problemLines(problems)}${failures.join('')}${summary}`;
}

/** The decision first, then why each rule did or did not take part. */
export function explanation(report: NonNullable<ExplainReport['explanation']>): string {
  const { severity, rollback, routing } = report.assessment;
  const by = (rule: string | null): string => (rule === null ? 'no rule matched' : `rule ${rule}`);
  const decisions = table([
    ['severity', severity.severity, by(severity.rule), severity.because],
    ['rollback', rollback.action, by(rollback.rule), rollback.because],
    ['specialist', routing.specialist ?? 'unknown', by(routing.rule), routing.because],
    ...routing.routes.map(({ rule, because }) => ['route', '', by(rule), because]),
    ...(routing.routes.length === 0 ? [] : [['told', '', '', told(routing)]]),
  ]);
  const rows = report.rules.map(({ stage, outcome, rule, because }) => [stage, outcome, rule, because]);
  return `${decisions}\n${table([['STAGE', 'OUTCOME', 'RULE', 'BECAUSE'], ...rows])}`;
}

const told = ({ page, slackChannels, emails, audiences }: RoutingDecision): string =>
  [...(page ? ['a page'] : []), ...slackChannels, ...emails, ...audiences].join(', ');
