import { compileRules } from '../../src/triage/compile.ts';
import { describeProblem } from '../../src/triage/problem.ts';

const severityRule = (over: object = {}) => ({
  name: 'r1',
  conditions: { all: [{ fact: 'service', operator: 'equal', value: 'checkout' }] },
  event: { type: 'severity', params: { severity: 'P1', because: 'it is {service}' } },
  ...over,
});
const rollbackRule = (over: object = {}) => ({
  name: 'b1',
  conditions: { all: [{ fact: 'severity', operator: 'equal', value: 'P1' }] },
  event: { type: 'rollback', params: { action: 'roll-back', because: 'severity {severity}' } },
  ...over,
});
const file = (content: unknown, path = 'severity/a.json') => ({
  path,
  text: typeof content === 'string' ? content : JSON.stringify(content),
});
const rules = (...list: object[]) => ({ rules: list });
const where = (condition: object) => file(rules(severityRule({ conditions: { all: [condition] } })));

function problems(...files: { path: string; text: string }[]): string[] {
  const compiled = compileRules(files, ['queueLagSeconds']);
  return compiled.ok ? [] : compiled.problems.map(describeProblem);
}
const LEAF = 'severity/a.json: rule "r1": /rules/0/conditions/all/0';

test('a good set compiles', () => {
  expect(problems(file(rules(severityRule())), file(rules(rollbackRule()), 'rollback/b.json'))).toEqual([]);
});

describe('a mistake is named with file, rule, field and the nearest right name', () => {
  const leaf = (over: object) => where({ fact: 'service', operator: 'equal', value: 'x', ...over });
  const cases: [string, { path: string; text: string }, string][] = [
    [
      'unknown fact',
      leaf({ fact: 'usersAfectedPercent', value: 1 }),
      `${LEAF}/fact: unknown fact "usersAfectedPercent"; did you mean "usersAffectedPercent"?`,
    ],
    [
      'declared fact mistyped',
      leaf({ fact: 'queueLagSecond', value: 1 }),
      `${LEAF}/fact: unknown fact "queueLagSecond"; did you mean "queueLagSeconds"?`,
    ],
    [
      'fact of the other stage',
      leaf({ fact: 'unclassified', value: true }),
      `${LEAF}/fact: unknown fact "unclassified" (only rollback and routing rules know it)`,
    ],
    [
      'script in a path',
      leaf({ fact: 'labels', path: '$..[?(@.x)]' }),
      `${LEAF}/path: "?" is not allowed in a path: paths are plain, like "$.a.b[0]"`,
    ],
    [
      'call in a path',
      leaf({ fact: 'labels', path: '$.a(1)' }),
      `${LEAF}/path: "(" is not allowed in a path: paths are plain, like "$.a.b[0]"`,
    ],
    [
      'wildcard in a path',
      leaf({ fact: 'labels', path: '$.*' }),
      `${LEAF}/path: "$.*" is not a path: write "$.name", "$.a.b[0]" or "$['any name']"`,
    ],
    ['path into a text', leaf({ path: '$.a' }), `${LEAF}/path: "service" is a text: there is no path into it`],
    [
      'unknown key of the change',
      leaf({ fact: 'suspectChange', path: '$.kinds' }),
      `${LEAF}/path: unknown key of "suspectChange" "kinds"; did you mean "kind"?`,
    ],
    [
      'text for a number',
      leaf({ fact: 'errorRatio', operator: 'greaterThan', value: '0.5' }),
      `${LEAF}/value: must be a number (it is "0.5")`,
    ],
    [
      'number fact equal to a text',
      leaf({ fact: 'alertCount', value: '5' }),
      `${LEAF}/value: must be a number, like the fact (it is "5")`,
    ],
    [
      'a trend that does not exist',
      leaf({ fact: 'impactTrend', value: 'rising' }),
      `${LEAF}/value: must be one of growing, steady, shrinking (it is "rising")`,
    ],
    [
      'a list compared as a whole',
      leaf({ fact: 'alertNames' }),
      `${LEAF}/operator: "equal" cannot test "alertNames", a list fact: use contains, doesNotContain, matches, startsWith, isKnown, isUnknown`,
    ],
    ['isKnown false', leaf({ operator: 'isKnown', value: false }), `${LEAF}/value: must be true (it is false)`],
    ['in without a list', leaf({ operator: 'in' }), `${LEAF}/value: must be a list (it is "x")`],
    [
      'a text times two',
      leaf({ value: { fact: 'environment', times: 2 } }),
      `${LEAF}/value/times: only a number can be multiplied`,
    ],
    [
      'number against text',
      leaf({ fact: 'errorRatio', operator: 'lessThan', value: { fact: 'service' } }),
      `${LEAF}/value: a number cannot be compared with a text`,
    ],
    [
      'pattern from a fact',
      leaf({ operator: 'matches', value: { fact: 'environment' } }),
      `${LEAF}/value: this operator cannot compare with another fact`,
    ],
    [
      'not a pattern',
      leaf({ operator: 'matches', value: '(a' }),
      `${LEAF}/value: not a pattern: missing closing ) (it is "(a")`,
    ],
    ['priority on a condition', leaf({ priority: 3 }), `${LEAF}: unknown key "priority"`],
    ['params on a condition', leaf({ params: {} }), `${LEAF}: unknown key "params"`],
  ];
  test.each(cases)('%s', (_name, given, expected) => {
    expect(problems(given)).toEqual([expected]);
  });
});

