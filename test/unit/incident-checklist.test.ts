import { readFileSync } from 'node:fs';
import { CHECKLIST_ITEMS } from '../../src/domain/incident/checklist-items.ts';
import { PROOFS } from '../../src/domain/incident/checklist-proofs.ts';
import { checklistOf } from '../../src/domain/incident/checklist.ts';
import type { Command } from '../../src/domain/incident/commands.ts';
import type { FixStage } from '../../src/domain/incident/process-events.ts';
import { iso } from '../../src/domain/time.ts';
import { checklistDocument } from './support/checklist-document.ts';
import type { Incident } from './support/incident.ts';
import {
  MINUTE,
  allResolved,
  assessmentOf,
  executing,
  firesAgain,
  opened,
  recovers,
  step,
} from './support/incident.ts';

const said = { by: 'ada', via: 'api' };
const items = (incident: Incident) => new Map(checklistOf(incident.events).map((entry) => [entry.id, entry]));
const item = (incident: Incident, id: string) => items(incident).get(id)!;
const done = (incident: Incident): string[] =>
  checklistOf(incident.events).flatMap(({ id, done: isDone }) => (isDone ? [id] : []));
const tick = (name: string, isDone = true): Command => ({ kind: 'tick', item: name, done: isDone, ...said });
const fix = (incident: Incident, stage: FixStage): void => {
  incident.do({ kind: 'record-fix', stage, at: iso(incident.now), url: null, version: 'r43', text: null, ...said });
};
const evidence = (kind: 'metric' | 'log', result: unknown = null): Command => ({
  ...{ kind: 'add-evidence', evidence: kind, title: 'x', url: null, text: 'x', query: null, ...said },
  result: result as null,
});

test('an incident that has just opened has what the events of its opening prove', () => {
  const incident = opened('P1');
  expect(done(incident)).toEqual([
    ...['detected', 'severity-classified', 'impact-assessed', 'incident-opened', 'rollback-decided'],
    'systems-identified',
  ]);
  const [first] = incident.events;
  expect(item(incident, 'incident-opened')).toEqual({
    id: 'incident-opened',
    phase: 'detection',
    text: 'Incident opened',
    done: true,
    by: 'firebreak',
    at: first!.at,
    eventSeq: 1,
    because: 'Incident opened: Checkout is down',
    proved: true,
  });
});

test('what no rule could say a person has to: an unclassified severity is not classified', () => {
  const incident = opened('P2');
  const decided = incident.events.map((event) =>
    event.type === 'severity-decided' ? { ...event, data: { ...event.data, unclassified: true, facts: {} } } : event,
  );
  const entries = checklistOf(decided).filter(({ done: isDone }) => !isDone);
  expect(entries.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['detected', 'severity-classified', 'impact-assessed']),
  );
});

test('goes through the phases with the events that prove each item', () => {
  const incident = recovers(step(executing(opened('P0', 'roll-back'))));
  expect(item(incident, 'rollback-begun').because).toBe('Rollback started');
  expect(item(incident, 'impact-ended').done).toBe(true);
  expect(item(incident, 'services-normal').done).toBe(false);
  expect(item(incident, 'metrics-analysed').because).toMatch(/^Recovery sample: pass/);
  incident.after(MINUTE).do(allResolved());
  expect(item(incident, 'services-normal').because).toBe('1 alert resolved; 0 still firing');
  incident.do({
    ...{ kind: 'record-root-cause', category: 'code-bug', summary: 'a null check', confidence: 0.8, evidence: [] },
    ...said,
  });
  expect(item(incident, 'hypothesis-formed').done).toBe(true);
  expect(item(incident, 'root-cause-complete').done).toBe(false);
  incident.do({ kind: 'judge-root-cause', id: 'H1', state: 'confirmed', because: 'reproduced', ...said });
  expect(item(incident, 'root-cause-complete').done).toBe(true);
  fix(incident, 'linked');
  expect(item(incident, 'fix-implemented').done).toBe(false);
  for (const stage of ['implemented', 'tested', 'deployed', 'validated'] as const) fix(incident, stage);
  const phase = checklistOf(incident.events).filter((entry) => entry.phase === 'fix');
  expect(phase.filter((entry) => !entry.done).map(({ id }) => id)).toEqual(['extended-testing']);
});

