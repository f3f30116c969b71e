import type { Command } from '../../src/domain/incident/commands.ts';
import { fold } from '../../src/domain/incident/evolve.ts';
import { tally } from '../../src/domain/incident/tally.ts';
import { timersOf } from '../../src/domain/incident/timers.ts';
import type { Incident } from './support/incident.ts';
import {
  HOUR,
  MINUTE,
  allResolved,
  assessmentOf,
  firesAgain,
  opened,
  planned,
  policyWith,
  routingOf,
  service,
  step,
  executing,
  judged,
  planOf,
  plannedStep,
} from './support/incident.ts';

const ada = { by: 'ada', via: 'api' } as const;
const dismiss: Command = { kind: 'dismiss', ...ada, because: 'the probe was wrong' };
const merge = (into = 'INC-2'): Command => ({ kind: 'merge', ...ada, into, because: 'the same database' });
const absorb = (changes: Partial<Extract<Command, { kind: 'absorb' }>> = {}): Command => ({
  kind: 'absorb',
  ...ada,
  from: 'INC-3',
  title: 'Cart is slow',
  service: 'cart',
  severity: 'P2',
  alertNames: ['CartSlow'],
  counts: { firing: 1, resolved: 0 },
  ...changes,
});
const quiet = (kind: 'maintenance' | 'silenced' | 'storm'): Command => ({
  kind: 'set-quiet',
  quiet: { kind, because: 'of that', until: null },
});
const clear = (kind: 'maintenance' | 'silenced' | 'storm'): Command => ({
  kind: 'clear-quiet',
  of: kind,
  because: 'it is over',
});
const figures = (incident: Incident) =>
  incident.events.flatMap((event, i) => tally(event, fold(incident.events.slice(0, i + 1))!, 'checkout'));

test('command is taken from whoever has it; who acknowledges has it first', () => {
  const incident = opened('P1');
  incident.do({ kind: 'acknowledge', ...ada });
  expect(incident.must.commander).toBe('ada');
  expect(incident.types({ kind: 'take-command', by: 'bob', via: 'slack' })).toEqual(['commander-taken']);
  expect(incident.types({ kind: 'take-command', by: 'bob', via: 'slack' })).toEqual([]);
  expect(incident.must).toMatchObject({ commander: 'bob', acknowledgedBy: 'ada' });
});

describe('a false alarm', () => {
  test('is closed with all that runs, and asks for the rule to be mended by the owner', () => {
    const policy = policyWith({}, { services: { checkout: service(null, { owner: 'team-shop' }) } });
    const incident = opened('P1', 'hold', policy).after(HOUR);
    expect(incident.types(dismiss)).toEqual([
      'incident-dismissed',
      'clock-cancelled',
      'clock-cancelled',
      'clock-cancelled',
      'action-added',
    ]);
    expect(incident.must).toMatchObject({ status: 'closed', dismissed: { by: 'ada', because: 'the probe was wrong' } });
    expect(incident.must.actions).toMatchObject([{ owner: 'team-shop', status: 'open' }]);
    expect(incident.must.actions[0]?.action).toContain('CheckoutDown');
    expect(timersOf(incident.must, policy)).toEqual([]);
    expect(incident.types(dismiss)).toEqual([]);
  });

  test('counts nothing from then on but that it was one, and a deadline that nobody noticed is no breach', () => {
    const incident = opened('P1').after(HOUR);
    const before = figures(incident).length;
    incident.do(dismiss);
    incident.do({ kind: 'add-note', ...ada, text: 'sorry' });
    expect(figures(incident).slice(before)).toEqual([
      { kind: 'count', metric: 'incidents_dismissed_total', labels: { severity: 'P1', service: 'checkout' } },
    ]);
  });

  test('stops a rollback that has not begun', () => {
    const incident = planned(opened('P1', 'roll-back'));
    incident.do(dismiss);
    expect(incident.must.rollback?.stage).toBe('stopped');
  });

  test('stops one that has begun before its next step: nothing more is changed because of it', () => {
    const incident = step(executing(opened('P1', 'roll-back'), planOf(plannedStep('db'), plannedStep('app'))));
    expect(incident.types(dismiss)).toContain('rollback-stopped');
    expect(incident.last('rollback-stopped')).toMatchObject({ rail: 'aborted', completed: ['db'] });
    expect(incident.types({ kind: 'intend-step', index: 1 })).toEqual([]);
  });

  test('may be found out when it is closed already; the rest of its end stays', () => {
    const incident = opened('P2');
    incident.do(allResolved());
    incident.after(25 * HOUR).do({ kind: 'fire-timer', name: 'monitoring' });
    const { closedAt, resolvedAt } = incident.must;
    expect(incident.after(HOUR).types(dismiss)).toEqual(['incident-dismissed', 'action-added']);
    expect(incident.must).toMatchObject({ status: 'closed', closedAt, resolvedAt });
  });

  test('is not what is merged: that is part of another one', () => {
    const incident = opened('P2');
    incident.do(merge());
    expect(() => incident.do(dismiss)).toThrow('is merged into INC-2: dismiss that one');
  });
});

