import { handoverText } from '../../src/domain/handover-text.ts';
import type { Handover, HandoverInput } from '../../src/domain/handover.ts';
import { handoverOf } from '../../src/domain/handover.ts';
import type { Command } from '../../src/domain/incident/commands.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { iso } from '../../src/domain/time.ts';
import { handoverExample } from '../contract/overview-support.ts';
import {
  HOUR,
  Incident,
  MINUTE,
  NOON,
  SECOND,
  allResolved,
  assessmentOf,
  executing,
  newsOf,
  opened,
  openingOf,
  planOf,
  planned,
  plannedStep,
  policyWith,
  recovers,
  step,
} from './support/incident.ts';

const by = { by: 'ada', via: 'api' };
const handover = (incidents: readonly Incident[], now: number, more: Partial<HandoverInput> = {}): Handover =>
  handoverOf({
    automation: { mode: 'auto', killSwitch: false, changedBy: null, changedAt: null },
    ...{ silent: null, maintenance: [], overdueActions: [], monitoringSeconds: 86_400, now },
    states: incidents.map((incident) => incident.must),
    ...more,
  });

function incident(id: string, severity: 'P0' | 'P1' | 'P2', at: number, ...commands: readonly Command[]): Incident {
  const made = new Incident(policyWith(), id);
  made.now = at;
  made.do({ kind: 'open', opening: openingOf(), news: newsOf({ firing: 1 }, ['CheckoutDown']) });
  made.do({ kind: 'assess', assessment: assessmentOf(severity, 'hold', { specialist: 'backend' }) });
  for (const command of commands) made.do(command);
  return made;
}

describe('the incidents', () => {
  test('are those that are open: the worst first, then the oldest', () => {
    const drill = opened('P0', 'hold', policyWith(), { drill: true });
    const ids = handover(
      [
        incident('young', 'P1', NOON + MINUTE),
        incident('old', 'P1', NOON),
        incident('small', 'P2', NOON - HOUR),
        incident('bad', 'P0', NOON + 2 * MINUTE),
        incident('over', 'P2', NOON, allResolved()),
        incident('false', 'P1', NOON, { kind: 'dismiss', ...by, because: 'a test' }),
        drill,
      ],
      NOON + HOUR,
    ).incidents.map(({ id }) => id);
    expect(ids).toEqual(['bad', 'old', 'young', 'small']);
  });

  test('come with who has them, and with what holds them up', () => {
    const [one] = handover(
      [
        incident(
          'a',
          'P1',
          NOON,
          { kind: 'take-command', ...by },
          { kind: 'add-blocker', ...by, text: 'waits for the vendor' },
          { kind: 'add-blocker', ...by, text: 'no access' },
          { kind: 'clear-blocker', ...by, id: 'B1' },
          { kind: 'set-quiet', quiet: { kind: 'silenced', because: 'a silence', until: null } },
        ),
      ],
      NOON + 90 * SECOND,
    ).incidents;
    expect(one).toMatchObject({
      ...{ id: 'a', commander: 'ada', specialist: 'backend', ageSeconds: 90, blockers: ['no access'] },
      quiet: [{ kind: 'silenced', because: 'a silence', until: null }],
    });
  });

  test('say which clocks press: breached and still waited for, or half of their time gone', () => {
    const clocks = (at: number, ...commands: readonly Command[]) =>
      handover([incident('a', 'P1', NOON, ...commands)], at)
        .incidents[0]!.clocks.filter(({ clock }) => clock === 'acknowledge' || clock === 'restore')
        .map(({ clock, leftSeconds, pressing }) => [clock, leftSeconds, pressing]);
    expect(clocks(NOON + 4 * MINUTE)).toEqual([
      ['acknowledge', 360, false],
      ['restore', 1560, false],
    ]);
    expect(clocks(NOON + 5 * MINUTE)[0]).toEqual(['acknowledge', 300, true]);
    const late = incident('a', 'P1', NOON);
    late.now = NOON + 11 * MINUTE;
    late.do({ kind: 'fire-timer', name: 'clock:acknowledge' });
    const lateClocks = () => handover([late], late.now).incidents[0]!.clocks.map(({ clock }) => clock);
    expect(lateClocks()).toContain('acknowledge');
    late.do({ kind: 'acknowledge', ...by });
    expect(lateClocks()).not.toContain('acknowledge');
  });
});

