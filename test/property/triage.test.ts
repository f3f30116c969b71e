import fc from 'fast-check';
import type { Json } from '../../src/domain/json.ts';
import { compileRules } from '../../src/triage/compile.ts';
import { matching } from '../../src/triage/choose.ts';
import { evaluate } from '../../src/triage/evaluate.ts';
import type { RuleSet } from '../../src/triage/rule-set.ts';
import { compilePattern, refusePattern } from '../../src/triage/regex.ts';
import { fillQuery, parseQuery } from '../../src/domain/promql.ts';

type Known = Record<string, Json>;
interface Node {
  [key: string]: Json | Node | Node[];
}

const choices: Record<string, Json[]> = {
  service: ['a', 'b', 'c'],
  environment: ['production', 'staging'],
  customerFacing: [true, false],
  alertCount: [0, 1, 2],
  errorRatio: [0, 0.5, 1],
  errorRatioBaseline: [0, 0.25, 0.5],
  alertNames: [['X'], ['X', 'Y'], []],
  labels: [{}, { tier: 'p' }, { tier: 'q', size: '2' }],
};
/** Any fact may be missing. */
const knownFacts = fc.record(
  Object.fromEntries(Object.entries(choices).map(([name, values]) => [name, fc.constantFrom(...values)])),
  { requiredKeys: [] },
) as fc.Arbitrary<Known>;
const allFacts = fc.record(
  Object.fromEntries(Object.entries(choices).map(([name, values]) => [name, fc.constantFrom(...values)])),
) as fc.Arbitrary<Known>;

const leaf: fc.Arbitrary<Node> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('a', 'b', 'c').map((value) => ({ fact: 'service', operator: 'equal', value })),
  },
  fc.constantFrom('p', 'q').map((value) => ({ fact: 'labels', path: '$.tier', operator: 'equal', value })),
  fc
    .subarray(['production', 'staging', 'test'], { minLength: 1 })
    .map((value) => ({ fact: 'environment', operator: 'in', value })),
  fc.constantFrom('production', 'staging').map((value) => ({ fact: 'environment', operator: 'notEqual', value })),
  fc.boolean().map((value) => ({ fact: 'customerFacing', operator: 'equal', value })),
  fc.integer({ min: 0, max: 2 }).map((value) => ({ fact: 'alertCount', operator: 'greaterThan', value })),
  fc.integer({ min: 0, max: 3 }).map((value) => ({ fact: 'labels', path: '$.size', operator: 'lessThan', value })),
  fc.constantFrom(1, 2).map((times) => ({
    fact: 'errorRatio',
    operator: 'greaterThanInclusive',
    value: { fact: 'errorRatioBaseline', times },
  })),
  fc.constantFrom('X', 'Y').map((value) => ({ fact: 'alertNames', operator: 'contains', value })),
  fc.constant({ fact: 'alertNames', operator: 'matches', value: '[XZ]' }),
);
const asking: fc.Arbitrary<Node> = fc
  .tuple(fc.constantFrom(...Object.keys(choices)), fc.constantFrom('isKnown', 'isUnknown'))
  .map(([fact, operator]) => ({ fact, operator, value: true }));

function tree(leaves: fc.Arbitrary<Node>, depth: number): fc.Arbitrary<Node> {
  if (depth === 0) return leaves;
  const children = fc.array(tree(leaves, depth - 1), { minLength: 1, maxLength: 3 });
  return fc.oneof(
    leaves,
    children.map((all) => ({ all })),
    children.map((any) => ({ any })),
    tree(leaves, depth - 1).map((not) => ({ not })),
  );
}
const ruleList = (leaves: fc.Arbitrary<Node>) =>
  fc.array(
    fc.record({
      top: fc.array(tree(leaves, 2), { minLength: 1, maxLength: 3 }),
      group: fc.constantFrom('all', 'all', 'any'),
      priority: fc.integer({ min: 1, max: 3 }),
      severity: fc.constantFrom('P0', 'P1', 'P2', 'P3'),
    }),
    { minLength: 1, maxLength: 12 },
  );
type RuleDraft = { top: Node[]; group: string; priority: number; severity: string };

const asText = ({ top, group, priority, severity }: RuleDraft, at: number) => ({
  name: `r${at}`,
  priority,
  conditions: { [group]: top },
  event: { type: 'severity', params: { severity, because: 'b' } },
});
/** The same conditions choose a specialist, and add a channel. */
const asRouting = ({ top, group, priority }: RuleDraft, at: number) => [
  {
    name: `s${at}`,
    priority,
    conditions: { [group]: top },
    event: { type: 'specialist', params: { specialist: `team-${at}`, because: 'b' } },
  },
  {
    name: `r${at}`,
    priority,
    conditions: { [group]: top },
    event: { type: 'route', params: { slackChannels: [`#r${at}`], because: 'b' } },
  },
];
function compiled(rules: readonly object[], routing: readonly object[] = []): RuleSet {
  const files = [
    { path: 'severity/a.json', text: JSON.stringify({ rules }) },
    { path: 'routing/a.json', text: JSON.stringify({ rules: routing }) },
  ];
  const result = compileRules(files, []);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.ruleSet;
}
const facts = (known: Known) => ({ known, unknown: [], sources: {} });
const outcomes = async (rules: RuleSet, known: Known) =>
  rules.severity.engines.run([...rules.severity.rules.keys()], known);

