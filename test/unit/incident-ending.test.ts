import type { Command } from '../../src/domain/incident/commands.ts';
import { timersOf } from '../../src/domain/incident/timers.ts';
import { iso } from '../../src/domain/time.ts';
import type { Incident } from './support/incident.ts';
import { HOUR, MINUTE, NOON, allResolved, assessmentOf, firesAgain, newsOf, opened } from './support/incident.ts';

const ada = { by: 'ada', via: 'api' } as const;
const resolve: Command = { kind: 'resolve', ...ada, because: 'the load test is over' };
const publish: Command = { kind: 'publish-postmortem', ...ada };
const monitoring: Command = { kind: 'fire-timer', name: 'monitoring' };
const close: Command = { kind: 'close', ...ada };
const fix = (stage: 'deployed' | 'unnecessary' | 'tested', incident: Incident): Command => ({
  kind: 'record-fix',
  ...ada,
  stage,
  at: iso(incident.now),
  url: null,
  version: stage === 'deployed' ? 'r43' : null,
  text: null,
});
const status = (incident: Incident) => incident.must.status;

describe('a restored P0 or P1', () => {
  test.each(['P0', 'P1'] as const)('%s waits for its fix: a tested one is not deployed yet', (severity) => {
    const incident = opened(severity);
    incident.do(allResolved());
    expect(status(incident)).toBe('mitigated');
    incident.after(HOUR).do(fix('tested', incident));
    expect(status(incident)).toBe('mitigated');
    incident.do(fix('deployed', incident));
    expect(incident.must).toMatchObject({ status: 'resolved', mitigatedAt: iso(NOON), resolvedAt: iso(incident.now) });
    expect(incident.last('incident-resolved').because).toBe('the fix is deployed (r43)');
  });

  test('is resolved when somebody says that no fix is needed', () => {
    const incident = opened('P1');
    incident.do(allResolved());
    incident.do(fix('unnecessary', incident));
    expect(status(incident)).toBe('resolved');
  });

  test('is resolved by a person, whose reason says why no fix is needed', () => {
    const incident = opened('P1');
    incident.do(allResolved());
    expect(incident.types(resolve)).toEqual([
      'fix-recorded',
      'incident-resolved',
      'clock-cancelled',
      'clock-cancelled',
    ]);
    expect(incident.last('fix-recorded')).toMatchObject({
      stage: 'unnecessary',
      by: 'ada',
      text: 'the load test is over',
    });
  });

  test('is resolved with its alerts when the fix was recorded before them', () => {
    const incident = opened('P1');
    incident.do(fix('deployed', incident));
    expect(status(incident)).toBe('open');
    expect(incident.types(allResolved())).toEqual([
      'alerts-resolved',
      'incident-mitigated',
      'incident-resolved',
      'clock-met',
      'clock-cancelled',
      'clock-cancelled',
    ]);
  });
});

test('a P2 needs no word on a fix', () => {
  const incident = opened('P2');
  expect(incident.types(resolve)).not.toContain('fix-recorded');
});

