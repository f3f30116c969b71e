import type { Command } from '../../src/domain/incident/commands.ts';
import { CommandRefused } from '../../src/domain/incident/commands.ts';
import { decide } from '../../src/domain/incident/decide.ts';
import { fold } from '../../src/domain/incident/evolve.ts';
import type { IncidentEvent } from '../../src/domain/incident/events.ts';
import type { IncidentState } from '../../src/domain/incident/state.ts';
import { completeState } from '../../src/domain/incident/state.ts';
import { iso } from '../../src/domain/time.ts';
import {
  HOUR,
  Incident,
  MINUTE,
  NOON,
  allResolved,
  assessmentOf,
  firesAgain,
  newsOf,
  opened,
  openingOf,
  policyWith,
  severityOf,
} from './support/incident.ts';

const open: Command = { kind: 'open', opening: openingOf(), news: newsOf({ firing: 1 }, ['A']) };
const resolve: Command = { kind: 'resolve', by: 'ada', via: 'api', because: 'fixed' };
const effect = { effectId: 'e1', channel: 'slack', kind: 'announce' } as const;
const observe = (news: ReturnType<typeof newsOf>): Command => ({ kind: 'observe-alerts', news });

test('nothing can be asked of an incident that is not there, and none opens twice', () => {
  const context = { now: NOON, policy: policyWith() };
  expect(() => decide(null, resolve, context)).toThrow(expect.objectContaining({ code: 'not-found' }));
  expect(() => decide(opened('P2').must, open, context)).toThrow(expect.objectContaining({ code: 'conflict' }));
});

test('an opening keeps what it is about', () => {
  const incident = new Incident();
  expect(incident.types(open)).toEqual(['incident-opened', 'alerts-joined']);
  expect(incident.must).toMatchObject({
    status: 'open',
    severity: null,
    service: 'checkout',
    openedAt: iso(NOON),
    alertNames: ['A'],
    alertCounts: { firing: 1, resolved: 0 },
  });
});

describe('alerts', () => {
  test('that joined and that resolved are two facts, and no news is none', () => {
    const incident = opened('P2');
    expect(incident.types(observe(newsOf({ firing: 2, resolved: 1 }, ['B'], ['C'])))).toEqual([
      'alerts-joined',
      'alerts-resolved',
    ]);
    expect(incident.types(observe(newsOf({ firing: 2, resolved: 1 })))).toEqual([]);
  });

  test.each([
    ['P0', 'mitigated'],
    ['P1', 'mitigated'],
    ['P2', 'resolved'],
    ['P3', 'resolved'],
  ] as const)('all gone: a %s is %s', (severity, status) => {
    const incident = opened(severity);
    incident.do(allResolved());
    expect(incident.must.status).toBe(status);
    expect(incident.must.mitigatedAt).toBe(iso(NOON));
    expect(incident.types(allResolved())).toEqual(['alerts-resolved']);
  });

  test('names are kept once and bounded, and so are samples', () => {
    const incident = opened('P2');
    const names = Array.from({ length: 80 }, (_, i) => `Alert${i}`);
    incident.do(observe(newsOf({ firing: 81 }, names)));
    incident.do(observe(newsOf({ firing: 81 }, names)));
    expect(incident.must.alertNames).toHaveLength(50);
    expect(incident.must.alertSamples).toHaveLength(20);
  });
});

