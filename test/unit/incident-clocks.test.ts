import { describeEvent } from '../../src/domain/incident/describe.ts';
import { iso } from '../../src/domain/time.ts';
import {
  HOUR,
  Incident,
  MINUTE,
  NOON,
  SECOND,
  allResolved,
  assessmentOf,
  firesAgain,
  newsOf,
  opened,
  openingOf,
  policyWith,
} from './support/incident.ts';

describe('detect', () => {
  test('runs from the onset and is judged at the opening', () => {
    const { must, last } = bound(opened('P0'));
    expect(must.clocks.detect).toEqual({
      startedAt: iso(NOON - 30 * SECOND),
      deadline: iso(NOON + 90 * SECOND),
      state: 'met',
    });
    expect(last('clock-met')).toEqual({ clock: 'detect', seconds: 30 });
  });

  test.each([
    ['P0', 120],
    ['P1', 300],
    ['P2', 900],
    ['P3', 3600],
  ] as const)('%s: %d s, from the onset to the opening', (severity, allowed) => {
    const openedAfter = (ms: number) =>
      opened(severity, 'hold', policyWith(), { onset: { at: iso(NOON - ms), source: 'active-at' } }).must.clocks.detect;
    expect(openedAfter(allowed * SECOND)).toMatchObject({ deadline: iso(NOON), state: 'met' });
    expect(openedAfter(allowed * SECOND + 1)?.state).toBe('breached');
  });

  test('is breached before we heard of the trouble, and says by how much', () => {
    const incident = opened('P0', 'hold', policyWith(), { onset: { at: iso(NOON - 5 * MINUTE), source: 'active-at' } });
    expect(incident.must.clocks.detect?.state).toBe('breached');
    expect(incident.last('clock-breached')).toEqual({
      clock: 'detect',
      deadline: iso(NOON - 3 * MINUTE),
      lateSeconds: 180,
    });
    expect(describeEvent(incident.events.find(({ type }) => type === 'clock-breached')!)).toMatch(
      /^Clock detect breached by 3 min: the deadline was /,
    );
  });

  test('is met on the deadline itself', () => {
    const incident = opened('P0', 'hold', policyWith(), { onset: { at: iso(NOON - 2 * MINUTE), source: 'active-at' } });
    expect(incident.must.clocks.detect?.state).toBe('met');
  });

  test('an onset in our future (their clock is ahead) counts as no time at all', () => {
    const incident = opened('P0', 'hold', policyWith(), { onset: { at: iso(NOON + MINUTE), source: 'starts-at' } });
    expect(incident.last('clock-met')).toEqual({ clock: 'detect', seconds: 0 });
  });

  test('is not judged again when severity changes', () => {
    const incident = opened('P2').after(HOUR);
    incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
    expect(incident.all('clock-started').filter((e) => e.clock === 'detect')).toHaveLength(1);
  });
});

