import type { Command } from '../../src/domain/incident/commands.ts';
import type { TimedClock } from '../../src/domain/incident/decide-clocks.ts';
import { describeEvent } from '../../src/domain/incident/describe.ts';
import { timersOf } from '../../src/domain/incident/timers.ts';
import { iso } from '../../src/domain/time.ts';
import type { Incident } from './support/incident.ts';
import {
  HOUR,
  MINUTE,
  NOON,
  SECOND,
  allResolved,
  assessmentOf,
  firesAgain,
  opened,
  policyWith,
} from './support/incident.ts';

const warning = (clock: TimedClock) => ({ kind: 'fire-timer', name: `clock-warning:${clock}` }) as const;
const deadline = (clock: TimedClock) => ({ kind: 'fire-timer', name: `clock:${clock}` }) as const;
const acknowledge = { kind: 'acknowledge', by: 'ada', via: 'api' } as const;
const at = (incident: Incident, minutes: number): Incident => {
  incident.now = NOON + minutes * MINUTE;
  return incident;
};
const due = (incident: Incident, name: string): number | undefined =>
  timersOf(incident.must, incident.policy).find((timer) => timer.name === name)?.due;
const pages = (incident: Incident) => incident.all('page-requested').map(({ reason, because }) => [reason, because]);
const warned = (incident: Incident) => incident.all('clock-warned').map(({ clock, percent }) => [clock, percent]);
const quiet = (incident: Incident, kind: 'silenced' | 'maintenance' = 'silenced') =>
  incident.do({ kind: 'set-quiet', quiet: { kind, because: 'by ben', until: null } });

describe('warnings', () => {
  test('come at 50 % and at 80 % of the time, one timer at a time', () => {
    const incident = opened('P1');
    expect(due(incident, 'clock-warning:acknowledge')).toBe(NOON + 5 * MINUTE);
    expect(at(incident, 5).types(warning('acknowledge'))).toEqual(['clock-warned']);
    expect(incident.last('clock-warned')).toEqual({
      clock: 'acknowledge',
      percent: 50,
      deadline: iso(NOON + 10 * MINUTE),
      lateSeconds: 0,
    });
    expect(due(incident, 'clock-warning:acknowledge')).toBe(NOON + 8 * MINUTE);
    expect(at(incident, 8).types(warning('acknowledge'))).toEqual(['clock-warned', 'page-requested']);
    expect(due(incident, 'clock-warning:acknowledge')).toBeUndefined();
    expect(incident.types(warning('acknowledge'))).toEqual([]);
  });

  test('one that comes early says nothing, nor does one of a clock that has stopped', () => {
    const incident = opened('P1');
    expect(at(incident, 4.9).types(warning('acknowledge'))).toEqual([]);
    incident.do(acknowledge);
    expect(at(incident, 5).types(warning('acknowledge'))).toEqual([]);
  });

  test('of several that nobody was there for only the last is given, and it says how late', () => {
    const incident = at(opened('P1'), 8.5);
    incident.do(warning('acknowledge'));
    expect(warned(incident)).toEqual([['acknowledge', 80]]);
    expect(incident.last('clock-warned').lateSeconds).toBe(30);
    expect(describeEvent(incident.events.find(({ type }) => type === 'clock-warned')!)).toContain('noticed 30 s late');
  });

  test('none of a clock that has run out: then the breach is what there is to say, and it says how late', () => {
    const incident = at(opened('P1'), 15);
    expect(incident.types(warning('acknowledge'))).toEqual(['clock-breached', 'page-requested']);
    expect(warned(incident)).toEqual([]);
    expect(incident.last('clock-breached').lateSeconds).toBe(300);
    expect(incident.types(deadline('acknowledge'))).toEqual([]);
  });

  test('are given anew when the clock is', () => {
    const incident = at(opened('P1'), 8);
    incident.do(warning('acknowledge'));
    incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
    expect(due(incident, 'clock-warning:acknowledge')).toBe(incident.now + 2.5 * MINUTE);
    incident.after(4 * MINUTE).do(warning('acknowledge'));
    expect(warned(incident)).toEqual([
      ['acknowledge', 80],
      ['acknowledge', 80],
    ]);
  });

  test('the percentages are the team’s own; without any, only the breach is told', () => {
    const { communication } = policyWith();
    const own = opened('P1', 'hold', policyWith({}, { communication: { ...communication, warnPercents: [25] } }));
    expect(at(own, 2.5).types(warning('acknowledge'))).toEqual(['clock-warned', 'page-requested']);
    const none = opened('P1', 'hold', policyWith({}, { communication: { ...communication, warnPercents: [] } }));
    expect(due(none, 'clock-warning:acknowledge')).toBeUndefined();
    expect(at(none, 10).types(deadline('acknowledge'))).toEqual(['clock-breached', 'page-requested']);
  });
});