describe('a person', () => {
  test('resolves: it is over at once, also as P0, and repeats of what fires do not bring it back', () => {
    const incident = opened('P0').after(MINUTE);
    expect(incident.types(resolve)).toEqual([
      'fix-recorded',
      'incident-resolved',
      'clock-met',
      'clock-cancelled',
      'clock-cancelled',
    ]);
    expect(incident.must).toMatchObject({ status: 'resolved', resolvedAt: iso(incident.now) });
    expect(incident.types(resolve)).toEqual([]);
    expect(incident.types(observe(newsOf({ firing: 1 })))).toEqual([]);
    expect(incident.must.status).toBe('resolved');
  });

  test('resolves what was mitigated: the time of restoration stays', () => {
    const incident = opened('P1');
    incident.do(allResolved());
    incident.after(HOUR).do(resolve);
    expect(incident.must).toMatchObject({ mitigatedAt: iso(NOON), resolvedAt: iso(incident.now) });
  });

  test('cannot acknowledge or resolve what is closed, nor acknowledge what is resolved', () => {
    const incident = opened('P2');
    incident.do(resolve);
    incident.do(allResolved());
    expect(() => incident.do({ kind: 'acknowledge', by: 'ada', via: 'api' })).toThrow(CommandRefused);
    closeIt(incident);
    for (const command of [resolve, { kind: 'acknowledge', by: 'ada', via: 'api' } as const]) {
      expect(() => incident.do(command)).toThrow(expect.objectContaining({ code: 'conflict' }));
    }
  });

  test('acknowledges what is mitigated: it stays mitigated', () => {
    const incident = opened('P1');
    incident.do(allResolved());
    incident.do({ kind: 'acknowledge', by: 'ada', via: 'api' });
    expect(incident.must).toMatchObject({ status: 'mitigated', acknowledgedBy: 'ada' });
  });

  test('writes a note at any time', () => {
    const note: Command = { kind: 'add-note', by: 'ada', via: 'api', text: '<script>' };
    const incident = opened('P2');
    expect(incident.types(note)).toEqual(['note-added']);
    incident.do(resolve);
    closeIt(incident);
    expect(incident.types(note)).toEqual(['note-added']);
    expect(incident.last('note-added').text).toBe('<script>');
  });
});

describe('closing', () => {
  test('comes when monitoring is over, not before', () => {
    const incident = opened('P2');
    incident.do(resolve);
    incident.do(allResolved());
    const timer: Command = { kind: 'fire-timer', name: 'monitoring' };
    expect(incident.after(24 * HOUR - 1).types(timer)).toEqual([]);
    expect(incident.after(1).types(timer)).toEqual(['monitoring-ended', 'incident-closed']);
    expect(incident.must).toMatchObject({ status: 'closed', closedAt: iso(incident.now) });
    expect(incident.types(timer)).toEqual([]);
  });

  test('does not come for what fires all the time, though a person resolved it: it is heard of again', () => {
    const incident = opened('P0');
    incident.do(resolve);
    incident.do({ kind: 'publish-postmortem', by: 'ada', via: 'api' });
    const timer: Command = { kind: 'fire-timer', name: 'monitoring' };
    const types = incident.after(24 * HOUR).types(timer);
    expect(types).toEqual(expect.arrayContaining(['monitoring-ended', 'incident-reopened', 'page-requested']));
    expect(incident.last('incident-reopened').because).toBe(
      '1 alert has fired all the time since it was resolved (CheckoutDown)',
    );
    expect(incident.last('monitoring-ended').result).toBe('reopened');
    expect(incident.must.status).toBe('open');
  });

  test('does not come for what was reopened', () => {
    const incident = opened('P2');
    incident.do(allResolved());
    incident.do(firesAgain);
    expect(incident.after(48 * HOUR).types({ kind: 'fire-timer', name: 'monitoring' })).toEqual([]);
  });
});

describe('assessments', () => {
  test('a new reason for the same severity is recorded, the same one is not', () => {
    const incident = opened('P2');
    const again = (rule: string | null) => ({ ...assessmentOf('P2'), severity: severityOf('P2', rule) });
    expect(incident.types({ kind: 'assess', assessment: again('rule-P2') })).toEqual([]);
    expect(incident.types({ kind: 'assess', assessment: again(null) })).toEqual(['severity-decided']);
    expect(incident.must).toMatchObject({ severity: 'P2', severityRule: null, unclassified: true });
  });

  test.each([
    ['mitigated', 'P1'],
    ['resolved', 'P2'],
  ] as const)('are not taken once it is %s', (status, severity) => {
    const incident = opened(severity);
    incident.do(allResolved());
    expect(incident.must.status).toBe(status);
    expect(incident.types({ kind: 'assess', assessment: assessmentOf('P0', 'roll-back') })).toEqual([]);
  });
});

