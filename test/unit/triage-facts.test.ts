import { assembleFacts, type FactInput } from '../../src/triage/facts.ts';
import type { MetricAnswer } from '../../src/triage/ports.ts';
import { readImpact } from '../../src/triage/reading.ts';

const value = (number: number): MetricAnswer => ({ kind: 'value', value: number, warnings: [] });
const alert = (annotations: Record<string, string>, labels: Record<string, string> = {}, name = 'A') => ({
  name,
  labels,
  annotations,
});
const input = (over: Partial<FactInput> = {}): FactInput => ({
  service: 'checkout',
  environment: 'production',
  customerFacing: null,
  serviceSpecialist: null,
  labels: { severity: 'critical' },
  annotations: {},
  alertNames: ['A'],
  alertCount: 1,
  firingSeconds: 90,
  impactTrend: null,
  suspectChange: null,
  acquittedChanges: null,
  changeUnderWay: null,
  rollbackReady: null,
  fixEtaSeconds: null,
  priorIncidents30d: null,
  measured: {},
  stated: {},
  alerts: [],
  now: Date.UTC(2026, 10, 22, 23, 59),
  ...over,
});

describe('a number in an annotation is read strictly', () => {
  test.each([
    ['usersAffectedPercent', '67', 67],
    ['usersAffectedPercent', '67%', 67],
    ['usersAffectedPercent', ' 67.5 % ', 67.5],
    ['usersAffectedPercent', '6.7e+01', 67],
    ['usersAffectedPercent', '100.00000001', 100],
    ['usersAffectedPercent', '0', 0],
    ['errorRatio', '0.45', 0.45],
    ['errorRatio', '45%', 0.45],
    ['errorRatio', '1', 1],
    ['latencyP95Seconds', '1.25', 1.25],
    ['latencyP95Seconds', '850ms', 0.85],
    ['latencyP95Seconds', '2 s', 2],
  ] as const)('%s %j is %d', (fact, text, expected) => {
    const reading = readImpact(fact, text);
    expect('value' in reading ? reading.value : reading.wrong).toBeCloseTo(expected, 10);
  });
  test.each([
    ['usersAffectedPercent', 'NaN', '"NaN" is not a number'],
    ['usersAffectedPercent', '', '"" is not a number'],
    ['usersAffectedPercent', '+Inf', '"+Inf" is not a number'],
    ['usersAffectedPercent', '67 percent', '"67 percent" is not a number'],
    ['usersAffectedPercent', '1,000', '"1,000" is not a number'],
    ['usersAffectedPercent', '0x43', '"0x43" is not a number'],
    ['usersAffectedPercent', '{{ $value }}', '"{{ $value }}" is not a number'],
    ['usersAffectedPercent', '-1', '"-1" is negative'],
    ['usersAffectedPercent', '101%', '"101%" is more than 100'],
    ['usersAffectedPercent', '5s', '"5s" has a unit that does not fit'],
    ['errorRatio', '45', '"45" is more than 1'],
    ['errorRatio', '101%', '"101%" is more than 1'],
    ['errorRatio', '1e999', '"1e999" is not a finite number'],
    ['latencyP95Seconds', '5%', '"5%" has a unit that does not fit'],
    ['latencyP95Seconds', '9'.repeat(60), `"${'9'.repeat(40)}…" is not a number`],
  ] as const)('%s %j is refused', (fact, text, wrong) => {
    expect(readImpact(fact, text)).toEqual({ wrong });
  });
});

