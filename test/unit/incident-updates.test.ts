import { timersOf } from '../../src/domain/incident/timers.ts';
import { factsText } from '../../src/domain/incident/update-text.ts';
import { iso } from '../../src/domain/time.ts';
import type { Incident } from './support/incident.ts';
import {
  HOUR,
  MINUTE,
  NOON,
  allResolved,
  assessmentOf,
  executing,
  firesAgain,
  judged,
  opened,
  planned,
  recovers,
  step,
} from './support/incident.ts';

const timer = { kind: 'fire-timer', name: 'status-update' } as const;
const write = (text: string) => ({ kind: 'write-update', text, by: 'ada', via: 'slack' }) as const;
const at = (incident: Incident, minutes: number): Incident => {
  incident.now = NOON + minutes * MINUTE;
  return incident;
};
const due = (incident: Incident): number | undefined =>
  timersOf(incident.must, incident.policy).find(({ name }) => name === 'status-update')?.due;
const resolve = { kind: 'resolve', by: 'ada', via: 'api', because: 'fixed' } as const;

describe('without a human', () => {
  test.each([
    ['P0', 15],
    ['P1', 60],
  ] as const)('%s: every %d min until it is resolved', (severity, minutes) => {
    const incident = opened(severity);
    expect(due(incident)).toBe(NOON + minutes * MINUTE);
    expect(at(incident, minutes).types(timer)).toEqual(['status-updated']);
    expect(incident.last('status-updated')).toMatchObject({
      by: null,
      via: 'firebreak',
      person: null,
      nextAt: iso(NOON + 2 * minutes * MINUTE),
    });
    expect(incident.types(timer)).toEqual([]);
    expect(due(incident)).toBe(NOON + 2 * minutes * MINUTE);
  });

  test.each(['P2', 'P3'] as const)('%s: none are owed', (severity) => {
    const incident = opened(severity);
    expect(due(incident)).toBeUndefined();
    expect(incident.after(HOUR).types(timer)).toEqual([]);
  });

  test('go on after the restoration, and end with the resolution', () => {
    const incident = at(opened('P1'), 10);
    incident.do(allResolved());
    expect(at(incident, 60).types(timer)).toEqual(['status-updated']);
    incident.do(resolve);
    expect(due(incident)).toBeUndefined();
    expect(incident.after(2 * HOUR).types(timer)).toEqual([]);
  });

  test('what a person writes puts the next one off by an interval', () => {
    const incident = at(opened('P1'), 50);
    incident.do(write('We are rolling back.'));
    expect(incident.last('status-updated')).toMatchObject({ by: 'ada', nextAt: iso(NOON + 110 * MINUTE) });
    expect(at(incident, 60).types(timer)).toEqual([]);
    expect(at(incident, 110).types(timer)).toEqual(['status-updated']);
    expect(incident.last('status-updated')).toMatchObject({ by: null, person: iso(NOON + 50 * MINUTE) });
    expect(incident.last('status-updated').text).toContain('No person has written an update since 12:50 UTC.');
  });

  test('while nobody was there they are caught up once, and say when they were due', () => {
    const incident = at(opened('P1'), 200);
    expect(incident.types(timer)).toEqual(['status-updated']);
    expect(incident.last('status-updated').text).toContain('This update was due at 13:00 UTC.');
    expect(due(incident)).toBe(NOON + 260 * MINUTE);
    const onTime = at(opened('P1'), 60);
    onTime.do(timer);
    expect(onTime.last('status-updated').text).not.toContain('was due');
  });

  test('are held back with the other messages, and come when that is over', () => {
    const incident = opened('P1');
    incident.do({ kind: 'set-quiet', quiet: { kind: 'silenced', because: 'by ben', until: null } });
    expect(due(incident)).toBeUndefined();
    expect(at(incident, 60).types(timer)).toEqual([]);
    at(incident, 70).do({ kind: 'clear-quiet', of: 'silenced', because: 'it has expired' });
    expect(incident.types(timer)).toEqual(['status-updated']);
  });

  test('a P1 that becomes a P0 owes them more often', () => {
    const incident = at(opened('P1'), 20);
    incident.do(write('We look at it.'));
    incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
    expect(due(incident)).toBe(NOON + 35 * MINUTE);
  });

  test('one that comes back owes them anew', () => {
    const incident = at(opened('P1'), 10);
    incident.do(resolve);
    at(incident, 300).do(firesAgain);
    expect(incident.must.status).toBe('open');
    expect(due(incident)).toBe(NOON + 360 * MINUTE);
  });

  test('nobody can write to what is closed', () => {
    const incident = opened('P2');
    incident.do({ kind: 'dismiss', because: 'the probe was broken', by: 'ada', via: 'api' });
    expect(() => incident.do(write('hello'))).toThrow('is closed');
  });
});

