import { iso } from '../../src/domain/time.ts';
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
  newsOf,
  opened,
  planOf,
  planned,
  plannedStep,
  policyWith,
  recovers,
  sampled,
  step,
} from './support/incident.ts';

/** Every step is done, a minute after the opening. */
const validating = (severity: 'P0' | 'P1' | 'P2' = 'P0', policy = policyWith()): Incident =>
  step(executing(opened(severity, 'roll-back', policy)));
const restoreTimer = { kind: 'fire-timer', name: 'clock:restore' } as const;
const restore = (incident: Incident) => incident.must.clocks.restore?.state;
const at = (incident: Incident, now: number): Incident => {
  incident.now = now;
  return incident;
};

describe('samples', () => {
  test.each([
    ['P0', 3, 10],
    ['P1', 5, 30],
    ['P2', 5, 30],
  ] as const)('%s: %d in a row that pass prove it', (severity, needed, every) => {
    const incident = validating(severity);
    for (let i = 1; i < needed; i += 1) {
      expect(incident.types(sampled('pass'))).toEqual(['recovery-sampled']);
      incident.after(every * SECOND);
    }
    expect(incident.types(sampled('pass'))).toContain('rollback-verdict');
    expect(incident.must.rollback?.verdict).toBe('recovered');
  });

  test.each(['fail', 'unknown'] as const)('one that is %s begins the count anew, and the time with it', (result) => {
    const incident = validating();
    for (const each of ['pass', 'pass', result, 'pass', 'pass'] as const) incident.after(10 * SECOND).do(sampled(each));
    expect(incident.must.rollback).toMatchObject({ stage: 'validating', recovery: { passes: 2, samples: 5 } });
    const first = incident.now - 10 * SECOND;
    incident.after(10 * SECOND).do(sampled('pass'));
    expect(incident.must.mitigatedAt).toBe(iso(first));
  });

  test.each([
    ['two minutes apart are in a row', 2 * MINUTE, 'recovered'],
    ['further apart are not: nobody looked in between', 2 * MINUTE + 1, null],
    ['of a clock that jumped back are not', -SECOND, null],
  ] as const)('%s', (_how, apart, verdict) => {
    const incident = validating();
    incident.do(sampled('pass'));
    incident.after(apart).do(sampled('pass'));
    incident.after(10 * SECOND).do(sampled('pass'));
    expect(incident.must.rollback?.verdict).toBe(verdict);
  });

  test('three in a row that are worse than before end it early', () => {
    const incident = validating();
    for (let i = 0; i < 3; i += 1) incident.after(10 * SECOND).do(sampled('fail', true));
    expect(incident.must.rollback).toMatchObject({ stage: 'finished', verdict: 'not-recovered' });
    expect(incident.must.status).toBe('open');
  });

  test('are taken only while it is validated', () => {
    for (const incident of [opened('P0'), opened('P0', 'roll-back'), executing(opened('P0', 'roll-back'))]) {
      expect(incident.types(sampled('pass'))).toEqual([]);
    }
    const stopped = step(executing(opened('P0', 'roll-back')), 0, 'failed');
    expect(stopped.types(sampled('pass'))).toEqual([]);
  });

  test.each([
    ['fail', 'not-recovered'],
    ['unknown', 'unknown'],
  ] as const)('at the deadline the last one decides: %s is %s', (result, verdict) => {
    const incident = validating();
    at(incident, Date.parse(incident.must.rollback!.validateUntil!) - 1).do(sampled(result));
    expect(incident.must.rollback?.verdict).toBeNull();
    expect(judged(incident, result).must.rollback?.verdict).toBe(verdict);
  });

  test('a passing run that is not long enough at the deadline proves nothing', () => {
    const incident = validating();
    at(incident, Date.parse(incident.must.rollback!.validateUntil!)).do(sampled('pass'));
    expect(incident.must.rollback?.verdict).toBe('unknown');
  });
});

