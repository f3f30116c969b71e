import { iso } from '../../src/domain/time.ts';
import {
  MINUTE,
  NOON,
  PLAN_HASH,
  SECOND,
  allResolved,
  assessmentOf,
  executing,
  opened,
  openingOf,
  planOf,
  planned,
  plannedStep,
  policyWith,
  service,
  step,
  Incident,
  newsOf,
} from './support/incident.ts';

const stage = (incident: Incident) => incident.must.rollback?.stage;
const two = (onFailure: 'stop' | 'continue' = 'stop') => planOf(plannedStep('api', onFailure), plannedStep('web'));
const start = { kind: 'start-rollback' } as const;

describe('whether it is asked for', () => {
  test.each(['hold', 'evaluate', 'fix-forward'] as const)('%s asks for none', (action) => {
    const incident = opened('P0', action);
    expect(incident.must).toMatchObject({ rollback: null, decision: { action, mode: 'auto' } });
  });

  test('roll-back does, once an incident, however often the rules say so', () => {
    const incident = opened('P1', 'roll-back');
    expect(incident.last('rollback-requested')).toEqual({
      by: 'rules',
      because: 'it says roll-back',
      mode: 'auto',
      service: 'checkout',
    });
    incident.do({ kind: 'stop-rollback', stop: { rail: 'cooldown', because: 'of that' } });
    for (const severity of ['P0', 'P1', 'P0'] as const) {
      incident.do({ kind: 'assess', assessment: assessmentOf(severity, 'roll-back') });
    }
    expect(incident.all('rollback-requested')).toHaveLength(1);
  });

  test('the same decision again says nothing', () => {
    const incident = opened('P0', 'roll-back');
    expect(incident.types({ kind: 'assess', assessment: assessmentOf('P0', 'roll-back') })).toEqual([]);
  });

  test.each([
    ['plan-missing', policyWith({}, { services: { checkout: service(null) } })],
    ['plan-missing', policyWith({}, { services: {} })],
    ['mode', policyWith({ mode: 'off' })],
    ['mode', policyWith({}, { services: { checkout: service({ mode: 'off', steps: [] }) } })],
    ['kill-switch', policyWith({ killSwitch: true })],
  ] as const)('%s stops it at once, after it was asked for', (rail, policy) => {
    const incident = opened('P0', 'roll-back', policy);
    expect(incident.all('rollback-requested')).toHaveLength(1);
    expect(incident.must.rollback).toMatchObject({ stage: 'stopped', stoppedBy: rail });
    expect(incident.last('rollback-stopped')).toMatchObject({ rail, completed: [], evidence: null });
  });

  test('without a service there is no plan', () => {
    const incident = new Incident();
    incident.do({ kind: 'open', opening: openingOf({ service: null }), news: newsOf({ firing: 1 }, ['A']) });
    incident.do({ kind: 'assess', assessment: assessmentOf('P0', 'roll-back') });
    expect(incident.last('rollback-stopped')).toMatchObject({
      rail: 'plan-missing',
      because: 'no rollback plan is written for an unknown service',
    });
  });

  test.each([
    ['auto', 'shadow', 'shadow'],
    ['shadow', 'auto', 'shadow'],
    ['approve', 'auto', 'approve'],
    ['auto', null, 'auto'],
    ['approve', null, 'approve'],
  ] as const)('global %s and service %s make %s', (mode, own, expected) => {
    const policy = policyWith({ mode }, { services: { checkout: service({ mode: own, steps: [] }) } });
    expect(opened('P0', 'roll-back', policy).must.rollback?.mode).toBe(expected);
  });
});

