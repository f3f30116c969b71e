import type { Change } from '../../src/domain/change.ts';
import type { Command } from '../../src/domain/incident/commands.ts';
import { CommandRefused } from '../../src/domain/incident/commands.ts';
import { diagnosisOf } from '../../src/domain/incident/diagnosis.ts';
import { errorMessagesOf } from '../../src/domain/incident/error-messages.ts';
import { evidenceOf } from '../../src/domain/incident/evidence.ts';
import type { AlertSample } from '../../src/domain/incident/events.ts';
import type { EarlierIncident } from '../../src/domain/incident/recurrence.ts';
import { iso } from '../../src/domain/time.ts';
import type { Incident } from './support/incident.ts';
import { HOUR, MINUTE, NOON, SECOND, assessmentOf, executing, newsOf, opened, policyWith } from './support/incident.ts';

const said = { by: 'ada', via: 'api' };

const add = (more: Partial<Extract<Command, { kind: 'add-evidence' }>> = {}): Command => ({
  ...{
    kind: 'add-evidence',
    evidence: 'text',
    title: 'What users see',
    url: null,
    text: null,
    query: null,
    result: null,
  },
  ...said,
  ...more,
});

const sample = (key: string, more: Partial<AlertSample> = {}): AlertSample => ({
  key,
  name: 'CheckoutDown',
  labels: {},
  annotations: {},
  startsAt: iso(NOON),
  generatorUrl: null,
  ...more,
});

const joins = (incident: Incident, ...samples: readonly AlertSample[]): void => {
  const news = newsOf({ firing: 1 + samples.length });
  const joined = { count: samples.length, names: samples.map(({ name }) => name), samples };
  incident.do({ kind: 'observe-alerts', news: { ...news, joined } });
};

const capture = (text: string): Command => ({
  kind: 'record-capture',
  capture: {
    index: 0,
    name: 'app',
    items: [
      { kind: 'logs', name: 'pod checkout-1 container app', text, truncated: true },
      { kind: 'pod-states', name: 'pods of r42', text: 'checkout-1 CrashLoopBackOff', truncated: false },
    ],
    missing: [],
    seconds: 0.4,
  },
});

describe('evidence', () => {
  test('of every origin is one list, each with the event that it stands in', () => {
    const incident = executing(opened('P0', 'roll-back'));
    incident.do(capture('boom'));
    incident.do(add({ url: 'https://wiki.example.com/1', text: 'an error page' }));
    const list = evidenceOf(incident.events);
    expect(list.map(({ kind, by, title }) => [kind, by, title])).toEqual([
      ['alert', 'alerts', 'CheckoutDown'],
      ['log', 'firebreak', 'logs of pod checkout-1 container app, saved before the rollback of app (its end)'],
      ['text', 'firebreak', 'pod-states of pods of r42, saved before the rollback of app'],
      ['text', 'ada', 'What users see'],
    ]);
    for (const { eventSeq, at } of list) expect(incident.events[eventSeq - 1]).toMatchObject({ seq: eventSeq, at });
    expect(new Set(list.map(({ id }) => id)).size).toBe(4);
    expect(list.at(-1)).toMatchObject({ id: 'E1', url: 'https://wiki.example.com/1', text: 'an error page' });
  });

  test('of an alert is its newest word, and a storm of them is bounded', () => {
    const incident = opened('P1');
    joins(incident, sample('a/1', { annotations: { summary: 'old' } }));
    joins(incident, sample('a/1', { annotations: { summary: 'new' } }));
    expect(evidenceOf(incident.events).filter(({ id }) => id === 'alert:a/1')).toMatchObject([{ text: 'new' }]);
    for (let i = 0; i < 10; i += 1) joins(incident, ...Array.from({ length: 10 }, (_, n) => sample(`b/${i}-${n}`)));
    expect(evidenceOf(incident.events)).toHaveLength(50);
  });

  test('holds no credential that somebody pasted with it', () => {
    const incident = opened('P1');
    incident.do(
      add({ title: 'password=hunter2', text: 'Authorization: Bearer abcdef123456', url: 'https://u:pw@x.example' }),
    );
    expect(JSON.stringify(incident.last('evidence-added'))).not.toMatch(/hunter2|abcdef123456|u:pw/);
  });

  test('that is long is whole in its event and cut in the projection', () => {
    const incident = opened('P1');
    incident.do(add({ text: 'x'.repeat(5_000), result: { kind: 'vector', series: 'y'.repeat(5_000) } }));
    expect(incident.last('evidence-added').text).toHaveLength(5_000);
    expect(incident.must.evidence[0]).toMatchObject({ result: null });
    expect(incident.must.evidence[0]!.text).toHaveLength(1_000);
  });

  test('ends at two hundred pieces', () => {
    const incident = opened('P1');
    for (let i = 0; i < 200; i += 1) incident.do(add());
    expect(() => incident.do(add())).toThrow(/200 pieces already/);
  });

  test('the numbers that decided are added when it opens and when it becomes urgent, not in between', () => {
    const incident = opened('P2');
    const conditions = [{ fact: 'errorRatio', operator: '>', expected: 0.1, actual: 0.6, result: true }];
    const snapshots = [
      { fact: 'latencyP95Seconds', query: 'l', result: { kind: 'value', value: 2 } },
      { fact: 'errorRatio', query: 'e', result: { kind: 'value', value: 0.6 } },
    ];
    const { severity, ...rest } = assessmentOf('P0');
    const assess = (to: 'P0' | 'P1' | 'P2'): Command => ({
      ...{ kind: 'assess', snapshots },
      assessment: { ...rest, severity: { ...severity, severity: to, rule: to, conditions } },
    });
    incident.do(assess('P2'));
    expect(incident.all('evidence-added')).toEqual([]);
    incident.do(assess('P1'));
    incident.do(assess('P1'));
    expect(incident.all('evidence-added')).toEqual([
      expect.objectContaining({ id: 'E1', kind: 'metric', title: 'errorRatio', query: 'e', by: 'firebreak' }),
    ]);
    incident.do(assess('P0'));
    expect(incident.all('evidence-added').map(({ id }) => id)).toEqual(['E1', 'E2']);
  });
});

