import { planOf, severityOf, stanceOf } from './support/incident.ts';
import { linesOf, partOf } from './support/report.ts';
import { ADA, at, restored, rolledBack, rollingBack, told } from './support/timeline.ts';
import type { Timeline } from './support/timeline.ts';

/** Time and event of every row, without what stands behind a colon. */
const rowsOf = (timeline: Timeline): readonly string[] =>
  linesOf(timeline.report, 'key-events').map((line) => {
    const [time, event] = line.split(' | ');
    return `${time!} ${event!.replace(/: .*/, '')}`;
  });

const actionOf = (timeline: Timeline, event: string): string =>
  linesOf(timeline.report, 'key-events')
    .map((line) => line.split(' | '))
    .find(([, what]) => what!.startsWith(event))![2]!;

test('samples, running clocks, messages, evidence and texts of the report are no key events', () => {
  const sent = { effectId: 'e', channel: 'slack' as const, kind: 'announce', receipt: {}, latencyMs: 1 };
  const timeline = told('P1')
    .add(1, 'notification-sent', sent)
    .clock('acknowledge', 0, 600, 30)
    .add(40, 'clock-warned', { clock: 'restore', percent: 50, deadline: at(1800) })
    .add(50, 'recovery-sampled', { result: 'pass', worse: false, checks: [] })
    .add(60, 'status-updated', { text: 'facts', by: null, via: 'firebreak', person: null, nextAt: null })
    .add(70, 'checklist-ticked', { ...ADA, item: 'logs-collected', done: true })
    .add(80, 'section-written', { ...ADA, section: 'summary', text: 'x', version: 1 })
    .add(90, 'postmortem-published', { ...ADA, version: 1 });
  expect(rowsOf(timeline)).toEqual(['12:00:00 Detected']);
});

test('what was committed together is one row: opening, decision, page and a detection that came too late', () => {
  const timeline = told('P0')
    .clock('detect', -300, 120, 300)
    .add(0, 'clock-breached', { clock: 'detect', deadline: at(-180), lateSeconds: 180 })
    .add(0, 'rollback-decided', { ...stanceOf('hold'), mode: 'auto' })
    .add(0, 'page-requested', { reason: 'first-page', because: 'it is P0' });
  const [first] = linesOf(timeline.report, 'key-events').filter((line) => line.includes('Detected'));
  expect(first).toContain('Incident opened as P0: it is P0. Raised by CheckoutDown');
  expect(first).toContain('Decision: hold. it says hold');
  expect(first).toContain('Paging (first-page): it is P0');
  expect(first).toContain('Clock detect breached');
});

test('a rollback from its decision to the proof', () => {
  const timeline = restored(rolledBack(rollingBack(told('P1'), 60), 200), 240);
  expect(rowsOf(timeline)).toEqual([
    '12:00:00 Detected',
    '12:01:00 Decision',
    '12:01:30 Rollback started',
    '12:03:20 Rollback complete',
    '12:04:00 Service restored',
  ]);
  expect(actionOf(timeline, 'Decision')).toBe('it says roll-back. Announced at 12:01:01: checkout from r42 to r41');
  expect(actionOf(timeline, 'Rollback complete')).toBe('Every step done in 1 min 50 s; the recovery is measured');
  expect(actionOf(timeline, 'Service restored')).toBe('3 samples in a row passed. Verdict: recovered');
});

test('a rollback that was approved names who let it begin', () => {
  const timeline = told('P1')
    .add(60, 'rollback-decided', { ...stanceOf('roll-back'), mode: 'approve' })
    .add(60, 'rollback-requested', { by: 'rules', because: 'x', mode: 'approve', service: 'checkout' })
    .add(61, 'rollback-planned', { plan: planOf(), planHash: 'a', rehearsal: [], suspect: null })
    .add(61, 'rollback-awaits-approval', { planHash: 'a', until: at(900), summary: 'checkout from r42 to r41' })
    .add(90, 'rollback-approved', { ...ADA, planHash: 'a' })
    .add(90, 'rollback-announced', { planHash: 'a', startsAt: at(90), summary: 'checkout from r42 to r41' })
    .add(90, 'rollback-started', { planHash: 'a' });
  expect(rowsOf(timeline).slice(1)).toEqual([
    '12:01:00 Decision',
    '12:01:01 Rollback awaits approval until 2026-11-23T12:15:00.000Z',
    '12:01:30 Rollback started',
  ]);
  expect(actionOf(timeline, 'Rollback started')).toMatch(/Approved by ada via slack$/);
});

