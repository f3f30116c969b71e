import { readFileSync, readdirSync } from 'node:fs';
import type { StoredEvent } from '../../src/domain/incident/chain.ts';
import { chainHash, parseEvent, verifyChain } from '../../src/domain/incident/chain.ts';
import { describeEvent } from '../../src/domain/incident/describe.ts';
import type { EventType } from '../../src/domain/incident/events.ts';
import { fold } from '../../src/domain/incident/evolve.ts';

/**
 * What version 1 wrote, for ever: never edit these files. A shape that changes gets a new version, an upcast in
 * parseEvent, and files of its own. Together they are one timeline.
 */
const directory = new URL('../fixtures/events/v1/', import.meta.url);

interface Fixture {
  readonly stored: StoredEvent;
  /** A part of the state that the event must leave. */
  readonly leaves: object;
}

const fixtures = readdirSync(directory)
  .filter((name) => name.endsWith('.json'))
  .map(
    (name) =>
      [name.replace('.json', ''), JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as Fixture] as const,
  )
  .sort(([, a], [, b]) => a.stored.seq - b.stored.seq);
const timeline = fixtures.map(([, fixture]) => fixture.stored);

/** The compiler keeps this complete: a new event type without a line here does not type-check. */
const EVERY: { readonly [T in EventType]: true } = {
  'incident-opened': true,
  'alerts-joined': true,
  'alerts-resolved': true,
  'severity-decided': true,
  'severity-changed': true,
  'rollback-decided': true,
  'routing-decided': true,
  'page-requested': true,
  'clock-started': true,
  'clock-met': true,
  'clock-breached': true,
  'clock-cancelled': true,
  'incident-acknowledged': true,
  'incident-mitigated': true,
  'incident-resolved': true,
  'incident-reopened': true,
  'incident-closed': true,
  'note-added': true,
  'notification-sent': true,
  'notification-skipped': true,
  'notification-failed': true,
  'rollback-requested': true,
  'rollback-planned': true,
  'rollback-shadowed': true,
  'rollback-awaits-approval': true,
  'rollback-approved': true,
  'rollback-announced': true,
  'rollback-started': true,
  'rollback-step-intended': true,
  'rollback-step-accepted': true,
  'rollback-step-progressed': true,
  'rollback-step-finished': true,
  'rollback-stopped': true,
  'rollback-validating': true,
  'rollback-verdict': true,
  'baseline-frozen': true,
  'fix-declared': true,
  'evidence-captured': true,
  'recovery-sampled': true,
  'rollback-reverted': true,
  'rollback-watched': true,
  'commander-taken': true,
  'severity-overridden': true,
  'severity-released': true,
  'impact-stated': true,
  'onset-corrected': true,
  'onset-renewed': true,
  'incident-dismissed': true,
  'incident-merged': true,
  'incident-absorbed': true,
  'incident-linked': true,
  'incident-unlinked': true,
  'link-noted': true,
  quieted: true,
  unquieted: true,
  'clock-warned': true,
  'status-updated': true,
  'page-unaccepted': true,
  'publication-awaits-approval': true,
  'publication-approved': true,
  'publication-withheld': true,
  'storm-grew': true,
  'evidence-added': true,
  'blocker-added': true,
  'blocker-cleared': true,
  'root-cause-recorded': true,
  'root-cause-judged': true,
  'checklist-ticked': true,
  'change-noticed': true,
  'fix-recorded': true,
  'monitoring-ended': true,
  'action-added': true,
  'action-changed': true,
  'action-reminded': true,
  'section-written': true,
  'postmortem-published': true,
  'review-due': true,
  'review-reminded': true,
  'review-held': true,
  'recurrence-recognised': true,
};

test('every type of event has a fixture, and no fixture is of no type', () => {
  expect(fixtures.map(([name]) => name).sort()).toEqual(Object.keys(EVERY).sort());
});

test('together they are a timeline that verifies', () => {
  expect(verifyChain(timeline)).toBeNull();
});

test.each(fixtures)('%s parses, reads as a line, and leaves what it always left', (name, { stored, leaves }) => {
  expect(stored.type).toBe(name);
  expect(chainHash(stored.previousHash, stored.body)).toBe(stored.hash);
  const event = parseEvent(stored);
  expect(event).toMatchObject({ incidentId: stored.incidentId, seq: stored.seq, type: name, version: 1 });
  const line = describeEvent(event);
  expect(line).not.toMatch(/undefined|\[object|NaN/);
  expect(line.length).toBeGreaterThan(name === 'rollback-started' ? 10 : 15);
  expect(fold(timeline.slice(0, stored.seq).map(parseEvent))).toMatchObject({ ...leaves, version: stored.seq });
});
