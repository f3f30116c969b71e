import type { Command } from '../../src/domain/incident/commands.ts';
import { react } from '../../src/domain/incident/react.ts';
import type { EffectIntent } from '../../src/domain/view.ts';
import type { Policy } from '../../src/domain/policy.ts';
import {
  HOUR,
  Incident,
  MINUTE,
  allResolved,
  assessmentOf,
  executing,
  firesAgain,
  newsOf,
  openingOf,
  policyWith,
  service,
  plannedStep,
} from './support/incident.ts';

type Page = Policy['communication']['statuspage'];
const policyOf = (statuspage: Page, customerFacing: boolean | null = true): Policy =>
  policyWith(
    {},
    {
      communication: { ...policyWith().communication, statuspage },
      services: { checkout: service({ mode: null, steps: [plannedStep('checkout').config] }, { customerFacing }) },
    },
  );

const told: string[] = [];
const read: EffectIntent[] = [];
beforeEach(() => {
  told.length = 0;
  read.length = 0;
});

/** Commands that are committed together; what customers are told is kept. */
function after(incident: Incident, ...commands: readonly Command[]): void {
  const before = incident.state;
  const events = commands.flatMap((command) => incident.do(command));
  const { effects } = react(before, events, incident.must, incident.policy.communication);
  const public_ = effects.filter(({ channel }) => channel === 'statuspage');
  read.push(...public_);
  told.push(...public_.map(({ kind, data }) => `${kind} ${JSON.stringify(data['status']).slice(1, -1)}`));
}

function opening(severity: 'P0' | 'P1' | 'P2', policy: Policy, opened = openingOf()): Incident {
  const incident = new Incident(policy);
  const open: Command = { kind: 'open', opening: opened, news: newsOf({ firing: 1 }, ['A']) };
  after(incident, open, { kind: 'assess', assessment: assessmentOf(severity, 'roll-back') });
  return incident;
}

const approve: Command = { kind: 'approve-publication', by: 'ada', via: 'slack' };
const resolve: Command = { kind: 'resolve', by: 'ada', via: 'api', because: 'fixed' };
const dismiss: Command = { kind: 'dismiss', because: 'the probe was broken', by: 'ada', via: 'api' };
const update: Command = { kind: 'write-update', text: 'r42 is bad, see db-7', by: 'ada', via: 'api' };

test('automatic: published with the opening, then each turn, to the end', () => {
  const incident = opening('P1', policyOf('automatic'));
  after(incident, update);
  executing(incident);
  after(incident, update);
  after(incident, { kind: 'abort-rollback', by: 'ada', via: 'api', because: 'no' });
  after(incident.after(MINUTE), allResolved());
  after(incident.after(MINUTE), firesAgain);
  after(incident.after(MINUTE), resolve);
  expect(told).toEqual([
    'publish investigating',
    'update investigating',
    'update identified',
    'update monitoring',
    'update investigating',
    'resolve resolved',
  ]);
});

test('after approval: nothing is out before, and the approval publishes how it stands then', () => {
  const incident = opening('P1', policyOf('approval'));
  expect(incident.last('publication-awaits-approval').text).toContain('We are investigating a problem with checkout');
  after(incident, update);
  expect(told).toEqual([]);
  after(incident, approve);
  after(incident, approve);
  expect(told).toEqual(['publish investigating']);
  expect(incident.last('publication-approved')).toEqual({ by: 'ada', via: 'slack' });
});

test('what ended before somebody approved it is not published any more', () => {
  const incident = opening('P1', policyOf('approval'));
  after(incident, resolve);
  expect(() => incident.do(approve)).toThrow('customers need not hear of it now');
  expect(told).toEqual([]);
});

test('unknown is not yes: it is said in the timeline, and a person may publish it', () => {
  const incident = opening('P0', policyOf('automatic', null));
  expect(incident.last('publication-withheld').because).toBe('nobody has said whether checkout is customer-facing');
  expect(told).toEqual([]);
  after(incident, approve);
  expect(told).toEqual(['publish investigating']);
});

test.each([
  ['of what customers do not see', 'P0', policyOf('automatic', false)],
  ['of a P2', 'P2', policyOf('automatic')],
  ['without a status page', 'P0', policyOf(null)],
] as const)('nothing is published, or said of it: %s', (_why, severity, policy) => {
  const incident = opening(severity, policy);
  expect(incident.events.filter(({ type }) => type.startsWith('publication'))).toEqual([]);
  expect(told).toEqual([]);
  expect(() => incident.do(approve)).toThrow('nothing awaits publication');
});

test('of an unknown service it is unknown whether customers see it', () => {
  const incident = opening('P0', policyOf('automatic'), openingOf({ service: null }));
  expect(incident.last('publication-withheld').because).toContain('its service, which is unknown');
});

test('a drill is not published', () => {
  const incident = opening('P0', policyOf('automatic'), openingOf({ drill: true }));
  expect(incident.must.publication).toBeNull();
});

test('a P2 that becomes a P1 is published then, once', () => {
  const incident = opening('P2', policyOf('automatic')).after(HOUR);
  after(incident, { kind: 'assess', assessment: assessmentOf('P1') });
  after(incident, { kind: 'assess', assessment: assessmentOf('P0') });
  expect(told).toEqual(['publish investigating']);
});

test('what is held back is published when that is over', () => {
  const incident = new Incident(policyOf('automatic'));
  const quiet: Command = { kind: 'set-quiet', quiet: { kind: 'maintenance', because: 'planned', until: null } };
  const open: Command = { kind: 'open', opening: openingOf(), news: newsOf({ firing: 1 }, ['A']) };
  after(incident, open, quiet, { kind: 'assess', assessment: assessmentOf('P1') });
  expect(told).toEqual([]);
  after(incident, { kind: 'clear-quiet', of: 'maintenance', because: 'it is over' });
  expect(told).toEqual(['publish investigating']);
});

test('a false alarm is retracted', () => {
  const incident = opening('P1', policyOf('automatic'));
  after(incident, dismiss);
  expect(told).toEqual(['publish investigating', 'retract resolved']);
  expect(read.at(-1)!.message).toContain('That was a false alarm');
  const unpublished = opening('P1', policyOf('approval'));
  after(unpublished, dismiss);
  expect(told).toHaveLength(2);
});

test('customers read whole sentences, and nothing of how it is inside', () => {
  const incident = opening('P1', policyOf('automatic'));
  after(incident, update);
  executing(incident);
  after(incident, update);
  after(incident.after(MINUTE), dismiss);
  for (const { message } of read) {
    expect(message).toMatch(/^[A-Z].*\.$/);
    expect(message).not.toMatch(/r4[12]|P[0-3]|db-7|roll|CheckoutDown|production|Checkout is down/);
  }
});