describe('acknowledge and restore', () => {
  test.each([
    ['P0', 300, 300],
    ['P1', 600, 1800],
    ['P2', 3600, 14_400],
    ['P3', 28_800, 86_400],
  ] as const)('%s: %d s to acknowledge, %d s to restore, from the opening', (severity, acknowledge, restore) => {
    const { clocks } = opened(severity).must;
    expect(clocks.acknowledge).toEqual({
      startedAt: iso(NOON),
      deadline: iso(NOON + acknowledge * 1000),
      state: 'running',
    });
    expect(clocks.restore).toEqual({ startedAt: iso(NOON), deadline: iso(NOON + restore * 1000), state: 'running' });
  });

  test('a person acknowledges in time', () => {
    const incident = opened('P0').after(2 * MINUTE);
    expect(incident.types(acknowledge)).toEqual(['incident-acknowledged', 'clock-met']);
    expect(incident.last('clock-met')).toEqual({ clock: 'acknowledge', seconds: 120 });
    expect(incident.must).toMatchObject({ status: 'acknowledged', acknowledgedBy: 'ada' });
    expect(incident.types(acknowledge)).toEqual([]);
  });

  test('on the deadline is in time, a millisecond later is not, though no timer came', () => {
    const onTime = opened('P0').after(5 * MINUTE);
    onTime.do(acknowledge);
    expect(onTime.must.clocks.acknowledge?.state).toBe('met');
    const late = opened('P0').after(5 * MINUTE + 1);
    expect(late.types(acknowledge)).toEqual(['incident-acknowledged', 'clock-breached']);
    expect(late.last('clock-breached')).toMatchObject({ clock: 'acknowledge', lateSeconds: 0.001 });
  });

  test('all alerts resolve: restore is met and nobody has to acknowledge any more', () => {
    const incident = opened('P1').after(10 * MINUTE);
    expect(incident.types(allResolved())).toEqual([
      'alerts-resolved',
      'incident-mitigated',
      'clock-met',
      'clock-cancelled',
      'clock-started',
    ]);
    expect(incident.must.clocks).toMatchObject({ restore: { state: 'met' }, acknowledge: { state: 'cancelled' } });
    expect(incident.must.mitigatedAt).toBe(iso(NOON + 10 * MINUTE));
  });

  test('a deadline that passed while we were down is breached, whoever comes first: its timer or the recovery', () => {
    const incident = opened('P0').after(30 * MINUTE);
    incident.do(allResolved());
    expect(incident.must.clocks).toMatchObject({ restore: { state: 'breached' }, acknowledge: { state: 'breached' } });
    const byPerson = opened('P0').after(30 * MINUTE);
    byPerson.do({ kind: 'resolve', by: 'ada', via: 'api', because: 'fixed' });
    expect(byPerson.must.clocks).toMatchObject({ restore: { state: 'breached' }, acknowledge: { state: 'breached' } });
  });
});

describe('timers', () => {
  test('fire once, and say how late', () => {
    const incident = opened('P0').after(5 * MINUTE + 42 * SECOND);
    expect(incident.types({ kind: 'fire-timer', name: 'clock:acknowledge' })).toEqual([
      'clock-breached',
      'page-requested',
    ]);
    expect(incident.last('clock-breached')).toEqual({
      clock: 'acknowledge',
      deadline: iso(NOON + 5 * MINUTE),
      lateSeconds: 42,
    });
    expect(incident.types({ kind: 'fire-timer', name: 'clock:acknowledge' })).toEqual([]);
  });

  test('one that comes early, or for what is done, says nothing', () => {
    const incident = opened('P0').after(4 * MINUTE);
    expect(incident.types({ kind: 'fire-timer', name: 'clock:restore' })).toEqual([]);
    incident.do(allResolved());
    expect(incident.after(HOUR).types({ kind: 'fire-timer', name: 'clock:restore' })).toEqual([]);
  });

  test('those of the coordinator only wake it', () => {
    const incident = opened('P0').after(HOUR);
    for (const name of ['rollback-hold', 'rollback-verdict', 'rollback-poll'] as const) {
      expect(incident.types({ kind: 'fire-timer', name })).toEqual([]);
    }
  });
});

