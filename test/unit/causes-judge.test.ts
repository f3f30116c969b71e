import { judge } from '../bench/causes/judge.ts';
import { outcomeOf } from '../bench/causes/outcome.ts';
import { outcomeUnder } from '../bench/causes/policies.ts';
import { readText } from '../bench/causes/read.ts';
import type { Happening, IncidentRecord, RunRecord } from '../bench/causes/record.ts';
import type { Scenario } from '../bench/causes/scenario.ts';
import { totalLines, totalsOf } from '../bench/causes/totals.ts';

const expecting = (expected: string): Scenario => {
  const read = readText(
    'test',
    `version: 1
scenarios:
  - id: judged
    services:
      - { service: shop, dependsOn: [auth], hasRollbackPlan: true }
      - { service: auth, dependsOn: [], hasRollbackPlan: true }
    timeline:
      - { atSeconds: -900, kind: change, id: auth-r9, type: deployment, service: auth, from: r8, to: r9 }
      - { atSeconds: -60, kind: change, id: shop-r2, type: deployment, service: shop, from: r1, to: r2 }
      - { atSeconds: 100, kind: alert-firing, alert: Errors, service: shop }
    expected: { severity: P1, ${expected} }`,
  );
  expect(read.problems).toEqual([]);
  return read.found[0]!.scenario;
};

const incident = (happened: readonly Happening[], changes: Partial<IncidentRecord> = {}): IncidentRecord => ({
  ...{ id: 'INC-1', service: 'shop', onsetAt: 10, openedAt: 100, overAt: null, hasPlan: true, timeline: [] },
  happened: [{ kind: 'severity', at: 100, severity: 'P1' }, ...happened],
  ...changes,
});

const run = (...incidents: readonly IncidentRecord[]): RunRecord => ({ incidents, trespasses: [], people: [] });

const rolledBack = (at = 160, service = 'shop', from = 'r2', to = 'r1'): readonly Happening[] => [
  { kind: 'asked', at: 100, because: 'P1' },
  { kind: 'waits', at: 100, because: 'announced', forPerson: false },
  { kind: 'started', at, service, from, to },
];
const recovered: Happening = { kind: 'verdict', at: 400, verdict: 'recovered', because: '5 samples' };
const stance = (at: number, action: 'hold' | 'evaluate' | 'fix-forward'): Happening => ({
  ...{ kind: 'stance', at, action },
  because: `it says ${action}`,
});

const verdictOn = (scenario: Scenario, record: RunRecord) => judge(scenario.expected, outcomeOf(scenario, record));

const ROLL_BACK = 'decision: { action: roll-back, target: shop-r2, byAtSeconds: 200 }, verdictAfter: recovered';
const HOLD = 'decision: hold, alsoAcceptable: [no-automatic-action], mustNot: [{ action: roll-back }]';

test('the right rollback in time passes', () => {
  const judged = verdictOn(expecting(ROLL_BACK), run(incident([...rolledBack(), recovered])));
  expect(judged).toMatchObject({ passed: true, wrongRollback: false, missedRollback: false, decidedAt: 160 });
});

test.each([
  ['too late', rolledBack(201), 'roll-back shop-r2 at 201 s instead of roll-back shop-r2 by 200 s', false, true],
  ['of another service', rolledBack(160, 'auth', 'r9', 'r8'), 'roll-back auth-r9 at 160 s instead of', true, true],
  ['not at all', [stance(100, 'hold')], 'hold at 100 s instead of roll-back shop-r2', false, true],
])('a rollback %s fails', (_, happened, fault, wrongRollback, missedRollback) => {
  const judged = verdictOn(expecting(ROLL_BACK), run(incident([...happened, recovered])));
  expect(judged).toMatchObject({ passed: false, wrongRollback, missedRollback });
  expect(judged.faults[0]).toContain(fault);
});

test('a rollback where none is accepted is wrong, whatever came of it', () => {
  const judged = verdictOn(expecting(HOLD), run(incident([...rolledBack(), recovered])));
  expect(judged).toMatchObject({ passed: false, wrongRollback: true, missedRollback: false });
  expect(judged.faults).toContain('must not roll-back: at 160 s');
});

test('one that began before it was allowed is wrong', () => {
  const early = `${ROLL_BACK}, mustNot: [{ action: roll-back, what: shop-r2, beforeSeconds: 170 }]`;
  expect(verdictOn(expecting(early), run(incident([...rolledBack(), recovered]))).wrongRollback).toBe(true);
  expect(verdictOn(expecting(early), run(incident([...rolledBack(180), recovered]))).passed).toBe(true);
});

test('a second rollback of the service is seen', () => {
  const again = expecting(`${ROLL_BACK}, mustNot: [{ action: roll-back-again }]`);
  const judged = verdictOn(again, run(incident([...rolledBack(), ...rolledBack(500), recovered])));
  expect(judged.faults).toEqual(['must not roll-back-again: at 500 s']);
});