describe('a severity', () => {
  const says = (incident: Incident, severity: 'P0' | 'P1' | 'P2' | 'P3') =>
    incident.types({ kind: 'assess', assessment: assessmentOf(severity) });

  test.each([
    ['P3', 'P2'],
    ['P2', 'P0'],
    ['P1', 'P0'],
  ] as const)('rises at once: %s to %s', (from, to) => {
    const incident = opened(from);
    expect(says(incident, to)).toContain('severity-changed');
    expect(incident.must.severity).toBe(to);
  });

  test('of a P2 falls at once, too', () => {
    const incident = opened('P2');
    says(incident, 'P3');
    expect(incident.must.severity).toBe('P3');
  });

  test.each(['P0', 'P1'] as const)('of a %s falls when the rules have said so for ten minutes', (from) => {
    const incident = opened(from);
    expect(says(incident, 'P2')).toEqual(['severity-decided']);
    expect(says(incident.after(10 * MINUTE - 1), 'P2')).toEqual([]);
    expect(incident.must).toMatchObject({ severity: from, severityRule: `rule-${from}` });
    expect(says(incident.after(1), 'P2')).toContain('severity-changed');
    expect(incident.must).toMatchObject({ severity: 'P2', severityRule: 'rule-P2', lowerSince: null });
  });

  test('of an incident that was stored before both rules were told apart has one for both', () => {
    const { ruledLast, ...older } = opened('P1').must;
    expect(ruledLast).toBe('rule-P1');
    expect(completeState(older as IncidentState)).toMatchObject({ severityRule: 'rule-P1', ruledLast: 'rule-P1' });
  });

  test('does not fall when they took it back meanwhile: the ten minutes begin anew', () => {
    const incident = opened('P0');
    says(incident, 'P2');
    says(incident.after(9 * MINUTE), 'P0');
    says(incident.after(MINUTE), 'P2');
    says(incident.after(9 * MINUTE), 'P2');
    expect(incident.must.severity).toBe('P0');
  });

  test('falls as far as they say now, however they changed their mind on the way', () => {
    const incident = opened('P0');
    says(incident, 'P1');
    says(incident.after(5 * MINUTE), 'P3');
    says(incident.after(5 * MINUTE), 'P3');
    expect(incident.must.severity).toBe('P3');
  });
});

test('results of effects are recorded, and what was sent leaves its receipt', () => {
  const incident = opened('P0');
  const failure = { kind: 'rejected', message: 'no such channel' } as const;
  incident.do({ kind: 'report-effect', effect, outcome: { kind: 'sent', receipt: { ts: '1.2' }, latencyMs: 80 } });
  incident.do({ kind: 'report-effect', effect, outcome: { kind: 'skipped', because: 'not configured' } });
  incident.do({ kind: 'report-effect', effect, outcome: { kind: 'failed', failure, attempts: 3 } });
  expect(incident.last('notification-sent')).toMatchObject({ effectId: 'e1', latencyMs: 80 });
  expect(incident.last('notification-skipped')).toMatchObject({ because: 'not configured' });
  expect(incident.last('notification-failed')).toMatchObject({ failure, attempts: 3 });
  expect(incident.must.receipts).toEqual({ slack: { announce: { ts: '1.2' } } });
});

test('an event of a newer version leaves the state as it is, but for its number', () => {
  const incident = opened('P2');
  const foreign = {
    ...incident.events.at(-1)!,
    seq: 99,
    type: 'from-the-future',
    data: {},
  } as unknown as IncidentEvent;
  expect(fold([...incident.events, foreign])).toEqual({ ...incident.must, version: 99 });
  expect(fold([foreign])).toBeNull();
});

function closeIt(incident: Incident): void {
  incident.after(25 * HOUR).do({ kind: 'fire-timer', name: 'monitoring' });
}
