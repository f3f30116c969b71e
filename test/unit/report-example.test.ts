import { verifyChain } from '../../src/domain/incident/chain.ts';
import type { IncidentEvent } from '../../src/domain/incident/events.ts';
import { toHtml } from '../../src/report/html.ts';
import { toMarkdown } from '../../src/report/markdown.ts';
import type { Report, TablePart } from '../../src/report/model.ts';
import { reportOf } from '../../src/report/report.ts';
import { playLoginIncident } from '../example/login-incident.ts';
import { textOf } from '../example/stage.ts';
import { labelsOf, partOf, sectionTitles } from './support/report.ts';

/** The worked example: a P1 on login, as the software records it. */
let events: readonly IncidentEvent[];
let report: Report;

beforeAll(async () => {
  events = await playLoginIncident();
  report = reportOf(events)!;
});

test('the timeline has the eleven key events, at their times', () => {
  const { rows } = partOf(report, 'key-events') as TablePart;
  expect(rows.map(({ cells }) => `${cells[0]!} ${cells[1]!.replace(/:.*/, '')}`)).toEqual([
    '14:32:15 Detected',
    '14:32:47 Confirmed',
    '14:33:12 Decision',
    '14:33:45 Rollback started',
    '14:36:23 Rollback complete',
    '14:37:51 Service restored',
    '14:38:00 Status update',
    '14:45:00 Root cause found (code bug)',
    '16:23:00 Fix tested',
    '16:45:00 Fix deployed',
    '16:52:00 Fix validated',
  ]);
  expect(rows[2]!.cells[1]).toContain('67 % of users');
});

test('5 min 36 s of customer impact, 2 h 20 min in total, no breach', () => {
  expect(report.figures).toEqual({
    detectSeconds: 32,
    acknowledgeSeconds: 32,
    customerImpactSeconds: 336,
    rollbackSeconds: 158,
    totalSeconds: 8385,
    slaBreaches: 0,
  });
  const text = toMarkdown(report);
  expect(text).toContain('**Total incident duration:** 2 h 20 min, from detection to the fix being validated');
  expect(text).toContain('**Customer-impact duration:** 5 min 36 s, from detection to service restored');
  expect(text).not.toContain('breached');
  expect(text).toMatch(/^- Detected in 32 s/m);
  expect(text).toMatch(/^- Rollback took 2 min 38 s/m);
});

test('it is complete: every section, in its order, and everything that belongs into it', () => {
  expect(sectionTitles(report)).toEqual([
    '1. Executive summary',
    '2. Timeline (UTC)',
    '3. Root-cause analysis',
    '4. Impact',
    '5. Resolution',
    '6. Prevention',
    '7. Action items',
    '8. Lessons',
    '9. Evidence',
  ]);
  const contents: Readonly<Record<string, readonly string[]>> = {
    summary: ['Severity', 'Duration', 'Customer impact', 'Status', 'Root cause'],
    durations: ['Total incident duration', 'Customer-impact duration'],
    'what-happened': ['What happened'],
    'why-not-caught': ['In code review', 'In testing', 'In deployment'],
    'contributing-factors': ['Contributing factors'],
    'impact-users': ['Share of users', 'Number of users', 'Duration', 'Features', 'What users saw', 'Support tickets'],
    'impact-business': ['Revenue', 'Customer satisfaction', 'Brand'],
    'impact-technical': ['Database', 'Application', 'Rollback', 'Downstream'],
    'resolution-immediate': ['Rollback', 'Restored'],
    'resolution-permanent': ['Linked', 'Tested', 'In staging', 'Deployed to production'],
    'resolution-validation': ['Validated', 'Recovery measured', 'Extended monitoring'],
    'went-well': ['What went well'],
    'could-be-better': ['What could be better'],
    takeaways: ['Key takeaways'],
    'evidence-links': ['Runbook', 'Source', 'Fix'],
    closing: ['Incident manager', 'Date of the incident', 'Reviewers', 'Status', 'Follow-up date'],
  };
  for (const [id, labels] of Object.entries(contents)) {
    expect([id, labelsOf(report, id)]).toEqual([id, expect.arrayContaining(labels as string[])]);
  }
  for (const id of ['immediate', 'process', 'technical', 'documentation']) {
    expect(labelsOf(report, `prevention-${id}`)).toHaveLength(1);
  }
  expect((partOf(report, 'sla') as TablePart).columns).toEqual(['Clock', 'Deadline (UTC)', 'Result', 'Margin']);
  expect((partOf(report, 'actions') as TablePart).columns).toEqual(['Id', 'Action', 'Owner', 'Status', 'Due']);
  expect(report.toWrite).toEqual([]);
});

test('the events are a timeline that verifies, and the report names its head', () => {
  const stored = events.map((event) => {
    const { incidentId, seq, type, hash, previousHash, at, version, data } = event;
    return {
      incidentId,
      seq,
      type,
      hash,
      previousHash,
      body: JSON.stringify({ incidentId, seq, at, type, version, data }),
    };
  });
  expect(verifyChain(stored)).toBeNull();
  expect(report.proof).toMatchObject({ events: events.length, headHash: events.at(-1)!.hash });
  expect(toMarkdown(report)).toContain('`firebreak verify INC-20240115-143215`');
});

test.each([
  ['docs/example-post-mortem.md', toMarkdown],
  ['docs/example-post-mortem.html', toHtml],
])('%s is what `npm run example:post-mortem` writes', (path, render) => {
  expect(render(report)).toBe(textOf(path));
});
