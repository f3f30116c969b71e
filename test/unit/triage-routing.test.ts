import type { Json } from '../../src/domain/json.ts';
import { compileRules } from '../../src/triage/compile.ts';
import { evaluate, type EvaluateOptions } from '../../src/triage/evaluate.ts';
import { explain } from '../../src/triage/explain.ts';
import { describeProblem } from '../../src/triage/problem.ts';
import { runRuleTests } from '../../src/triage/rule-tests.ts';

const NIGHT = Date.UTC(2026, 10, 23, 3, 47);

const is = (fact: string, value: Json, operator = 'equal') => ({ fact, operator, value });
const specialist = (name: string, team: string, conditions: readonly object[], priority = 1) => ({
  name,
  priority,
  conditions: { all: conditions },
  event: { type: 'specialist', params: { specialist: team, because: `${name} on {service}` } },
});
const route = (name: string, conditions: readonly object[], params: object, priority = 1) => ({
  name,
  priority,
  conditions: { all: conditions },
  event: { type: 'route', params: { because: `${name}: {severity} at {hourOfDay}`, ...params } },
});

const P1 = {
  name: 'errors',
  conditions: { all: [is('errorRatio', 0.1, 'greaterThan')] },
  event: { type: 'severity', params: { severity: 'P1', because: 'errors' } },
};
const files = (rules: readonly object[], more: object = {}) => [
  { path: 'severity/a.json', text: JSON.stringify({ rules: [P1] }) },
  { path: 'routing/a.json', text: JSON.stringify({ ...more, rules }) },
];

function compiled(rules: readonly object[]) {
  const result = compileRules(files(rules), []);
  if (!result.ok) throw new Error(result.problems.map(describeProblem).join('\n'));
  return result.ruleSet;
}
const problems = (rules: readonly object[], more: object = {}) => {
  const result = compileRules(files(rules, more), []);
  return result.ok ? [] : result.problems.map(describeProblem);
};
const facts = (known: Record<string, Json>) => ({ known, unknown: [], sources: {} });
const routing = async (rules: readonly object[], known: Record<string, Json>, options: EvaluateOptions = {}) =>
  (await evaluate(compiled(rules), facts(known), NIGHT, options)).routing;

const checkout = is('service', 'checkout');

describe('the specialist', () => {
  test('is the one of the highest priority, then the first by name', async () => {
    const low = specialist('a', 'backend', [checkout], 1);
    const high = specialist('z', 'database', [checkout], 9);
    const same = specialist('m', 'frontend', [checkout], 9);
    expect(await routing([low, high], { service: 'checkout' })).toMatchObject({
      specialist: 'database',
      rule: 'z',
      because: 'z on checkout',
    });
    expect(await routing([low, high, same], { service: 'checkout' })).toMatchObject({ specialist: 'frontend' });
    expect(await routing([same, high, low], { service: 'checkout' })).toMatchObject({ specialist: 'frontend' });
  });

  test('is unknown when no rule matches, also where the facts for it are', async () => {
    const rules = [specialist('a', 'backend', [checkout])];
    const nobody = { specialist: null, rule: null, because: 'no rule matched' };
    expect(await routing(rules, { service: 'cart' })).toMatchObject(nobody);
    expect(await routing(rules, {})).toMatchObject(nobody);
    expect(await routing([], { service: 'checkout' })).toMatchObject(nobody);
  });

  test('is the one of the configuration where no rule matches', async () => {
    const rules = [specialist('a', 'backend', [is('service', 'cart')])];
    const known = { service: 'checkout', serviceSpecialist: 'team-shop' };
    expect(await routing(rules, known)).toMatchObject({ specialist: 'team-shop', rule: null });
    expect(await routing(rules, { ...known, service: 'cart' })).toMatchObject({ specialist: 'backend', rule: 'a' });
  });

  test('follows from the severity that stands', async () => {
    const rules = [specialist('urgent', 'incident-team', [is('severity', 'P0')])];
    expect(await routing(rules, { errorRatio: 0.5 })).toMatchObject({ specialist: null });
    expect(await routing(rules, { errorRatio: 0.5 }, { standing: () => 'P0' })).toMatchObject({
      specialist: 'incident-team',
    });
  });
});

describe('routes', () => {
  const dba = route('dba', [is('specialist', 'database')], { slackChannels: ['#dba', '#ops'], email: ['dba@shop.io'] });
  const night = route('night', [is('hourOfDay', 6, 'lessThan')], { page: true, slackChannels: ['#ops', '#night'] }, 5);
  const shop = specialist('shop', 'database', [checkout]);

  test('each that matches adds, the one of the highest priority first, nobody twice', async () => {
    expect(await routing([dba, night, shop], { service: 'checkout', errorRatio: 0.5 })).toMatchObject({
      routes: [
        { rule: 'night', because: 'night: P1 at 3' },
        { rule: 'dba', because: 'dba: P1 at 3' },
      ],
      page: true,
      slackChannels: ['#ops', '#night', '#dba'],
      emails: ['dba@shop.io'],
      audiences: [],
    });
  });

  test('none that matches tells nobody more', async () => {
    expect(await routing([dba, shop], { service: 'cart' })).toMatchObject({
      routes: [],
      page: false,
      slackChannels: [],
      emails: [],
      audiences: [],
    });
  });

  test('know the specialist that a rule chose, that the configuration names, or that stands', async () => {
    const matched = async (known: Record<string, Json>, options: EvaluateOptions = {}) =>
      (await routing([dba, shop], known, options)).routes.length;
    expect(await matched({ service: 'checkout' })).toBe(1);
    expect(await matched({ service: 'cart', serviceSpecialist: 'database' })).toBe(1);
    expect(await matched({ service: 'cart' })).toBe(0);
    const standingSpecialist = () => ({ specialist: 'database', rule: 'shop', because: 'it was' });
    expect(await matched({ service: 'cart' }, { standingSpecialist })).toBe(1);
  });

  test('on a specialist that nobody knows do not match, whatever is asked of it', async () => {
    const other = route('other', [is('specialist', 'database', 'notEqual')], { page: true });
    expect(await routing([other], { service: 'cart' })).toMatchObject({ page: false });
    expect(await routing([other], { serviceSpecialist: 'backend' })).toMatchObject({ page: true });
  });
});