describe('the facts', () => {
  const text = (incident: Incident): string => factsText(incident.must, iso(incident.now));

  test('say how bad, where, what is done, how much is hit, who commands, and how long there is', () => {
    const incident = planned(opened('P1', 'roll-back').after(MINUTE));
    incident.do({ kind: 'acknowledge', by: 'ada', via: 'slack' });
    expect(text(incident)).toBe(
      'P1 on checkout. Open since 12:00 UTC; acknowledged by ada. Rolling back checkout from r42 to r41, starting at 12:02 UTC. ' +
        'At most 5 minutes. Impact: 60 % errors. 1 of 1 alert firing (CheckoutDown). In command: ada. ' +
        'Restore by 12:30 UTC (29 minutes left). No person has written an update yet.',
    );
  });

  test('estimate by what earlier rollbacks took: the one in the middle', () => {
    const incident = opened('P0', 'roll-back');
    const plan = { kind: 'plan-rollback', planHash: 'a'.repeat(64), rehearsal: [], suspect: null } as const;
    incident.do({ ...plan, plan: incidentPlan(), pastSeconds: [900, 240, 200] });
    expect(incident.last('rollback-announced').estimate).toEqual({ seconds: 240, from: 'past-rollbacks', of: 3 });
    expect(text(incident)).toContain('Rolling back checkout from r42 to r41. Estimated 4 minutes.');
  });

  test('follow the rollback to its verdict', () => {
    const incident = executing(opened('P1', 'roll-back'));
    expect(text(incident)).toContain('Rolling back checkout from r42 to r41 since 12:01 UTC: 0 of 1 step done.');
    step(incident);
    expect(text(incident)).toContain('Rolled back checkout from r42 to r41; watching whether it recovers.');
    recovers(incident);
    expect(text(incident)).toContain('Rolled back checkout from r42 to r41, and it recovered.');
    expect(text(incident)).toContain('Service restored at 12:01 UTC; the fix is still to come.');
  });

  test.each([
    ['fail', 'Rolled back checkout from r42 to r41, and it has not recovered: '],
    ['unknown', 'Rolled back checkout from r42 to r41; whether it helped is unknown.'],
  ] as const)('a verdict that is %s is said as it is', (result, said) => {
    expect(text(judged(step(executing(opened('P1', 'roll-back'))), result))).toContain(said);
  });

  test('name what stands in the way, until it does not', () => {
    const incident = opened('P1');
    incident.do({ kind: 'add-blocker', text: 'The vendor does not answer', by: 'ada', via: 'api' });
    incident.do({ kind: 'add-blocker', text: 'No access to the database', by: 'ada', via: 'api' });
    expect(text(incident)).toContain('Blocked by: The vendor does not answer; No access to the database.');
    incident.do({ kind: 'clear-blocker', id: 'B1', by: 'ada', via: 'api' });
    expect(text(incident)).toContain('Blocked by: No access to the database.');
  });

  test('count what a person states above what is measured, and call unknown what nobody knows', () => {
    const incident = opened('P1');
    incident.do({
      kind: 'state-impact',
      impact: { usersAffectedPercent: 67, usersAffected: 12_400 },
      by: 'a',
      via: 'api',
    });
    expect(text(incident)).toContain('Impact: 67 % of users affected, 12400 users, 60 % errors.');
    expect(factsText({ ...incident.must, facts: {}, statedImpact: {} }, iso(NOON))).toContain('Impact: unknown.');
  });

  test('say which promises were not kept', () => {
    const incident = at(opened('P1'), 11);
    incident.do({ kind: 'fire-timer', name: 'clock:acknowledge' });
    expect(text(incident)).toContain('Acknowledge: missed at 12:10 UTC. Restore by 12:30 UTC (19 minutes left).');
  });
});

function incidentPlan() {
  const incident = planned(opened('P0', 'roll-back'));
  return incident.must.rollback!.plan!;
}
