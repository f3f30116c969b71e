import { boundsOf } from '../../src/domain/histogram.ts';
import type { IncidentEvent } from '../../src/domain/incident/events.ts';
import type { Tally } from '../../src/domain/incident/tally.ts';
import { tally } from '../../src/domain/incident/tally.ts';
import { timersOf } from '../../src/domain/incident/timers.ts';
import { viewOf } from '../../src/domain/incident/view.ts';
import { describeEvent } from '../../src/domain/incident/describe.ts';
import { fold } from '../../src/domain/incident/evolve.ts';
import { iso } from '../../src/domain/time.ts';
import type { Incident } from './support/incident.ts';
import {
  HOUR,
  MINUTE,
  NOON,
  allResolved,
  assessmentOf,
  executing,
  opened,
  openingOf,
  planned,
  policyWith,
  recovers,
  severityOf,
  step,
} from './support/incident.ts';

/** What each event of an incident counts, with the state it left. */
const figures = (incident: Incident): readonly Tally[] =>
  incident.events.flatMap((event, i) => tally(event, fold(incident.events.slice(0, i + 1))!, 'checkout'));
const named = (incident: Incident, metric: string) => figures(incident).filter((each) => each.metric === metric);

describe('figures', () => {
  const labels = { severity: 'P1', service: 'checkout' };

  test('an opening counts once, with the time to detect from the onset', () => {
    const incident = opened('P1');
    expect(named(incident, 'incidents_opened_total')).toEqual([{ kind: 'count', metric: expect.anything(), labels }]);
    expect(named(incident, 'incident_time_to_detect_seconds')).toMatchObject([{ value: 30, labels }]);
  });

  test('acknowledged, restored and resolved are timed from the opening; restored once', () => {
    const incident = opened('P1').after(MINUTE);
    incident.do({ kind: 'acknowledge', by: 'ada', via: 'api' });
    incident.after(MINUTE).do(allResolved());
    incident.after(HOUR).do({ kind: 'resolve', by: 'ada', via: 'api', because: 'fixed' });
    expect(named(incident, 'incident_time_to_acknowledge_seconds')).toMatchObject([{ value: 60 }]);
    expect(named(incident, 'incident_time_to_restore_seconds')).toMatchObject([{ value: 120 }]);
    expect(named(incident, 'incident_time_to_resolve_seconds')).toMatchObject([{ value: 120 + 3600 }]);
  });

  test('a P2 is restored with its end', () => {
    const incident = opened('P2').after(MINUTE);
    incident.do(allResolved());
    expect(named(incident, 'incident_time_to_restore_seconds')).toMatchObject([{ value: 60 }]);
  });

  test('clocks, decisions and what no rule matched', () => {
    const incident = opened('P1').after(11 * MINUTE);
    incident.do({ kind: 'fire-timer', name: 'clock:acknowledge' });
    expect(named(incident, 'sla_breaches_total')).toMatchObject([{ labels: { ...labels, clock: 'acknowledge' } }]);
    expect(named(incident, 'sla_clocks_met_total')).toMatchObject([{ labels: { ...labels, clock: 'detect' } }]);
    expect(named(incident, 'decisions_total').map((each) => each.labels)).toEqual([
      { stage: 'severity', outcome: 'P1', mode: 'auto' },
      { stage: 'rollback', outcome: 'hold', mode: 'auto' },
    ]);
    expect(named(incident, 'unclassified_incidents_total')).toEqual([]);
  });

  test('what no rule matched is counted, each time that the rules say so', () => {
    const incident = opened('P1');
    const severity = severityOf('P2', null);
    incident.do({ kind: 'assess', assessment: { ...assessmentOf('P2'), severity } });
    expect(named(incident, 'unclassified_incidents_total')).toEqual([
      { kind: 'count', metric: 'unclassified_incidents_total', labels: {} },
    ]);
  });

  test('a fix may take days after the restoration: that is measured, and is no breach', () => {
    const incident = opened('P1').after(MINUTE);
    const ada = { by: 'ada', via: 'api' };
    incident.do({ kind: 'acknowledge', ...ada });
    incident.do({ kind: 'write-update', text: 'We roll back.', ...ada });
    incident.do({
      ...{ kind: 'record-root-cause', category: 'code-bug', summary: 'a null cart', confidence: 1, evidence: [] },
      ...ada,
    });
    incident.do(allResolved());
    incident.after(72 * HOUR).do({
      ...{ kind: 'record-fix', stage: 'deployed', at: iso(incident.now), url: null, version: 'r43', text: null },
      ...ada,
    });
    expect(named(incident, 'incident_time_to_resolve_seconds')).toMatchObject([{ value: 60 + 72 * 3600 }]);
    expect(named(incident, 'sla_breaches_total')).toEqual([]);
    expect(Object.values(incident.must.clocks).map(({ state }) => state)).toEqual(Array(5).fill('met'));
  });

  test('a rollback that was carried out counts by provider and verdict; one that never began does not', () => {
    const done = recovers(step(executing(opened('P1', 'roll-back'))));
    expect(named(done, 'rollbacks_total')).toMatchObject([
      { labels: { provider: 'deployment', verdict: 'recovered' } },
    ]);
    expect(named(done, 'rollback_duration_seconds')).toMatchObject([{ value: 120 }]);
    const spared = planned(opened('P1', 'roll-back'));
    spared.do(allResolved());
    expect(named(spared, 'rollbacks_total')).toEqual([]);
  });

  test('what validation restored is timed to the first sample that passed, not to the verdict', () => {
    const incident = step(executing(opened('P1', 'roll-back'))).after(MINUTE);
    recovers(incident);
    expect(named(incident, 'incident_time_to_restore_seconds')).toMatchObject([{ value: 120 }]);
  });

  test('the promises for P0 and P1 can be read off the buckets: five minutes, and half an hour', () => {
    for (const metric of ['incident_time_to_restore_seconds', 'incident_time_to_resolve_seconds']) {
      expect(boundsOf(metric)).toEqual(expect.arrayContaining([300, 1800]));
    }
  });

  test('an update that comes too late is a breach of its clock', () => {
    const incident = opened('P1').after(6 * MINUTE);
    incident.do({ kind: 'fire-timer', name: 'clock:update' });
    const breached = named(incident, 'sla_breaches_total');
    expect(breached).toMatchObject([{ labels: { ...labels, clock: 'update' } }]);
  });

  test('buckets rise', () => {
    for (const metric of ['effect_latency_seconds', 'rollback_duration_seconds', 'incident_time_to_detect_seconds']) {
      expect([...boundsOf(metric)].sort((a, b) => a - b)).toEqual(boundsOf(metric));
    }
  });
});

