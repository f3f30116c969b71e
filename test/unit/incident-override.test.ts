import { iso } from '../../src/domain/time.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { Incident } from './support/incident.ts';
import {
  HOUR,
  MINUTE,
  NOON,
  SECOND,
  allResolved,
  assessmentOf,
  executing,
  firesAgain,
  judged,
  opened,
  planOf,
  planned,
  plannedStep,
  policyWith,
  recovers,
  service,
  stanceOf,
  step,
} from './support/incident.ts';

const start = { kind: 'start-rollback' } as const;
const byHand = (because = 'I know what it is') =>
  ({ kind: 'request-rollback', by: 'ada', via: 'slack', because }) as const;
const undo = { kind: 'undo-rollback', by: 'ada', via: 'api', because: 'it was not the deployment' } as const;
const carriedOut = (): Incident => step(executing(opened('P1', 'roll-back')));
/** The way back, as it is planned. */
const back = (plan: Plan = planOf()): Plan => ({
  ...plan,
  steps: plan.steps.map(({ config, target }) => ({ config, target: { ...target, from: target.to, to: target.from } })),
});

describe('a person starts a rollback', () => {
  test.each(['P0', 'P1', 'P2', 'P3'] as const)(
    'of a %s that the rules would not have: at once, without a hold',
    (severity) => {
      const incident = opened(severity, 'hold');
      expect(incident.types(byHand())).toEqual(['rollback-requested']);
      expect(incident.last('rollback-requested')).toEqual({
        by: 'ada',
        because: 'ada asked for it via slack: I know what it is',
        mode: 'auto',
        service: 'checkout',
        purpose: 'roll-back',
      });
      planned(incident);
      expect(incident.must.rollback?.startsAt).toBe(iso(NOON));
      expect(incident.types(start)).toEqual(['rollback-started']);
    },
  );

  test.each(['off', 'shadow', 'approve'] as const)('past the mode %s, which is for automation', (mode) => {
    const incident = opened('P1', 'hold', policyWith({ mode }));
    incident.do(byHand());
    expect(planned(incident).must.rollback).toMatchObject({ stage: 'announced', mode: 'auto' });
  });

  test('past a rail that stopped automation, and past what the rules say meanwhile', () => {
    const incident = opened('P1', 'roll-back');
    incident.do({ kind: 'stop-rollback', stop: { rail: 'cooldown', because: 'of that' } });
    incident.do(byHand());
    incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'fix-forward') });
    expect(planned(incident).must.rollback).toMatchObject({ stage: 'announced', requestedBy: 'ada' });
  });

  test('and from then on the rules leave it to people, though nothing came of it', () => {
    const incident = opened('P1', 'hold');
    incident.do(byHand());
    incident.do({ kind: 'stop-rollback', stop: { rail: 'state-moved', because: 'it changed meanwhile' } });
    incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'roll-back') });
    expect(incident.all('rollback-requested')).toHaveLength(1);
  });

  test('in the sandbox it is only rehearsed', () => {
    const incident = opened('P0', 'hold', policyWith({ rehearseOnly: true }));
    incident.do(byHand());
    expect(planned(incident).must.rollback?.stage).toBe('shadowed');
    expect(incident.types(start)).toEqual([]);
  });

  test('not past the kill switch', () => {
    const incident = opened('P0', 'hold', policyWith({ killSwitch: true }));
    expect(() => incident.do(byHand())).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect(incident.must.rollback).toBeNull();
  });

  test.each([
    ['requested', () => opened('P1', 'roll-back')],
    ['announced', () => planned(opened('P1', 'roll-back'))],
    ['awaiting approval', () => planned(opened('P1', 'roll-back', policyWith({ mode: 'approve' })))],
    ['executed', () => executing(opened('P1', 'roll-back'))],
    ['validated', () => carriedOut()],
  ] as const)('not while one is %s: two would undo each other', (_stage, make) => {
    const incident = make();
    for (const command of [byHand(), undo]) expect(() => incident.do(command)).toThrow('a rollback is under way');
  });

  test.each(['intended', 'accepted'] as const)('not while a step of the one before is in flight: %s', (state) => {
    const incident = executing(opened('P1', 'roll-back'), two);
    incident.do({ kind: 'intend-step', index: 0 });
    if (state === 'accepted') incident.do({ kind: 'accept-step', index: 0, receipt: {}, alreadyThere: false });
    incident.do({ kind: 'abort-rollback', by: 'ada', via: 'slack', because: 'no' });
    for (const command of [byHand(), undo]) {
      expect(() => incident.do(command)).toThrow(expect.objectContaining({ code: 'conflict' }));
    }
    incident.do({ kind: 'finish-step', index: 0, outcome: 'done', detail: 'ready' });
    expect(incident.types(byHand())).toEqual(['rollback-requested']);
  });

  test('not of a service without a plan', () => {
    const incident = opened('P1', 'hold', policyWith({}, { services: { checkout: service(null) } }));
    expect(() => incident.do(byHand())).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  test('not of what is closed', () => {
    const incident = opened('P2');
    incident.do(allResolved());
    incident.after(25 * HOUR).do({ kind: 'fire-timer', name: 'monitoring' });
    expect(() => incident.do(byHand())).toThrow('is closed');
  });

  test('of a dependency whose change is suspected, where that has a plan; else of its own', () => {
    const suspecting = (services: ReturnType<typeof policyWith>['services']): Incident => {
      const incident = opened('P1', 'hold', policyWith({}, { services }));
      const facts = { suspectChange: { id: 'db-7', service: 'database' } };
      incident.do({
        kind: 'assess',
        assessment: { ...assessmentOf('P1'), rollback: { ...stanceOf('evaluate'), facts } },
      });
      incident.do(byHand());
      return incident;
    };
    const own = service({ mode: null, steps: [plannedStep('checkout').config] });
    const database = service({ mode: null, steps: [plannedStep('database').config] });
    expect(suspecting({ checkout: own, database }).must.rollback?.service).toBe('database');
    expect(suspecting({ checkout: own, database: service(null) }).must.rollback?.service).toBe('checkout');
  });
});