describe('escalation', () => {
  test('the last warning of acknowledge and of restore wakes somebody, once each', () => {
    const incident = opened('P1');
    at(incident, 8).do(warning('acknowledge'));
    at(incident, 24).do(warning('restore'));
    expect(pages(incident)).toEqual([
      ['escalated', '80 % of the time to acknowledge it is gone'],
      ['escalated', '80 % of the time to restore the service is gone'],
    ]);
  });

  test('so does a breach that no warning went before, and not one that it did', () => {
    const missed = at(opened('P1'), 10);
    missed.do(deadline('acknowledge'));
    expect(pages(missed)).toEqual([['escalated', 'the time to acknowledge it is over']]);
    const given = at(opened('P1'), 8);
    given.do(warning('acknowledge'));
    at(given, 10).do(deadline('acknowledge'));
    expect(pages(given)).toHaveLength(1);
  });

  test('the cause of a P0 or P1: its last warning is a line, its breach wakes somebody though it is restored', () => {
    const incident = opened('P1');
    at(incident, 10).do(allResolved());
    at(incident, 34).do(warning('diagnose'));
    expect(pages(incident)).toEqual([]);
    at(incident, 40).do(deadline('diagnose'));
    expect(incident.must.status).toBe('mitigated');
    expect(pages(incident)).toEqual([['escalated', 'the time to find the cause is over']]);
  });

  test.each(['P2', 'P3'] as const)('a %s wakes nobody', (severity) => {
    const incident = opened(severity).after(25 * HOUR);
    for (const clock of ['acknowledge', 'restore', 'diagnose'] as const) incident.do(deadline(clock));
    expect(incident.all('clock-breached').length).toBeGreaterThan(0);
    expect(pages(incident)).toEqual([]);
  });

  test('people who were not told in time are no reason to wake somebody', () => {
    const incident = at(opened('P1'), 5);
    expect(incident.types(deadline('update'))).toEqual(['clock-breached']);
  });

  test('not by one whose page another incident has', () => {
    const incident = opened('P1');
    incident.do({ kind: 'link', to: 'INC-1', because: 'both depend on orders-db' });
    expect(at(incident, 8).types(warning('acknowledge'))).toEqual(['clock-warned']);
  });
});

describe('while messages are held back', () => {
  test('clocks run on and are breached, and nobody is warned', () => {
    const incident = opened('P1');
    quiet(incident);
    expect(due(incident, 'clock-warning:acknowledge')).toBeUndefined();
    expect(due(incident, 'clock:acknowledge')).toBe(NOON + 10 * MINUTE);
    expect(at(incident, 8).types(warning('acknowledge'))).toEqual([]);
    expect(at(incident, 10).types(deadline('acknowledge'))).toEqual(['clock-breached']);
  });

  test('what is still to warn of when it ends is warned of then', () => {
    const incident = opened('P1');
    quiet(incident);
    at(incident, 6).do({ kind: 'clear-quiet', of: 'silenced', because: 'the silence has expired' });
    expect(due(incident, 'clock-warning:acknowledge')).toBe(NOON + 5 * MINUTE);
    incident.do(warning('acknowledge'));
    expect(incident.last('clock-warned')).toMatchObject({ percent: 50, lateSeconds: 60 });
  });

  test('a silence does not hold the page of a P0 whose time is over; maintenance does', () => {
    const silenced = opened('P0');
    quiet(silenced);
    at(silenced, 5).do(deadline('acknowledge'));
    expect(pages(silenced).map(([reason]) => reason)).toEqual(['first-page', 'escalated']);
    const maintained = opened('P0');
    quiet(maintained, 'maintenance');
    at(maintained, 5).do(deadline('acknowledge'));
    expect(pages(maintained).map(([reason]) => reason)).toEqual(['first-page']);
  });
});