describe('merging', () => {
  test('ends what is merged, and keeps where it went', () => {
    const incident = opened('P2').after(MINUTE);
    expect(incident.types(merge())).toEqual([
      'incident-merged',
      'clock-cancelled',
      'clock-cancelled',
      'clock-cancelled',
    ]);
    expect(incident.must).toMatchObject({ status: 'closed', mergedInto: 'INC-2' });
    expect(incident.types(merge())).toEqual([]);
    expect(() => incident.do(merge('INC-4'))).toThrow('is merged into INC-2 already');
    expect(incident.types(firesAgain)).toEqual(['alerts-joined']);
  });

  test('leaves a mark on the other, once', () => {
    const target = opened('P1');
    expect(target.types(absorb())).toEqual(['incident-absorbed']);
    expect(target.types(absorb())).toEqual([]);
    expect(target.must.absorbed).toEqual(['INC-3']);
  });

  test('not into itself, and makes no chain and no circle', () => {
    const incident = opened('P1');
    expect(() => incident.do(merge(incident.id))).toThrow(expect.objectContaining({ code: 'invalid' }));
    expect(() => incident.do(absorb({ from: incident.id }))).toThrow(expect.objectContaining({ code: 'invalid' }));
    incident.do(absorb());
    expect(() => incident.do(merge())).toThrow('INC-3 is merged into');
    const merged = opened('P1');
    merged.do(merge());
    expect(() => merged.do(absorb())).toThrow(expect.objectContaining({ code: 'conflict' }));
  });

  test('not of what is worse: it would weigh less for it', () => {
    const target = opened('P2');
    expect(() => target.do(absorb({ severity: 'P0' }))).toThrow('is P0 and INC-20261123-120000 only P2');
  });

  test.each(['maintenance', 'silenced', 'storm'] as const)(
    'not of what is heard into what is held back (%s): it would fall silent',
    (kind) => {
      const target = opened('P1');
      target.do(quiet(kind));
      expect(() => target.do(absorb({ heard: true }))).toThrow('are held back (of that): merge it the other way');
      expect(target.types(absorb({ heard: false }))).toEqual(['incident-absorbed']);
      target.do(clear(kind));
      expect(target.types(absorb({ from: 'INC-4', heard: true }))).toEqual(['incident-absorbed']);
    },
  );

  test('not of what fires into what is over: nobody would look at it any more', () => {
    const target = opened('P2');
    target.do(allResolved());
    expect(() => target.do(absorb())).toThrow('is resolved');
    expect(target.types(absorb({ counts: { firing: 0, resolved: 1 } }))).toEqual(['incident-absorbed']);
  });
});

describe('a P0 that another incident has the page for', () => {
  const linked = (): Incident => {
    const incident = opened('P2');
    incident.do({ kind: 'link', to: 'INC-1', because: 'both suspect d1' });
    incident.do({ kind: 'assess', assessment: assessmentOf('P0', 'hold', routingOf({ page: true })) });
    return incident;
  };

  test('wakes nobody, nor when it comes back or a route asks for a page', () => {
    const incident = linked();
    incident.do(allResolved());
    incident.do(firesAgain);
    expect(incident.must).toMatchObject({ linkedTo: 'INC-1', severity: 'P0' });
    expect(incident.all('page-requested')).toEqual([]);
  });

  test('wakes somebody when the other is over and it still fires', () => {
    const incident = linked();
    expect(incident.types({ kind: 'unlink', because: 'INC-1 is over' })).toEqual([
      'incident-unlinked',
      'page-requested',
    ]);
    expect(incident.last('page-requested')).toEqual({ reason: 'first-page', because: 'INC-1 is over' });
    expect(incident.types({ kind: 'unlink', because: 'INC-1 is over' })).toEqual([]);
  });

  test('wakes nobody when it is over itself', () => {
    const incident = linked();
    incident.do(allResolved());
    expect(incident.types({ kind: 'unlink', because: 'INC-1 is over' })).toEqual(['incident-unlinked']);
  });

  test('the other one keeps which it is, once', () => {
    const incident = opened('P0');
    const note: Command = {
      kind: 'note-link',
      from: 'INC-2',
      title: 'Cart',
      service: 'cart',
      because: 'both suspect d1',
    };
    expect(incident.types(note)).toEqual(['link-noted']);
    expect(incident.types(note)).toEqual([]);
    expect(incident.must.links).toEqual(['INC-2']);
  });
});

