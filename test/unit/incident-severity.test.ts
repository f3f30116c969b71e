import type { Command } from '../../src/domain/incident/commands.ts';
import { fold } from '../../src/domain/incident/evolve.ts';
import { tally } from '../../src/domain/incident/tally.ts';
import type { Severity } from '../../src/domain/severity.ts';
import { iso } from '../../src/domain/time.ts';
import type { Incident } from './support/incident.ts';
import {
  HOUR,
  MINUTE,
  NOON,
  SECOND,
  allResolved,
  assessmentOf,
  executing,
  opened,
  planned,
  severityOf,
  stanceOf,
} from './support/incident.ts';

const ada = { by: 'ada', via: 'api' } as const;
const set = (severity: Severity, because = 'I see it'): Command => ({
  kind: 'override-severity',
  ...ada,
  severity,
  because,
});
const release: Command = { kind: 'release-severity', ...ada };
const rules = (severity: Severity, action: 'hold' | 'roll-back' = 'hold'): Command => ({
  kind: 'assess',
  assessment: assessmentOf(severity, action),
});

describe("a person's severity", () => {
  test.each([
    ['P3', 'P0'],
    ['P0', 'P3'],
    ['P1', 'P2'],
  ] as const)('%s becomes %s and stands, whatever the rules say', (from, to) => {
    const incident = opened(from);
    incident.do(set(to));
    for (const says of ['P0', 'P1', 'P2', 'P3'] as const) incident.after(HOUR).do(rules(says));
    expect(incident.must).toMatchObject({ severity: to, severityBecause: 'ada: I see it', severityRule: 'rule-P3' });
    expect(incident.all('severity-changed')).toHaveLength(2);
    expect(
      incident
        .all('severity-decided')
        .map((each) => each.severity)
        .slice(1),
    ).not.toEqual([]);
  });

  test('is no silent fall: the timeline says who, from where and why', () => {
    const incident = opened('P0');
    incident.do(set('P2', 'a load test'));
    expect(incident.last('severity-changed')).toEqual({ from: 'P0', to: 'P2', because: 'ada: a load test' });
  });

  test('said twice is said once; of what it is already it only stands from now on', () => {
    const incident = opened('P1');
    expect(incident.types(set('P1'))).toEqual(['severity-overridden']);
    expect(incident.types(set('P1'))).toEqual([]);
    incident.after(HOUR).do(rules('P0'));
    expect(incident.must.severity).toBe('P1');
  });

  test.each([
    ['P0', 'P2', 'P2'],
    ['P3', 'P1', 'P1'],
    ['P2', 'P2', 'P2'],
  ] as const)('%s released: the rules decide at the next look, %s at once', (was, says, stands) => {
    const incident = opened('P2');
    incident.do(set(was));
    expect(incident.types(release)).toEqual(['severity-released']);
    expect(incident.types(release)).toEqual([]);
    expect(incident.must.severity).toBe(was);
    expect(incident.after(SECOND).types(rules(says))).toContain('severity-decided');
    expect(incident.must).toMatchObject({ severity: stands, releasedAt: null, severityBecause: `it is ${says}` });
    // From then on a fall takes its time again.
    incident.do(rules('P0'));
    incident.do(rules('P3'));
    expect(incident.must.severity).toBe('P0');
  });

  test('released while a rollback is carried out: the rules decide after it', () => {
    const incident = executing(opened('P1', 'roll-back'));
    incident.do(set('P0'));
    incident.do(release);
    incident.do(rules('P2'));
    expect(incident.must.severity).toBe('P0');
    incident.do({ kind: 'abort-rollback', ...ada, because: 'no' });
    incident.do(rules('P2'));
    expect(incident.must.severity).toBe('P2');
  });

  test('P0 wakes somebody, once', () => {
    const incident = opened('P2');
    incident.do(set('P0'));
    incident.do(set('P1'));
    incident.do(set('P0'));
    expect(incident.all('page-requested')).toEqual([{ reason: 'severity-raised', because: 'ada: I see it' }]);
  });

  test('lowered to P2 when it is restored already: it is over', () => {
    const incident = opened('P1');
    incident.do(allResolved());
    incident.do(set('P2'));
    expect(incident.must).toMatchObject({ status: 'resolved', severity: 'P2' });
    expect(() => incident.do(set('P1'))).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect(() => incident.do(release)).toThrow(expect.objectContaining({ code: 'conflict' }));
  });
});