describe('rollbacks', () => {
  test('that begin by themselves, that wait for a fix, that wait for approval', () => {
    const announced = planned(opened('P1', 'roll-back'));
    expect(handover([announced], NOON + 20 * SECOND)).toMatchObject({
      holds: [{ kind: 'begins-by-itself', until: iso(NOON + MINUTE), leftSeconds: 40, by: null, service: 'checkout' }],
      approvals: [],
    });
    announced.after(10 * SECOND).do({ kind: 'declare-fix', ...by, seconds: 200 });
    expect(handover([announced], announced.now)).toMatchObject({
      holds: [{ kind: 'waits-for-fix', by: 'ada', leftSeconds: 200 }],
    });
    const asked = planned(opened('P1', 'roll-back', policyWith({ mode: 'approve' })));
    expect(handover([asked], NOON)).toMatchObject({
      holds: [],
      approvals: [{ until: iso(NOON + 900 * SECOND), leftSeconds: 900, what: 'checkout from r42 to r41' }],
    });
  });

  const withOwner = (): Plan => {
    const app = plannedStep('checkout');
    const owned = { ...app, config: { ...app.config, with: { ...app.config.with, allowOwner: ['flux', 'helm'] } } };
    const argo = plannedStep('search');
    return planOf(owned, { ...argo, config: { ...argo.config, provider: 'argocd' } });
  };

  test('whose owners must stay suspended: from the first step until it is taken back or closed', () => {
    const incident_ = opened('P1', 'roll-back');
    planned(incident_, withOwner());
    expect(handover([incident_], NOON).suspendedOwners).toEqual([]);
    const done = opened('P1', 'roll-back');
    step(step(executing(done, withOwner())), 1);
    recovers(done);
    const { suspendedOwners } = handover([done], done.now);
    expect(suspendedOwners).toEqual([
      {
        ...{ incidentId: done.id, service: 'checkout', owner: 'flux', from: 'r42', to: 'r41' },
        target: 'kubernetes/eu-1/shop/deployment/checkout',
      },
      expect.objectContaining({ owner: 'argocd', target: 'kubernetes/eu-1/shop/deployment/search' }),
    ]);
    done.do({ kind: 'undo-rollback', ...by, because: 'it was not the cause' });
    expect(handover([done], done.now).suspendedOwners).toEqual([]);
  });
});

test('what is over and not closed: how long it is watched, and whether its post-mortem is missing', () => {
  const small = incident('small', 'P2', NOON, allResolved());
  const bad = incident('bad', 'P1', NOON, { kind: 'resolve', ...by, because: 'fixed' });
  expect(handover([small, bad], NOON + HOUR).watched).toMatchObject([
    { id: 'small', until: iso(NOON + 24 * HOUR), postmortemMissing: false },
    { id: 'bad', severity: 'P1', postmortemMissing: true },
  ]);
});

describe('the text', () => {
  test('says everything on one screen', () => {
    expect(handoverText(handoverExample))
      .toBe(`Handover, 2024-01-15 14:40 UTC. Automation: auto (root, 2024-01-15 09:00).

Open
  INC-20240115-143215  P1 acknowledged  checkout (production), 7 min 45 s, ann, team backend
    checkout: error ratio 12 % and more
    clocks: acknowledge BREACHED 2 min 45 s ago
    Awaits approval until 2024-01-15T14:47:15.000Z: app from r42 to r41
    blocked: waits for the vendor
    quiet (silenced until 2024-01-15 15:00): silence a1b2 by bob

Waits for your approval
  INC-20240115-143215  checkout: app from r42 to r41; until 14:47:15 (in 7 min 15 s)
    firebreak rollback approve INC-20240115-143215

Holds
  INC-20240115-143300  unknown service: waits for the fix of eve until 14:43:00 (in 3 min)

Leave suspended until the repository is right
  argocd  argocd/argocd/search: rolled back from v2 to v1 (INC-20240115-100000)

Over, not closed yet
  INC-20240115-100000  P1  search: search is slow; watched until 2024-01-16 10:30, post-mortem to publish

Overdue action items
  3 days  bob: Add a test for empty carts (INC-20240101-080000 A1)

Maintenance
  service cart  2024-01-15 14:00 to 2024-01-15 16:00: database upgrade (root)
`);
  });

  test('of a quiet night is two lines', () => {
    expect(handoverText(handover([], NOON))).toBe(
      'Handover, 2026-11-23 12:00 UTC. Automation: auto.\n\nNo incident is open.\n',
    );
  });

  test('says first what is switched off', () => {
    const automation = { mode: 'auto' as const, killSwitch: true, changedBy: 'bob', changedAt: iso(NOON - HOUR) };
    const text = handoverText(handover([], NOON, { automation, silent: 'notifications: observe' }));
    expect(text).toBe(
      'Handover, 2026-11-23 12:00 UTC. KILL SWITCH ON (bob, 2026-11-23 11:00): nothing is rolled back by itself.\n' +
        'NOTHING IS SENT: notifications: observe.\n\nNo incident is open.\n',
    );
  });

  test('stays short in a storm', () => {
    const many = Array.from({ length: 500 }, (_, at) => incident(`INC-${at}`, 'P2', NOON + at * SECOND));
    const text = handoverText(handover(many, NOON + HOUR));
    expect(text).toContain('Open (500)\n');
    expect(text).toContain('\n  and 492 more\n');
    expect(text.split('\n').length).toBeLessThan(60);
  });
});