describe('where an impact fact comes from', () => {
  test('the worst of the alerts; an annotation goes before the label of the same alert', () => {
    const alerts = [
      alert({ users_affected_percent: '12' }, { users_affected_percent: '99' }),
      alert({}, { users_affected_percent: '67%' }, 'B'),
      alert({ users_affected_percent: 'garbage' }, {}, 'C'),
    ];
    const facts = assembleFacts(input({ alerts }));
    expect(facts.known['usersAffectedPercent']).toBe(67);
    expect(facts.sources['usersAffectedPercent']).toBe('label users_affected_percent of B');
  });
  test('garbage alone is unknown, and its source says why', () => {
    const facts = assembleFacts(input({ alerts: [alert({ error_ratio: 'lots' })] }));
    expect(facts.unknown).toContain('errorRatio');
    expect(facts.known).not.toHaveProperty('errorRatio');
    expect(facts.sources['errorRatio']).toBe('annotation error_ratio of A: "lots" is not a number');
  });
  test('a measurement goes before the alert', () => {
    const measured = { errorRatio: { answer: value(0.3), source: 'promql: q' } };
    const facts = assembleFacts(input({ measured, alerts: [alert({ error_ratio: '0.9' })] }));
    expect([facts.known['errorRatio'], facts.sources['errorRatio']]).toEqual([0.3, 'promql: q']);
  });
  test.each<[string, MetricAnswer, string]>([
    [
      'failed',
      { kind: 'failed', failure: { kind: 'unreachable', message: 'refused' } },
      'promql: q: unreachable: refused',
    ],
    ['no data', { kind: 'no-data', reason: 'NaN', warnings: [] }, 'promql: q: no data: NaN'],
    ['impossible', value(1.5), 'promql: q: 1.5 is more than 1'],
    ['negative', value(-0.1), 'promql: q: -0.1 is negative'],
  ])('a measurement that is %s is unknown, with the reason, unless the alert knows', (_name, answer, source) => {
    const measured = { errorRatio: { answer, source: 'promql: q' } };
    const without = assembleFacts(input({ measured }));
    expect(without.unknown).toContain('errorRatio');
    expect(without.sources['errorRatio']).toBe(source);
    const withAlert = assembleFacts(input({ measured, alerts: [alert({ error_ratio: '9%' })] }));
    expect(withAlert.known['errorRatio']).toBeCloseTo(0.09);
    expect(withAlert.sources['errorRatio']).toBe(`annotation error_ratio of A (${source})`);
  });
  test('a declared fact may be any number, and cannot take the name of one of ours', () => {
    const measured = { queueLag: { answer: value(-5), source: 'q' }, service: { answer: value(1), source: 'q' } };
    const facts = assembleFacts(input({ measured }));
    expect([facts.known['queueLag'], facts.known['service']]).toEqual([-5, 'checkout']);
  });
});

test('what nobody gave is unknown, never a guess; the rest is known', () => {
  const facts = assembleFacts(input());
  expect(facts.known).toEqual({
    service: 'checkout',
    environment: 'production',
    labels: { severity: 'critical' },
    annotations: {},
    alertNames: ['A'],
    alertCount: 1,
    firingSeconds: 90,
    hourOfDay: 23,
    dayOfWeek: 0,
  });
  expect(facts.unknown).toEqual(
    expect.arrayContaining(['usersAffectedPercent', 'customerFacing', 'impactTrend', 'suspectChange', 'fixEtaSeconds']),
  );
  expect(facts.unknown).toHaveLength(16);
  expect(facts.sources['suspectChange']).toBe('nothing gave it');
});

test('what a person states counts where nothing measures it, before what an alert says', () => {
  const stated = { usersAffectedPercent: 40 };
  const alerts = [alert({ users_affected_percent: '90' })];
  const of = (over: Partial<FactInput>) => {
    const { known, sources } = assembleFacts(input({ stated, alerts, ...over }));
    return [known['usersAffectedPercent'], sources['usersAffectedPercent']];
  };
  expect(of({})).toEqual([40, 'person']);
  const nothing: MetricAnswer = { kind: 'no-data', reason: 'no series', warnings: [] };
  expect(of({ measured: { usersAffectedPercent: { answer: nothing, source: 'promql' } } })).toEqual([40, 'person']);
  expect(of({ measured: { usersAffectedPercent: { answer: value(12), source: 'promql' } } })).toEqual([12, 'promql']);
  expect(of({ stated: {} })[0]).toBe(90);
});
