import { severityOf, stanceOf } from './support/incident.ts';
import { linesOf, partsOf, sectionTitles, statementsOf } from './support/report.ts';
import { ADA, at, told } from './support/timeline.ts';

const fact = (facts: Record<string, number>) => ({ ...severityOf('P1'), facts });

describe('what nobody knows', () => {
  const report = told('P2').report;

  test('is said to be unknown, or still to write, and never left out', () => {
    expect(sectionTitles(report)).toHaveLength(9);
    const lines = partsOf(report).flatMap(({ id }) => linesOf(report, id));
    for (const label of [
      'Customer impact',
      'Root cause',
      'Share of users',
      'Number of users',
      'Features',
      'What users saw',
      'Support tickets',
      'Revenue',
      'Customer satisfaction',
      'Brand',
      'Database',
      'Application',
      'Error ratio',
      'Downstream',
      'Permanent fix',
      'Recovery measured',
      'Incident manager',
      'Follow-up date',
    ]) {
      const about = lines.filter((line) => line.startsWith(`${label}: `));
      expect(about.length).toBeGreaterThan(0);
      expect(about.filter((line) => !line.includes('unknown'))).toEqual([]);
    }
    expect(report.toWrite).toHaveLength(14);
    expect(new Set(report.toWrite).size).toBe(14);
  });

  test('claims nothing without an event, and an event for everything that is claimed', () => {
    for (const { kind, events } of partsOf(report).flatMap(({ id }) => statementsOf(report, id))) {
      expect(events.length > 0).toBe(kind === 'proved' || kind === 'written');
    }
  });

  test('leaves the figures unknown that have not ended', () => {
    expect(report.figures).toEqual({
      detectSeconds: 30,
      acknowledgeSeconds: null,
      customerImpactSeconds: null,
      rollbackSeconds: null,
      totalSeconds: null,
      slaBreaches: 0,
    });
  });
});

describe('executive summary', () => {
  test('severity: what stands, why, and what it was at its worst', () => {
    const timeline = told('P0').add(600, 'severity-changed', { from: 'P0', to: 'P2', because: 'few users left' });
    expect(linesOf(timeline.report, 'summary')).toContain('Severity: P2: few users left; P0 at its worst');
  });

  test('severity: what was measured later is the better reason', () => {
    const timeline = told('P1').add(60, 'severity-decided', { ...severityOf('P1'), because: '67 % of users' });
    expect(linesOf(timeline.report, 'summary')).toContain('Severity: P1: 67 % of users');
  });

  test('duration: to the validated fix, as it was and not as it was told', () => {
    const timeline = told('P1')
      .add(300, 'incident-resolved', { ...ADA, because: 'fixed' })
      .add(9000, 'fix-recorded', { ...ADA, stage: 'validated', at: at(8385), url: null, version: 'r43', text: null });
    expect(timeline.report.figures.totalSeconds).toBe(8385);
    expect(linesOf(timeline.report, 'summary')).toContain(
      'Duration: 2 h 20 min, from detection to the fix being validated',
    );
  });

  test('duration: said twice, the first validation counts; of a fix that was deployed anew, its own', () => {
    const fix = (stage: 'deployed' | 'validated', when: number) => ({
      ...{ ...ADA, stage, at: at(when), url: null, version: 'r43', text: null },
    });
    const timeline = told('P1')
      .add(100, 'fix-recorded', fix('deployed', 100))
      .add(200, 'fix-recorded', fix('validated', 200))
      .add(300, 'fix-recorded', fix('validated', 300));
    expect(timeline.report.figures.totalSeconds).toBe(200);
    timeline.add(400, 'fix-recorded', fix('deployed', 400));
    expect(timeline.report.figures.totalSeconds).toBeNull();
    timeline.add(500, 'fix-recorded', fix('validated', 500));
    expect(timeline.report.figures.totalSeconds).toBe(500);
  });

  test('duration: without a fix it is told to the resolution, and said so', () => {
    const resolved = told('P2').add(725, 'incident-resolved', { ...ADA, because: 'gone' });
    expect(linesOf(resolved.report, 'summary')).toContain(
      'Duration: 12 min 5 s, from detection to resolution; no validated fix is recorded',
    );
    resolved.add(800, 'fix-recorded', {
      ...ADA,
      stage: 'unnecessary',
      at: at(800),
      url: null,
      version: null,
      text: null,
    });
    expect(linesOf(resolved.report, 'summary')).toContain(
      'Duration: 12 min 5 s, from detection to resolution; no fix was needed',
    );
  });

  test('a fix before the incident came back was none', () => {
    const timeline = told('P1')
      .add(100, 'incident-mitigated', { because: 'well', via: 'alerts' })
      .add(200, 'fix-recorded', { ...ADA, stage: 'validated', at: at(200), url: null, version: 'r43', text: null })
      .add(300, 'incident-reopened', { because: 'CheckoutDown fires again' });
    expect(timeline.report.figures).toMatchObject({ totalSeconds: null, customerImpactSeconds: null });
    timeline.add(350, 'incident-mitigated', { because: 'well', via: 'alerts' });
    expect(timeline.report.figures.customerImpactSeconds).toBe(150);
    expect(linesOf(timeline.report, 'durations')).toContain(
      'Customer-impact duration: 2 min 30 s, from detection to service restored, 2 times together',
    );
  });

  test('customer impact: what was measured at its worst, and what a person stated', () => {
    const measured = told('P1')
      .add(10, 'severity-decided', fact({ usersAffectedPercent: 67 }))
      .add(20, 'severity-decided', fact({ usersAffectedPercent: 41 }))
      .add(336, 'incident-mitigated', { because: 'well', via: 'alerts' });
    expect(linesOf(measured.report, 'summary')).toContain('Customer impact: 67 % of users, for 5 min 36 s');
    measured.add(400, 'impact-stated', { ...ADA, impact: { usersAffectedPercent: 50 } });
    expect(linesOf(measured.report, 'summary')).toContain(
      'Customer impact: 50 % of users (stated by ada, 67 % measured), for 5 min 36 s',
    );
  });

  test('root cause: what is confirmed wins over what is newer, and what is refuted is none', () => {
    const cause = (id: string, summary: string) => ({
      ...{ ...ADA, id, category: 'capacity' as const, summary, confidence: 0.5, evidence: [] },
    });
    const timeline = told('P1').add(10, 'root-cause-recorded', cause('H1', 'too few pods'));
    expect(linesOf(timeline.report, 'summary')).toContain(
      'Root cause: too few pods (capacity; proposed, 50 % sure, recorded by ada)',
    );
    timeline
      .add(20, 'root-cause-judged', { ...ADA, id: 'H1', state: 'confirmed', because: 'seen' })
      .add(30, 'root-cause-recorded', cause('H2', 'the moon'));
    expect(linesOf(timeline.report, 'summary')).toContainEqual(
      expect.stringMatching(/^Root cause: too few pods .*confirmed/),
    );
    timeline.add(40, 'root-cause-judged', { ...ADA, id: 'H2', state: 'refuted', because: 'it was day' });
    expect(linesOf(timeline.report, 'what-happened')).toContain(
      'Also considered: the moon (capacity; refuted, 50 % sure, recorded by ada): it was day',
    );
  });

  test('a P3 that is fixed forward has no rollback, and the decision says why', () => {
    const timeline = told('P3').add(0, 'rollback-decided', { ...stanceOf('fix-forward'), mode: null });
    expect(linesOf(timeline.report, 'summary')).toContain('Rollback: none; decided: fix-forward: it says fix-forward');
    expect(linesOf(timeline.report, 'impact-technical')).toContain('Rollback: none: fix forward: it says fix-forward');
  });
});