describe('"recovered"', () => {
  test('restores the service as of the first sample of the run, whatever the alerts still say', () => {
    const incident = validating().after(MINUTE);
    const first = incident.now;
    recovers(incident);
    expect(incident.must).toMatchObject({ status: 'mitigated', mitigatedAt: iso(first), alertCounts: { firing: 1 } });
    expect(incident.last('incident-mitigated')).toMatchObject({ via: 'validation', at: iso(first) });
    expect(incident.must.clocks).toMatchObject({ restore: { state: 'met' }, acknowledge: { state: 'cancelled' } });
    expect(incident.all('clock-met').at(-1)).toEqual({ clock: 'restore', seconds: (first - NOON) / 1000 });
  });

  test('says nothing new of what its alerts had restored already', () => {
    const incident = validating();
    incident.do(allResolved());
    const { mitigatedAt } = incident.must;
    recovers(incident.after(MINUTE));
    expect(incident.all('incident-mitigated')).toHaveLength(1);
    expect(incident.must).toMatchObject({ mitigatedAt, rollback: { verdict: 'recovered' } });
  });

  test('of a P2: mitigated by it, resolved when its alerts are', () => {
    const incident = recovers(validating('P2'));
    expect(incident.must.status).toBe('mitigated');
    const { mitigatedAt } = incident.must;
    expect(incident.after(MINUTE).types(allResolved())).toEqual([
      'alerts-resolved',
      'incident-resolved',
      'clock-cancelled',
    ]);
    expect(incident.must).toMatchObject({ status: 'resolved', mitigatedAt, resolvedAt: iso(incident.now) });
  });

  test.each(['P0', 'P1'] as const)('of a %s: stays mitigated when its alerts resolve', (severity) => {
    const incident = recovers(validating(severity));
    expect(incident.types(allResolved())).toEqual(['alerts-resolved']);
    expect(incident.must.status).toBe('mitigated');
  });

  test('is not the end: an alert that joins brings it back', () => {
    const incident = recovers(validating());
    incident.after(MINUTE).do(firesAgain);
    expect(incident.must).toMatchObject({ status: 'open', decision: null, mitigatedAt: null });
  });

  test.each([
    ['watched', policyWith(), 30 * MINUTE],
    ['not watched, where that is turned off', policyWith({ watchSeconds: 0 }), null],
  ] as const)('is %s', (_what, policy, watched) => {
    const incident = recovers(validating('P0', policy));
    expect(incident.must.rollback?.watchUntil).toBe(watched === null ? null : iso(incident.now + watched));
  });

  test.each(['fail', 'unknown'] as const)('a verdict that is %s is not watched', (result) => {
    expect(judged(validating(), result).must.rollback?.watchUntil).toBeNull();
  });
});

describe('the restore clock is judged by the moment of the recovery', () => {
  const DEADLINE = NOON + 5 * MINUTE;

  test('a run that began in time meets it, though it is proved after the deadline', () => {
    const incident = at(validating(), DEADLINE);
    incident.do(sampled('pass'));
    expect(incident.after(5 * SECOND).types(restoreTimer)).toEqual([]);
    incident.after(5 * SECOND).do(sampled('pass'));
    incident.after(10 * SECOND).do(sampled('pass'));
    expect(restore(incident)).toBe('met');
    expect(incident.last('clock-met')).toEqual({ clock: 'restore', seconds: 300 });
  });

  test('a run that began a moment too late does not', () => {
    const incident = at(validating(), DEADLINE + 1);
    incident.do(sampled('pass'));
    expect(incident.types(restoreTimer)).toEqual(['clock-breached', 'page-requested']);
    recovers(incident);
    expect(restore(incident)).toBe('breached');
  });

  test('nor when the timer never came', () => {
    const incident = recovers(at(validating(), DEADLINE + MINUTE));
    expect(restore(incident)).toBe('breached');
    expect(incident.all('clock-breached')).toContainEqual({
      clock: 'restore',
      deadline: iso(DEADLINE),
      lateSeconds: 60,
    });
  });

  test.each(['fail', 'unknown'] as const)(
    'a run that breaks (%s) after the deadline has waited for nothing',
    (result) => {
      const incident = at(validating(), DEADLINE - SECOND);
      incident.do(sampled('pass'));
      expect(incident.after(2 * SECOND).types(restoreTimer)).toEqual([]);
      expect(incident.after(7 * SECOND).types(sampled(result))).toEqual([
        'recovery-sampled',
        'clock-breached',
        'page-requested',
      ]);
      expect(incident.last('clock-breached')).toEqual({ clock: 'restore', deadline: iso(DEADLINE), lateSeconds: 8 });
      recovers(incident.after(10 * SECOND));
      expect(incident.all('clock-breached').filter(({ clock }) => clock === 'restore')).toHaveLength(1);
    },
  );

  test('a run that breaks before the deadline breaches nothing, and may still come in time', () => {
    const incident = at(validating(), DEADLINE - MINUTE);
    incident.do(sampled('pass'));
    expect(incident.after(10 * SECOND).types(sampled('fail'))).toEqual(['recovery-sampled']);
    recovers(incident.after(10 * SECOND));
    expect(restore(incident)).toBe('met');
  });

  test('without any sample the timer breaches it', () => {
    expect(at(validating(), DEADLINE).types(restoreTimer)).toEqual(['clock-breached', 'page-requested']);
  });

  test('the other clocks do not wait for it', () => {
    const incident = at(validating(), DEADLINE);
    incident.do(sampled('pass'));
    expect(incident.types({ kind: 'fire-timer', name: 'clock:acknowledge' })).toEqual([
      'clock-breached',
      'page-requested',
    ]);
  });

  test('alerts that resolve in the middle of a run end it then', () => {
    const incident = at(validating(), DEADLINE - SECOND);
    incident.do(sampled('pass'));
    incident.after(2 * SECOND).do(allResolved());
    expect(incident.must.mitigatedAt).toBe(iso(incident.now));
  });

  test('a clock that was taken anew while the run was going on counts no time', () => {
    const incident = validating('P1');
    incident.do(sampled('pass'));
    incident.after(MINUTE).do({ kind: 'assess', assessment: assessmentOf('P0', 'roll-back') });
    incident.do(sampled('pass'));
    incident.do(sampled('pass'));
    expect(incident.last('clock-met')).toEqual({ clock: 'restore', seconds: 0 });
  });
});

