import type { PipelineObservation, Refusals } from '../../src/domain/pipeline-health.ts';
import { REFUSALS_SPELL_MS, troublesOf } from '../../src/domain/pipeline-health.ts';
import { HOUR, MINUTE, NOON, SECOND } from './support/incident.ts';

const well: PipelineObservation = {
  heartbeats: [{ source: 'alertmanager', name: 'Watchdog', lastSeenAt: NOON - MINUTE }],
  watched: ['Watchdog'],
  heartbeatMs: 5 * MINUTE,
  listeningSince: NOON - HOUR,
  refusals: [],
  failing: [],
  standing: new Set(),
  now: NOON,
};
const causes = (changes: Partial<PipelineObservation>) =>
  troublesOf({ ...well, ...changes }).map(({ cause, severity }) => [cause, severity]);
const refusals = (changes: Partial<Refusals>): Refusals => ({
  source: 'alertmanager',
  code: 'unauthorized',
  count: 3,
  firstAt: NOON - MINUTE,
  lastAt: NOON - SECOND,
  inARow: 3,
  ...changes,
});

test('nothing is wrong', () => {
  expect(causes({})).toEqual([]);
});

describe('a heartbeat', () => {
  const late = [{ source: 'alertmanager', name: 'Watchdog', lastSeenAt: NOON - 5 * MINUTE - 1 }];
  const silent = [['silent/alertmanager/Watchdog', 'critical']];

  test('that stopped is trouble once it is late', () => {
    expect(causes({ heartbeats: [{ ...late[0]!, lastSeenAt: NOON - 5 * MINUTE }] })).toEqual([]);
    expect(causes({ heartbeats: late })).toEqual(silent);
  });

  test('that nobody watches any more is not', () => {
    expect(causes({ heartbeats: late, watched: ['DeadMansSwitch'] })).toEqual([]);
  });

  test('could not come while we were down: we wait for it as long as for any other', () => {
    expect(causes({ heartbeats: late, listeningSince: NOON - 5 * MINUTE })).toEqual([]);
    expect(causes({ heartbeats: late, listeningSince: NOON - 5 * MINUTE - 1 })).toEqual(silent);
  });

  test('that is known to have stopped has not come back because we were restarted', () => {
    const standing = new Set(['silent/alertmanager/Watchdog']);
    expect(causes({ heartbeats: late, listeningSince: NOON, standing })).toEqual(silent);
  });
});

describe('refused requests', () => {
  test.each([
    ['once or twice may be a person who tries', { count: 2 }, []],
    ['repeat', { count: 3 }, [['refused/alertmanager/unauthorized', 'critical']]],
    ['of somebody unknown too', { inARow: 0 }, [['refused/alertmanager/unauthorized', 'critical']]],
    [
      'too large lose all their alerts at once',
      { code: 'too-large', count: 1 },
      [['refused/alertmanager/too-large', 'critical']],
    ],
    ['long ago are over', { lastAt: NOON - REFUSALS_SPELL_MS }, []],
  ])('%s', (_, changes, expected) => {
    expect(causes({ refusals: [refusals(changes)] })).toEqual(expected);
  });
});

describe('PagerDuty', () => {
  const pagerduty = (inARow: number, lastAt = NOON - SECOND, code = 'unauthorized') =>
    refusals({ source: 'pagerduty', code, count: 1, inARow, lastAt });

  test.each([
    [1, []],
    [2, [['pagerduty-refused', 'warning']]],
    [3, [['pagerduty-refused', 'critical']]],
    [4, [['pagerduty-refused', 'critical']]],
  ])('refused %d times in a row', (inARow, expected) => {
    expect(causes({ refusals: [pagerduty(inARow)] })).toEqual(expected);
  });

  test('refusals of different kinds are in one row', () => {
    const kinds = [pagerduty(1), pagerduty(2, NOON - MINUTE, 'unreadable')];
    expect(causes({ refusals: kinds })).toEqual([['pagerduty-refused', 'critical']]);
  });

  test('that was accepted since, or tries again after its day, is well', () => {
    expect(causes({ refusals: [pagerduty(0)] })).toEqual([]);
    expect(causes({ refusals: [pagerduty(3, NOON - 24 * HOUR)] })).toEqual([]);
  });
});

test('what does not answer for minutes is trouble', () => {
  const failing = (since: number) => [{ name: 'prometheus', since, failure: 'ECONNREFUSED' }];
  expect(causes({ failing: failing(NOON - 3 * MINUTE + 1) })).toEqual([]);
  expect(causes({ failing: failing(NOON - 3 * MINUTE) })).toEqual([['unreachable/prometheus', 'warning']]);
});
