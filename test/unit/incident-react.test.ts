import type { Command } from '../../src/domain/incident/commands.ts';
import type { IncidentEvent } from '../../src/domain/incident/events.ts';
import { react } from '../../src/domain/incident/react.ts';
import {
  Incident,
  MINUTE,
  allResolved,
  assessmentOf,
  executing,
  firesAgain,
  newsOf,
  opened,
  openingOf,
  planned,
  policyWith,
  sampled,
  step,
} from './support/incident.ts';

/** What follows from commands that are committed together. */
function after(incident: Incident, ...commands: readonly Command[]) {
  const before = incident.state;
  const events = commands.flatMap((command) => incident.do(command));
  return react(before, events, incident.must, incident.policy.communication);
}

const lanes = (reaction: ReturnType<typeof react>, channel: string) =>
  reaction.effects.filter((effect) => effect.channel === channel).map((effect) => effect.kind);

const opening = (severity: 'P0' | 'P1' | 'P2', action: 'hold' | 'roll-back' = 'hold') => {
  const incident = new Incident();
  const open: Command = { kind: 'open', opening: openingOf(), news: newsOf({ firing: 1 }, ['A']) };
  return after(incident, open, { kind: 'assess', assessment: assessmentOf(severity, action) });
};

const acknowledge = (via: string): Command => ({ kind: 'acknowledge', by: 'ada', via });
const resolve = (via: string): Command => ({ kind: 'resolve', by: 'ada', via, because: 'fixed' });

describe('an opening', () => {
  test('of a P0 pages and announces, once, ahead of everything', () => {
    const reaction = opening('P0');
    expect(lanes(reaction, 'pagerduty')).toEqual(['trigger']);
    expect(lanes(reaction, 'slack')).toEqual(['announce']);
    expect(reaction.effects.every((effect) => effect.urgent)).toBe(true);
    expect(reaction.driveRollback).toBe(false);
  });

  test('of a P1 announces; of a P2 tells programs only, and not urgently', () => {
    expect(lanes(opening('P1'), 'slack')).toEqual(['announce']);
    expect(lanes(opening('P1'), 'pagerduty')).toEqual([]);
    const quiet = opening('P2');
    expect([...lanes(quiet, 'slack'), ...lanes(quiet, 'pagerduty')]).toEqual([]);
    expect(quiet.effects.some((effect) => effect.urgent)).toBe(false);
    expect(lanes(quiet, 'webhook').length).toBeGreaterThan(0);
  });

  test('with a rollback to prepare wakes the coordinator', () => {
    expect(opening('P1', 'roll-back').driveRollback).toBe(true);
  });
});

describe('the page follows the incident', () => {
  test('acknowledged and resolved elsewhere; no echo to where it came from', () => {
    expect(lanes(after(opened('P0'), acknowledge('slack')), 'pagerduty')).toEqual(['acknowledge']);
    expect(lanes(after(opened('P0'), acknowledge('pagerduty')), 'pagerduty')).toEqual([]);
    expect(lanes(after(opened('P0'), resolve('api')), 'pagerduty')).toEqual(['resolve']);
    expect(lanes(after(opened('P0'), resolve('pagerduty')), 'pagerduty')).toEqual([]);
    expect(lanes(after(opened('P0'), allResolved()), 'pagerduty')).toEqual(['resolve']);
  });

  test('nothing is told to PagerDuty of what was never paged', () => {
    const incident = opened('P1');
    for (const command of [acknowledge('slack'), allResolved(), firesAgain, resolve('api')]) {
      expect(lanes(after(incident, command), 'pagerduty')).toEqual([]);
    }
  });

  test('reopened is a new trigger', () => {
    const incident = opened('P0');
    incident.do(allResolved());
    expect(after(incident, firesAgain).effects.find((e) => e.kind === 'trigger')?.data).toEqual({ reason: 'reopened' });
  });

  test('a step that changed something is a change event, one that found it done is not', () => {
    const incident = executing(opened('P0', 'roll-back'));
    incident.do({ kind: 'intend-step', index: 0 });
    const accepted = { kind: 'accept-step', index: 0, receipt: {}, alreadyThere: false } as const;
    const other = executing(opened('P0', 'roll-back'));
    other.do({ kind: 'intend-step', index: 0 });
    expect(lanes(after(incident, accepted), 'pagerduty')).toEqual(['change']);
    expect(lanes(after(other, { ...accepted, alreadyThere: true }), 'pagerduty')).toEqual([]);
  });
});

