import { linesOf } from './support/report.ts';
import { ADA, at, told } from './support/timeline.ts';
import type { Timeline } from './support/timeline.ts';

/** A clock's rows: deadline, result, margin. */
const rowsOf = (timeline: Timeline, clock: string): readonly string[] =>
  linesOf(timeline.report, 'sla')
    .filter((line) => line.startsWith(`${clock} | `))
    .map((line) => line.slice(clock.length + 3));

test('every clock is there, also those that did not run', () => {
  const { report } = told('P3');
  expect(linesOf(report, 'sla')).toEqual(
    ['detect', 'acknowledge', 'restore', 'diagnose', 'update'].map((clock) => `${clock} | none | did not run | none`),
  );
});

test('met: how much was left', () => {
  expect(rowsOf(told('P1').clock('restore', 0, 1800, 336), 'restore')).toEqual([
    '2026-11-23 12:30:00 | met | 24 min 24 s before the deadline',
  ]);
});

test.each([
  ['acknowledge', (t: Timeline) => t.add(660, 'incident-acknowledged', ADA)],
  ['restore', (t: Timeline) => t.add(700, 'incident-mitigated', { because: 'x', via: 'alerts', at: at(660) })],
  ['restore', (t: Timeline) => t.add(660, 'incident-resolved', { ...ADA, because: 'x' })],
  [
    'diagnose',
    (t: Timeline) =>
      t.add(660, 'root-cause-recorded', {
        ...{ ...ADA, id: 'H1', category: 'capacity' as const, summary: 'x', confidence: 1, evidence: [] },
      }),
  ],
  [
    'update',
    (t: Timeline) => t.add(660, 'status-updated', { text: 'x', by: 'ada', via: 'api', person: null, nextAt: null }),
  ],
] as const)('breached: by how much, once what %s waited for has come', (clock, came) => {
  const timeline = told('P1').clock(clock, 0, 600, 601);
  expect(rowsOf(timeline, clock)).toEqual(['2026-11-23 12:10:00 | breached | breached; by how much is unknown']);
  expect(rowsOf(came(timeline), clock)).toEqual(['2026-11-23 12:10:00 | breached | breached by 1 min']);
  expect(timeline.report.figures.slaBreaches).toBe(1);
});

test('cancelled: why; running: not over', () => {
  const timeline = told('P1')
    .add(0, 'clock-started', { clock: 'acknowledge', startedAt: at(0), deadline: at(600) })
    .add(9, 'clock-cancelled', { clock: 'acknowledge', because: 'the service is restored' })
    .add(9, 'clock-started', { clock: 'diagnose', startedAt: at(9), deadline: at(1809) });
  expect(rowsOf(timeline, 'acknowledge')).toEqual(['2026-11-23 12:10:00 | cancelled | the service is restored']);
  expect(rowsOf(timeline, 'diagnose')).toEqual(['2026-11-23 12:30:09 | running | not over']);
});

test('a clock that ran twice has two rows, and each ends with what came in its own time', () => {
  const timeline = told('P2')
    .clock('restore', 0, 60, 61)
    .add(90, 'incident-mitigated', { because: 'well', via: 'alerts' })
    .add(200, 'incident-reopened', { because: 'again' })
    .clock('restore', 200, 60, 30);
  expect(rowsOf(timeline, 'restore')).toEqual([
    '2026-11-23 12:01:00 | breached | breached by 30 s',
    '2026-11-23 12:04:20 | met | 30 s before the deadline',
  ]);
});

test('detection that was judged anew counts once, as it was judged last', () => {
  const timeline = told('P1').clock('detect', -30, 300, 30);
  timeline
    .add(60, 'onset-corrected', { ...ADA, from: at(-30), to: at(-360), because: 'the log says so' })
    .add(60, 'clock-started', { clock: 'detect', startedAt: at(-360), deadline: at(-60) })
    .add(60, 'clock-breached', { clock: 'detect', deadline: at(-60), lateSeconds: 60 });
  expect(rowsOf(timeline, 'detect')).toEqual([
    '2026-11-23 12:04:30 | met | 4 min 30 s before the deadline; judged anew later',
    '2026-11-23 11:59:00 | breached | breached by 1 min',
  ]);
  expect(timeline.report.figures.slaBreaches).toBe(1);
  expect(linesOf(timeline.report, 'went-well')).not.toContain('Detected in 30 s');
  expect(linesOf(timeline.report, 'could-be-better')).toContain('Detection breached by 1 min');
});