test('a stop and the page for it are one row; one that did not help is told, and that it did not stay', () => {
  const timeline = rolledBack(rollingBack(told('P1'), 60), 200)
    .add(300, 'rollback-verdict', { verdict: 'not-recovered', because: 'still failing', seconds: 210 })
    .add(300, 'page-requested', { reason: 'rollback-failed', because: 'still failing' })
    .add(400, 'rollback-requested', { ...ADA, because: 'back', mode: 'auto', service: 'checkout', purpose: 'undo' })
    .add(410, 'rollback-stopped', { rail: 'capacity', because: 'no room', completed: [], evidence: null })
    .add(410, 'page-requested', { reason: 'rollback-stopped', because: 'no room' })
    .add(500, 'rollback-reverted', { name: 'checkout', detail: 'argocd moved it' });
  expect(rowsOf(timeline).slice(4)).toEqual([
    '12:05:00 Verdict not-recovered after 3 min 30 s',
    '12:06:40 Undo of the rollback requested by ada (mode auto)',
    '12:06:50 Rollback stopped by capacity',
    '12:08:20 The rollback of checkout did not stay',
  ]);
  expect(actionOf(timeline, 'Rollback stopped')).toBe('Paging (rollback-stopped): no room');
});

test('an undo is called one', () => {
  const timeline = told('P1')
    .add(10, 'rollback-requested', { ...ADA, because: 'back', mode: 'auto', service: 'checkout', purpose: 'undo' })
    .add(11, 'rollback-planned', { plan: planOf(), planHash: 'a', rehearsal: [], suspect: null })
    .add(12, 'rollback-started', { planHash: 'a' })
    .add(30, 'rollback-validating', { until: at(900) });
  expect(rowsOf(timeline).slice(2)).toEqual([
    '12:00:12 Undo of the rollback started',
    '12:00:30 Undo of the rollback complete',
  ]);
});

test('people: acknowledging, taking command, notes, updates, blockers, a fix that is near', () => {
  const timeline = told('P1')
    .add(10, 'incident-acknowledged', ADA)
    .add(20, 'commander-taken', { by: 'bob', via: 'slack' })
    .add(30, 'fix-declared', { ...ADA, seconds: 120, until: at(150) })
    .add(40, 'note-added', { ...ADA, text: 'restarted the cache' })
    .add(50, 'status-updated', { text: 'We are on it', by: 'bob', via: 'slack', person: at(50), nextAt: null })
    .add(60, 'blocker-added', { ...ADA, id: 'B1', text: 'no access' });
  expect(rowsOf(timeline).slice(1)).toEqual([
    '12:00:10 Confirmed',
    '12:00:20 bob takes command via slack',
    '12:00:30 ada declares a fix in 2 min via slack',
    '12:00:40 Note by ada',
    '12:00:50 Status update',
    '12:01:00 Blocker, told by ada',
  ]);
  expect(actionOf(timeline, 'Status update')).toBe('bob: We are on it');
});

