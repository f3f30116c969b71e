import { severityOf } from './support/incident.ts';
import { linesOf, statementsOf } from './support/report.ts';
import { ADA, at, restored, rolledBack, rollingBack, told } from './support/timeline.ts';

describe('lessons', () => {
  test('what the software can state is there before anybody writes', () => {
    const timeline = restored(rolledBack(rollingBack(told('P0'), 60), 218), 240)
      .clock('detect', -30, 120, 30)
      .clock('acknowledge', 0, 300, 360)
      .add(360, 'incident-acknowledged', ADA)
      .clock('restore', 0, 300, 240);
    expect(linesOf(timeline.report, 'went-well').slice(0, -1)).toEqual([
      'Detected in 30 s',
      'Restored in 4 min',
      'Rollback took 2 min 8 s',
      'The rollback was proved to have helped: 3 samples in a row passed',
    ]);
    expect(linesOf(timeline.report, 'could-be-better').slice(0, -1)).toEqual(['Acknowledgement breached by 1 min']);
    expect(timeline.report.figures.slaBreaches).toBe(1);
  });

  test('faults: stopped and useless rollbacks, lost messages, missing rules, coming back, silence', () => {
    const failed = { effectId: 'e', channel: 'slack' as const, kind: 'announce' };
    const timeline = told('P0')
      .add(0, 'severity-decided', { ...severityOf('P0', null), because: 'no rule matched' })
      .add(10, 'rollback-stopped', { rail: 'capacity', because: 'no room', completed: [], evidence: null })
      .add(20, 'rollback-verdict', { verdict: 'not-recovered', because: 'still failing', seconds: 9 })
      .add(30, 'page-unaccepted', { reason: 'first-page', because: 'PagerDuty is down', seconds: 60 })
      .add(40, 'notification-failed', { ...failed, failure: { kind: 'server', message: 'x' }, attempts: 9 })
      .add(50, 'status-updated', { text: 'facts', by: null, via: 'firebreak', person: null, nextAt: null })
      .add(60, 'incident-reopened', { because: 'it fires again' });
    expect(linesOf(timeline.report, 'could-be-better').slice(0, -1)).toEqual([
      'A rollback was stopped: no room',
      'A rollback was not proved to have helped (not-recovered): still failing',
      'A page was not accepted within 1 min: PagerDuty is down',
      '1 message could not be delivered',
      'No rule classified it: a rule is missing',
      'It came back: it fires again',
      'No person wrote a status update; 1 went out from the facts alone',
    ]);
  });
});

describe('evidence', () => {
  test('logs, queries with results, links, tickets, reports: each in its place', () => {
    const piece = (id: string, kind: 'metric' | 'ticket' | 'user-report' | 'third-party' | 'link') => ({
      ...{ ...ADA, id, kind, title: `${kind} it is`, url: kind === 'metric' ? null : `https://x/${id}`, text: null },
      ...{ query: kind === 'metric' ? 'up == 0' : null, result: kind === 'metric' ? [1, 2] : null },
    });
    const { report } = told('P1', { runbookUrl: 'https://wiki/checkout', sourceUrl: 'https://prometheus/graph' })
      .add(5, 'evidence-captured', {
        ...{ index: 0, name: 'checkout', missing: ['events: forbidden'], seconds: 1 },
        items: [{ kind: 'logs', name: 'pod-1', text: 'boom', truncated: true }],
      })
      .add(10, 'evidence-added', piece('E1', 'metric'))
      .add(11, 'evidence-added', piece('E2', 'ticket'))
      .add(12, 'evidence-added', piece('E3', 'user-report'))
      .add(13, 'evidence-added', piece('E4', 'link'))
      .add(14, 'evidence-added', piece('E5', 'third-party'));
    expect(statementsOf(report, 'evidence-logs')).toMatchObject([
      { label: 'logs pod-1', text: 'saved before step checkout, cut', verbatim: 'boom' },
      { text: 'missing: events: forbidden' },
    ]);
    expect(statementsOf(report, 'evidence-metrics')).toMatchObject([
      { label: 'E1', verbatim: 'query: up == 0\nresult: [\n  1,\n  2\n]' },
    ]);
    expect(statementsOf(report, 'evidence-links').map(({ label, href }) => [label, href])).toEqual([
      ['Runbook', 'https://wiki/checkout'],
      ['Source', 'https://prometheus/graph'],
      ['E4', 'https://x/E4'],
    ]);
    expect(statementsOf(report, 'evidence-tickets')).toMatchObject([{ label: 'E2', href: 'https://x/E2' }]);
    expect(statementsOf(report, 'evidence-reports')).toMatchObject([{ label: 'E3' }, { label: 'E5' }]);
    expect(linesOf(report, 'evidence-alerts')).toEqual([
      'CheckoutDown | 2026-11-23 11:59:30 | alertname=CheckoutDown | Nothing can be bought',
    ]);
  });
});

describe('closing', () => {
  test('incident manager, date, reviewers, status and the follow-up', () => {
    const { report } = told('P1')
      .add(10, 'incident-acknowledged', ADA)
      .add(20, 'commander-taken', { by: 'bob', via: 'slack' })
      .add(600, 'incident-resolved', { ...ADA, because: 'fixed' })
      .add(700, 'section-written', { ...ADA, section: 'reviewers', text: 'bob, eve', version: 1 })
      .add(710, 'section-written', { ...ADA, section: 'reviewers', text: 'eve', version: 2 })
      .add(800, 'postmortem-published', { ...ADA, version: 9 })
      .add(800, 'review-due', { dueAt: at(30 * 86_400) })
      .add(30 * 86_400, 'review-held', { ...ADA, text: 'all done' });
    expect(linesOf(report, 'closing')).toEqual([
      'Incident manager: bob',
      'Date of the incident: 2026-11-23',
      'Reviewers (ada, 2026-11-23, version 2): eve',
      'Status: resolved since 2026-11-23 12:10:00',
      'Post-mortem: published 2026-11-23 12:13:20 by ada',
      'Follow-up date: 2026-12-23; held 2026-12-23, told by ada: all done',
    ]);
    expect(report.toWrite).not.toContain('reviewers');
  });
});
