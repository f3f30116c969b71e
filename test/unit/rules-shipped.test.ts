import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import rulesSchema from '../../rules/schema/rules.schema.json' with { type: 'json' };
import { RESERVED_FACTS, CONCLUDED_FACTS } from '../../src/triage/catalogue.ts';
import { checkRules } from '../../src/triage/check-rules.ts';
import { compileRules } from '../../src/triage/compile.ts';
import { evaluate } from '../../src/triage/evaluate.ts';
import { readRuleFiles } from '../../src/triage/files.ts';
import { OPERATORS } from '../../src/triage/operators.ts';
import { factsOf, rulesOf } from '../../src/triage/rule-set.ts';
import { readRuleTests, runRuleTests } from '../../src/triage/rule-tests.ts';

const directory = fileURLToPath(new URL('../../rules', import.meta.url));
const report = await checkRules(directory, [], Date.UTC(2026, 10, 23, 3, 47));

test('the shipped rules have no problem', () => {
  expect(report.problems).toEqual([]);
  expect(report.ruleSet?.hash).toMatch(/^[0-9a-f]{64}$/);
});

test('there are enough table tests', () => {
  expect(report.tests.length).toBeGreaterThanOrEqual(25);
});

test.each(report.tests.map((result) => [result.name, result] as const))('%s', (_name, result) => {
  expect(result.differences).toEqual([]);
});

test('every shipped rule decides at least one table test', async () => {
  const rules = rulesOf(report.ruleSet!).map((rule) => rule.name);
  const decided = new Set<string | null>();
  const { tests } = readRuleTests((await readRuleFiles(directory)).tests, []);
  for (const { facts } of tests) {
    const given = { known: facts, unknown: [], sources: {} };
    const { severity, rollback, routing } = await evaluate(report.ruleSet!, given, 0);
    decided.add(severity.rule).add(rollback.rule).add(routing.rule);
  }
  expect(rules.filter((name) => !decided.has(name))).toEqual([]);
});

test('no label, name or trend decides a rollback: only measured impact does', async () => {
  const texts = ['critical', 'page', 'P0', 'warning'];
  for (const severity of texts) {
    for (const override of [undefined, 'P0', 'P1', 'P2'] as const) {
      const known = {
        service: 'checkout',
        environment: 'production',
        customerFacing: true,
        labels: { severity, alertname: 'CheckoutDown' },
        alertCount: 500,
        firingSeconds: 3600,
        impactTrend: 'growing',
        rollbackReady: true,
        priorIncidents30d: 9,
        suspectChange: { kind: 'deployment', version: 'r42', ageSeconds: 60 },
      };
      const options = override === undefined ? {} : { standing: () => override };
      const { rollback } = await evaluate(report.ruleSet!, { known, unknown: [], sources: {} }, 0, options);
      expect(rollback.action).not.toBe('roll-back');
    }
  }
});

test('the examples of the guide compile with the shipped rules, and its test passes', async () => {
  const guide = await readFile(new URL('../../docs/rules.md', import.meta.url), 'utf8');
  const [ruleExample = '', ...others] = Array.from(guide.matchAll(/^```json\n(.*?)^```$/gms), ([, json = '']) => json);
  const testExample = others.at(-1) ?? '';
  const shipped = (await readRuleFiles(directory)).rules;
  const routing = `{ "rules": [${others.slice(0, -1).join()}] }`;
  const guideFiles = [
    { path: 'severity/guide.json', text: ruleExample },
    { path: 'routing/guide.json', text: routing },
  ];
  const compiled = compileRules([...shipped, ...guideFiles], []);
  const { tests, problems } = readRuleTests([{ path: 'tests/guide.json', text: testExample }], []);
  expect([compiled, problems, tests.length]).toEqual([expect.objectContaining({ ok: true }), [], 1]);
  const results = compiled.ok ? await runRuleTests(compiled.ruleSet, tests, 0) : [];
  expect(results.map(({ differences }) => differences)).toEqual([[]]);
});

test('the guide names every fact and every operator', async () => {
  const guide = await readFile(new URL('../../docs/rules.md', import.meta.url), 'utf8');
  const names = [...Object.keys(RESERVED_FACTS), ...Object.keys(CONCLUDED_FACTS), ...Object.keys(OPERATORS)];
  expect(names.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
});

test('the schema names every fact and every operator for completion', () => {
  const { examples } = rulesSchema.$defs.test.properties.fact;
  expect(examples).toEqual([...Object.keys(RESERVED_FACTS), ...Object.keys(CONCLUDED_FACTS)]);
  expect(rulesSchema.$defs.test.properties.operator.enum).toEqual(Object.keys(OPERATORS));
});

test('every rule that rolls back reads the suspect change and an impact fact', () => {
  const impact = ['usersAffectedPercent', 'errorRatio', 'latencyP95Seconds', 'requestsPerSecond'];
  for (const { event, tree, name } of report.ruleSet!.rollback.rules) {
    if (event.type !== 'rollback' || event.params.action !== 'roll-back') continue;
    const read = factsOf(tree);
    expect([name, read.includes('suspectChange'), impact.some((fact) => read.includes(fact))]).toEqual([
      name,
      true,
      true,
    ]);
  }
});
