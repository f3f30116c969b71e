import type { StatedImpact } from '../../src/domain/incident/process-events.ts';
import { REPORT_SECTIONS } from '../../src/domain/incident/process-events.ts';
import { severityOf, stanceOf } from './support/incident.ts';
import { linesOf, partsOf, statementsOf } from './support/report.ts';
import { ADA, at, restored, rolledBack, rollingBack, told } from './support/timeline.ts';

const fact = (facts: Record<string, number>) => ({ ...severityOf('P1'), facts });

describe('root-cause analysis', () => {
  test('answers when it started, what changed, what warned, how fast it grew and what found it', () => {
    const suspect = { kind: 'deployment', version: 'r42', service: 'checkout', startedAt: at(-90), ageSeconds: 60 };
    const timeline = told('P2')
      .add(0, 'rollback-decided', {
        ...stanceOf('evaluate'),
        mode: null,
        facts: { suspectChange: suspect, priorIncidents30d: 2 },
      })
      .add(60, 'severity-changed', { from: 'P2', to: 'P1', because: 'it grows' });
    const lines = linesOf(timeline.report, 'what-happened');
    expect(lines).toEqual(
      expect.arrayContaining([
        'When did it start: 2026-11-23 11:59:30 (the start that the alert named, which is set only after its "for" time), 30 s before it was detected',
        'What triggered detection: 1 alert: CheckoutDown',
        'What changed before: deployment r42 of checkout, begun 2026-11-23 11:58:30, 1 min before the onset',
        'Were there warning signs: 2 incidents of the service in the 30 days before',
        'How fast did it escalate: P2 at 2026-11-23 12:00:00, P1 at 2026-11-23 12:01:00; at most 1 alert firing',
      ]),
    );
  });

  test('an onset that a person corrected is that person’s word, and detection is counted from it', () => {
    const timeline = told('P1').add(90, 'onset-corrected', {
      ...ADA,
      from: at(-30),
      to: at(-600),
      because: 'the log says so',
    });
    expect(timeline.report.figures.detectSeconds).toBe(600);
    expect(linesOf(timeline.report, 'what-happened')).toContain(
      'When did it start: 2026-11-23 11:50:00 (as corrected by a person), 10 min before it was detected',
    );
  });

  test('contributing factors that events name: blockers, stops, changes before the restoration, what was not measured', () => {
    const timeline = told('P1')
      .add(5, 'severity-decided', { ...severityOf('P1'), unknownFacts: ['errorRatio'] })
      .add(60, 'blocker-added', { ...ADA, id: 'B1', text: 'no access to the database' })
      .add(70, 'change-noticed', {
        ...{ id: 'c1', service: 'checkout', kind: 'config', version: 'v9', by: 'bob', url: null },
        ...{ at: at(70), beforeRestoration: true },
      })
      .add(90, 'blocker-cleared', { ...ADA, id: 'B1' })
      .add(95, 'rollback-stopped', {
        rail: 'database',
        because: 'a migration came along',
        completed: [],
        evidence: null,
      });
    expect(linesOf(timeline.report, 'contributing-factors').slice(1)).toEqual([
      'Known: Blocker told by ada at 2026-11-23 12:01:00, cleared 2026-11-23 12:01:30: no access to the database',
      'Known: A rollback was stopped by database: a migration came along',
      'Known: config v9 of checkout by bob before the service was restored',
    ]);
    const blind = told('P1').events.filter(({ type }) => type === 'severity-decided');
    expect(blind).toHaveLength(1);
  });
});

describe('impact', () => {
  const impact: StatedImpact = {
    usersAffected: 12_400,
    features: ['sign-in', 'reset'],
    errorExperience: 'a blank page',
    supportTickets: 0,
    revenue: 'none lost',
    satisfaction: 'three complaints',
    brand: 'nothing',
    database: 'untouched',
    application: 'restarted',
    downstream: 'billing waited',
  };

  test('everything that a person stated, with who did; the last word on each part stands', () => {
    const { report } = told('P1')
      .add(10, 'impact-stated', { ...ADA, impact: { ...impact, supportTickets: 9 } })
      .add(20, 'impact-stated', { by: 'bob', via: 'api', impact: { supportTickets: 0, features: [] } });
    expect(linesOf(report, 'impact-users').slice(1)).toEqual([
      'Number of users: 12400 (stated by ada)',
      'Duration: unknown: the service is not restored',
      'Features: none (stated by bob)',
      'What users saw: a blank page (stated by ada)',
      'Support tickets: 0 (stated by bob)',
    ]);
    expect(linesOf(report, 'impact-business').slice(0, 3)).toEqual([
      'Revenue: none lost (stated by ada)',
      'Customer satisfaction: three complaints (stated by ada)',
      'Brand: nothing (stated by ada)',
    ]);
    expect(linesOf(report, 'impact-technical')).toEqual(
      expect.arrayContaining([
        'Database: untouched (stated by ada)',
        'Application: restarted (stated by ada)',
        'Downstream: billing waited (stated by ada)',
      ]),
    );
  });

  test('what was measured, against what is usual', () => {
    const { report } = told('P1')
      .add(1, 'severity-decided', fact({ errorRatio: 0.412345, errorRatioBaseline: 0.003, latencyP95Seconds: 2 }))
      .add(2, 'severity-decided', fact({ errorRatio: 0.1 }));
    expect(linesOf(report, 'impact-technical')).toEqual(
      expect.arrayContaining([
        'Error ratio: 0.6 at its worst; usual is 0.003',
        'Latency (p95): 2 s at its worst; what is usual is unknown',
      ]),
    );
  });

  test('every rollback with what came of it, and that it did not stay', () => {
    const timeline = restored(rolledBack(rollingBack(told('P0'), 60), 200), 240);
    timeline.add(900, 'rollback-reverted', { name: 'checkout', detail: 'argocd moved it' });
    expect(linesOf(timeline.report, 'impact-technical')).toEqual(
      expect.arrayContaining([
        'Rollback: checkout from r42 to r41; its steps took 1 min 50 s; recovered: 3 samples in a row passed',
        'Rollback: checkout did not stay rolled back: argocd moved it',
      ]),
    );
    expect(timeline.report.figures.rollbackSeconds).toBe(110);
  });

  test('incidents that belong to it are downstream', () => {
    const { report } = told('P0').add(9, 'link-noted', {
      from: 'INC-9',
      title: 'Cart is down',
      service: 'cart',
      because: 'x',
    });
    expect(linesOf(report, 'impact-technical')).toContain('Downstream: INC-9 (cart: Cart is down)');
  });
});