describe('severity changes', () => {
  test('rising to P1 takes the clocks anew from now', () => {
    const incident = opened('P2').after(30 * MINUTE);
    incident.do({ kind: 'assess', assessment: assessmentOf('P1') });
    expect(incident.must.clocks).toMatchObject({
      acknowledge: { startedAt: iso(incident.now), deadline: iso(incident.now + 10 * MINUTE), state: 'running' },
      restore: { startedAt: iso(incident.now), deadline: iso(incident.now + 30 * MINUTE), state: 'running' },
    });
  });

  test('any other change keeps when they started', () => {
    const incident = opened('P1').after(8 * MINUTE);
    incident.do({ kind: 'assess', assessment: assessmentOf('P2') });
    incident.after(10 * MINUTE).do({ kind: 'assess', assessment: assessmentOf('P2') });
    expect(incident.must.clocks.restore).toEqual({
      startedAt: iso(NOON),
      deadline: iso(NOON + 4 * HOUR),
      state: 'running',
    });
  });

  test('what is met stays met', () => {
    const incident = opened('P2').after(MINUTE);
    incident.do(acknowledge);
    incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
    expect(incident.must.clocks).toMatchObject({ acknowledge: { state: 'met' }, restore: { state: 'running' } });
  });

  test('rising to P0 after a breach runs a new clock: the breach of the P2 does not excuse the P0', () => {
    const incident = opened('P2').after(5 * HOUR);
    incident.do({ kind: 'fire-timer', name: 'clock:acknowledge' });
    incident.do({ kind: 'fire-timer', name: 'clock:restore' });
    incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
    expect(incident.must.clocks).toMatchObject({
      acknowledge: { state: 'running', deadline: iso(incident.now + 5 * MINUTE) },
      restore: { state: 'running', deadline: iso(incident.now + 5 * MINUTE) },
    });
  });

  test('an acknowledgement that came late is not asked for again', () => {
    const incident = opened('P2').after(2 * HOUR);
    incident.do(acknowledge);
    incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
    expect(incident.must.clocks).toMatchObject({ acknowledge: { state: 'breached' }, restore: { state: 'running' } });
  });

  test('a deadline that had passed unnoticed is said before the clock is taken anew', () => {
    const incident = opened('P2').after(5 * HOUR);
    incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
    expect(incident.all('clock-breached').map((e) => e.clock)).toEqual(['acknowledge', 'restore', 'diagnose']);
    expect(incident.must.clocks).toMatchObject({ acknowledge: { state: 'running' }, restore: { state: 'running' } });
  });
});

describe('reopening', () => {
  test('starts the response clocks again, but not detection', () => {
    const incident = opened('P2').after(MINUTE);
    incident.do(acknowledge);
    incident.do(allResolved());
    expect(incident.must.status).toBe('resolved');
    incident.after(HOUR);
    expect(incident.types(firesAgain)).toEqual([
      'alerts-joined',
      'monitoring-ended',
      'incident-reopened',
      'clock-started',
      'clock-started',
      'clock-started',
    ]);
    expect(incident.must).toMatchObject({ status: 'open', acknowledgedAt: null, resolvedAt: null, mitigatedAt: null });
    expect(incident.must.clocks).toMatchObject({
      detect: { state: 'met' },
      acknowledge: { startedAt: iso(incident.now), state: 'running' },
      restore: { startedAt: iso(incident.now), deadline: iso(incident.now + 4 * HOUR), state: 'running' },
    });
  });

  test('a P1 that is mitigated comes back too', () => {
    const incident = opened('P1').after(MINUTE);
    incident.do(allResolved());
    expect(incident.must.status).toBe('mitigated');
    incident.do(firesAgain);
    expect(incident.must.status).toBe('open');
  });
});

test('an incident that was over before we looked has its clocks started and ended at once', () => {
  const incident = new Incident();
  incident.do({ kind: 'open', opening: openingOf(), news: newsOf({ firing: 0, resolved: 1 }, ['A'], ['A']) });
  incident.do({ kind: 'assess', assessment: assessmentOf('P2') });
  incident.do({ kind: 'observe-alerts', news: newsOf({ firing: 0, resolved: 1 }) });
  expect(incident.must).toMatchObject({
    status: 'resolved',
    clocks: { detect: { state: 'met' }, acknowledge: { state: 'cancelled' }, restore: { state: 'met' } },
  });
});

const acknowledge = { kind: 'acknowledge', by: 'ada', via: 'api' } as const;

const bound = (incident: Incident) => ({
  must: incident.must,
  last: incident.last.bind(incident),
});