test('P0 asks for extended testing, also when it is P0 no longer; others do not', () => {
  expect(items(opened('P1')).has('extended-testing')).toBe(false);
  const incident = opened('P0');
  incident.do({ kind: 'override-severity', severity: 'P2', because: 'a few users', ...said });
  expect(items(incident).has('extended-testing')).toBe(true);
});

test('a person ticks the rest, and takes it back; not what an event proves', () => {
  const incident = opened('P1');
  incident.do(tick('runbook-updated'));
  expect(item(incident, 'runbook-updated')).toMatchObject({ done: true, by: 'ada', proved: false });
  incident.do(tick('runbook-updated', false));
  expect(item(incident, 'runbook-updated')).toMatchObject({ done: false, by: null, eventSeq: null });
  incident.do(tick('incident-opened'));
  incident.do(tick('incident-opened', false));
  expect(item(incident, 'incident-opened')).toMatchObject({ done: true, by: 'firebreak', proved: true });
});

test('a fix that did not hold is open again when the incident comes back, ticks of people too', () => {
  const incident = opened('P1').after(MINUTE);
  incident.do(allResolved());
  for (const stage of ['tested', 'deployed'] as const) fix(incident, stage);
  incident.do(tick('health-validated'));
  incident.after(MINUTE).do(firesAgain);
  const phase = checklistOf(incident.events).filter((entry) => entry.phase === 'fix');
  expect(phase.filter((entry) => entry.done)).toEqual([]);
  expect(item(incident, 'incident-opened').done).toBe(true);
  expect(incident.types(tick('health-validated'))).toEqual(['checklist-ticked']);
});

test('a cause that is refuted after all is complete no longer', () => {
  const incident = opened('P1');
  incident.do({
    ...{ kind: 'record-root-cause', category: 'capacity', summary: 'too few', confidence: 1, evidence: [] },
    ...said,
  });
  incident.do({ kind: 'judge-root-cause', id: 'H1', state: 'confirmed', because: 'x', ...said });
  incident.do({ kind: 'judge-root-cause', id: 'H1', state: 'refuted', because: 'y', ...said });
  expect(item(incident, 'root-cause-complete').done).toBe(false);
});

test('action items are assigned when each has an owner', () => {
  const incident = opened('P1');
  const add = (owner: string | null): void => {
    incident.do({ kind: 'add-action', action: 'a test', of: 'technical', owner, dueAt: null, ...said });
  };
  add('ben');
  expect(item(incident, 'actions-assigned').done).toBe(true);
  add(null);
  expect(item(incident, 'actions-assigned').done).toBe(false);
  incident.do({ kind: 'change-action', id: 'A2', owner: 'cy', ...said });
  expect(item(incident, 'actions-assigned').because).toMatch(/^Action item A2 changed/);
});

test('a metric that nobody answered analyses nothing', () => {
  const incident = opened('P1');
  incident.do(evidence('metric', { kind: 'failed', reason: 'no answer' }));
  expect(item(incident, 'metrics-analysed').done).toBe(false);
  incident.do(evidence('metric', { kind: 'value', value: 0.4 }));
  expect(item(incident, 'metrics-analysed').done).toBe(true);
  expect(item(incident, 'logs-collected').done).toBe(false);
  incident.do(evidence('log'));
  expect(item(incident, 'logs-collected').done).toBe(true);
});

test('fixing forward needs no rollback', () => {
  const incident = opened('P2');
  expect(item(incident, 'rollback-begun').done).toBe(false);
  incident.do({ kind: 'assess', assessment: assessmentOf('P2', 'fix-forward') });
  expect(item(incident, 'rollback-begun').because).toMatch(/fix-forward/);
});

test('every proof is of an item, and the documentation lists which there are', () => {
  const known = new Set(CHECKLIST_ITEMS.map(({ id }) => id));
  expect(Object.keys(PROOFS).filter((id) => !known.has(id))).toEqual([]);
  const written = readFileSync(new URL('../../docs/checklists.md', import.meta.url), 'utf8');
  expect(written).toContain(checklistDocument());
});