describe('better before anything was changed', () => {
  const better = { kind: 'recover-without-us', because: 'errors are back at 0.4 %' } as const;

  test.each([
    ['asked for', () => opened('P1', 'roll-back')],
    ['announced', () => planned(opened('P1', 'roll-back'))],
    ['started, nothing sent', () => executing(opened('P1', 'roll-back'))],
  ] as const)('%s: it ends there, nobody is paged, and the incident goes on', (_when, make) => {
    const incident = make();
    expect(incident.types(better)).toEqual(['rollback-stopped', 'rollback-verdict']);
    expect(incident.must).toMatchObject({
      status: 'open',
      rollback: {
        stage: 'finished',
        verdict: 'recovered-without-us',
        because: 'errors are back at 0.4 %',
        watchUntil: null,
      },
    });
    expect(incident.types(better)).toEqual([]);
  });

  test('not once a step was sent, nor while it is validated', () => {
    const running = executing(opened('P1', 'roll-back'), planOf(plannedStep('api'), plannedStep('web')));
    running.do({ kind: 'intend-step', index: 0 });
    expect(running.types(better)).toEqual([]);
    expect(validating('P1').types(better)).toEqual([]);
    expect(opened('P1').types(better)).toEqual([]);
  });

  test.each([
    ['recovered-without-us', better],
    ['state-moved', { kind: 'stop-rollback', stop: { rail: 'state-moved', because: 'the rules say hold now' } }],
  ] as const)('the rules may ask for it again after %s, when they say so anew', (_rail, command) => {
    const incident = planned(opened('P1', 'roll-back'));
    incident.do(command);
    incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'hold') });
    incident.after(MINUTE).do({ kind: 'assess', assessment: assessmentOf('P1', 'roll-back') });
    expect(incident.must.rollback).toMatchObject({ stage: 'requested', requestedBy: 'rules', plan: null });
  });

  test('and after what came back, without another word in between: the decision of then is forgotten', () => {
    const incident = planned(opened('P1', 'roll-back'));
    incident.do(allResolved());
    incident.after(MINUTE).do(firesAgain);
    expect(incident.must.decision).toBeNull();
    incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'roll-back') });
    expect(incident.all('rollback-requested')).toHaveLength(2);
  });

  test.each(['cooldown', 'aborted', 'kill-switch', 'approval-expired'] as const)('but not after %s', (rail) => {
    const incident = planned(opened('P1', 'roll-back'));
    incident.do({ kind: 'stop-rollback', stop: { rail, because: 'of that' } });
    incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'hold') });
    incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'roll-back') });
    expect(incident.all('rollback-requested')).toHaveLength(1);
  });

  test('nor after what was carried out and then stopped, though the world had moved', () => {
    const incident = step(executing(opened('P1', 'roll-back'), planOf(plannedStep('api'), plannedStep('web'))));
    incident.do({ kind: 'stop-rollback', stop: { rail: 'state-moved', because: 'web changed' } });
    incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'hold') });
    incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'roll-back') });
    expect(incident.all('rollback-requested')).toHaveLength(1);
  });
});