describe('the message', () => {
  test('is announced once and then kept true', () => {
    const incident = opened('P1');
    const joined = after(incident, { kind: 'observe-alerts', news: newsOf({ firing: 9 }, ['B']) });
    expect(lanes(joined, 'slack')).toEqual(['refresh']);
    expect(lanes(after(incident, acknowledge('api')), 'slack')).toEqual(['thread', 'refresh']);
  });

  test('stays when severity falls, since people follow it', () => {
    const incident = opened('P1');
    incident.do({ kind: 'assess', assessment: assessmentOf('P3') });
    incident.after(10 * MINUTE);
    expect(lanes(after(incident, { kind: 'assess', assessment: assessmentOf('P3') }), 'slack')).toEqual([
      'thread',
      // The time for its first update was over as well.
      'thread',
      'refresh',
    ]);
    expect(lanes(after(incident, allResolved()), 'slack')).toEqual(['thread', 'refresh']);
  });

  test('what its announcement says has no line under it', () => {
    const incident = opened('P2');
    expect(lanes(after(incident, { kind: 'assess', assessment: assessmentOf('P0') }), 'slack')).toEqual(['announce']);
  });
});

describe('results of effects', () => {
  const failed = (channel: 'slack' | 'pagerduty'): Command => ({
    kind: 'report-effect',
    effect: { effectId: 'e', channel, kind: 'trigger' },
    outcome: { kind: 'failed', failure: { kind: 'rejected', message: 'no' }, attempts: 1 },
  });

  test('cause none, but that a failed page is told in the thread, and to whoever is there; not Slack failing to Slack', () => {
    const incident = opened('P0');
    const sent = { kind: 'sent', receipt: {}, latencyMs: 1 } as const;
    const report: Command = {
      kind: 'report-effect',
      effect: { effectId: 'e', channel: 'slack', kind: 'thread' },
      outcome: sent,
    };
    expect(after(incident, report).effects).toEqual([]);
    expect(lanes(after(incident, failed('pagerduty')), 'slack')).toEqual(['thread', 'thread', 'post']);
    expect(after(incident, failed('slack')).effects).toEqual([]);
  });
});

describe('the coordinator is woken', () => {
  test.each<[string, () => ReturnType<typeof react>]>([
    ['to begin', () => after(planned(opened('P0', 'roll-back')), { kind: 'start-rollback' })],
    [
      'after a step',
      () => {
        const incident = executing(opened('P0', 'roll-back'));
        incident.do({ kind: 'intend-step', index: 0 });
        return after(incident, { kind: 'finish-step', index: 0, outcome: 'done', detail: '' });
      },
    ],
    [
      'to let go of its targets when the verdict is given',
      () => after(step(executing(opened('P1', 'roll-back'))).after(15 * MINUTE), sampled('unknown')),
    ],
    [
      'to let go of its targets when it recovers before anything was changed',
      () => after(planned(opened('P1', 'roll-back')), allResolved()),
    ],
    [
      'when a person asks for it',
      () => after(opened('P1'), { kind: 'request-rollback', by: 'ada', via: 'api', because: 'I know' }),
    ],
    [
      'when it is aborted',
      () => after(executing(opened('P1', 'roll-back')), { kind: 'abort-rollback', by: 'a', via: 'b', because: 'c' }),
    ],
  ])('%s', (_name, reaction) => {
    expect(reaction().driveRollback).toBe(true);
  });

  test('not by what does not concern it', () => {
    expect(after(opened('P0'), acknowledge('api')).driveRollback).toBe(false);
  });
});

test('ids are unique and say where they come from', () => {
  const incident = new Incident();
  const all: string[] = [];
  const commands: readonly Command[] = [
    { kind: 'open', opening: openingOf(), news: newsOf({ firing: 1 }, ['A']) },
    { kind: 'assess', assessment: assessmentOf('P0', 'roll-back') },
    acknowledge('api'),
    allResolved(),
    firesAgain,
  ];
  for (const command of commands) all.push(...after(incident, command).effects.map((effect) => effect.id));
  expect(new Set(all).size).toBe(all.length);
  expect(all[0]).toBe('INC-20261123-120000:1:webhook:event');
});

test('that it is open and what happened last are two posts, though both are of the last event', () => {
  const incident = new Incident();
  const events = [
    ...incident.do({ kind: 'open', opening: openingOf(), news: newsOf({ firing: 1 }, ['A']) }),
    ...incident.do({ kind: 'assess', assessment: assessmentOf('P1') }),
    ...incident.after(60 * MINUTE).do({ kind: 'fire-timer', name: 'status-update' }),
  ];
  expect(events.at(-1)?.type).toBe('status-updated');
  const stakeholders = { slack: true, email: false };
  const reach = policyWith().communication;
  const { effects } = react(null, events, incident.must, { ...reach, audiences: { ...reach.audiences, stakeholders } });
  const posts = effects.filter(({ kind }) => kind === 'post');
  expect(posts.map(({ data }) => data['news'])).toEqual(['opened', 'update']);
  expect(new Set(posts.map(({ id }) => id)).size).toBe(2);
});

test('an event that a newer version wrote causes nothing', () => {
  const state = opened('P2').must;
  const foreign = { type: 'from-the-future', seq: 9, data: {} } as unknown as IncidentEvent;
  expect(react(state, [foreign], state, policyWith().communication)).toEqual({ effects: [], driveRollback: false });
});
