import type { Command } from '../../src/domain/incident/commands.ts';
import { react } from '../../src/domain/incident/react.ts';
import { timersOf } from '../../src/domain/incident/timers.ts';
import type { CommunicationPolicy } from '../../src/domain/policy.ts';
import { iso } from '../../src/domain/time.ts';
import {
  HOUR,
  Incident,
  NOON,
  SECOND,
  allResolved,
  newsOf,
  openingOf,
  assessmentOf,
  opened,
  policyWith,
} from './support/incident.ts';

const reach = (changes: Partial<CommunicationPolicy> = {}) =>
  policyWith({}, { communication: { ...policyWith().communication, ...changes } });
const timer = { kind: 'fire-timer', name: 'page-fallback' } as const;
const due = (incident: Incident): number | undefined =>
  timersOf(incident.must, incident.policy).find(({ name }) => name === 'page-fallback')?.due;
const report = (outcome: 'sent' | 'failed'): Command => ({
  kind: 'report-effect',
  effect: { effectId: 'e', channel: 'pagerduty', kind: 'trigger' },
  outcome:
    outcome === 'sent'
      ? { kind: 'sent', receipt: {}, latencyMs: 5 }
      : { kind: 'failed', failure: { kind: 'unauthorized', message: 'PagerDuty: no such key' }, attempts: 1 },
});
const effects = (incident: Incident, events: ReturnType<Incident['do']>, before = incident.state) =>
  react(before, events, incident.must, incident.policy.communication).effects.map(
    ({ channel, kind, message }) => [`${channel} ${kind}`, message] as const,
  );

test('a page that is not taken within 60 s goes to every other channel, each saying so', () => {
  const incident = opened('P0');
  expect(due(incident)).toBe(NOON + 60 * SECOND);
  expect(incident.after(59 * SECOND).types(timer)).toEqual([]);
  const before = incident.state;
  const events = incident.after(SECOND).do(timer);
  expect(events.map(({ data }) => data)).toEqual([
    { reason: 'first-page', because: 'it has not answered, or could not be reached', seconds: 60 },
  ]);
  const told = effects(incident, events, before);
  expect(told.map(([what]) => what)).toEqual(['slack thread', 'slack post', 'email escalation', 'webhook event']);
  for (const [, message] of told) expect(message).toContain('PagerDuty has not taken the page within 60 s');
  expect(due(incident)).toBeUndefined();
  expect(incident.after(HOUR).types(timer)).toEqual([]);
});

test('not one that was taken', () => {
  const incident = opened('P0').after(10 * SECOND);
  incident.do(report('sent'));
  expect(due(incident)).toBeUndefined();
  expect(incident.after(HOUR).types(timer)).toEqual([]);
});

test('one that is refused for good is told at once, and why', () => {
  const incident = opened('P0').after(2 * SECOND);
  expect(incident.types(report('failed'))).toEqual(['notification-failed', 'page-unaccepted']);
  expect(incident.last('page-unaccepted')).toMatchObject({ because: 'PagerDuty: no such key', seconds: 2 });
  expect(due(incident)).toBeUndefined();
});

test('without PagerDuty there is nothing to wait for', () => {
  const incident = opened('P0', 'hold', reach({ pagerduty: false }));
  expect(incident.last('page-unaccepted')).toMatchObject({ because: 'it is not configured', seconds: 0 });
  expect(incident.events.map(({ type }) => type).filter((type) => type.startsWith('page-'))).toEqual([
    'page-requested',
    'page-unaccepted',
  ]);
});

test('the announcement of one that opens so says it itself, and is not repeated beside it', () => {
  const incident = new Incident(reach({ pagerduty: false }));
  const events = [
    ...incident.do({ kind: 'open', opening: openingOf(), news: newsOf({ firing: 1 }, ['A']) }),
    ...incident.do({ kind: 'assess', assessment: assessmentOf('P0') }),
  ];
  const slack = effects(incident, events, null).filter(([what]) => what.startsWith('slack'));
  expect(slack.map(([what]) => what)).toEqual(['slack announce']);
  expect(slack[0]![1]).toContain('PagerDuty has not taken the page');
});

test('a page that rules asked for of a P2 gets its message in Slack then', () => {
  const incident = new Incident(reach());
  incident.do({ kind: 'open', opening: openingOf(), news: newsOf({ firing: 1 }, ['A']) });
  incident.do({
    kind: 'assess',
    assessment: assessmentOf('P2', 'hold', { page: true, routes: [{ rule: 'r', because: 'it is night' }] }),
  });
  expect(incident.must.announced).toBe(false);
  const before = incident.state;
  const told = effects(incident, incident.after(60 * SECOND).do(timer), before).map(([what]) => what);
  expect(told).toEqual(['slack announce', 'email escalation', 'webhook event']);
});

test('nothing is told of what is over, nor where nothing is sent', () => {
  const over = opened('P0').after(30 * SECOND);
  over.do(allResolved());
  expect(due(over)).toBeUndefined();
  expect(over.after(HOUR).types(timer)).toEqual([]);
  const quiet = opened('P0', 'hold', reach({ sends: false }));
  expect(due(quiet)).toBeUndefined();
  expect(quiet.after(HOUR).types(timer)).toEqual([]);
  const sandbox = opened('P0', 'hold', reach({ sends: false, pagerduty: false }));
  expect(sandbox.all('page-unaccepted')).toEqual([]);
});

test('each page is waited for', () => {
  const incident = opened('P0').after(10 * SECOND);
  incident.do(report('sent'));
  incident.after(4 * 60 * SECOND).do({ kind: 'fire-timer', name: 'clock-warning:acknowledge' });
  expect(incident.must.page).toEqual({ at: iso(incident.now), reason: 'escalated' });
  expect(due(incident)).toBe(incident.now + 60 * SECOND);
});
