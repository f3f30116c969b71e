import { describeEvent } from '../../src/domain/incident/describe.ts';
import { completeState } from '../../src/domain/incident/state.ts';
import type { IncidentState } from '../../src/domain/incident/state.ts';
import type { RoutingDecision } from '../../src/domain/decision.ts';
import type { Severity } from '../../src/domain/severity.ts';
import {
  MINUTE,
  allResolved,
  assessmentOf,
  firesAgain,
  opened,
  policyWith,
  type Incident,
} from './support/incident.ts';

const routed = (incident: Incident, routing: Partial<RoutingDecision>, severity: Severity = 'P2') =>
  incident.types({ kind: 'assess', assessment: assessmentOf(severity, 'hold', routing) });
const dba = { specialist: 'database', rule: 'postgres', because: 'Postgres is named' };
const woken = { page: true, routes: [{ rule: 'night', because: 'a P2 at night' }] };

describe('who it goes to', () => {
  test('is recorded when it says something new, and not when it repeats itself', () => {
    const incident = opened('P2');
    expect(incident.must.routing).toBeNull();
    expect(routed(incident, {})).toEqual([]);
    expect(routed(incident, dba)).toEqual(['routing-decided']);
    expect(routed(incident, dba)).toEqual([]);
    expect(routed(incident, { ...dba, slackChannels: ['#dba'] })).toEqual(['routing-decided']);
    expect(routed(incident, { ...dba, slackChannels: ['#dba'], emails: ['dba@example.com'] })).toEqual([
      'routing-decided',
    ]);
    expect(routed(incident, { ...dba, audiences: ['stakeholders'] })).toEqual(['routing-decided']);
    expect(incident.must.routing).toMatchObject({ ...dba, slackChannels: [], audiences: ['stakeholders'] });
  });

  test('stays when nobody can be named any more, and changes when somebody else is', () => {
    const incident = opened('P2');
    routed(incident, dba);
    expect(routed(incident, {})).toEqual([]);
    expect(routed(incident, { slackChannels: ['#ops'] })).toEqual(['routing-decided']);
    expect(incident.must.routing).toMatchObject({ ...dba, slackChannels: ['#ops'] });
    routed(incident, { specialist: 'backend', rule: 'api' });
    expect(incident.must.routing).toMatchObject({ specialist: 'backend', rule: 'api', slackChannels: [] });
  });

  test('tells the team where the configuration says that it is reached, once though a route says so, too', () => {
    const database = { slackChannel: 'C0DATABASE', email: ['dba@example.com'] };
    const specialists = { database, frontend: { slackChannel: null, email: ['ui@example.com'] } };
    const { communication } = policyWith();
    const incident = opened('P2', 'hold', policyWith({}, { communication: { ...communication, specialists } }));
    expect(routed(incident, { ...dba, slackChannels: ['C0DATABASE', '#dba'] })).toEqual(['routing-decided']);
    expect(incident.must.routing).toMatchObject({ slackChannels: ['C0DATABASE', '#dba'], emails: ['dba@example.com'] });
    routed(incident, { specialist: 'frontend', rule: 'browser' });
    expect(incident.must.routing).toMatchObject({ slackChannels: [], emails: ['ui@example.com'] });
    routed(incident, { specialist: 'backend', rule: 'api' });
    expect(incident.must.routing).toMatchObject({ slackChannels: [], emails: [] });
  });

  test('reads as a line', () => {
    const incident = opened('P2');
    routed(incident, { ...dba, ...woken, slackChannels: ['#dba'] });
    const lines = incident.events.map(describeEvent);
    expect(lines).toContain('Routed to database: Postgres is named. Also told: a page, #dba (a P2 at night)');
    routed(opened('P2'), { emails: ['a@example.com'] });
  });

  test('is not known of an incident that was stored before there were routes', () => {
    const { routing, ...older } = opened('P2').must;
    expect(routing).toBeNull();
    expect(completeState(older as IncidentState).routing).toBeNull();
  });
});

describe('a route that pages', () => {
  const pages = (incident: Incident) => incident.all('page-requested');

  test('wakes somebody for what the process itself would not, once', () => {
    const incident = opened('P2');
    expect(routed(incident, woken)).toEqual(['routing-decided', 'page-requested']);
    expect(routed(incident, woken)).toEqual([]);
    expect(routed(incident, {})).toEqual(['routing-decided']);
    expect(routed(incident, woken)).toEqual(['routing-decided']);
    expect(pages(incident)).toEqual([{ reason: 'routed', because: 'a P2 at night' }]);
  });

  test('adds none to the page of a P0', () => {
    const incident = opened('P2');
    routed(incident, woken, 'P0');
    routed(incident, woken, 'P0');
    expect(pages(incident).map((page) => page.reason)).toEqual(['severity-raised']);
  });

  test('is no reason to keep quiet when it becomes a P0', () => {
    const incident = opened('P2');
    routed(incident, woken);
    routed(incident, woken, 'P0');
    routed(incident, woken, 'P1');
    routed(incident, woken, 'P0');
    expect(pages(incident).map((page) => page.reason)).toEqual(['routed', 'severity-raised']);
  });

  test('wakes nobody for what is over, and again for what comes back', () => {
    const incident = opened('P1');
    incident.after(MINUTE).do(allResolved());
    routed(incident, woken, 'P1');
    expect(pages(incident)).toEqual([]);
    incident.after(MINUTE).do(firesAgain);
    routed(incident, woken, 'P1');
    incident.after(MINUTE).do(allResolved());
    incident.after(MINUTE).do(firesAgain);
    routed(incident, woken, 'P1');
    expect(pages(incident).map((page) => page.reason)).toEqual(['routed', 'routed']);
  });
});
