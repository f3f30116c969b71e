import { fold } from '../../src/domain/incident/evolve.ts';
import { postmortemMessage } from '../../src/domain/incident/postmortem-message.ts';
import { lengthOf } from '../../src/domain/length.ts';
import { playLoginIncident } from '../example/login-incident.ts';
import type { Timeline } from './support/timeline.ts';
import { ADA, at, told } from './support/timeline.ts';

const messageOf = (timeline: Timeline): readonly string[] => postmortemMessage(fold(timeline.events)!).split('\n');

test('of the worked example: impact, cause, clocks, what is to be done, and when it is looked at again', async () => {
  expect(postmortemMessage(fold(await playLoginIncident())!).split('\n')).toEqual([
    'Post-mortem of INC-20240115-143215: P1 on login (production): Logins fail: more than a tenth of the requests end in an error',
    'Customer impact: 67 % of users for 5 min 36 s',
    'Root cause: r42 reads the column tenant_id of the session store, which its migration adds only after the rollout (code-bug, confirmed)',
    'SLA: no breach',
    'Action items: 4 items, 3 open',
    'Follow-up review: 2024-02-15',
  ]);
});

test('what is not known is unknown, a drill says so, and a breach is named', () => {
  const timeline = told('P0', { drill: true, service: null, environment: null }).clock('acknowledge', 0, 60, 90);
  expect(messageOf(timeline)).toEqual([
    'DRILL: Post-mortem of INC-20261123-120000: P0 on unknown service: Checkout is down',
    'Customer impact: unknown share of users, not restored yet',
    'Root cause: unknown',
    'SLA: breached: acknowledge',
    'Action items: none',
    'Follow-up review: not scheduled',
  ]);
});

test('texts of others are one line each, bounded, and without credentials', () => {
  const summary = `token=hunter2\n# and ${'more '.repeat(200)}`;
  const timeline = told('P1', { title: 'a\nb' }).add(5, 'root-cause-recorded', {
    ...{ ...ADA, id: 'H1', category: 'security', summary, confidence: 1, evidence: [] },
  });
  timeline.add(9, 'incident-mitigated', { because: 'x', via: 'alerts', at: at(9) });
  const lines = messageOf(timeline);
  expect(lines).toHaveLength(6);
  expect(lines.join()).not.toContain('hunter2');
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(300);
});

test.each([
  [0, '0 s'],
  [32, '32 s'],
  [59.6, '1 min'],
  [336, '5 min 36 s'],
  [3_599, '59 min 59 s'],
  [3_600, '1 h'],
  [8_385, '2 h 20 min'],
  [86_400, '24 h'],
  [172_800, '2 days'],
  [270_000, '3 days 3 h'],
])('%d s are %s', (seconds, text) => {
  expect(lengthOf(seconds)).toBe(text);
});