test('what changes its course: severity, breaches, lost pages, quiet, changes before the restoration, coming back', () => {
  const timeline = told('P2')
    .add(10, 'severity-decided', severityOf('P0'))
    .add(10, 'severity-changed', { from: 'P2', to: 'P0', because: 'it is P0' })
    .add(10, 'page-requested', { reason: 'severity-raised', because: 'it is P0' })
    .add(20, 'clock-breached', { clock: 'acknowledge', deadline: at(20), lateSeconds: 0 })
    .add(30, 'page-unaccepted', { reason: 'severity-raised', because: 'PagerDuty is down', seconds: 60 })
    .add(40, 'quieted', { kind: 'silenced', because: 'silence 7', until: null })
    .add(50, 'change-noticed', {
      ...{ id: 'c1', service: 'checkout', kind: 'config', version: 'v9', by: 'bob', url: null },
      ...{ at: at(50), beforeRestoration: true },
    })
    .add(60, 'incident-mitigated', { because: 'well', via: 'alerts' })
    .add(70, 'incident-reopened', { because: 'it fires again' })
    .add(70, 'page-requested', { reason: 'reopened', because: 'it fires again' });
  expect(rowsOf(timeline).slice(1)).toEqual([
    '12:00:10 Severity changes from P2 to P0',
    '12:00:20 Clock acknowledge breached',
    '12:00:30 PagerDuty has not taken the page within 60 s (PagerDuty is down)',
    '12:00:40 Silenced',
    '12:00:50 Change to checkout before it was restored',
    '12:01:00 Service restored',
    '12:01:10 Reopened',
  ]);
});

test('what was told late stands where it happened; the fix says what it ended', () => {
  const fix = (stage: 'staging' | 'tested' | 'deployed' | 'unnecessary', when: number) => ({
    ...{ ...ADA, stage, at: at(when), url: null, version: 'r43', text: null },
  });
  const timeline = told('P1')
    .add(60, 'incident-mitigated', { because: 'well', via: 'alerts' })
    .add(500, 'note-added', { ...ADA, text: 'going home' })
    .add(600, 'fix-recorded', fix('staging', 300))
    .add(600, 'fix-recorded', fix('tested', 200))
    .add(600, 'fix-recorded', fix('deployed', 400))
    .add(600, 'incident-resolved', { ...ADA, because: 'the fix is deployed (r43)' })
    .add(700, 'fix-recorded', fix('unnecessary', 700));
  expect(rowsOf(timeline).slice(2)).toEqual([
    '12:03:20 Fix tested',
    '12:06:40 Fix deployed',
    '12:08:20 Note by ada',
    '12:11:40 No fix needed',
  ]);
  expect(actionOf(timeline, 'Fix deployed')).toBe('Told by ada. Resolved by ada: the fix is deployed (r43)');
});

test('a hypothesis is one row, with what became of it', () => {
  const cause = { ...ADA, id: 'H1', category: 'code-bug' as const, summary: 'a typo', confidence: 0.9, evidence: [] };
  const timeline = told('P1').add(60, 'root-cause-recorded', cause);
  expect(actionOf(timeline, 'Root cause found (code bug)')).toBe('Recorded by ada; not confirmed yet');
  timeline.add(90, 'root-cause-judged', { by: 'bob', via: 'api', id: 'H1', state: 'refuted', because: 'no' });
  expect(actionOf(timeline, 'Root cause suspected')).toBe('Recorded by ada; refuted by bob at 12:01:30');
});

test('over several days every row has its date', () => {
  const timeline = told('P2').add(86_400, 'incident-resolved', { ...ADA, because: 'fixed' });
  expect(rowsOf(timeline)).toEqual(['2026-11-23 12:00:00 Detected', '2026-11-24 12:00:00 Resolved by ada']);
  expect(linesOf(timeline.report, 'times')).toEqual(['All times: in UTC']);
});

test('every row cites its events', () => {
  const timeline = restored(rolledBack(rollingBack(told('P1'), 60), 200), 240);
  const part = partOf(timeline.report, 'key-events');
  if (part.kind !== 'table') throw new Error('no table');
  const known = new Set(timeline.events.map(({ seq }) => seq));
  for (const { events } of part.rows) {
    expect(events.length).toBeGreaterThan(0);
    expect(events.filter((seq) => !known.has(seq))).toEqual([]);
  }
});