test('an unknown operator is told with the nearest known one', () => {
  const [first, ...rest] = problems(where({ fact: 'errorRatio', operator: 'greaterThen', value: 1 }));
  expect(first).toContain(`${LEAF}/operator: unknown operator "greaterThen"; did you mean "greaterThan"?`);
  expect(rest).toEqual([]);
});

test('all problems come at once, over all files', () => {
  const found = problems(
    file('{ "rules": [ }', 'severity/broken.json'),
    file({ rulez: [], rules: [severityRule({ prority: 3 }), severityRule({ name: 'r2', conditions: { any: [] } })] }),
    file(rules(rollbackRule({ event: { type: 'rollback', params: { action: 'rollback' } } })), 'rollback/b.json'),
    file(rules(severityRule({ name: 'r3', conditions: { fact: 'service' } })), 'severity/c.json'),
  );
  expect(found).toEqual([
    expect.stringMatching(/^severity\/broken\.json: not JSON: Unexpected token/),
    'severity/a.json: unknown key "rulez"; did you mean "rules"?',
    'severity/a.json: rule "r1": /rules/0: unknown key "prority"; did you mean "priority"?',
    'severity/a.json: rule "r2": /rules/1/conditions/any: must NOT have fewer than 1 items',
    expect.stringMatching(/^rollback\/b\.json: rule "b1": \/rules\/0\/event\/params: "because" is missing$/),
    expect.stringMatching(/action: unknown value "rollback"; did you mean "roll-back"\?/),
    'severity/c.json: rule "r3": /rules/0/conditions: must hold "all", "any", "not" or "condition"',
  ]);
});

test('names are unique over a stage, and may be used again in the other', () => {
  const twice = problems(file(rules(severityRule())), file(rules(severityRule()), 'severity/b.json'));
  expect(twice).toEqual(['severity/b.json: rule "r1": /rules/0/name: the name is also used in severity/a.json']);
  expect(problems(file(rules(severityRule())), file(rules(rollbackRule({ name: 'r1' })), 'rollback/b.json'))).toEqual(
    [],
  );
});

test('a key that stands twice is refused, for JSON.parse would drop the first', () => {
  const text = JSON.stringify(rules(severityRule())).replace('"all":', '"all":[],"all":');
  expect(problems(file(text))).toEqual([
    'severity/a.json: /rules/0/conditions/all: the key stands twice in the same object',
  ]);
});

test('the folder is the stage', () => {
  expect(problems(file(rules(severityRule()), 'severty/a.json'))[0]).toContain('did you mean "severity/"?');
  expect(problems(file(rules(rollbackRule())))[0]).toContain('"rollback" in a file under severity/');
  expect(problems()).toEqual(['severity: there is no severity rule at all']);
});