describe('a hypothesis', () => {
  const record = (evidence: readonly string[] = []): Command => ({
    ...{ kind: 'record-root-cause', category: 'capacity', summary: 'too few pods', confidence: 0.7, evidence },
    ...said,
  });

  test('cites evidence that there is, or other words', () => {
    const incident = opened('P1');
    incident.do(add());
    expect(incident.types(record(['E1', 'the graph of Monday']))).toEqual(['root-cause-recorded']);
    try {
      incident.do(record(['E1', 'E9']));
      throw new Error('not refused');
    } catch (error) {
      expect(error).toBeInstanceOf(CommandRefused);
      expect(error).toMatchObject({ code: 'invalid', field: 'evidence[1]' });
    }
  });

  test('is judged by its id, again and again', () => {
    const incident = opened('P1');
    incident.do(record());
    incident.do(record());
    incident.do({ kind: 'judge-root-cause', id: 'H2', state: 'confirmed', because: 'reproduced', ...said });
    expect(incident.must.rootCauses.map(({ state }) => state)).toEqual(['proposed', 'confirmed']);
    const judge: Command = { kind: 'judge-root-cause', id: 'H9', state: 'confirmed', because: 'x', ...said };
    expect(() => incident.do(judge)).toThrow('no hypothesis H9');
  });
});

describe('errors, in the words of alerts and logs', () => {
  test('each once, without its numbers, the most frequent first', () => {
    const incident = executing(opened('P0', 'roll-back'));
    joins(incident, sample('a/1', { annotations: { description: 'Payment fails for 12 %', summary: 'no' } }));
    incident.do(
      capture(
        [
          '12:00:01 ERROR order 4711: connection refused',
          '12:00:02 INFO fine',
          '12:00:03 ERROR order 4712: connection refused',
          'java.lang.NullPointerException: token=abc123secret',
        ].join('\n'),
      ),
    );
    const errors = errorMessagesOf(incident.events);
    expect(errors.map(({ text, from, count }) => [text, from, count])).toEqual([
      ['12:00:01 ERROR order 4711: connection refused', 'logs of pod checkout-1 container app', 2],
      ['Payment fails for 12 %', 'alert CheckoutDown', 1],
      ['java.lang.NullPointerException: token=[redacted]', 'logs of pod checkout-1 container app', 1],
    ]);
  });
});

