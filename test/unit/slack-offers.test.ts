import { offersOf } from '../../src/domain/incident/offers.ts';
import { viewOf } from '../../src/domain/incident/view.ts';
import type { IncidentState } from '../../src/domain/incident/state.ts';
import { readAction } from '../../src/notify/slack/actions.ts';
import { answerOf, showAnswer, stateLine } from '../../src/notify/slack/answers.ts';
import { MODALS } from '../../src/notify/slack/asks.ts';
import { modalOf } from '../../src/notify/slack/modals.ts';
import { blockErrors, viewErrors } from '../fakes/slack-blocks.ts';
import { incident as viewWith } from '../fakes/effects.ts';
import { elementsOf } from '../fakes/slack-user.ts';
import { executing, opened, PLAN_HASH, planned, policyWith, service, step } from './support/incident.ts';

const PLAN = { steps: [], mode: null };
const approving = policyWith({ mode: 'approve' }, { services: { checkout: service(PLAN) } });
const auto = policyWith({}, { services: { checkout: service(PLAN) } });
const person = { by: 'ada', via: 'slack' } as const;

/** What can be pressed in this state. */
const buttons = (state: IncidentState): string[] => {
  const { blocks } = showAnswer(viewOf(state, null), offersOf(state));
  expect(blockErrors(blocks)).toEqual([]);
  return [...elementsOf(blocks).keys()];
};

const PEOPLE = ['acknowledge', 'command', 'severity'];
const WORDS = ['update', 'note', 'resolve', 'dismiss', 'handover'];

describe('only what makes sense can be pressed', () => {
  test('a new incident without a rollback', () => {
    expect(buttons(opened('P1').must)).toEqual([...PEOPLE, ...WORDS]);
  });

  test('what is acknowledged is not acknowledged again', () => {
    const incident = opened('P1');
    incident.do({ kind: 'acknowledge', ...person });
    expect(buttons(incident.must)).not.toContain('acknowledge');
  });

  test('a rollback that awaits approval, bound to its plan', () => {
    const incident = planned(opened('P1', 'roll-back', approving));
    const { blocks } = showAnswer(viewOf(incident.must, null), offersOf(incident.must));
    const elements = elementsOf(blocks);
    expect([...elements.keys()].slice(0, 3)).toEqual(['approve', 'abort', 'fix']);
    for (const name of ['approve', 'abort']) {
      expect(readAction(`firebreak.${name}`, elements.get(name)!.value!)).toMatchObject({ plan: PLAN_HASH });
    }
  });

  test('a hold is offered to P1 before the rollback begins, once, and never to P0', () => {
    const waiting = planned(opened('P1', 'roll-back', auto));
    expect(offersOf(waiting.must).fixMinutes).toEqual([2, 3, 4]);
    waiting.do({ kind: 'declare-fix', ...person, seconds: 120 });
    expect(offersOf(waiting.must).fixMinutes).toEqual([]);
    expect(offersOf(planned(opened('P0', 'roll-back', approving)).must).fixMinutes).toEqual([]);
    expect(offersOf(executing(opened('P1', 'roll-back', auto)).must).fixMinutes).toEqual([]);
    expect(offersOf(opened('P1').must).fixMinutes).toEqual([]);
  });

  test('a rollback under way can be aborted until its steps are done', () => {
    const incident = executing(opened('P0', 'roll-back', auto));
    expect(offersOf(incident.must)).toMatchObject({ abort: { planHash: PLAN_HASH }, approve: null });
    step(incident);
    expect(incident.must.rollback?.stage).toBe('validating');
    expect(offersOf(incident.must).abort).toBeNull();
  });

  test('one that has no plan yet can be aborted as that', () => {
    const incident = opened('P0', 'roll-back', auto);
    expect(offersOf(incident.must).abort).toEqual({ planHash: null });
  });

  test('an override can be released; what is resolved, dismissed or closed offers what is left', () => {
    const incident = opened('P1');
    incident.do({ kind: 'override-severity', severity: 'P2', because: 'x', ...person });
    expect(offersOf(incident.must).override).toBe('P2');
    incident.do({ kind: 'resolve', because: 'x', ...person });
    expect(buttons(incident.must)).toEqual(['update', 'note', 'dismiss', 'handover']);
    const dismissed = opened('P1');
    dismissed.do({ kind: 'dismiss', because: 'x', ...person });
    expect(buttons(dismissed.must)).toEqual([]);
  });

  test('what is offered is never refused', () => {
    const states = [
      opened('P1'),
      planned(opened('P1', 'roll-back', approving)),
      planned(opened('P2', 'roll-back', auto)),
      opened('P0', 'roll-back', auto),
      executing(opened('P1', 'roll-back', auto)),
    ];
    for (const incident of states) {
      const { blocks } = showAnswer(viewOf(incident.must, null), offersOf(incident.must));
      for (const [name, element] of elementsOf(blocks)) {
        for (const value of element.options?.map((option) => option.value) ?? [element.value ?? '']) {
          const ask = readAction(`firebreak.${name}`, value);
          if (ask.kind !== 'do') continue;
          const copy = Object.assign(
            Object.create(Object.getPrototypeOf(incident) as object),
            incident,
          ) as typeof incident;
          expect(() => copy.do({ ...ask.deed, ...person })).not.toThrow();
        }
      }
    }
  });
});

const NASTY = '<!channel> *b* \u202e\0<@U1> :tada: ' + '💥&<'.repeat(30_000);

test('text of strangers stays text, and within the limits', () => {
  const view = viewWith({ id: 'INC-1', title: NASTY, service: NASTY, because: NASTY, rollback: NASTY });
  const offers = { ...offersOf(opened('P1').must), approve: PLAN_HASH, abort: { planHash: PLAN_HASH }, publish: true };
  for (const answer of [showAnswer(view, offers), answerOf(NASTY), answerOf(stateLine(view))]) {
    expect(blockErrors(answer.blocks)).toEqual([]);
    expect(answer.text.length).toBeLessThanOrEqual(3_000);
    expect(`${answer.text}${JSON.stringify(answer.blocks.filter(({ type }) => type === 'section'))}`).not.toMatch(
      /<[!@]|\u202e|\\u0000/,
    );
  }
});

test('a long answer is cut at lines and says so', () => {
  const lines = Array.from({ length: 2_000 }, (_, i) => `line ${i} ${'&'.repeat(100)}`).join('\n');
  const { blocks } = answerOf(lines);
  expect(blockErrors(blocks)).toEqual([]);
  expect(JSON.stringify(blocks)).toContain('line 0 ');
  expect(JSON.stringify(blocks.at(-1))).toContain('more than Slack shows');
});

test.each(MODALS)('the form %s is one that Slack takes', (name) => {
  const view = modalOf(name, { incidentId: 'INC-20261123-151300-2', channelId: 'C1', threadTs: '1.2' });
  expect(viewErrors({ ...view })).toEqual([]);
});