test('a placeholder must name a fact', () => {
  const because = (text: string) =>
    problems(file(rules(severityRule({ event: { type: 'severity', params: { severity: 'P1', because: text } } }))));
  expect(because('{servce} {labels.a}')).toEqual([
    'severity/a.json: rule "r1": /rules/0/event/params/because: unknown fact "servce"; did you mean "service"?',
  ]);
  expect(because('{}')[0]).toContain('"{}" is not a placeholder');
});

describe('named conditions', () => {
  const withNamed = (conditions: object, use = 'a') =>
    file({ conditions, rules: [severityRule({ conditions: { condition: use } })] });
  const test1 = { fact: 'service', operator: 'equal', value: 'x' };

  test('are found in any file', () => {
    expect(
      problems(withNamed({}, 'shared'), file({ conditions: { shared: test1 }, rules: [] }, 'rollback/b.json')),
    ).toEqual([]);
  });
  test('unknown name', () => {
    expect(problems(withNamed({ isDown: test1 }, 'isdown'))[0]).toContain(
      'unknown condition "isdown"; did you mean "isDown"?',
    );
  });
  test('a circle', () => {
    const found = problems(withNamed({ a: { not: { condition: 'b' } }, b: { any: [{ condition: 'a' }] } }));
    expect(found).toEqual([
      'severity/a.json: /conditions/a: leads back to itself: a -> b -> a',
      'severity/a.json: /conditions/b: leads back to itself: b -> a -> b',
    ]);
  });
  test('growing without limit', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => {
        const next = { condition: `c${at + 1}` };
        return [`c${at}`, at === 29 ? test1 : { all: [next, next] }];
      }),
    );
    expect(problems(withNamed(chain, 'c0'))[0]).toContain('too large');
  });
  test('that read the severity are not for severity rules', () => {
    const found = problems(withNamed({ a: { fact: 'severity', operator: 'equal', value: 'P1' } }));
    expect(found[0]).toContain('the condition "a" reads "severity", which only rollback and routing rules know');
  });
  test('a mistake inside is told once, at the condition', () => {
    expect(problems(withNamed({ a: { fact: 'servic', operator: 'equal', value: 'x' } }))).toEqual([
      'severity/a.json: /conditions/a/fact: unknown fact "servic"; did you mean "service"?',
    ]);
  });
});

describe('the unknown never triggers a rollback', () => {
  const asks = (condition: object) =>
    problems(
      file(rules(severityRule())),
      file(rules(rollbackRule({ conditions: { all: [condition] } })), 'rollback/b.json'),
    );
  const known = (operator: string) => ({ fact: 'errorRatio', operator, value: true });
  test.each([
    [known('isUnknown'), true],
    [{ not: known('isKnown') }, true],
    [{ any: [{ all: [known('isUnknown')] }] }, true],
    [known('isKnown'), false],
    [{ not: known('isUnknown') }, false],
  ])('%j', (condition, refused) => {
    expect(asks(condition).some((text) => text.includes('the unknown never triggers a rollback'))).toBe(refused);
  });
});

describe('the hash', () => {
  const hash = (...files: { path: string; text: string }[]) => {
    const compiled = compileRules(files, []);
    return compiled.ok ? compiled.ruleSet.hash : 'bad';
  };
  const base = hash(file(rules(severityRule(), severityRule({ name: 'r2' }))));
  test('is of what decides, not of layout, order, files or descriptions', () => {
    expect(
      hash(file(JSON.stringify(rules(severityRule({ name: 'r2' }), severityRule({ description: 'd' })), null, 3))),
    ).toBe(base);
    expect(hash(file(rules(severityRule())), file(rules(severityRule({ name: 'r2' })), 'severity/z.json'))).toBe(base);
  });
  test('changes with a priority or a reason', () => {
    expect(hash(file(rules(severityRule(), severityRule({ name: 'r2', priority: 2 }))))).not.toBe(base);
    const event = { type: 'severity', params: { severity: 'P1', because: 'other' } };
    expect(hash(file(rules(severityRule(), severityRule({ name: 'r2', event }))))).not.toBe(base);
  });
});