describe('the timeline questions', () => {
  const change = (id: string, minutesBefore: number): Change => ({
    ...{ id, service: 'checkout', environment: null, kind: 'deployment', version: id, previousVersion: null },
    ...{
      startedAt: iso(NOON - 30 * SECOND - minutesBefore * MINUTE),
      finishedAt: null,
      by: 'ci',
      url: null,
      evidence: {},
    },
  });
  const earlier = (id: string, hoursBefore: number, more: Partial<EarlierIncident> = {}): EarlierIncident => ({
    ...{ id, correlationKey: 'k', title: 'Checkout is slow', service: 'checkout', environment: 'production' },
    ...{ severity: 'P3', openedAt: iso(NOON - hoursBefore * HOUR), overAt: null, alertNames: ['Slow'], categories: [] },
    ...{ suspectId: null, actions: [] },
    ...more,
  });
  const ask = (incident: Incident, more: { changes?: readonly Change[]; earlier?: readonly EarlierIncident[] } = {}) =>
    diagnosisOf({
      state: incident.must,
      events: incident.events,
      changes: [],
      earlier: [],
      policy: policyWith(),
      ...more,
    });

  test('when did it start: by the alerts, or as a person corrected it', () => {
    const incident = opened('P1');
    expect(ask(incident).began).toEqual({ at: iso(NOON - 30 * SECOND), source: 'starts-at', eventSeq: 1 });
    incident.do({ kind: 'correct-onset', at: iso(NOON - HOUR), because: 'first ticket', ...said });
    const seq = incident.events.find(({ type }) => type === 'onset-corrected')!.seq;
    expect(ask(incident).began).toEqual({ at: iso(NOON - HOUR), source: 'person', eventSeq: seq });
  });

  test('what changed before: each with what was said of it; nothing after the onset, nothing older than what is recent', () => {
    const incident = opened('P1', 'roll-back');
    const suspect = { id: 'd2', acquitted: [{ id: 'd1', because: 'it ran well for 20 min' }] };
    incident.do({
      kind: 'plan-rollback',
      plan: { service: 'checkout', madeAt: iso(NOON), steps: [] },
      planHash: 'a'.repeat(64),
      rehearsal: [],
      suspect,
    });
    const changes = [change('d3', -1), change('d2', 1), change('d1', 20), change('d0', 30), change('old', 90)];
    expect(ask(incident, { changes }).changedBefore).toEqual([
      expect.objectContaining({ id: 'd2', standing: 'suspected', secondsBefore: 60, because: null }),
      expect.objectContaining({ id: 'd1', standing: 'acquitted', because: 'it ran well for 20 min' }),
      expect.objectContaining({ id: 'd0', standing: 'noticed', because: null }),
    ]);
  });

  test('were there warning signs: smaller trouble of the day before, and its own time before it was urgent', () => {
    const incident = opened('P2').after(2 * MINUTE);
    incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
    const others = [earlier('INC-a', 2), earlier('INC-b', 30), earlier('INC-later', -1)];
    expect(ask(incident, { earlier: others }).warningSigns).toEqual([
      { at: iso(NOON - 2 * HOUR), severity: 'P3', incidentId: 'INC-a', what: 'Checkout is slow (Slow)' },
      {
        at: iso(NOON),
        severity: 'P2',
        incidentId: incident.id,
        what: 'it was P2 for 120 s before it was urgent: it is P2',
      },
    ]);
    expect(ask(opened('P0')).warningSigns).toEqual([]);
  });

  test('how fast did it escalate, and what triggered detection', () => {
    const incident = opened('P2').after(2 * MINUTE);
    incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
    const { escalation, detectedBy } = ask(incident);
    expect(escalation.map(({ severity, secondsAfterOnset }) => [severity, secondsAfterOnset])).toEqual([
      ['P2', 30],
      ['P0', 150],
    ]);
    expect(detectedBy).toEqual({
      alerts: ['CheckoutDown'],
      at: iso(NOON),
      secondsAfterOnset: 30,
      inTime: true,
      eventSeq: 2,
    });
  });

  test('what is affected: services of merged and linked incidents, endpoints and instances of labels', () => {
    const incident = opened('P1');
    joins(
      incident,
      sample('a/1', { labels: { app: 'payments', job: 'x', handler: '/pay', pod: 'pay-1', instance: '' } }),
      sample('a/2', { labels: { service: 'checkout', path: '/cart', instance: '10.0.0.1:80' } }),
    );
    incident.do({ kind: 'note-link', from: 'INC-x', title: 'x', service: 'orders-db', because: 'a dependency' });
    expect(ask(incident).affected).toEqual({
      services: ['checkout', 'orders-db', 'payments'],
      endpoints: ['/pay', '/cart'],
      instances: ['pay-1', '10.0.0.1:80'],
    });
  });
});