describe('the watch', () => {
  const reverted = { kind: 'report-reverted', name: 'checkout', detail: 'argocd put r42 back' } as const;
  const watched = (): Incident => recovers(validating());

  test('says once that it did not stay, by whom, and wakes somebody though the service was restored', () => {
    const incident = watched().after(10 * MINUTE);
    expect(incident.types(reverted)).toEqual(['rollback-reverted', 'page-requested']);
    expect(incident.last('page-requested')).toEqual({
      reason: 'rollback-reverted',
      because: 'the rollback of checkout did not stay: argocd put r42 back',
    });
    expect(incident.types(reverted)).toEqual([]);
    expect(incident.after(HOUR).types({ kind: 'end-watch' })).toEqual([]);
  });

  test('ends at its end, once, and not before', () => {
    const incident = watched().after(30 * MINUTE - 1);
    expect(incident.types({ kind: 'end-watch' })).toEqual([]);
    expect(incident.after(1).types({ kind: 'end-watch' })).toEqual(['rollback-watched']);
    expect(incident.types({ kind: 'end-watch' })).toEqual([]);
    expect(incident.types(reverted)).toEqual([]);
  });

  test('what is moved long after its end is another story', () => {
    const incident = watched().after(3 * HOUR);
    expect(incident.types(reverted)).toEqual(['rollback-watched']);
    expect(incident.last('rollback-watched').because).toBe('nobody looked at the end of the watch');
  });

  test('goes on when a person resolves the incident, and wakes nobody for a closed one', () => {
    const incident = watched();
    incident.do({ kind: 'resolve', by: 'ada', via: 'api', because: 'fixed' });
    expect(incident.must.rollback?.watchUntil).not.toBeNull();
    incident.after(25 * HOUR).do({ kind: 'fire-timer', name: 'monitoring' });
    expect(incident.types(reverted)).not.toContain('page-requested');
  });

  test('is none where nothing was carried out', () => {
    const incident = planned(opened('P1', 'roll-back'));
    incident.do(allResolved());
    expect(incident.types(reverted)).toEqual([]);
  });
});

test('the baseline is frozen once, also when there is nothing to measure by', () => {
  const incident = opened('P1');
  expect(incident.must.baseline).toBeUndefined();
  expect(incident.types({ kind: 'freeze-baseline', baseline: null })).toEqual(['baseline-frozen']);
  expect(incident.must.baseline).toBeNull();
  expect(incident.types({ kind: 'freeze-baseline', baseline: null })).toEqual([]);
});

test('alerts that come and go while it is validated change nothing about the verdict', () => {
  const incident = validating('P1');
  incident.do({ kind: 'observe-alerts', news: newsOf({ firing: 2 }, ['Other']) });
  incident.do(allResolved());
  incident.do(firesAgain);
  expect(incident.must).toMatchObject({ status: 'open', rollback: { stage: 'validating', verdict: null } });
});

describe('where the service is measured', () => {
  const BASELINE = {
    from: iso(NOON - HOUR),
    to: iso(NOON - HOUR / 2),
    metrics: { errorRatio: { median: 0.004, p95: 0.007, mad: 0.001, samples: 31 } },
    missing: {},
  };
  const measured = (severity: 'P1' | 'P2' = 'P1'): Incident => {
    const incident = opened(severity, 'roll-back');
    incident.do({ kind: 'freeze-baseline', baseline: BASELINE });
    return executing(incident);
  };

  test('alerts that resolve while a step runs, or while it is validated, prove nothing: a dead service has no errors', () => {
    const running = measured();
    running.do({ kind: 'intend-step', index: 0 });
    running.do(allResolved());
    expect(running.must.status).toBe('open');
    const validated = step(measured());
    validated.do(allResolved());
    expect(validated.must).toMatchObject({ status: 'open', clocks: { restore: { state: 'running' } } });
  });

  test('before anything was changed they do', () => {
    const incident = measured();
    incident.do(allResolved());
    expect(incident.must).toMatchObject({ status: 'mitigated', rollback: { verdict: 'recovered-without-us' } });
  });

  test('a baseline without a metric measures nothing: then they count', () => {
    const incident = opened('P1', 'roll-back');
    incident.do({ kind: 'freeze-baseline', baseline: { ...BASELINE, metrics: {} } });
    step(executing(incident)).do(allResolved());
    expect(incident.must.status).toBe('mitigated');
  });

  test.each([
    ['P1', 'mitigated'],
    ['P2', 'resolved'],
  ] as const)('a %s whose alerts had resolved before its samples proved the recovery is %s', (severity, status) => {
    const incident = step(measured(severity));
    incident.do(allResolved());
    recovers(incident.after(MINUTE));
    expect(incident.must.status).toBe(status);
  });

  test('after a verdict that is not "recovered" it is restored when the rules find less, too', () => {
    const incident = step(measured());
    incident.do(allResolved());
    judged(incident, 'unknown');
    expect(incident.must.status).toBe('open');
    incident.after(MINUTE).do({ kind: 'assess', assessment: assessmentOf('P3', 'fix-forward') });
    expect(incident.must.status).toBe('mitigated');
  });
});