describe('rising to P0 or P1', () => {
  test.each([
    ['P2', 'P0'],
    ['P3', 'P1'],
  ] as const)('from %s to %s takes onset, baseline, decision and clocks anew', (from, to) => {
    const incident = opened(from);
    incident.do({ kind: 'freeze-baseline', baseline: null });
    incident.after(HOUR).do(rules(to));
    expect(incident.last('onset-renewed')).toEqual({
      at: iso(incident.now),
      source: 'severity-raised',
      because: `it became ${to}`,
    });
    expect(incident.must.baseline).toBeUndefined();
    expect(incident.must.onset).toEqual({ at: iso(incident.now), source: 'severity-raised' });
    expect(incident.must.clocks).toMatchObject({
      acknowledge: { startedAt: iso(incident.now) },
      restore: { startedAt: iso(incident.now) },
    });
    expect(incident.types({ kind: 'freeze-baseline', baseline: null })).toEqual(['baseline-frozen']);
  });

  test('takes the onset of the alert that made it so, where one says it', () => {
    const incident = opened('P2').after(HOUR);
    const onset = { at: iso(incident.now - 2 * MINUTE), source: 'active-at' as const };
    incident.do({ kind: 'assess', assessment: assessmentOf('P0'), onset });
    expect(incident.must.onset).toEqual(onset);
    // Whether Prometheus knows its alerts was found out at the opening.
    expect(incident.must.inPrometheus).toBe(false);
  });

  test.each([
    ['before the onset that stands', NOON - HOUR],
    ['in the future', NOON + 2 * HOUR],
  ])('an onset %s says nothing', (_what, at) => {
    const incident = opened('P2').after(HOUR);
    incident.do({ kind: 'assess', assessment: assessmentOf('P0'), onset: { at: iso(at), source: 'starts-at' } });
    expect(incident.must.onset.at).toBe(iso(incident.now));
  });

  test.each([
    ['P1', 'P0'],
    ['P0', 'P1'],
    ['P3', 'P2'],
  ] as const)('from %s to %s the onset stays', (from, to) => {
    const incident = opened(from).after(HOUR);
    incident.do(set(to));
    expect(incident.all('onset-renewed')).toEqual([]);
  });

  test('by a person takes it anew, too', () => {
    const incident = opened('P3').after(HOUR);
    incident.do(set('P1'));
    expect(incident.must.onset.at).toBe(iso(incident.now));
    expect(incident.must.decision).toBeNull();
  });

  test('not while a rollback is judged by what it began with', () => {
    const incident = executing(opened('P2', 'roll-back'));
    incident.do({ kind: 'freeze-baseline', baseline: null });
    incident.do(rules('P0'));
    expect(incident.all('onset-renewed')).toEqual([]);
    expect(incident.must).toMatchObject({ severity: 'P0', baseline: null });
  });

  test('a rollback that was stopped on what was suspected before is asked for again, one that a person aborted is not', () => {
    const stopped = opened('P2', 'roll-back');
    stopped.do({ kind: 'stop-rollback', stop: { rail: 'recent-change', because: 'nothing changed' } });
    stopped.after(HOUR).do(rules('P0', 'roll-back'));
    expect(stopped.all('rollback-requested')).toHaveLength(2);
    const aborted = planned(opened('P2', 'roll-back'));
    aborted.do({ kind: 'abort-rollback', ...ada, because: 'no' });
    aborted.after(HOUR).do(rules('P0', 'roll-back'));
    expect(aborted.all('rollback-requested')).toHaveLength(1);
  });

  test('detection was judged at the opening, and is not judged again', () => {
    const incident = opened('P2').after(HOUR);
    incident.do(rules('P0'));
    expect(incident.all('clock-started').filter(({ clock }) => clock === 'detect')).toHaveLength(1);
    expect(figures(incident, 'incident_time_to_detect_seconds')).toHaveLength(1);
    expect(detections(incident)).toHaveLength(1);
  });
});

describe('an onset that a person corrects', () => {
  const correct = (at: number): Command => ({
    kind: 'correct-onset',
    ...ada,
    at: iso(at),
    because: 'seen in the logs',
  });

  test('is audited, asks for the baseline anew and judges detection anew, in the timeline and not in the figures', () => {
    const incident = opened('P1');
    incident.do({ kind: 'freeze-baseline', baseline: null });
    incident.do(correct(NOON - HOUR));
    expect(incident.last('onset-corrected')).toMatchObject({
      from: iso(NOON - 30 * SECOND),
      to: iso(NOON - HOUR),
      by: 'ada',
    });
    expect(incident.must.onset).toEqual({ at: iso(NOON - HOUR), source: 'person' });
    expect(incident.must.baseline).toBeUndefined();
    expect(incident.must.clocks.detect?.state).toBe('breached');
    expect(detections(incident)).toHaveLength(1);
  });

  test.each([
    ['after the opening', NOON + 1],
    ['more than a year before it, which is a mistyped year', NOON - 367 * 24 * HOUR],
  ])('is never %s', (_what, at) => {
    expect(() => opened('P1').do(correct(at))).toThrow(expect.objectContaining({ code: 'invalid' }));
  });
});

test('what the rules say meanwhile is kept with the impact, where it is no less', () => {
  const incident = opened('P2');
  incident.do(set('P1'));
  const assessment = {
    ...assessmentOf('P1'),
    severity: { ...severityOf('P1'), facts: { errorRatio: 0.9 } },
    rollback: stanceOf('hold'),
  };
  incident.do({ kind: 'assess', assessment });
  expect(incident.must).toMatchObject({ severityBecause: 'ada: I see it', facts: { errorRatio: 0.9 } });
  incident.do({
    kind: 'assess',
    assessment: { ...assessment, severity: { ...severityOf('P3'), facts: { errorRatio: 0 } } },
  });
  expect(incident.must.facts).toEqual({ errorRatio: 0.9 });
});

const all = (incident: Incident) =>
  incident.events.flatMap((event, i) => tally(event, fold(incident.events.slice(0, i + 1))!, 'checkout'));
const figures = (incident: Incident, metric: string) => all(incident).filter((each) => each.metric === metric);
const detections = (incident: Incident) =>
  all(incident).filter(({ metric, labels }) => metric.startsWith('sla_') && labels['clock'] === 'detect');