describe('maintenance', () => {
  const inMaintenance = (policy = policyWith()): Incident => {
    const incident = opened('P3', 'hold', policy);
    incident.do(quiet('maintenance'));
    return incident;
  };

  test('holds every page, also of a P0, until it is over', () => {
    const incident = inMaintenance();
    incident.do({ kind: 'assess', assessment: assessmentOf('P0', 'hold', routingOf({ page: true })) });
    incident.do(allResolved());
    incident.do(firesAgain);
    expect(incident.all('page-requested')).toEqual([]);
    expect(incident.types(clear('maintenance'))).toEqual(['unquieted', 'page-requested']);
    expect(incident.last('page-requested').reason).toBe('first-page');
  });

  test.each([
    ['is over', (incident: Incident) => incident.do(allResolved())],
    ['somebody is at', (incident: Incident) => incident.do({ kind: 'acknowledge', ...ada })],
  ])('wakes nobody at its end for what %s', (_what, then) => {
    const incident = inMaintenance();
    incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
    then(incident);
    expect(incident.types(clear('maintenance'))).toEqual(['unquieted']);
  });

  test('automation does not roll back in it, and decides anew when it is over', () => {
    const incident = inMaintenance();
    incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'roll-back') });
    expect(incident.must.rollback).toMatchObject({ stage: 'stopped', stoppedBy: 'maintenance' });
    incident.do(clear('maintenance'));
    incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'roll-back') });
    expect(incident.must.rollback?.stage).toBe('requested');
  });

  test('a rollback that fails in it wakes nobody: whoever works there started it', () => {
    const incident = step(executing(opened('P1', 'roll-back')));
    incident.do(quiet('maintenance'));
    judged(incident, 'fail');
    expect(incident.all('page-requested')).toEqual([]);
  });

  test('the clocks run', () => {
    expect(
      inMaintenance()
        .after(9 * HOUR)
        .types({ kind: 'fire-timer', name: 'clock:acknowledge' }),
    ).toEqual(['clock-breached']);
  });
});

describe.each(['silenced', 'storm'] as const)('%s', (kind) => {
  test('does not hold the page of a P0', () => {
    const incident = opened('P2');
    incident.do(quiet(kind));
    const events = incident.types({ kind: 'assess', assessment: assessmentOf('P0') });
    expect(events).toContain('page-requested');
    // A P0 is never part of a storm; what is silenced stays silenced.
    expect(events.includes('unquieted')).toBe(kind === 'storm');
  });

  test('holds what a route asks for, and what a rail that stops a rollback would page', () => {
    const incident = opened('P2');
    incident.do(quiet(kind));
    incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'roll-back', routingOf({ page: true })) });
    incident.do({ kind: 'stop-rollback', stop: { rail: 'cooldown', because: 'of that' } });
    expect(incident.all('page-requested')).toEqual([]);
    const events = incident.types(clear(kind));
    expect(events).toEqual(kind === 'storm' ? ['unquieted'] : ['unquieted', 'page-requested']);
  });

  test('holds nothing about a rollback of ours that failed', () => {
    const incident = step(executing(opened('P1', 'roll-back')));
    incident.do(quiet(kind));
    judged(incident, 'fail');
    expect(incident.last('page-requested').reason).toBe('rollback-failed');
  });

  test('is not the end of it', () => {
    const incident = opened('P2');
    incident.do(quiet(kind));
    expect(incident.must.status).toBe('open');
    expect(incident.types(quiet(kind))).toEqual([]);
  });
});

test('two reasons to be quiet: it stays so until both are gone', () => {
  const incident = opened('P2');
  incident.do(quiet('maintenance'));
  incident.do(quiet('silenced'));
  incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'hold', routingOf({ page: true })) });
  expect(incident.types(clear('maintenance'))).toEqual(['unquieted']);
  expect(incident.types(clear('silenced'))).toEqual(['unquieted', 'page-requested']);
});