describe('timers', () => {
  const names = (incident: Incident) => timersOf(incident.must, incident.policy).map((timer) => timer.name);
  const at = (incident: Incident, name: string) =>
    timersOf(incident.must, incident.policy).find((timer) => timer.name === name)?.due;

  test('stand at the deadlines of what runs', () => {
    const incident = opened('P0');
    expect(names(incident)).toEqual([
      'clock:acknowledge',
      'clock-warning:acknowledge',
      'clock:restore',
      'clock-warning:restore',
      'clock:update',
      'clock-warning:update',
      'status-update',
      'page-fallback',
    ]);
    expect(at(incident, 'clock:restore')).toBe(NOON + 5 * MINUTE);
  });

  test('follow the rollback through its stages', () => {
    const held = planned(opened('P1', 'roll-back'));
    expect(at(held, 'rollback-hold')).toBe(NOON + MINUTE);
    const running = executing(held);
    expect(names(running).filter((name) => name.startsWith('rollback'))).toEqual([]);
    expect(at(step(running), 'rollback-verdict')).toBe(running.now + 15 * MINUTE);
    const waiting = planned(opened('P1', 'roll-back', policyWith({ mode: 'approve' })));
    expect(at(waiting, 'rollback-approval')).toBe(NOON + 15 * MINUTE);
  });

  test('after a recovery stands the end of the watch, until it is over', () => {
    const incident = recovers(step(executing(opened('P1', 'roll-back'))));
    expect(at(incident, 'rollback-watch')).toBe(incident.now + 30 * MINUTE);
    expect(names(incident)).not.toContain('rollback-verdict');
    incident.after(30 * MINUTE).do({ kind: 'end-watch' });
    expect(names(incident)).not.toContain('rollback-watch');
  });

  test('after the end only the end of monitoring, and after that none', () => {
    const incident = opened('P2');
    incident.do(allResolved());
    expect(names(incident)).toEqual(['monitoring']);
    incident.after(24 * HOUR).do({ kind: 'fire-timer', name: 'monitoring' });
    expect(names(incident)).toEqual([]);
  });
});

describe('the view', () => {
  const line = (incident: Incident) => viewOf(incident.must, null).rollback;

  test('says what people have to know', () => {
    const opening = openingOf({ runbookUrl: 'https://runbooks/x', sourceUrl: 'http://prometheus' });
    const incident = opened('P0', 'hold', policyWith(), opening);
    expect(viewOf(incident.must, 'https://firebreak')).toMatchObject({
      severity: 'P0',
      status: 'open',
      firing: 1,
      total: 1,
      because: 'it is P0',
      rollback: 'hold: it says hold',
      links: [
        { text: incident.id, href: `https://firebreak/incidents/${incident.id}` },
        { text: 'Runbook', href: 'https://runbooks/x' },
        { text: 'Source', href: 'http://prometheus' },
      ],
    });
    expect(viewOf(opened('P2').must, null).links).toEqual([]);
  });

  test('has one line for each stage of the rollback', () => {
    const p1 = (mode: 'auto' | 'approve' | 'shadow' = 'auto') => opened('P1', 'roll-back', policyWith({ mode }));
    const recovered = recovers(step(executing(p1())));
    const lines = [
      p1(),
      planned(p1('shadow')),
      planned(p1('approve')),
      planned(p1()),
      executing(p1()),
      step(executing(p1())),
      recovered,
      step(executing(p1()), 0, 'failed'),
    ].map(line);
    expect(lines).toEqual([
      'Preparing the rollback',
      'Shadow: would have rolled back checkout from r42 to r41',
      'Awaits approval until 2026-11-23T12:15:00.000Z: checkout from r42 to r41',
      'Rolling back checkout from r42 to r41, starting at 2026-11-23T12:01:00.000Z',
      'Rolling back checkout from r42 to r41: 0 of 1 steps done',
      'Rolled back checkout from r42 to r41; watching whether it recovers',
      'Rolled back checkout from r42 to r41: recovered',
      'Rollback stopped (step-failed): step checkout: it is failed',
    ]);
  });

  test('a stopped rollback that recovered without us is not called rolled back', () => {
    const incident = planned(opened('P1', 'roll-back'));
    incident.do(allResolved());
    expect(line(incident)).not.toContain('Rolled back');
  });
});

test('an event of the future is described by its type', () => {
  expect(describeEvent({ type: 'from-the-future', data: {} } as unknown as IncidentEvent)).toBe('from-the-future');
});
