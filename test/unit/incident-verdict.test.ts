import { iso } from '../../src/domain/time.ts';
import type { Incident } from './support/incident.ts';
import {
  MINUTE,
  allResolved,
  executing,
  judged,
  opened,
  planOf,
  planned,
  plannedStep,
  policyWith,
  recovers,
  sampled,
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

test('alerts that resolve restore the service at once, but the verdict needs the passing run', () => {
  const incident = step(executing(opened('P1', 'roll-back')));
  incident.after(2 * MINUTE).do(allResolved());
  expect(incident.must).toMatchObject({ status: 'mitigated', rollback: { stage: 'validating', verdict: null } });
  recovers(incident);
  expect(incident.last('rollback-verdict')).toMatchObject({ verdict: 'recovered', seconds: 240 });
  expect(incident.must).toMatchObject({ status: 'mitigated', rollback: { stage: 'finished', verdict: 'recovered' } });
});

test('alerts that were gone before the last step was done prove nothing: it is validated all the same', () => {
  const incident = step(executing(opened('P1', 'roll-back'), two));
  incident.do(allResolved());
  expect(incident.must.rollback?.stage).toBe('executing');
  step(incident, 1);
  expect(incident.must.rollback).toMatchObject({ stage: 'validating', verdict: null });
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

test.each([
  ['recovered', recovers],
  ['not-recovered', (incident: Incident) => judged(incident, 'fail')],
  ['unknown', (incident: Incident) => judged(incident, 'unknown')],
] as const)('%s is recorded once, and is the last word', (verdict, reach) => {
  const incident = step(executing(opened('P0', 'roll-back')));
  reach(incident);
  expect(incident.must.rollback).toMatchObject({ stage: 'finished', verdict });
  expect(incident.types(sampled('pass'))).toEqual([]);
  incident.do(allResolved());
  expect(incident.must.rollback?.verdict).toBe(verdict);
  expect(incident.all('rollback-verdict')).toHaveLength(1);
});

test('there is none while steps run', () => {
  const incident = executing(opened('P0', 'roll-back'));
  expect(incident.types(sampled('pass'))).toEqual([]);
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
  const incident = recovers(step(executing(opened('P1', 'roll-back'))));
  incident.do(allResolved());
  incident.do(resolve);
  expect(incident.all('rollback-verdict')).toHaveLength(1);
  expect(incident.must.rollback?.verdict).toBe('recovered');
});