describe('what has to be known before anything else', () => {
  test('a drill', () => {
    expect(told('P0', { drill: true }).report).toMatchObject({
      incident: { drill: true },
      notices: [{ text: 'DRILL: nothing was broken', events: [1] }],
    });
  });

  test('a false alarm has no impact, and says who dismissed it', () => {
    const { report } = told('P1').add(60, 'incident-dismissed', { ...ADA, because: 'the rule is wrong' });
    expect(report.notices.map(({ text }) => text)).toEqual(['A false alarm, dismissed by ada: the rule is wrong']);
    const none = 'none: dismissed as a false alarm by ada: the rule is wrong';
    expect(linesOf(report, 'summary')).toContain(`Customer impact: ${none}`);
    expect(linesOf(report, 'durations')).toContain(`Customer-impact duration: ${none}`);
    expect(linesOf(report, 'summary')).toContainEqual(expect.stringMatching(/^Status: closed since .*dismissed/));
  });

  test('one that was merged points to the other', () => {
    const { report } = told('P1').add(60, 'incident-merged', { ...ADA, into: 'INC-2', because: 'the same' });
    expect(report.notices.map(({ text }) => text)).toEqual(['Merged into INC-2, which goes on for both: the same']);
    expect(linesOf(report, 'impact-users')).toContain(
      'Duration: told in the report of INC-2, into which this was merged',
    );
    expect(linesOf(report, 'evidence-tickets')).toEqual(['Merged into: INC-2: the same']);
  });

  test('a repeat: how often, in which time, and which action item is still open', () => {
    const { report } = told('P1').add(0, 'recurrence-recognised', {
      why: 'same-cause',
      of: ['INC-3', 'INC-2'],
      days: 60,
      openActions: [{ incidentId: 'INC-2', id: 'A1', action: 'add a canary', owner: 'bob', dueAt: at(0) }],
    });
    const line =
      'Third time in 60 days, same root cause as INC-3, INC-2; action item A1 of INC-2 is still open: add a canary (owner bob, due 2026-11-23)';
    expect(report.notices.map(({ text }) => text)).toEqual([line]);
    expect(linesOf(report, 'takeaways')).toContain(line);
  });
});