test('the index never changes what is decided', async () => {
  await fc.assert(
    fc.asyncProperty(ruleList(fc.oneof(leaf, asking)), knownFacts, async (drafts, known) => {
      const rules = compiled(drafts.map(asText), drafts.flatMap(asRouting));
      const time = { hourOfDay: 0, dayOfWeek: 4 };
      const every = await outcomes(rules, { ...time, ...known });
      const all = matching(rules.severity, every)[0];
      const { severity, routing } = await evaluate(rules, facts(known), 0);
      expect(severity.rule).toBe(all?.rule.name ?? null);
      expect(severity.conditions).toEqual(all?.run.conditions ?? []);
      expect(routing.rule).toBe(matching(rules.specialist, every)[0]?.rule.name ?? null);
      expect(routing.slackChannels).toEqual(matching(rules.route, every).map(({ rule }) => `#${rule.name}`));
    }),
    { numRuns: 400 },
  );
});

test('the same rules and facts give the same answer, whatever the order of the rules and however often', async () => {
  await fc.assert(
    fc.asyncProperty(ruleList(fc.oneof(leaf, asking)), knownFacts, fc.integer(), async (drafts, known, seed) => {
      const texts = drafts.map(asText);
      const shuffled = [...texts].sort((a, b) => ((a.name.length * 31 + seed) % 7) - ((b.name.length * 17 + seed) % 5));
      const [rules, other] = [compiled(texts), compiled(shuffled.reverse())];
      expect(other.hash).toBe(rules.hash);
      const [first, second, third] = await Promise.all(
        [rules, rules, other].map((set) => evaluate(set, facts(known), 0)),
      );
      expect(second).toEqual(first);
      expect(third).toEqual(first);
    }),
    { numRuns: 200 },
  );
});

test('an unknown fact never makes a match: what matches still matches, whatever the unknown turns out to be', async () => {
  await fc.assert(
    fc.asyncProperty(ruleList(leaf), knownFacts, allFacts, async (drafts, known, complete) => {
      const rules = compiled(drafts.map(asText));
      const before = await outcomes(rules, known);
      const after = await outcomes(rules, { ...complete, ...known });
      before.forEach(({ outcome }, at) => {
        if (outcome !== 'unknown') expect(after[at]?.outcome).toBe(outcome);
      });
    }),
    { numRuns: 400 },
  );
});

test('with nothing known nothing matches', async () => {
  await fc.assert(
    fc.asyncProperty(ruleList(leaf), async (drafts) => {
      const runs = await outcomes(compiled(drafts.map(asText)), {});
      expect(runs.map(({ outcome }) => outcome)).toEqual(runs.map(() => 'unknown'));
    }),
    { numRuns: 100 },
  );
});

test('no value leaves the quotes of a query', () => {
  const hostile = fc.array(
    fc.constantFrom('"', "'", '`', '\\', '\n', '{', '}', '$service', '#', 'a', '.', '*', '\\"'),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(hostile, fc.constantFrom('"', "'"), fc.constantFrom('=', '=~', '!~'), (pieces, quote, operator) => {
      const value = pieces.join('');
      const parsed = parseQuery(`up{s${operator}${quote}$service${quote}} > 1`);
      if ('message' in parsed) throw new Error(parsed.message);
      const filled = fillQuery(parsed.template, { service: value, environment: null });
      const promql = 'promql' in filled ? filled.promql : '';
      const inside = promql.slice(`up{s${operator}"`.length, -`"} > 1`.length);
      const unescaped = unquote(inside, quote);
      if (operator === '=') expect(unescaped).toBe(value);
      else expect(new RegExp(`^(?:${unescaped})$`, 's').test(value)).toBe(true);
    }),
  );
});

/** As Prometheus reads the inside of a text; throws where it would see the end of it or an unknown escape. */
function unquote(inside: string, quote: string): string {
  return inside.replace(/\\u([0-9a-f]{4})|\\(.)|([\s\S])/g, (_all, code?: string, escaped?: string, plain?: string) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    if (escaped !== undefined && escaped !== '\\' && escaped !== quote) throw new Error(`unknown escape ${escaped}`);
    if (plain === quote || plain === '\n') throw new Error('the text ends early');
    return escaped ?? plain ?? '';
  });
}

test('an accepted pattern means what it means to the engine of JavaScript, as far as both have it', () => {
  const piece = fc.constantFrom(
    'a',
    'a*',
    'a+?',
    'a?',
    '(a|b)',
    '(a',
    ')',
    ')+',
    ')*',
    'a{1,3}',
    '.',
    '|',
    '[^b]',
    '\\w',
    'b$',
  );
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '-'), maxLength: 6 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), text, (pieces, subject) => {
      const pattern = pieces.join('');
      if (refusePattern(pattern) !== null) return;
      expect(compilePattern(pattern).test(subject)).toBe(new RegExp(`^(?:${pattern})$`, 's').test(subject));
    }),
    { numRuns: 2_000 },
  );
});