describe('the plan', () => {
  test.each([
    ['P0', 0],
    ['P1', 60],
    ['P2', 60],
  ] as const)('auto: %s is announced %d s before it starts', (severity, hold) => {
    const incident = planned(opened(severity, 'roll-back').after(SECOND));
    expect(incident.last('rollback-announced')).toEqual({
      planHash: PLAN_HASH,
      startsAt: iso(NOON + SECOND + hold * SECOND),
      summary: 'checkout from r42 to r41',
      estimate: { seconds: 300, from: 'timeouts', of: 0 },
    });
    if (hold > 0) expect(incident.types(start)).toEqual([]);
    expect(incident.after(hold * SECOND).types(start)).toEqual(['rollback-started']);
    expect(incident.types(start)).toEqual([]);
  });

  test('shadow: it says what it would have done, and nothing can start it', () => {
    const incident = planned(opened('P0', 'roll-back', policyWith({ mode: 'shadow' })));
    expect(incident.last('rollback-shadowed').summary).toBe('would have rolled back checkout from r42 to r41');
    expect(incident.types(start)).toEqual([]);
    expect(incident.types({ kind: 'intend-step', index: 0 })).toEqual([]);
    incident.do(allResolved());
    expect(incident.must.rollback).toMatchObject({ stage: 'shadowed', verdict: null });
  });

  test('comes once: a second one changes nothing', () => {
    const incident = planned(opened('P1', 'roll-back'));
    const before = incident.must;
    planned(incident, two());
    expect(incident.must).toEqual(before);
  });

  test('is not taken for what was stopped meanwhile', () => {
    const incident = opened('P1', 'roll-back');
    incident.do({ kind: 'abort-rollback', by: 'ada', via: 'slack', because: 'no' });
    planned(incident);
    expect(incident.all('rollback-planned')).toEqual([]);
  });
});

describe('approval', () => {
  const awaiting = () => planned(opened('P0', 'roll-back', policyWith({ mode: 'approve' })));
  const approve = (planHash: string | null = PLAN_HASH) =>
    ({ kind: 'approve-rollback', by: 'ada', via: 'slack', planHash }) as const;

  test('is waited for, with an end', () => {
    expect(awaiting().last('rollback-awaits-approval')).toEqual({
      planHash: PLAN_HASH,
      until: iso(NOON + 15 * MINUTE),
      summary: 'checkout from r42 to r41',
    });
  });

  test('starts it at once', () => {
    const incident = awaiting().after(MINUTE);
    expect(incident.types(approve())).toEqual(['rollback-approved', 'rollback-announced']);
    expect(incident.must.rollback).toMatchObject({ approvedBy: 'ada', startsAt: iso(incident.now) });
    expect(incident.types(start)).toEqual(['rollback-started']);
  });

  test('a second click is no error and nothing more', () => {
    const incident = awaiting();
    incident.do(approve());
    expect(incident.types(approve())).toEqual([]);
    step(executing(incident));
    expect(incident.types(approve())).toEqual([]);
  });

  test('of another plan than the one shown is refused', () => {
    const incident = awaiting();
    expect(() => incident.do(approve('b'.repeat(64)))).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect(stage(incident)).toBe('awaiting-approval');
  });

  test('that comes too late stops it and wakes somebody, and so does the timer', () => {
    const late = awaiting().after(15 * MINUTE + 1);
    expect(late.types(approve())).toEqual(['rollback-stopped', 'page-requested']);
    const timer = { kind: 'fire-timer', name: 'rollback-approval' } as const;
    const incident = awaiting().after(14 * MINUTE);
    expect(incident.types(timer)).toEqual([]);
    expect(incident.after(MINUTE).types(timer)).toEqual(['rollback-stopped', 'page-requested']);
    expect(incident.must.rollback?.stoppedBy).toBe('approval-expired');
    expect(() => incident.do(approve())).toThrow('no rollback awaits approval');
  });

  test('in the hold: it need not wait longer, and is given once', () => {
    const incident = planned(opened('P1', 'roll-back')).after(20 * SECOND);
    expect(incident.types(approve())).toEqual(['rollback-approved', 'rollback-announced']);
    expect(incident.must.rollback).toMatchObject({
      stage: 'announced',
      approvedBy: 'ada',
      startsAt: iso(incident.now),
    });
    expect(incident.types(approve())).toEqual([]);
    expect(incident.types(start)).toEqual(['rollback-started']);
    expect(incident.types(approve())).toEqual([]);
  });

  test('of another plan than the one shown is refused in the hold, too', () => {
    const incident = planned(opened('P1', 'roll-back'));
    expect(() => incident.do(approve('b'.repeat(64)))).toThrow('the plan has changed since it was shown');
    expect(incident.types(start)).toEqual([]);
  });

  test.each([
    ['nothing was asked for', () => opened('P0')],
    ['no plan is made yet', () => opened('P0', 'roll-back')],
    ['it has begun', () => executing(opened('P0', 'roll-back'))],
    ['it is over', () => step(executing(opened('P0', 'roll-back')), 0, 'failed')],
    ['it was only rehearsed', () => planned(opened('P0', 'roll-back', policyWith({ mode: 'shadow' })))],
  ] as const)('is refused where none is waited for: %s', (_name, make) => {
    const incident = make();
    expect(() => incident.do(approve())).toThrow('no rollback awaits approval');
  });
});