describe('closing', () => {
  const resolved = (severity: 'P0' | 'P1' | 'P2' | 'P3'): Incident => {
    const incident = opened(severity);
    incident.do(resolve);
    incident.do(allResolved());
    return incident;
  };

  test.each(['P2', 'P3'] as const)('a %s closes with its monitoring', (severity) => {
    const incident = resolved(severity);
    expect(incident.after(24 * HOUR).types(monitoring)).toEqual(['monitoring-ended', 'incident-closed']);
    expect(incident.last('monitoring-ended').result).toBe('quiet');
  });

  test.each(['P0', 'P1'] as const)('a %s closes with whichever comes last: the post-mortem', (severity) => {
    const incident = resolved(severity);
    expect(incident.after(24 * HOUR).types(monitoring)).toEqual(['monitoring-ended']);
    expect(status(incident)).toBe('resolved');
    expect(incident.after(HOUR).types(publish)).toEqual(['postmortem-published', 'review-due', 'incident-closed']);
  });

  test.each(['P0', 'P1'] as const)('a %s closes with whichever comes last: the end of the monitoring', (severity) => {
    const incident = resolved(severity);
    expect(incident.after(HOUR).types(publish)).toEqual(['postmortem-published', 'review-due']);
    expect(incident.after(23 * HOUR).types(monitoring)).toEqual(['monitoring-ended', 'incident-closed']);
  });

  test('what was a P1 at its worst needs its post-mortem, though it ended as a P2', () => {
    const incident = opened('P1');
    incident.do({ kind: 'override-severity', ...ada, severity: 'P2', because: 'one customer only' });
    incident.do(allResolved());
    expect(incident.must).toMatchObject({ status: 'resolved', severity: 'P2', worst: 'P1' });
    expect(incident.after(24 * HOUR).types(monitoring)).toEqual(['monitoring-ended']);
    expect(incident.types(publish)).toContain('incident-closed');
  });

  test('the timer is set while it is monitored, and not after', () => {
    const incident = resolved('P1');
    const names = () => timersOf(incident.must, incident.policy).map(({ name }) => name);
    expect(names()).toContain('monitoring');
    incident.after(24 * HOUR).do(monitoring);
    expect(names()).not.toContain('monitoring');
  });

  test('a person may end the monitoring early, but not do without the post-mortem', () => {
    const small = resolved('P2');
    expect(small.types(close)).toEqual(['monitoring-ended', 'incident-closed']);
    expect(small.last('monitoring-ended')).toEqual({ result: 'quiet', because: 'ended early by ada' });
    expect(small.types(close)).toEqual([]);
    const big = resolved('P1');
    expect(() => big.do(close)).toThrow('was P1: it is closed when its post-mortem is published');
    big.do(publish);
    expect(big.types(close)).toEqual(['monitoring-ended', 'incident-closed']);
  });

  test('a person cannot close what is not over', () => {
    expect(() => opened('P2').do(close)).toThrow('is open: resolve it first');
  });
});

describe('coming back', () => {
  test('within the monitoring window, and it ends the monitoring', () => {
    const incident = opened('P2');
    incident.do(allResolved());
    incident.after(24 * HOUR - 1).do(firesAgain);
    expect(incident.last('monitoring-ended').result).toBe('reopened');
    expect(incident.must).toMatchObject({ status: 'open', reopenedAt: iso(incident.now), monitoringEndedAt: null });
  });

  test('not after the window, though no timer came, nor when it waits for its post-mortem only', () => {
    const late = opened('P2');
    late.do(allResolved());
    expect(late.after(24 * HOUR).types(firesAgain)).toEqual(['alerts-joined']);
    const waiting = opened('P1');
    waiting.do(resolve);
    waiting.do(allResolved());
    waiting.after(24 * HOUR).do(monitoring);
    expect(waiting.types(firesAgain)).toEqual(['alerts-joined']);
    expect(status(waiting)).toBe('resolved');
  });

  test('what is only restored has no monitoring to end', () => {
    const incident = opened('P1');
    incident.do(allResolved());
    expect(incident.types(firesAgain)).not.toContain('monitoring-ended');
    expect(status(incident)).toBe('open');
  });

  test('takes what was said about its end anew', () => {
    const incident = opened('P1');
    incident.do(allResolved());
    incident.do(fix('deployed', incident));
    incident.do({ kind: 'write-update', ...ada, text: 'all is well' });
    incident.do({ kind: 'tick', ...ada, item: 'services-normal', done: true });
    incident.do({ kind: 'tick', ...ada, item: 'impact-assessed', done: true });
    incident.do(publish);
    incident.after(MINUTE).do(firesAgain);
    expect(incident.must).toMatchObject({
      fixSteps: [],
      fixDeployedAt: null,
      postmortem: null,
      review: null,
      updates: { count: 0, lastAt: null, personAt: null },
      warned: {},
    });
    expect(Object.keys(incident.must.ticked)).toEqual(['impact-assessed']);
    incident.do(allResolved());
    expect(status(incident)).toBe('mitigated');
    // The same words again are a new fix: the first did not hold.
    incident.do(fix('deployed', incident));
    expect(status(incident)).toBe('resolved');
  });

  test('a review that was held stays held', () => {
    const incident = opened('P2');
    incident.do(allResolved());
    incident.do(publish);
    incident.do({ kind: 'hold-review', ...ada, text: 'all done' });
    incident.do({ kind: 'observe-alerts', news: newsOf({ firing: 1 }, ['CheckoutDown']) });
    expect(incident.must.review?.heldAt).not.toBeNull();
  });
});

test('a drill closes by itself, without a post-mortem', () => {
  const incident = opened('P0', 'hold', undefined, { drill: true });
  expect(incident.after(2 * MINUTE).types({ kind: 'fire-timer', name: 'drill-end' })).toContain('incident-closed');
  expect(incident.types({ kind: 'assess', assessment: assessmentOf('P0') })).toEqual([]);
});