describe('the rules roll back a dependency', () => {
  const assessed = (services: ReturnType<typeof policyWith>['services']): Incident => {
    const incident = opened('P1', 'hold', policyWith({}, { services }));
    const facts = { suspectChange: { id: 'db-7', service: 'database' } };
    incident.do({
      kind: 'assess',
      assessment: { ...assessmentOf('P1'), rollback: { ...stanceOf('roll-back'), facts } },
    });
    return incident;
  };
  const checkout = service({ mode: null, steps: [plannedStep('checkout').config] });

  test('by its own plan and in its own mode', () => {
    const database = service({ mode: 'approve', steps: [plannedStep('database').config] });
    expect(assessed({ checkout, database }).must.rollback).toMatchObject({ service: 'database', mode: 'approve' });
  });

  test('and not the service itself where the dependency has no plan', () => {
    expect(assessed({ checkout }).last('rollback-stopped')).toMatchObject({
      rail: 'plan-missing',
      because: 'no rollback plan is written for database',
    });
  });
});

describe('a person undoes a rollback', () => {
  test.each([
    ['that helped', () => recovers(carriedOut())],
    ['that did not', () => judged(carriedOut(), 'fail')],
    ['that was stopped half way', () => step(step(executing(opened('P1', 'roll-back'), two)), 1, 'failed')],
  ] as const)('one %s: to what was left, at once', (_which, make) => {
    const incident = make();
    const left = incident.must.rollback!.plan;
    expect(incident.types(undo)).toEqual(['rollback-requested']);
    expect(incident.must.rollback).toMatchObject({
      stage: 'requested',
      purpose: 'undo',
      plan: null,
      service: 'checkout',
    });
    expect(incident.must.rollback?.undoes).toEqual(left);
    expect(planned(incident, back(left!)).types(start)).toEqual(['rollback-started']);
  });

  test('and the version is no longer called bad: it was not the deployment', () => {
    const incident = carriedOut();
    expect(incident.must.badVersions).toEqual(['uid-r42', 'r42']);
    recovers(incident).do(undo);
    step(executing(incident, back()));
    expect(incident.must.badVersions).toEqual([]);
  });

  test.each([
    ['nothing was asked for', () => opened('P1')],
    ['a rail stopped it before', () => stoppedEarly()],
    ['it was only rehearsed', () => planned(opened('P1', 'roll-back', policyWith({ mode: 'shadow' })))],
  ] as const)('not where %s', (_why, make) => {
    expect(() => make().do(undo)).toThrow('there is nothing to undo');
  });

  test('not past the kill switch', () => {
    const incident = recovers(carriedOut());
    incident.policy = policyWith({ killSwitch: true });
    expect(() => incident.do(undo)).toThrow('the kill switch is on');
  });

  test('in the sandbox it is only rehearsed', () => {
    const incident = recovers(carriedOut());
    incident.policy = policyWith({ rehearseOnly: true });
    incident.do(undo);
    expect(planned(incident, back()).must.rollback?.stage).toBe('shadowed');
  });

  test('again, where the first try did not get through', () => {
    const incident = recovers(carriedOut());
    incident.do(undo);
    incident.do({ kind: 'stop-rollback', stop: { rail: 'target-unresolved', because: 'it did not answer' } });
    incident.do(undo);
    expect(incident.must.rollback?.undoes).toEqual(planOf());
  });

  test('and what was asked for and never carried out in between does not hide it', () => {
    const incident = recovers(carriedOut());
    incident.do(byHand());
    incident.do({ kind: 'stop-rollback', stop: { rail: 'already-there', because: 'r41 runs' } });
    incident.do(undo);
    expect(incident.must.rollback?.undoes).toEqual(planOf());
  });

  test('and undoes the undo', () => {
    const incident = recovers(carriedOut());
    incident.do(undo);
    judged(step(executing(incident, back())), 'fail');
    incident.do(undo);
    expect(incident.must.rollback?.undoes).toEqual(back());
  });

  test('and the rules do not roll back again after it', () => {
    const incident = judged(carriedOut(), 'fail');
    incident.do(undo);
    incident.do({ kind: 'stop-rollback', stop: { rail: 'state-moved', because: 'it changed meanwhile' } });
    incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'hold') });
    incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'roll-back') });
    expect(incident.must.rollback).toMatchObject({ stage: 'stopped', purpose: 'undo' });
  });
});