describe('time that ran out while messages were held back', () => {
  const clear = (kind: 'silenced' | 'maintenance' | 'storm') =>
    ({ kind: 'clear-quiet', of: kind, because: 'it is over' }) as const;
  const ranOut = (severity: 'P0' | 'P1' | 'P2' = 'P1', kind: 'silenced' | 'maintenance' = 'maintenance'): Incident => {
    const incident = quietFromTheStart(severity, kind);
    at(incident, 10).do(deadline('acknowledge'));
    at(incident, 30).do(deadline('restore'));
    return at(incident, 60);
  };
  const quietFromTheStart = (severity: 'P0' | 'P1' | 'P2', kind: 'silenced' | 'maintenance'): Incident => {
    const incident = opened(severity);
    quiet(incident, kind);
    return incident;
  };

  test.each(['maintenance', 'silenced'] as const)('wakes somebody at the end of the %s, once', (kind) => {
    const incident = ranOut('P1', kind);
    expect(pages(incident)).toEqual([]);
    expect(incident.types(clear(kind))).toEqual(['unquieted', 'page-requested']);
    expect(pages(incident)).toEqual([['escalated', 'it is over, and the time to restore the service is over, too']]);
    quiet(incident, kind);
    expect(incident.types(clear(kind))).toEqual(['unquieted']);
  });

  test('wakes nobody where somebody is at it, nothing fires, another one has the page, or it is no P0 or P1', () => {
    const taken = ranOut();
    taken.do(acknowledge);
    expect(taken.types(clear('maintenance'))).toEqual(['unquieted']);
    const linked = ranOut();
    linked.do({ kind: 'link', to: 'INC-1', because: 'both depend on orders-db' });
    expect(linked.types(clear('maintenance'))).toEqual(['unquieted']);
    const over = ranOut();
    over.do(allResolved());
    expect(over.types(clear('maintenance'))).toEqual(['unquieted']);
    expect(ranOut('P2').types(clear('maintenance'))).toEqual(['unquieted']);
  });

  test('wakes nobody while something else holds it back, nor twice for what a warning has said', () => {
    const twice = ranOut();
    quiet(twice, 'silenced');
    expect(twice.types(clear('maintenance'))).toEqual(['unquieted']);
    expect(twice.types(clear('silenced'))).toEqual(['unquieted', 'page-requested']);
    const warnedBefore = opened('P1');
    at(warnedBefore, 8).do(warning('acknowledge'));
    at(warnedBefore, 24).do(warning('restore'));
    expect(pages(warnedBefore).map(([reason]) => reason)).toEqual(['escalated', 'escalated']);
    quiet(warnedBefore);
    at(warnedBefore, 30).do(deadline('restore'));
    expect(warnedBefore.types(clear('silenced'))).toEqual(['unquieted']);
  });
});

describe('diagnose', () => {
  const cause: Command = {
    kind: 'record-root-cause',
    category: 'code-bug',
    summary: 'a null cart',
    confidence: 0.8,
    evidence: [],
    by: 'ada',
    via: 'api',
  };

  test.each([
    ['P0', 5],
    ['P1', 30],
  ] as const)('%s: %d min, from the restoration', (severity, minutes) => {
    const incident = opened(severity);
    expect(incident.must.clocks.diagnose).toBeUndefined();
    at(incident, 3).do(allResolved());
    expect(incident.must.clocks.diagnose).toEqual({
      startedAt: iso(NOON + 3 * MINUTE),
      deadline: iso(NOON + (3 + minutes) * MINUTE),
      state: 'running',
    });
  });

  test('P2: 4 h, from the opening; P3: none', () => {
    expect(opened('P2').must.clocks.diagnose).toMatchObject({ startedAt: iso(NOON), deadline: iso(NOON + 4 * HOUR) });
    expect(opened('P3').must.clocks.diagnose).toBeUndefined();
  });

  test('is met by a hypothesis; one that was there before the restoration meets it at once', () => {
    const after = opened('P1');
    at(after, 10).do(allResolved());
    at(after, 20).do(cause);
    expect(after.all('clock-met')).toContainEqual({ clock: 'diagnose', seconds: 600 });
    const before = at(opened('P1'), 5);
    before.do(cause);
    at(before, 10).do(allResolved());
    expect(before.must.clocks.diagnose?.state).toBe('met');
  });

  test('a hypothesis that was refuted before is none', () => {
    const incident = at(opened('P1'), 5);
    incident.do(cause);
    incident.do({
      kind: 'judge-root-cause',
      id: 'H1',
      state: 'refuted',
      because: 'r41 fails, too',
      by: 'a',
      via: 'api',
    });
    at(incident, 10).do(allResolved());
    expect(incident.must.clocks.diagnose?.state).toBe('running');
  });

  test('ends with the incident, and with its coming back', () => {
    const resolved = opened('P2').after(MINUTE);
    resolved.do(allResolved());
    expect(resolved.must.clocks.diagnose?.state).toBe('cancelled');
    const reopened = opened('P1').after(MINUTE);
    reopened.do(allResolved());
    reopened.do(firesAgain);
    expect(reopened.must.clocks.diagnose?.state).toBe('cancelled');
    reopened.after(MINUTE).do(allResolved());
    expect(reopened.must.clocks.diagnose).toMatchObject({ startedAt: iso(reopened.now), state: 'running' });
  });

  test('follows the severity: a P2 that becomes a P1 looks for the cause after the restoration, and back', () => {
    const incident = opened('P2').after(HOUR);
    incident.do({ kind: 'assess', assessment: assessmentOf('P1') });
    expect(incident.must.clocks.diagnose?.state).toBe('cancelled');
    incident.do({ kind: 'override-severity', severity: 'P2', because: 'few use it', by: 'ada', via: 'api' });
    expect(incident.must.clocks.diagnose).toMatchObject({
      startedAt: iso(NOON),
      deadline: iso(NOON + 4 * HOUR),
      state: 'running',
    });
    incident.do({ kind: 'override-severity', severity: 'P3', because: 'nobody does', by: 'ada', via: 'api' });
    expect(incident.must.clocks.diagnose?.state).toBe('cancelled');
  });
});

