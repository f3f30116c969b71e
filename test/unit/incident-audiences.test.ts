import type { Command } from '../../src/domain/incident/commands.ts';
import { react } from '../../src/domain/incident/react.ts';
import { viewOf } from '../../src/domain/incident/view.ts';
import type { CommunicationPolicy, Policy } from '../../src/domain/policy.ts';
import { iso } from '../../src/domain/time.ts';
import type { EffectIntent } from '../../src/domain/view.ts';
import {
  HOUR,
  Incident,
  MINUTE,
  allResolved,
  assessmentOf,
  firesAgain,
  newsOf,
  openingOf,
  planned,
  policyWith,
} from './support/incident.ts';

const EVERYWHERE = { slack: true, email: true };
const NOWHERE = { slack: false, email: false };
const reach = (changes: Partial<CommunicationPolicy> = {}): Policy =>
  policyWith(
    {},
    {
      communication: {
        ...policyWith().communication,
        audiences: { team: NOWHERE, stakeholders: EVERYWHERE, customers: NOWHERE },
        ...changes,
      },
    },
  );

/** What follows from commands that are committed together. */
function effects(incident: Incident, ...commands: readonly Command[]): readonly EffectIntent[] {
  const before = incident.state;
  const events = commands.flatMap((command) => incident.do(command));
  return react(before, events, incident.must, incident.policy.communication).effects;
}

