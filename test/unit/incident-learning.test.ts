import type { Command } from '../../src/domain/incident/commands.ts';
import { nextReminderAt } from '../../src/domain/incident/decide-reminders.ts';
import type { EarlierIncident } from '../../src/domain/incident/recurrence.ts';
import { recurrenceOf } from '../../src/domain/incident/recurrence.ts';
import { timersOf } from '../../src/domain/incident/timers.ts';
import { iso } from '../../src/domain/time.ts';
import type { Incident } from './support/incident.ts';
import { HOUR, MINUTE, NOON, allResolved, opened, policyWith } from './support/incident.ts';

const DAY = 24 * HOUR;
const said = { by: 'ada', via: 'api' };
const action = (dueAt: number | null, owner: string | null = 'ben'): Command => ({
  ...{ kind: 'add-action', action: 'A test for empty carts', of: 'technical', owner, ...said },
  dueAt: dueAt === null ? null : iso(dueAt),
});
const change = (id: string, more: Partial<Extract<Command, { kind: 'change-action' }>>): Command => ({
  ...{ kind: 'change-action', id, ...said },
  ...more,
});
/** Fires the timer when it is due; what it says, in words. */
function fire(incident: Incident): string[] {
  const due = timersOf(incident.must, incident.policy).find(({ name }) => name === 'reminders')?.due;
  if (due === undefined) return ['no reminder'];
  incident.now = Math.max(incident.now, due);
  return incident.do({ kind: 'fire-timer', name: 'reminders' }).map((event) => {
    const what =
      event.type === 'action-reminded' ? `${event.data.id}${event.data.overdue ? ' overdue' : ''}` : event.type;
    return `day ${(incident.now - NOON) / DAY}: ${what}`;
  });
}

describe('an action item', () => {
  test('is reminded of before it is due, when it is overdue, and then weekly until it is done', () => {
    const incident = opened('P1');
    incident.do(action(NOON + 10 * DAY));
    expect([fire(incident), fire(incident), fire(incident), fire(incident)].flat()).toEqual([
      'day 8: A1',
      'day 10: A1 overdue',
      'day 17: A1 overdue',
      'day 24: A1 overdue',
    ]);
    incident.do(change('A1', { status: 'done' }));
    expect(fire(incident)).toEqual(['no reminder']);
    incident.do(change('A1', { status: 'open' }));
    expect(fire(incident)).toEqual(['day 31: A1 overdue']);
  });

  test('that is due soon is reminded of when it is due; one without a date never', () => {
    const incident = opened('P1');
    incident.do(action(null));
    expect(nextReminderAt(incident.must, incident.policy)).toBeNull();
    incident.do(action(NOON + DAY));
    expect(fire(incident)).toEqual(['day 1: A2 overdue']);
  });

  test('late, it is said once, and that it is overdue', () => {
    const incident = opened('P1');
    incident.do(action(NOON + 10 * DAY));
    incident.now = NOON + 20 * DAY;
    expect(fire(incident)).toEqual(['day 20: A1 overdue']);
    expect(incident.types({ kind: 'fire-timer', name: 'reminders' })).toEqual([]);
  });

  test('with a new date is reminded of anew', () => {
    const incident = opened('P1');
    incident.do(action(NOON + 10 * DAY));
    fire(incident);
    incident.do(change('A1', { dueAt: iso(NOON + 20 * DAY) }));
    expect(fire(incident)).toEqual(['day 18: A1']);
  });

  test('is reminded of after its incident is closed', () => {
    const incident = opened('P2');
    incident.do(action(NOON + 10 * DAY));
    incident.do(allResolved());
    incident.now = NOON + 2 * DAY;
    incident.do({ kind: 'fire-timer', name: 'monitoring' });
    expect(incident.must.status).toBe('closed');
    expect(fire(incident)).toEqual(['day 8: A1']);
  });

  test('is done before it is verified, and each word of it is recorded once', () => {
    const incident = opened('P1');
    incident.do(action(null));
    expect(() => incident.do(change('A1', { status: 'verified' }))).toThrow('not done yet');
    expect(incident.types(change('A1', { status: 'done' }))).toEqual(['action-changed']);
    expect(incident.types(change('A1', { status: 'done' }))).toEqual([]);
    expect(incident.types(change('A1', { status: 'verified', note: 'seen' }))).toEqual(['action-changed']);
    expect(() => incident.do(change('A7', { status: 'done' }))).toThrow('no action item A7');
  });
});

