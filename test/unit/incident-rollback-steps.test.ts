import { viewOf } from '../../src/domain/incident/view.ts';
import type { Incident } from './support/incident.ts';
import { MINUTE, executing, opened, planOf, planned, plannedStep, step } from './support/incident.ts';

const stage = (incident: Incident) => incident.must.rollback?.stage;
const two = (onFailure: 'stop' | 'continue' = 'stop') => planOf(plannedStep('api', onFailure), plannedStep('web'));
const start = { kind: 'start-rollback' } as const;

describe('abort', () => {
  const abort = { kind: 'abort-rollback', by: 'ada', via: 'slack', because: 'it is the database' } as const;

  test('during the hold: nothing was done, and it never starts', () => {
    const incident = planned(opened('P1', 'roll-back'));
    incident.do(abort);
    expect(incident.last('rollback-stopped')).toEqual({
      rail: 'aborted',
      because: 'ada aborted it via slack: it is the database',
      completed: [],
      evidence: null,
    });
    expect(incident.after(MINUTE).types(start)).toEqual([]);
    expect(incident.types(abort)).toEqual([]);
  });

  test('between steps: it says how far it came, and the next step is not taken', () => {
    const incident = step(executing(opened('P1', 'roll-back'), two()));
    incident.do(abort);
    expect(incident.last('rollback-stopped').completed).toEqual(['api']);
    expect(incident.types({ kind: 'intend-step', index: 1 })).toEqual([]);
  });

  test('with a step in flight: its result is still recorded, and changes nothing else', () => {
    const incident = executing(opened('P1', 'roll-back'), two());
    incident.do({ kind: 'intend-step', index: 0 });
    incident.do(abort);
    expect(incident.types({ kind: 'accept-step', index: 0, receipt: {}, alreadyThere: false })).toEqual([
      'rollback-step-accepted',
    ]);
    expect(incident.types({ kind: 'finish-step', index: 0, outcome: 'done', detail: 'done' })).toEqual([
      'rollback-step-finished',
    ]);
    expect(incident.must.rollback).toMatchObject({ stage: 'stopped', stoppedBy: 'aborted' });
  });

  test('is refused where there is nothing to abort', () => {
    expect(() => opened('P1').do(abort)).toThrow('no rollback to abort');
    expect(() => step(executing(opened('P1', 'roll-back'))).do(abort)).toThrow('every step is done already');
    const stopped = opened('P1', 'roll-back');
    stopped.do({ kind: 'stop-rollback', stop: { rail: 'cooldown', because: 'of that' } });
    expect(() => stopped.do(abort)).toThrow('over already');
  });
});

describe('steps', () => {
  test('go from intent to receipt to result, each an event, each once', () => {
    const incident = executing(opened('P0', 'roll-back'));
    const intend = { kind: 'intend-step', index: 0 } as const;
    expect(incident.types(intend)).toEqual(['rollback-step-intended']);
    expect(incident.last('rollback-step-intended')).toEqual({
      index: 0,
      name: 'checkout',
      target: 'kubernetes/eu-1/shop/deployment/checkout',
      from: 'r42',
      to: 'r41',
    });
    expect(incident.types(intend)).toEqual([]);
    const accept = { kind: 'accept-step', index: 0, receipt: { generation: 7 }, alreadyThere: false } as const;
    expect(incident.types(accept)).toEqual(['rollback-step-accepted']);
    expect(incident.types(accept)).toEqual([]);
    const finish = { kind: 'finish-step', index: 0, outcome: 'done', detail: 'ready' } as const;
    expect(incident.types(finish)).toEqual(['rollback-step-finished', 'rollback-validating']);
    expect(incident.types(finish)).toEqual([]);
    expect(incident.must.rollback?.steps[0]).toMatchObject({
      state: 'done',
      receipt: { generation: 7 },
      detail: 'ready',
    });
  });

  test('one that takes its time tells how far it is: what is new, and not more often than every 10 s', () => {
    const incident = executing(opened('P0', 'roll-back'));
    const progress = (detail: string) => ({ kind: 'progress-step', index: 0, detail }) as const;
    expect(incident.types(progress('0 of 3'))).toEqual([]);
    incident.do({ kind: 'intend-step', index: 0 });
    incident.do({ kind: 'accept-step', index: 0, receipt: {}, alreadyThere: false });
    expect(incident.after(9_999).types(progress('1 of 3'))).toEqual([]);
    expect(incident.after(1).types(progress('1 of 3'))).toEqual(['rollback-step-progressed']);
    expect(incident.last('rollback-step-progressed')).toEqual({ index: 0, name: 'checkout', detail: '1 of 3' });
    expect(viewOf(incident.must, null).rollback).toBe(
      'Rolling back checkout from r42 to r41: 0 of 1 steps done; checkout: 1 of 3',
    );
    expect(incident.after(MINUTE).types(progress('1 of 3'))).toEqual([]);
    expect(incident.types(progress('2 of 3'))).toEqual(['rollback-step-progressed']);
    expect(incident.after(5_000).types(progress('3 of 3, one restarts'))).toEqual([]);
    incident.do({ kind: 'finish-step', index: 0, outcome: 'done', detail: '3 of 3' });
    expect(incident.after(MINUTE).types(progress('4 of 3'))).toEqual([]);
    expect(incident.must.rollback?.steps[0]?.detail).toBe('3 of 3');
  });

  test('that do not exist, or whose turn it is not, give nothing', () => {
    const incident = planned(opened('P1', 'roll-back'));
    expect(incident.types({ kind: 'intend-step', index: 0 })).toEqual([]);
    executing(incident);
    for (const index of [-1, 1, 7]) {
      expect(incident.types({ kind: 'intend-step', index })).toEqual([]);
      expect(incident.types({ kind: 'finish-step', index, outcome: 'done', detail: '' })).toEqual([]);
    }
  });

  test.each(['failed', 'diverged'] as const)('one that %s stops the rest', (outcome) => {
    const incident = step(step(executing(opened('P1', 'roll-back'), two())), 1, outcome);
    expect(incident.must.rollback).toMatchObject({ stage: 'stopped', stoppedBy: 'step-failed' });
    expect(incident.last('rollback-stopped')).toMatchObject({
      because: `step web: it is ${outcome}`,
      completed: ['api'],
    });
  });

  test('one that may fail does not', () => {
    const incident = step(executing(opened('P1', 'roll-back'), two('continue')), 0, 'failed');
    expect(stage(incident)).toBe('executing');
    step(incident, 1);
    expect(stage(incident)).toBe('validating');
    expect(incident.must.rollback?.steps.map((each) => each.state)).toEqual(['failed', 'done']);
  });
});