test.each([
  ['announced and waiting is a hold', rolledBack().slice(0, 2), 'hold', []],
  [
    'stopped by a rail is no automatic action',
    [...rolledBack().slice(0, 2), { kind: 'stopped', at: 101, rail: 'cooldown', because: 'too soon' }],
    'no-automatic-action',
    [],
  ],
  [
    'aborted by a person is both',
    [...rolledBack().slice(0, 2), { kind: 'stopped', at: 120, rail: 'aborted', because: 'no' }],
    'no-automatic-action',
    ['hold'],
  ],
  ['the last stance stands', [stance(100, 'hold'), stance(110, 'evaluate')], 'evaluate', []],
  [
    'what is said of it once it heals is about nothing',
    [stance(100, 'hold'), { kind: 'severity', at: 300, severity: 'P3' }, stance(300, 'fix-forward')],
    'hold',
    [],
  ],
] as const)('%s', (_, happened, action, also) => {
  const outcome = outcomeOf(expecting(HOLD), run(incident(happened)));
  expect(outcome.decision).toMatchObject({ action, also });
});

test('severity is the worst of the first five minutes, and of all judged incidents', () => {
  const rising: Happening = { kind: 'severity', at: 399, severity: 'P0' };
  const late: Happening = { kind: 'severity', at: 401, severity: 'P0' };
  const severity = (...incidents: readonly IncidentRecord[]) => outcomeOf(expecting(HOLD), run(...incidents)).severity;
  expect([severity(incident([rising])), severity(incident([late]))]).toEqual(['P0', 'P1']);
  expect(severity(incident([]), incident([rising], { id: 'INC-2', service: 'auth' }))).toBe('P0');
});

test('an incident that was over before the onset is not judged', () => {
  const before = incident(rolledBack(-500), { openedAt: -600, overAt: -100 });
  expect(verdictOn(expecting(HOLD), run(before, incident([stance(100, 'hold')]))).passed).toBe(true);
});

test('the verdict follows the decision that was expected, and an accepted other decision has its own end', () => {
  const either = expecting(`${ROLL_BACK}, alsoAcceptable: [hold]`);
  expect(verdictOn(either, run(incident([stance(100, 'hold')])))).toMatchObject({
    passed: true,
    missedRollback: false,
  });
  const without = expecting(`${HOLD}, verdictAfter: recovered-without-us`);
  const healed: readonly Happening[] = [stance(100, 'hold'), { kind: 'called-recovered', at: 300 }];
  expect(verdictOn(without, run(incident(healed))).passed).toBe(true);
  expect(verdictOn(without, run(incident([stance(100, 'hold')]))).passed).toBe(false);
});

test.each([
  ['{ action: declare-recovered, beforeSeconds: 300 }', { kind: 'called-recovered', at: 299 }, true],
  ['{ action: declare-recovered, beforeSeconds: 300 }', { kind: 'called-recovered', at: 301 }, false],
  ['{ action: page }', { kind: 'paged', at: 100, because: 'P0' }, true],
  ['{ action: classify-below-P1 }', { kind: 'severity', at: 100, severity: 'P0' }, false],
  ['{ action: classify-above-P2 }', { kind: 'severity', at: 100, severity: 'P0' }, true],
  ['{ action: wait-for-person }', { kind: 'waits', at: 100, because: 'approval', forPerson: true }, true],
] as const)('must not %s', (mustNot, happening, seen) => {
  const scenario = expecting(`severityAlso: [P0], decision: hold, mustNot: [${mustNot}]`);
  const { faults } = verdictOn(scenario, run(incident([happening, stance(100, 'hold')])));
  expect(faults.some((fault) => fault.startsWith('must not'))).toBe(seen);
});

test('what cannot be seen is listed, and fails nothing', () => {
  const scenario = expecting('decision: hold, mustNot: [{ action: notify-customers }]');
  const judged = verdictOn(scenario, run(incident([stance(100, 'hold')])));
  expect(judged).toMatchObject({ passed: true, notJudged: ['notify-customers'] });
});

test('always rolls the newest change back at the first alert, never does nothing', () => {
  const scenario = expecting(ROLL_BACK);
  expect(outcomeUnder('always roll back', scenario).starts).toEqual([{ at: 100, service: 'shop', target: 'shop-r2' }]);
  expect(judge(scenario.expected, outcomeUnder('always roll back', scenario)).passed).toBe(true);
  expect(judge(scenario.expected, outcomeUnder('never roll back', scenario))).toMatchObject({ missedRollback: true });
});

test('the totals stand in these words', () => {
  const right = verdictOn(expecting(ROLL_BACK), run(incident([...rolledBack(), recovered])));
  const missed = verdictOn(expecting(ROLL_BACK), run(incident([stance(130, 'hold')])));
  const held = verdictOn(expecting(HOLD), run(incident([stance(110, 'hold')])));
  const wrong = verdictOn(expecting(HOLD), run(incident(rolledBack())));
  expect(totalLines(totalsOf([right, missed, held, wrong]))).toEqual([
    'wrong rollbacks: 1',
    'missed rollbacks: 1 (50 %)',
    'correct holds: 1 of 2',
    'time to decision: median 130 s, p90 160 s',
    'passed: 2 of 4',
  ]);
});
