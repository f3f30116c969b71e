import { iso } from '../../src/domain/time.ts';
import {
  MINUTE,
  allResolved,
  executing,
  opened,
  planOf,
  planned,
  plannedStep,
  policyWith,
  step,
} from './support/incident.ts';

const resolve = { kind: 'resolve', by: 'ada', via: 'api', because: 'the vendor is back' } as const;
const two = planOf(plannedStep('api'), plannedStep('web'));

test('after the last step the verdict has a deadline', () => {
  const incident = step(executing(opened('P1', 'roll-back')));
  expect(incident.must.rollback).toMatchObject({
    stage: 'validating',
    validateUntil: iso(incident.now + 15 * MINUTE),
    verdict: null,
  });
});

test('alerts that resolve prove it, and the time is counted from the start', () => {
  const incident = step(executing(opened('P1', 'roll-back')));
  incident.after(2 * MINUTE).do(allResolved());
  expect(incident.last('rollback-verdict')).toEqual({
    verdict: 'recovered',
    because: 'every step is done and all alerts have resolved',
    seconds: 120,
  });
  expect(incident.must).toMatchObject({ status: 'mitigated', rollback: { stage: 'finished', verdict: 'recovered' } });
});

test('alerts that were gone before the last step was done prove it with that step', () => {
  const incident = step(executing(opened('P1', 'roll-back'), two));
  incident.do(allResolved());
  expect(incident.must.rollback?.stage).toBe('executing');
  step(incident, 1);
  expect(incident.must.rollback).toMatchObject({ stage: 'finished', verdict: 'recovered' });
});

test.each([
  ['asked for', () => opened('P1', 'roll-back')],
  ['announced', () => planned(opened('P1', 'roll-back'))],
  ['awaiting approval', () => planned(opened('P1', 'roll-back', policyWith({ mode: 'approve' })))],
  ['started, nothing sent', () => executing(opened('P1', 'roll-back'))],
] as const)('%s: what recovers before anything was changed recovered without us', (_name, make) => {
  const incident = make();
  incident.do(allResolved());
  expect(incident.last('rollback-stopped')).toMatchObject({ rail: 'recovered-without-us', completed: [] });
  expect(incident.must.rollback).toMatchObject({ stage: 'finished', verdict: 'recovered-without-us' });
  expect(incident.types({ kind: 'start-rollback' })).toEqual([]);
  expect(incident.types({ kind: 'intend-step', index: 0 })).toEqual([]);
});

test.each(['recovered', 'not-recovered', 'unknown'] as const)(
  '%s is recorded once, and is the last word',
  (verdict) => {
    const incident = step(executing(opened('P0', 'roll-back')));
    incident.do({ kind: 'reach-verdict', verdict, because: 'measured' });
    expect(incident.must.rollback).toMatchObject({ stage: 'finished', verdict, because: 'measured' });
    expect(incident.types({ kind: 'reach-verdict', verdict: 'recovered', because: 'again' })).toEqual([]);
    incident.do(allResolved());
    expect(incident.must.rollback?.verdict).toBe(verdict);
  },
);

test('there is none while steps run', () => {
  const incident = executing(opened('P0', 'roll-back'));
  expect(incident.types({ kind: 'reach-verdict', verdict: 'recovered', because: 'x' })).toEqual([]);
});

describe('a person resolves it while alerts still fire', () => {
  test('that proves no recovery: the verdict is unknown, and says who said what', () => {
    const incident = step(executing(opened('P1', 'roll-back')));
    incident.do(resolve);
    expect(incident.must.rollback).toMatchObject({ stage: 'finished', verdict: 'unknown' });
    expect(incident.last('rollback-verdict').because).toBe('ada resolved the incident while 1 alert still fired');
  });

  test('a rollback that had not begun is stopped by that person, and nothing claims a recovery', () => {
    const incident = planned(opened('P1', 'roll-back'));
    incident.do(resolve);
    expect(incident.last('rollback-stopped')).toMatchObject({
      rail: 'aborted',
      because: 'ada resolved the incident via api: the vendor is back',
    });
    expect(incident.all('rollback-verdict')).toEqual([]);
  });

  test('what is in flight is still followed to its end', () => {
    const incident = executing(opened('P1', 'roll-back'), two);
    incident.do({ kind: 'intend-step', index: 0 });
    incident.do(resolve);
    expect(incident.must.rollback?.stage).toBe('executing');
  });
});

test('a person resolves what had recovered: nothing is left to say about the rollback', () => {
  const incident = step(executing(opened('P1', 'roll-back')));
  incident.do(allResolved());
  incident.do(resolve);
  expect(incident.all('rollback-verdict')).toHaveLength(1);
  expect(incident.must.rollback?.verdict).toBe('recovered');
});