describe('the review', () => {
  test('falls due 30 days after the publication, is reminded of weekly, and ends when it is held', () => {
    const incident = opened('P2');
    incident.do(allResolved());
    incident.do({ kind: 'publish-postmortem', ...said });
    expect(incident.last('review-due').dueAt).toBe(iso(NOON + 30 * DAY));
    expect([fire(incident), fire(incident)].flat()).toEqual(['day 30: review-reminded', 'day 37: review-reminded']);
    incident.do({ kind: 'hold-review', text: 'all measures work', ...said });
    expect(fire(incident)).toEqual(['no reminder']);
    expect(incident.types({ kind: 'hold-review', text: 'again', ...said })).toEqual([]);
  });

  test('cannot be held where none is due; nothing is published of a false alarm', () => {
    const incident = opened('P2');
    expect(() => incident.do({ kind: 'hold-review', text: 'x', ...said })).toThrow('no review is due');
    incident.do({ kind: 'dismiss', because: 'the probe was broken', ...said });
    expect(() => incident.do({ kind: 'publish-postmortem', ...said })).toThrow('without a post-mortem');
  });
});

describe('a recurrence', () => {
  const earlier = (id: string, more: Partial<EarlierIncident> = {}): EarlierIncident => ({
    ...{ id, correlationKey: '["checkout","production"]', title: 'x', service: 'checkout', environment: 'production' },
    ...{ severity: 'P1', openedAt: iso(NOON - 10 * DAY), overAt: iso(NOON - 9 * DAY), alertNames: ['Other'] },
    ...{ categories: [], suspectId: null, actions: [] },
    ...more,
  });
  const of = (incident: Incident, ...others: readonly EarlierIncident[]) => {
    const found = recurrenceOf(incident.must, others, policyWith());
    return found === null ? null : [found.why, ...found.of];
  };
  const cause = (incident: Incident, category: 'capacity' | 'code-bug'): void => {
    incident.do({ kind: 'record-root-cause', category, summary: 'x', confidence: 1, evidence: [], ...said });
  };

  test('is of the strongest reason: the cause, else the alerts, else the service', () => {
    const incident = opened('P1');
    const service = earlier('INC-service');
    const alerts = earlier('INC-alerts', { alertNames: ['CheckoutDown', 'Other'] });
    const same = earlier('INC-cause', { categories: ['capacity'] });
    expect(of(incident)).toBeNull();
    expect(of(incident, service)).toEqual(['same-service', 'INC-service']);
    expect(of(incident, service, alerts, same)).toEqual(['same-alerts', 'INC-alerts']);
    cause(incident, 'code-bug');
    expect(of(incident, service, alerts, same)).toEqual(['same-alerts', 'INC-alerts']);
    cause(incident, 'capacity');
    expect(of(incident, service, alerts, same)).toEqual(['same-cause', 'INC-cause']);
    incident.do({ kind: 'judge-root-cause', id: 'H2', state: 'refuted', because: 'x', ...said });
    expect(of(incident, service, alerts, same)).toEqual(['same-alerts', 'INC-alerts']);
  });

  test('of the same suspect change is of the same cause, whatever service it is', () => {
    const incident = opened('P1', 'roll-back');
    incident.do({
      kind: 'plan-rollback',
      plan: { service: 'checkout', madeAt: iso(NOON), steps: [] },
      planHash: 'a'.repeat(64),
      rehearsal: [],
      suspect: { id: 'flag-7' },
    });
    expect(of(incident, earlier('INC-1', { service: 'search', suspectId: 'flag-7' }))).toEqual(['same-cause', 'INC-1']);
  });

  test.each<[string, Partial<EarlierIncident>]>([
    ['is not over when this one opens: it is the same trouble', { overAt: null }],
    ['ends after this one has opened', { overAt: iso(NOON + MINUTE) }],
    ['is older than the window', { openedAt: iso(NOON - 61 * DAY), overAt: iso(NOON - 60 * DAY) }],
    ['was in another environment', { environment: 'staging' }],
    ['was of another service', { service: 'search', correlationKey: 'other' }],
    ['is itself', { id: 'INC-20261123-120000' }],
  ])('is none of what %s', (_what, more) => {
    expect(of(opened('P1'), earlier('INC-1', more))).toBeNull();
  });

  test('names what is still open of it, newest first, and is recorded once', () => {
    const incident = opened('P1');
    const item = (id: string, status: 'open' | 'done') => ({
      ...{ id, action: `do ${id}`, kind: 'technical' as const, owner: 'ben', dueAt: null, status },
      ...{ addedAt: iso(NOON), remindedAt: null },
    });
    const others = [
      earlier('INC-old', { openedAt: iso(NOON - 20 * DAY), actions: [item('A1', 'open'), item('A2', 'done')] }),
      earlier('INC-new'),
    ];
    const found = recurrenceOf(incident.must, others, policyWith())!;
    expect(incident.types(found)).toEqual(['recurrence-recognised']);
    expect(incident.types(found)).toEqual([]);
    expect(incident.last('recurrence-recognised')).toEqual({
      why: 'same-service',
      of: ['INC-new', 'INC-old'],
      days: 60,
      openActions: [{ incidentId: 'INC-old', id: 'A1', action: 'do A1', owner: 'ben', dueAt: null }],
    });
  });

  test('a drill repeats nothing', () => {
    const incident = opened('P1', 'hold', policyWith(), { drill: true });
    expect(incident.types(recurrenceOf(incident.must, [earlier('INC-1')], policyWith())!)).toEqual([]);
  });
});