const whom = ({ data }: EffectIntent): string =>
  JSON.stringify(data['channel'] ?? data['to'] ?? data['audience'] ?? 'its own').replaceAll(/["[\]]/g, '');
const told = (list: readonly EffectIntent[], ...channels: readonly string[]): readonly string[] =>
  list.filter(({ channel }) => channels.includes(channel)).map((e) => `${e.channel} ${e.kind} ${whom(e)}`);
const people = (list: readonly EffectIntent[]) =>
  told(list, 'slack', 'email').filter((what) => !/ (thread|refresh) /.test(what));

const open: Command = { kind: 'open', opening: openingOf(), news: newsOf({ firing: 1 }, ['CheckoutDown']) };
const assess = (severity: 'P0' | 'P1' | 'P2' | 'P3', routing = {}): Command => ({
  kind: 'assess',
  assessment: assessmentOf(severity, 'hold', routing),
});
const opening = (severity: 'P0' | 'P1' | 'P2' | 'P3', policy = reach(), routing = {}) => {
  const incident = new Incident(policy);
  return { incident, first: effects(incident, open, assess(severity, routing)) };
};
const update: Command = { kind: 'write-update', text: 'We look at it.', by: 'ada', via: 'api' };
const resolve: Command = { kind: 'resolve', by: 'ada', via: 'api', because: 'fixed' };
const quiet = (kind: 'maintenance' | 'silenced' | 'storm'): Command => ({
  kind: 'set-quiet',
  quiet: { kind, because: 'for a reason', until: null },
});
const loud = (kind: 'maintenance' | 'silenced' | 'storm'): Command => ({
  kind: 'clear-quiet',
  of: kind,
  because: 'it is over',
});

test('of updates that nobody wrote the newest replaces those that wait, for each that is told; what people write stays', () => {
  const { incident } = opening('P0');
  const written = effects(incident.after(MINUTE), update).filter(({ kind }) => kind !== 'refresh');
  expect(written.map(({ replaces }) => replaces)).not.toHaveLength(0);
  expect(written.filter(({ replaces }) => replaces !== null)).toEqual([]);
  const later = (): readonly EffectIntent[] =>
    effects(incident.after(16 * MINUTE), { kind: 'fire-timer', name: 'status-update' }).filter(
      ({ channel }) => channel === 'slack' || channel === 'email',
    );
  const [first, second] = [later(), later()].map((list) =>
    list.map(({ channel, replaces }) => `${channel} ${replaces}`),
  );
  expect(first).toEqual([
    'slack facts:thread:',
    'slack message:refresh:',
    'slack facts:post:stakeholders',
    'email facts:update:stakeholders',
  ]);
  expect(second).toEqual(first);
});

describe('the team', () => {
  test.each(['P0', 'P1'] as const)('reads of a %s in Slack, and no mail beside it', (severity) => {
    expect(
      told(opening(severity, reach({ audiences: policyWith().communication.audiences })).first, 'slack', 'email'),
    ).toEqual(['slack announce its own']);
  });

  test.each(['P2', 'P3'] as const)('reads of a %s by mail, from its opening to its end', (severity) => {
    const { incident, first } = opening(severity);
    expect(people(first)).toEqual(['email opened team']);
    expect(first.find(({ channel }) => channel === 'email')?.message).toBe(
      `${severity} on checkout: Checkout is down. it is ${severity}`,
    );
    expect(people(effects(incident, { kind: 'acknowledge', by: 'ada', via: 'api' }))).toEqual([]);
    const [end] = effects(incident.after(MINUTE), allResolved()).filter(({ channel }) => channel === 'email');
    expect(end).toMatchObject({ kind: 'resolved', data: { audience: 'team' } });
    expect(end?.message).toBe(`${severity} on checkout. Resolved after 60 s: all its alerts have resolved`);
    expect(people(effects(incident, firesAgain))).toEqual(['email opened team']);
  });

  test('of a P2 is warned by mail, and told who has to act', () => {
    const { incident } = opening('P2');
    incident.after(30 * MINUTE);
    expect(people(effects(incident, { kind: 'fire-timer', name: 'clock-warning:acknowledge' }))).toEqual([
      'email update team',
    ]);
    incident.after(18 * MINUTE);
    expect(people(effects(incident, { kind: 'fire-timer', name: 'clock-warning:acknowledge' }))).toEqual([
      'email escalation team',
    ]);
    incident.after(12 * MINUTE);
    expect(people(effects(incident, { kind: 'fire-timer', name: 'clock:acknowledge' }))).toEqual([
      'email escalation team',
    ]);
  });

  test('of a P1 is warned in the thread', () => {
    const { incident } = opening('P1');
    const warned = effects(incident.after(5 * MINUTE), { kind: 'fire-timer', name: 'clock-warning:acknowledge' });
    expect(told(warned, 'slack', 'email')).toEqual(['slack thread its own']);
  });

  test('is told by mail where a P2 that became a P1 goes on', () => {
    const { incident } = opening('P2', reach({ audiences: policyWith().communication.audiences }));
    expect(told(effects(incident, assess('P1')), 'slack', 'email')).toEqual([
      'slack announce its own',
      'email escalation team',
    ]);
  });

  test('without Slack reads everything by mail', () => {
    const { incident, first } = opening('P1', reach({ slack: false, audiences: policyWith().communication.audiences }));
    expect(people(first)).toEqual(['slack announce its own', 'email opened team']);
    expect(people(effects(incident, update))).toEqual(['email update team']);
    expect(people(effects(incident.after(MINUTE), allResolved()))).toEqual(['email mitigated team']);
  });

  test('a rollback of a P2 is mailed: that it waits for somebody, and what became of it', () => {
    const incident = new Incident(policyWith({ mode: 'approve' }));
    effects(incident, open, { kind: 'assess', assessment: assessmentOf('P2', 'roll-back') });
    const before = incident.state;
    planned(incident);
    const events = incident.events.slice(before!.version);
    const waits = react(before, events, incident.must, incident.policy.communication).effects;
    expect(people(waits)).toEqual(['email escalation team']);
    const abort: Command = { kind: 'abort-rollback', by: 'ada', via: 'api', because: 'no' };
    expect(people(effects(incident, abort))).toEqual(['email update team']);
  });
});

describe('a change to an affected service', () => {
  const change = (incident: Incident): Command => ({
    kind: 'notice-change',
    change: {
      ...{ id: 'deploy-43', service: 'checkout', kind: 'deployment', version: 'r43', by: 'ci', url: null },
      ...{ at: iso(incident.now), deployedAt: null },
    },
    evidence: { tests: false, staging: false },
  });

  test.each([
    ['P0', 'slack thread its own'],
    ['P1', 'slack thread its own'],
    ['P2', 'email update team'],
  ] as const)('is told to the team of a %s that is not restored: %s', (severity, where) => {
    const { incident } = opening(severity, reach({ audiences: policyWith().communication.audiences }));
    const list = effects(incident.after(MINUTE), change(incident));
    expect(told(list, 'slack', 'email')).toEqual([where]);
    expect(list.find(({ channel }) => channel !== 'webhook')?.message).toContain(
      'Change to checkout before it was restored: deployment r43 by ci',
    );
  });

  test('is recorded and told to nobody after that', () => {
    const { incident } = opening('P1');
    effects(incident.after(MINUTE), allResolved());
    expect(told(effects(incident.after(MINUTE), change(incident)), 'slack', 'email')).toEqual([]);
    expect(incident.last('change-noticed').beforeRestoration).toBe(false);
  });
});

describe('stakeholders', () => {
  test('hear of P0 and P1: opened, updates, restored, resolved', () => {
    const { incident, first } = opening('P1');
    expect(people(first)).toEqual(['slack announce its own', 'slack post stakeholders', 'email opened stakeholders']);
    expect(people(effects(incident, update))).toEqual(['slack post stakeholders', 'email update stakeholders']);
    const restored = effects(incident.after(MINUTE), allResolved());
    expect(people(restored)).toEqual(['slack post stakeholders', 'email mitigated stakeholders']);
    expect(restored.find(({ kind }) => kind === 'mitigated')?.message).toBe(
      'P1 on checkout. Service restored after 60 s: all its alerts have resolved',
    );
    expect(people(effects(incident.after(MINUTE), resolve))).toEqual([
      'slack post stakeholders',
      'email resolved stakeholders',
    ]);
  });

  test('hear nothing of a P2, until it becomes a P1; of a post-mortem always', () => {
    const { incident, first } = opening('P2');
    expect(people(first)).toEqual(['email opened team']);
    expect(people(effects(incident, assess('P1')))).toContain('slack post stakeholders');
    const other = opening('P2').incident;
    effects(other, resolve);
    expect(people(effects(other, { kind: 'publish-postmortem', by: 'ada', via: 'api' }))).toEqual([
      'slack post stakeholders',
      'email postmortem team',
      'email postmortem stakeholders',
    ]);
  });

  test('a resolution that ends an open incident is told once, as such', () => {
    const { incident } = opening('P1');
    expect(people(effects(incident, resolve))).toEqual(['slack post stakeholders', 'email resolved stakeholders']);
  });

  test('a false alarm is told as what it was', () => {
    const { incident } = opening('P1');
    const list = effects(incident, { kind: 'dismiss', because: 'the probe was broken', by: 'ada', via: 'api' });
    expect(people(list)).toEqual(['slack post stakeholders', 'email resolved stakeholders']);
    expect(list.find(({ kind }) => kind === 'resolved')?.message).toContain('false alarm');
  });
});

describe('whom rules name', () => {
  const routing = { slackChannels: ['#dba'], emails: ['dba@example.com'] };

  test('hears of it whatever its severity, to the end', () => {
    const { incident, first } = opening('P3', reach(), routing);
    expect(people(first)).toEqual(['slack post #dba', 'email opened team', 'email opened dba@example.com']);
    const end = people(effects(incident.after(MINUTE), allResolved()));
    expect(end).toEqual(['slack post #dba', 'email resolved team', 'email resolved dba@example.com']);
  });

  test('who is named later hears of it then, and nobody twice', () => {
    const { incident } = opening('P2', reach(), routing);
    const more = { slackChannels: ['#dba', '#war-room'], emails: ['dba@example.com', 'sec@example.com'] };
    expect(people(effects(incident, assess('P2', more)))).toEqual([
      'slack post #war-room',
      'email opened sec@example.com',
    ]);
    expect(people(effects(incident, resolve))).toEqual([
      'slack post #dba',
      'slack post #war-room',
      'email resolved team',
      'email resolved dba@example.com,sec@example.com',
    ]);
  });

  test('an audience that a rule names hears of a P2, too', () => {
    const { first } = opening('P2', reach(), { audiences: ['stakeholders'] });
    expect(people(first)).toEqual(['slack post stakeholders', 'email opened team', 'email opened stakeholders']);
    expect(people(opening('P1', reach(), { audiences: ['team'] }).first)).toContain('email opened team');
  });
});

describe('while messages are held back', () => {
  test.each(['maintenance', 'silenced', 'storm'] as const)(
    '%s: nobody hears of what opens, and programs do',
    (kind) => {
      const incident = new Incident(reach());
      const list = effects(incident, open, quiet(kind), assess('P1', { slackChannels: ['#dba'] }));
      expect(told(list, 'slack', 'email')).toEqual([]);
      expect(told(list, 'webhook').length).toBeGreaterThan(0);
      // The end of a storm lists them in its digest: a burst of announcements would be the storm again.
      const announced = [
        'slack announce its own',
        'slack post #dba',
        'slack post stakeholders',
        'email opened stakeholders',
      ];
      expect(people(effects(incident.after(MINUTE), loud(kind)))).toEqual(kind === 'storm' ? [] : announced);
    },
  );

  test('the order in which it is told in one commit does not matter', () => {
    const incident = new Incident(reach());
    expect(told(effects(incident, open, assess('P1'), quiet('silenced')), 'slack', 'email')).toEqual([]);
    expect(people(effects(incident.after(MINUTE), loud('silenced')))).toContain('slack announce its own');
  });

  test('what was told before keeps its message true, with a badge, and is told how it ends', () => {
    const { incident } = opening('P1');
    const list = effects(incident.after(MINUTE), quiet('silenced'));
    expect(told(list, 'slack')).toEqual(['slack thread its own', 'slack refresh its own']);
    expect(viewOf(incident.must, null).quiet).toBe('Silenced: for a reason');
    expect(people(effects(incident.after(MINUTE), allResolved()))).toEqual([
      'slack post stakeholders',
      'email mitigated stakeholders',
    ]);
    expect(people(effects(incident.after(MINUTE), loud('silenced')))).toEqual([]);
  });

  test('what ended before anybody was told of it is told to nobody', () => {
    const incident = new Incident(reach());
    effects(incident, open, quiet('silenced'), assess('P2'));
    expect(told(effects(incident.after(MINUTE), allResolved()), 'slack', 'email')).toEqual([]);
  });

  test('a silence does not hold the message of a P0; maintenance does', () => {
    const silenced = new Incident(reach());
    expect(people(effects(silenced, open, quiet('silenced'), assess('P0')))).toContain('slack announce its own');
    const maintained = new Incident(reach());
    expect(told(effects(maintained, open, quiet('maintenance'), assess('P0')), 'slack', 'email')).toEqual([]);
  });
});

describe('a storm', () => {
  const grow = (incidents: number): Command => ({
    kind: 'grow-storm',
    incidents,
    services: ['checkout', 'search'],
    bySeverity: { P2: incidents - 1, P1: 1 },
  });

  test('is one message that is kept true, and a mail whenever it has doubled', () => {
    const { incident } = opening('P2', reach({ audiences: policyWith().communication.audiences }));
    const first = effects(incident, grow(11));
    expect(told(first, 'slack', 'email')).toEqual(['slack announce its own', 'email digest team']);
    const line = 'Storm: 11 incidents (1 P1, 10 P2) on 2 services: checkout, search';
    expect(first.filter(({ kind }) => kind === 'announce' || kind === 'digest').map(({ message }) => message)).toEqual([
      line,
      line,
    ]);
    expect(viewOf(incident.must, null).storm).toBe(line);
    expect(told(effects(incident, grow(14)), 'slack', 'email')).toEqual(['slack refresh its own']);
    expect(told(effects(incident, grow(40)), 'slack', 'email')).toEqual(['slack refresh its own', 'email digest team']);
  });
});

describe('what is worth telling', () => {
  test('that it was so before, with what was left to do then, stands in the announcement', () => {
    const incident = new Incident(reach());
    const again: Command = {
      ...{ kind: 'recognise-recurrence', why: 'same-alerts', of: ['INC-2', 'INC-1'], days: 60 },
      openActions: [{ incidentId: 'INC-2', id: 'A1', action: 'Add a pool alert', owner: null, dueAt: null }],
    };
    const list = effects(incident, open, again, assess('P1'));
    const announced = list.find(({ kind }) => kind === 'announce');
    expect(announced?.message).toBe(
      'it is P1. 3rd time in 60 days; action item A1 of INC-2 is still open: Add a pool alert',
    );
    expect(viewOf(incident.must, null).recurrence).toContain('3rd time in 60 days');
  });

  test('a reminder goes to the owner where that is an address, else to the team', () => {
    const incident = opening('P1', policyWith()).incident;
    effects(incident, resolve);
    for (const owner of ['ben@example.com', 'team-shop']) {
      incident.do({
        kind: 'add-action',
        action: 'Add an alert',
        of: 'technical',
        owner,
        dueAt: null,
        by: 'a',
        via: 'api',
      });
    }
    const before = incident.must;
    const remind = (id: string) => {
      const event = { type: 'action-reminded', seq: 99, data: { id, overdue: true } };
      return react(before, [event as never], before, incident.policy.communication).effects;
    };
    expect(told(remind('A1'), 'email')).toEqual(['email reminder ben@example.com']);
    expect(remind('A1').find(({ channel }) => channel === 'email')?.message).toContain('Add an alert');
    expect(told(remind('A2'), 'email')).toEqual(['email reminder team']);
  });

  test('what stands in the way, with the update of a person, too', () => {
    const { incident } = opening('P1');
    const block = (text: string) => effects(incident, { kind: 'add-blocker', text, by: 'ada', via: 'api' });
    block('No access');
    const said = (list: readonly EffectIntent[]) => list.filter(({ message }) => message.includes('We look at it.'));
    const [line, ...others] = said(effects(incident, update)).filter(({ channel }) => channel !== 'webhook');
    expect(line).toMatchObject({
      ...{ channel: 'slack', kind: 'thread' },
      message: 'Status update by ada: We look at it.\nBlocked by: No access.',
    });
    expect(others.map(({ message }) => message)).toEqual(
      Array(2).fill('P1 on checkout. Update by ada: We look at it.\nBlocked by: No access.'),
    );
    effects(incident, { kind: 'clear-blocker', id: 'B1', by: 'ada', via: 'api' });
    for (const { message } of said(effects(incident, update))) expect(message).not.toContain('Blocked');
  });

  test('the view has what messages show: who commands, what blocks, what is due', () => {
    const { incident } = opening('P1');
    effects(incident, { kind: 'take-command', by: 'ada', via: 'api' });
    effects(incident, { kind: 'add-blocker', text: 'No access', by: 'ada', via: 'api' });
    const view = viewOf(incident.must, 'https://firebreak.example.com');
    expect(view).toMatchObject({ commander: 'ada', blockers: ['No access'], quiet: null, voided: null });
    expect(view.clocks.map(({ name }) => name)).toEqual(['update', 'acknowledge', 'restore']);
    effects(incident.after(HOUR), { kind: 'fire-timer', name: 'clock:restore' });
    expect(viewOf(incident.must, null).clocks.find(({ name }) => name === 'restore')?.state).toBe('breached');
  });
});