describe('a fix is declared', () => {
  const fix = (seconds: number, by = 'ada') => ({ kind: 'declare-fix', by, via: 'slack', seconds }) as const;

  test('in the hold: the rollback waits for it, and then goes ahead by itself', () => {
    const incident = planned(opened('P1', 'roll-back')).after(20 * SECOND);
    expect(incident.types(fix(240))).toEqual(['fix-declared']);
    const until = incident.now + 240 * SECOND;
    expect(incident.must).toMatchObject({ fix: { by: 'ada', until: iso(until) }, rollback: { startsAt: iso(until) } });
    incident.now = until - 1;
    expect(incident.types(start)).toEqual([]);
    expect(incident.after(1).types(start)).toEqual(['rollback-started']);
  });

  test.each([
    ['before anything was decided', () => opened('P1', 'hold')],
    ['while the rollback is being prepared', () => opened('P1', 'roll-back')],
  ] as const)('%s: the rollback that is planned after it waits just as long, and no longer', (_when, make) => {
    const incident = make();
    incident.do(fix(240));
    incident.after(30 * SECOND).do({ kind: 'assess', assessment: assessmentOf('P1', 'roll-back') });
    planned(incident);
    expect(incident.must.rollback?.startsAt).toBe(iso(NOON + 240 * SECOND));
  });

  test('a plan that comes after its time starts at once: the hold is given once an incident', () => {
    const incident = opened('P1', 'roll-back');
    incident.do(fix(10));
    planned(incident.after(MINUTE));
    expect(incident.must.rollback?.startsAt).toBe(iso(incident.now));
  });

  test('shorter than the hold is left: the rollback starts when it should work', () => {
    const incident = planned(opened('P1', 'roll-back'));
    incident.do(fix(10));
    expect(incident.must.rollback?.startsAt).toBe(iso(NOON + 10 * SECOND));
  });

  test('moves nobody who decided already: a person starts a rollback at once all the same', () => {
    const incident = opened('P1', 'hold');
    incident.do(fix(240));
    incident.do(byHand());
    expect(planned(incident).must.rollback?.startsAt).toBe(iso(NOON));
  });

  test('once an incident, by whomever', () => {
    const incident = planned(opened('P1', 'roll-back'));
    incident.do(fix(240));
    expect(() => incident.after(MINUTE).do(fix(240, 'bob'))).toThrow(
      'ada has declared a fix already: once an incident',
    );
    incident.do(allResolved());
    incident.do(firesAgain);
    expect(() => incident.do(fix(240, 'bob'))).toThrow(expect.objectContaining({ code: 'conflict' }));
  });

  test.each([300, 301, 0, -1, Number.NaN, Number.POSITIVE_INFINITY])('%s s is no near fix', (seconds) => {
    expect(() => planned(opened('P1', 'roll-back')).do(fix(seconds))).toThrow(
      expect.objectContaining({ code: 'invalid' }),
    );
  });

  test('299 s is', () => {
    expect(planned(opened('P1', 'roll-back')).types(fix(299))).toEqual(['fix-declared']);
  });

  test.each([
    ['for a P0: that is rolled back at once', () => planned(opened('P0', 'roll-back')), 'a P0 is rolled back at once'],
    ['once it runs', () => executing(opened('P1', 'roll-back')), 'the rollback has begun'],
    ['once it is validated', () => carriedOut(), 'the rollback has begun'],
    ['for what is restored', () => resolvedOf('P1'), 'is mitigated'],
    ['for what is over', () => resolvedOf('P2'), 'is resolved'],
  ] as const)('not %s', (_when, make, message) => {
    expect(() => make().do(fix(60))).toThrow(message);
  });

  test('an approval after it starts the rollback at once', () => {
    const incident = planned(opened('P1', 'roll-back'));
    incident.do(fix(240));
    incident.do({ kind: 'approve-rollback', by: 'bob', via: 'slack', planHash: null });
    expect(incident.types(start)).toEqual(['rollback-started']);
  });

  test('an abort in its time holds', () => {
    const incident = planned(opened('P1', 'roll-back'));
    incident.do(fix(240));
    incident.do({ kind: 'abort-rollback', by: 'ada', via: 'slack', because: 'fixed' });
    expect(incident.after(240 * SECOND).types(start)).toEqual([]);
  });
});

const two = planOf(plannedStep('api'), plannedStep('web'));

function stoppedEarly(): Incident {
  const incident = planned(opened('P1', 'roll-back'));
  incident.do({ kind: 'stop-rollback', stop: { rail: 'cooldown', because: 'of that' } });
  return incident;
}

function resolvedOf(severity: 'P1' | 'P2'): Incident {
  const incident = opened(severity);
  incident.do(allResolved());
  return incident;
}
