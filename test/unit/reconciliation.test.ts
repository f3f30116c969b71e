import { timingsOf } from '../../src/clients/alertmanager-config.ts';
import type { KnownFiring, ReconciliationLimits, Sighting } from '../../src/domain/reconciliation.ts';
import { judgeListing, quietOf } from '../../src/domain/reconciliation.ts';
import { HOUR, MINUTE, NOON, SECOND } from './support/incident.ts';

const limits: ReconciliationLimits = { overdueMs: 90 * SECOND, unheardMs: 24 * HOUR };
const seen: Sighting = { listedAt: NOON - HOUR, missingSince: null, misses: 0 };
const known = (sighting: Sighting | null, heardAt = NOON - MINUTE): KnownFiring => ({
  fingerprint: 'a',
  heardAt,
  sighting,
});
const judge = (firing: KnownFiring, listed: readonly string[], now = NOON) =>
  judgeListing([firing], (fingerprint) => listed.includes(fingerprint), now, limits);

describe('an alert that Alertmanager lists', () => {
  test('is remembered the first time, and costs nothing after that', () => {
    expect(judge(known(null), ['a'])).toEqual({ listed: ['a'], missing: [], lost: [] });
    expect(judge(known(seen), ['a'])).toEqual({ listed: [], missing: [], lost: [] });
  });

  test('is no longer missing', () => {
    expect(judge(known({ ...seen, missingSince: NOON - MINUTE, misses: 3 }), ['a']).listed).toEqual(['a']);
  });
});

describe('an alert that it lists no more', () => {
  test('is missing at first, however long it was there', () => {
    expect(judge(known(seen), []).missing).toEqual([{ fingerprint: 'a', since: NOON, misses: 1 }]);
  });

  test.each([
    ['was missed twice, its group may still be waiting', 2, 60 * SECOND, false],
    ['was missed for long, but by one look only', 0, 10 * MINUTE, false],
    ['was missed twice and its resolve is overdue', 1, 90 * SECOND, true],
  ])('%s', (_, misses, missingMs, lost) => {
    const sighting = { ...seen, missingSince: NOON - missingMs, misses };
    const found = judge(known(sighting), []);
    expect(found.lost).toEqual(lost ? [{ fingerprint: 'a', since: NOON - missingMs }] : []);
    expect(found.missing).toHaveLength(lost ? 0 : 1);
  });

  test('and that it never listed belongs to somebody else, for as long as somebody speaks of it', () => {
    const never = { listedAt: null, missingSince: NOON - 2 * HOUR, misses: 200 };
    expect(judge(known(never, NOON - 23 * HOUR), []).lost).toEqual([]);
    expect(judge(known(never, NOON - 24 * HOUR), []).lost).toHaveLength(1);
  });
});

describe('an incident is quiet', () => {
  const silenced = { because: 'silenced by ada', until: NOON + HOUR };
  const inhibited = { because: 'inhibited by Big', until: null };

  test('when all that fires is suppressed, until the first of it can be heard', () => {
    expect(quietOf([silenced, { ...silenced, until: NOON + MINUTE }])).toEqual({
      because: 'silenced by ada',
      until: NOON + MINUTE,
    });
    expect(quietOf([silenced, inhibited])).toEqual({ because: 'silenced by ada, and 1 more', until: NOON + HOUR });
    expect(quietOf([inhibited])).toEqual({ because: 'inhibited by Big', until: null });
  });

  test('not when something is heard, and not when nothing fires', () => {
    expect(quietOf([silenced, null])).toBeNull();
    expect(quietOf([])).toBeNull();
  });
});

describe("Alertmanager's intervals", () => {
  test.each([
    ['what it does where nothing is written', 'route: { receiver: a }', 300, 14_400],
    [
      'the longest of any route, which has what its parent says',
      'route: { receiver: a, group_interval: 1m, routes: [{ repeat_interval: 12h, routes: [{ group_interval: 1m30s }] }] }',
      90,
      43_200,
    ],
    ['routes that say less', 'route: { group_interval: 10s, repeat_interval: 1h, routes: null }', 10, 3_600],
  ])('%s', (_, original, group, repeat) => {
    expect(timingsOf(original)).toEqual({ groupIntervalMs: group * SECOND, repeatIntervalMs: repeat * SECOND });
  });

  test.each(['', 'route: []', ': : :', '"\u0000'])('are unknown when it cannot be read: %j', (original) => {
    expect(timingsOf(original)).toBeNull();
  });
});