describe('resolution', () => {
  test('what restored it, step by step, the fix with its link, and how it was validated', () => {
    const timeline = restored(rolledBack(rollingBack(told('P0'), 60), 200), 240)
      .add(250, 'recovery-sampled', {
        result: 'pass',
        worse: false,
        checks: [{ name: 'errorRatio', result: 'pass', detail: '0.003' }],
      })
      .add(500, 'fix-recorded', {
        ...ADA,
        stage: 'linked',
        at: at(500),
        url: 'https://git/pr/1',
        version: null,
        text: null,
      })
      .add(600, 'fix-recorded', { ...ADA, stage: 'deployed', at: at(600), url: null, version: 'r43', text: 'all pods' })
      .add(600, 'incident-resolved', { ...ADA, because: 'the fix is deployed' })
      .add(90_000, 'monitoring-ended', { result: 'quiet', because: 'nothing came back' });
    const { report } = timeline;
    expect(linesOf(report, 'resolution-immediate')).toEqual(
      expect.arrayContaining([
        'Step checkout: r42 → r41; done: every pod is ready',
        'Restored: 2026-11-23 12:04:00: 3 samples in a row passed (known by validation)',
      ]),
    );
    expect(statementsOf(report, 'resolution-permanent')).toMatchObject([
      { label: 'Linked', href: 'https://git/pr/1' },
      { label: 'Deployed to production', text: '2026-11-23 12:10:00, r43: all pods (told by ada)' },
    ]);
    expect(linesOf(report, 'resolution-validation')).toEqual([
      'Fix validated: unknown: not recorded',
      'Recovery measured: 1 sample; the last: pass. errorRatio: 0.003 (pass)',
      'Extended monitoring: quiet: nothing came back',
    ]);
  });

  test('without a rollback it is what ended it', () => {
    const { report } = told('P2').add(60, 'incident-resolved', {
      by: 'firebreak',
      via: 'alerts',
      because: 'all resolved',
    });
    expect(linesOf(report, 'resolution-immediate')[0]).toBe('Resolved: 2026-11-23 12:01:00 by firebreak: all resolved');
  });
});

describe('prevention and action items', () => {
  const action = (id: string, kind: 'process' | 'technical', dueAt: string | null) => ({
    ...{ ...ADA, id, kind, action: `do ${id}`, owner: dueAt === null ? null : 'bob', dueAt },
  });
  const { report } = told('P1')
    .add(10, 'action-added', action('A1', 'process', at(86_400)))
    .add(11, 'action-added', action('A2', 'technical', null))
    .add(20, 'action-changed', { ...ADA, id: 'A1', status: 'done' })
    .add(30, 'action-changed', { ...ADA, id: 'A1', status: 'verified' })
    .add(40, 'action-reminded', { id: 'A2', overdue: true });

  test('by kind, and what has none is still to write', () => {
    expect(linesOf(report, 'prevention-process')).toEqual(['A1: do A1 (verified)']);
    expect(linesOf(report, 'prevention-technical')).toEqual(['A2: do A2 (open)']);
    expect(statementsOf(report, 'prevention-immediate')).toMatchObject([{ kind: 'to-write', events: [] }]);
  });

  test('as a table, each with every event about it', () => {
    expect(linesOf(report, 'actions')).toEqual([
      'A1 | do A1 | bob | verified | 2026-11-24',
      'A2 | do A2 | unknown | open, overdue | unknown',
    ]);
  });
});

test.each(REPORT_SECTIONS)('%s is still to write until somebody has written it', (section) => {
  const timeline = told('P1');
  const inWords = () => {
    const { report } = timeline;
    const statements = partsOf(report).flatMap(({ id }) => statementsOf(report, id));
    return statements.filter((each) => each.section === section).map(({ kind, text }) => [kind, text]);
  };
  expect(inWords()).toEqual([['to-write', expect.any(String)]]);
  expect(timeline.report.toWrite).toContain(section);
  timeline.add(9, 'section-written', { ...ADA, section, text: 'in my words', version: 1 });
  expect(inWords()).toEqual([['written', 'in my words']]);
  expect(timeline.report.toWrite).not.toContain(section);
});
