import { problemText, readText } from '../bench/causes/read.ts';

const file = (scenario: string): string => `version: 1\nscenarios:\n${scenario}`;
const SMALL = `
  - id: small
    title: A small one
    services: [{ service: shop, dependsOn: [], customerFacing: true, hasRollbackPlan: true, steps: [deployment] }]
    timeline:
      - { atSeconds: 60, kind: alert-firing, alert: Errors, service: shop, severity: critical, activeAtSeconds: 10 }
      - { atSeconds: -60, kind: change, id: shop-11.2, type: deployment, service: shop, from: 11.1, to: 11.2, state: completed }
    metrics: [{ service: shop, cell: eu-1, errorRatio: [[10, 0.5], [0, 0.1]], series: { queueLagSeconds: [[0, null]] } }]
    ifRolledBack: { target: shop-11.2, errorRatio: [[0, 0.5], [60, 0.1]] }
    expected: { severity: P1, severityAlso: [P0], decision: { action: roll-back, target: shop-11.2, byAtSeconds: 240 }, alsoAcceptable: [hold], mustNot: [{ action: roll-back-again }], verdictAfter: recovered }
`;

const problems = (scenario: string): readonly string[] =>
  readText('a.yaml', file(scenario)).problems.map((problem) => problemText(problem));

test('a scenario is read with its timeline in order and its versions as text', () => {
  const { found, problems: wrong, warnings } = readText('a.yaml', file(SMALL));
  expect([wrong, warnings]).toEqual([[], []]);
  const scenario = found[0]!.scenario;
  expect(scenario.timeline.map(({ kind }) => kind)).toEqual(['change', 'alert-firing']);
  expect(scenario.timeline[0]).toMatchObject({
    at: -60,
    from: '11.1',
    to: '11.2',
    byFirebreak: false,
    claimedAt: null,
  });
  expect(scenario.metrics[0]!.narrowedTo).toEqual({ cell: 'eu-1' });
  expect(scenario.metrics[0]!.series).toEqual({
    errorRatio: [
      [0, 0.1],
      [10, 0.5],
    ],
    queueLagSeconds: [[0, null]],
  });
  expect(scenario.expected).toMatchObject({
    severities: ['P1', 'P0'],
    decision: { action: 'roll-back', targets: ['shop-11.2'], byAt: 240 },
    alsoAcceptable: [{ action: 'hold', targets: [], byAt: null }],
    mustNot: [{ action: 'roll-back-again', what: null, before: null, after: null }],
    verdict: 'recovered',
  });
});

test('what is wrong is said with file, scenario, field and message, all at once', () => {
  const broken = SMALL.replace('kind: alert-firing', 'kind: alarm').replace('[10, 0.5]', '[10]').replace('P1', 'P9');
  expect(problems(broken)).toEqual([
    expect.stringMatching(/^a\.yaml: small: timeline\[0\]\.kind: expected one of change, alert-firing/),
    'a.yaml: small: metrics[0].errorRatio[0]: a point is [seconds, value], the value a number or null',
    expect.stringMatching(/^a\.yaml: small: expected\.severity: .*"P0"/),
  ]);
});

test('a fault within an entry of the timeline names its own field', () => {
  const hold = '- { atSeconds: 70, kind: human, action: hold }\n    metrics:';
  expect(problems(SMALL.replace('metrics:', `  ${hold}`))).toEqual([
    'a.yaml: small: timeline[2].seconds: a hold needs its seconds',
  ]);
});

test('keys that nobody reads are warned of, and those for people are not', () => {
  const noted = SMALL.replace('activeAtSeconds: 10', 'activeAtSeconds: 10, note: all ready, but slow').replace(
    'ifRolledBack:',
    'ifRoledBack:',
  );
  const { found, warnings } = readText('a.yaml', file(noted));
  expect(found).toHaveLength(1);
  expect(warnings.map(({ field }) => field)).toEqual(['timeline[0].but slow', 'ifRoledBack']);
});

test.each([
  ['scenarios: []', 'version: expected 1, got nothing'],
  ['version: 1\nscenarios: { a: 1 }', 'scenarios: expected a list, got {"a":1}'],
  ['version: 1\nscenarios: [', 'is no YAML'],
])('a file that is none is said to be none: %j', (text, message) => {
  expect(readText('a.yaml', text).problems.map((problem) => problemText(problem))).toEqual([
    expect.stringContaining(`a.yaml: ${message}`),
  ]);
});