describe('what is refused', () => {
  test('a route that adds nothing, takes something away, or goes to customers', () => {
    const told = (params: object) => problems([route('r', [checkout], params)]).join('\n');
    expect(told({})).toContain('/rules/0/event/params: must hold more: page, slackChannels, email, audiences, because');
    expect(told({ page: false })).toContain('/event/params/page: must be true, or left out');
    expect(told({ audiences: ['customers'] })).toContain('unknown value "customers" (known: stakeholders)');
    expect(told({ slackChannels: ['#a b'] })).toContain('/slackChannels/0: must match pattern');
    expect(told({ email: ['nobody'] })).toContain('/email/0: must match pattern');
    expect(told({ pages: true })).toContain('unknown key "pages"; did you mean "page"?');
    expect(told({ slackChannels: ['#ops', 'C024BE91L'], email: ['a@b.io'], audiences: ['stakeholders'] })).toBe('');
  });

  test('a rule for a specialist that reads the specialist', () => {
    expect(problems([specialist('s', 'a', [is('specialist', 'b')])])).toEqual([
      expect.stringContaining('unknown fact "specialist"'),
    ]);
    expect(problems([specialist('s', 'a', [is('specialist', 'b')])])[0]).toContain('(only routes know it)');
    const named = { conditions: { isDatabase: is('specialist', 'database') } };
    const use = { name: 's', conditions: { condition: 'isDatabase' }, event: specialist('s', 'a', []).event };
    expect(problems([use], named)[0]).toContain('reads "specialist", which only routes know');
  });

  test('a rule of another stage among them', () => {
    expect(problems([P1])[0]).toContain('"severity" in a file under routing/: it must be "specialist" or "route"');
    const inSeverity = { path: 'severity/b.json', text: JSON.stringify({ rules: [specialist('s', 'a', [checkout])] }) };
    const result = compileRules([...files([]), inSeverity], []);
    expect(result.ok ? '' : result.problems.map(describeProblem)[0]).toContain('it must be "severity"');
  });

  test('one name for a specialist and a route', () => {
    expect(problems([specialist('same', 'a', [checkout]), route('same', [checkout], { page: true })])).toEqual([
      'routing/a.json: rule "same": /rules/1/name: the name is also used in routing/a.json',
    ]);
  });
});

test('without routing rules the others have the hash that they always had', () => {
  const only = compileRules(files([]).slice(0, 1), []);
  const both = compileRules(files([]), []);
  expect(only.ok && both.ok && both.ruleSet.hash === only.ruleSet.hash).toBe(true);
  expect(compiled([specialist('s', 'a', [checkout])]).hash).not.toBe(compiled([]).hash);
});

test('explain says of every routing rule why it counted or not', async () => {
  const rules = compiled([
    specialist('won', 'database', [checkout], 5),
    specialist('lost', 'backend', [checkout], 1),
    route('adds', [is('specialist', 'database')], { page: true }),
    route('adds-too', [checkout], { slackChannels: ['#ops'] }),
    route('not', [is('specialist', 'backend')], { page: true }),
  ]);
  const { rules: explained } = await explain(rules, facts({ service: 'checkout' }), NIGHT);
  const ofRouting = explained.filter(({ stage }) => stage === 'routing');
  expect(ofRouting.map(({ rule, outcome, because }) => [rule, outcome, because])).toEqual([
    ['won', 'decided', 'won on {service}'],
    ['lost', 'outranked', 'matched, but "won" decides'],
    ['adds', 'decided', 'adds: {severity} at {hourOfDay}'],
    ['adds-too', 'decided', 'adds-too: {severity} at {hourOfDay}'],
    ['not', 'not-matched', 'specialist equal "backend": it is "database"'],
  ]);
});

test('table tests see specialist, page and routes', async () => {
  const rules = compiled([
    specialist('shop', 'database', [checkout]),
    route('night', [is('hourOfDay', 6, 'lessThan')], { page: true }),
    route('ops', [checkout], { slackChannels: ['#ops'] }),
  ]);
  const base = { file: 'tests/a.json', name: 't', facts: { service: 'checkout' } };
  const results = await runRuleTests(
    rules,
    [
      {
        ...base,
        expect: { specialist: 'database', specialistRule: 'shop', page: true, routes: ['ops', 'night'] },
      },
      { ...base, expect: { specialist: null, specialistRule: null, page: false, routes: ['ops'] } },
      { ...base, facts: { hourOfDay: 12 }, expect: { specialist: null, page: false, routes: [] } },
    ],
    NIGHT,
  );
  expect(results.map(({ differences }) => differences)).toEqual([
    [],
    [
      'specialist: expected null, is database by "shop" (shop on checkout)',
      'specialist rule: expected null, is shop by "shop" (shop on checkout)',
      'page: expected false, is true by the routes: night, ops',
      'routes: expected ops, are night, ops',
    ],
    [],
  ]);
});