describe('the first update', () => {
  const sent = (channel: 'slack' | 'email' | 'pagerduty', kind: string) =>
    ({
      kind: 'report-effect',
      effect: { effectId: `e-${channel}-${kind}`, channel, kind },
      outcome: { kind: 'sent', receipt: {}, latencyMs: 5 },
    }) as const;

  test.each(['P0', 'P1'] as const)('%s: 5 min from the opening', (severity) => {
    expect(opened(severity).must.clocks.update).toMatchObject({
      startedAt: iso(NOON),
      deadline: iso(NOON + 5 * MINUTE),
    });
  });

  test.each(['P2', 'P3'] as const)('%s: none is owed', (severity) => {
    expect(opened(severity).must.clocks.update).toBeUndefined();
  });

  test.each([
    ['slack', 'announce'],
    ['slack', 'thread'],
    ['email', 'opened'],
    ['email', 'update'],
  ] as const)('is met when %s %s is really out', (channel, kind) => {
    const incident = opened('P1').after(20 * SECOND);
    expect(incident.types(sent(channel, kind))).toEqual(['notification-sent', 'clock-met']);
    expect(incident.last('clock-met')).toEqual({ clock: 'update', seconds: 20 });
  });

  test('not by a page, nor by an announcement that failed', () => {
    const incident = opened('P1');
    expect(incident.types(sent('pagerduty', 'trigger'))).toEqual(['notification-sent']);
    incident.do({
      ...sent('slack', 'announce'),
      outcome: { kind: 'failed', failure: { kind: 'rejected', message: 'no' }, attempts: 1 },
    });
    expect(incident.must.clocks.update?.state).toBe('running');
  });

  test('is met by what a person writes', () => {
    const incident = opened('P1').after(MINUTE);
    incident.do({ kind: 'write-update', text: 'We look at it.', by: 'ada', via: 'slack' });
    expect(incident.must.clocks.update?.state).toBe('met');
  });

  test.each([
    [{ sends: false }, 'nothing is sent'],
    [{ slack: false, email: false }, 'neither Slack nor e-mail is configured'],
  ])('where nothing can leave (%j) nobody is late, and it is said why', (changes, because) => {
    const policy = policyWith({}, { communication: { ...policyWith().communication, ...changes } });
    const incident = opened('P1', 'hold', policy);
    expect(incident.must.clocks.update?.state).toBe('cancelled');
    expect(incident.last('clock-cancelled').because).toContain(because);
  });

  test('runs from when it became urgent, and is owed no longer when it is not', () => {
    const incident = opened('P2').after(HOUR);
    incident.do({ kind: 'assess', assessment: assessmentOf('P1') });
    expect(incident.must.clocks.update).toMatchObject({ startedAt: iso(incident.now), state: 'running' });
    incident
      .after(MINUTE)
      .do({ kind: 'override-severity', severity: 'P2', because: 'few use it', by: 'a', via: 'api' });
    expect(incident.must.clocks.update?.state).toBe('cancelled');
    incident.do({ kind: 'override-severity', severity: 'P1', because: 'many do', by: 'a', via: 'api' });
    expect(incident.must.clocks.update).toMatchObject({ startedAt: iso(incident.now), state: 'running' });
  });

  test('almost late and nothing is out: the facts go out then', () => {
    const incident = opened('P1');
    expect(at(incident, 2.5).types(warning('update'))).toEqual(['clock-warned']);
    expect(at(incident, 4).types(warning('update'))).toEqual(['clock-warned', 'status-updated']);
    expect(incident.last('status-updated')).toMatchObject({ by: null, person: null });
  });
});
