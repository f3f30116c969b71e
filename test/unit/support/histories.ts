import fc from 'fast-check';
import type { StoredEvent } from '../../../src/domain/incident/chain.ts';
import { chain, GENESIS, parseEvent } from '../../../src/domain/incident/chain.ts';
import type { Command } from '../../../src/domain/incident/commands.ts';
import { CommandRefused } from '../../../src/domain/incident/commands.ts';
import { decide } from '../../../src/domain/incident/decide.ts';
import type { IncidentEvent } from '../../../src/domain/incident/events.ts';
import { evolve } from '../../../src/domain/incident/evolve.ts';
import type { IncidentState } from '../../../src/domain/incident/state.ts';
import { RAILS, VERDICTS } from '../../../src/domain/plan.ts';
import { SEVERITIES } from '../../../src/domain/severity.ts';
import { iso } from '../../../src/domain/time.ts';
import { HOUR, MINUTE, NOON, assessmentOf, newsOf, openingOf, planOf, plannedStep, policyWith } from './incident.ts';

const word = fc.oneof(fc.constantFrom('ada', 'checkout', ''), fc.string({ unit: 'binary', maxLength: 12 }));
const index = fc.integer({ min: -1, max: 2 });
const hash = fc.constantFrom('a'.repeat(64), 'b'.repeat(64));
const by = { by: word, via: fc.constantFrom('api', 'slack', 'pagerduty') };
const effect = fc.record({
  effectId: word,
  channel: fc.constantFrom('pagerduty' as const, 'slack' as const, 'webhook' as const),
  kind: fc.constantFrom('trigger', 'announce', 'thread'),
});
const outcome = fc.oneof(
  fc.record({ kind: fc.constant('sent' as const), receipt: fc.dictionary(word, word), latencyMs: fc.nat(5000) }),
  fc.record({ kind: fc.constant('skipped' as const), because: word }),
  fc.record({
    kind: fc.constant('failed' as const),
    failure: fc.record({ kind: fc.constantFrom('rejected' as const, 'server' as const), message: word }),
    attempts: fc.nat(9),
  }),
);
const news = fc
  .tuple(fc.nat(3), fc.nat(3), fc.subarray(['A', 'B', 'C']), fc.subarray(['A', 'B', 'C']))
  .map(([firing, resolved, joined, gone]) => newsOf({ firing, resolved }, joined, gone));
const plan = fc.constantFrom(planOf(), planOf(plannedStep('api', 'continue'), plannedStep('web')));

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), opening: fc.constant(openingOf()), news }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('observe-alerts' as const), news }) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...SEVERITIES), fc.constantFrom('roll-back' as const, 'hold' as const))
      .map(([severity, action]) => ({ kind: 'assess' as const, assessment: assessmentOf(severity, action) })),
  },
  fc.record({ kind: fc.constant('acknowledge' as const), ...by }),
  fc.record({ kind: fc.constant('resolve' as const), ...by, because: word }),
  fc.record({ kind: fc.constant('add-note' as const), ...by, text: word }),
  fc.record({
    kind: fc.constant('fire-timer' as const),
    name: fc.constantFrom(
      'clock:acknowledge' as const,
      'clock:restore',
      'rollback-hold',
      'rollback-approval',
      'monitoring',
    ),
  }),
  fc.record({ kind: fc.constant('report-effect' as const), effect, outcome }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('plan-rollback' as const),
      plan,
      planHash: hash,
      rehearsal: fc.array(word, { maxLength: 2 }),
      suspect: fc.option(fc.dictionary(word, word)),
    }),
  },
  fc.record({
    kind: fc.constant('stop-rollback' as const),
    stop: fc.record({ rail: fc.constantFrom(...RAILS), because: word }),
  }),
  fc.record({ kind: fc.constant('approve-rollback' as const), ...by, planHash: fc.option(hash) }),
  fc.record({ kind: fc.constant('abort-rollback' as const), ...by, because: word }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('start-rollback' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('intend-step' as const), index }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('accept-step' as const),
      index,
      receipt: fc.dictionary(word, fc.nat()),
      alreadyThere: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('finish-step' as const),
      index,
      outcome: fc.constantFrom('done' as const, 'done' as const, 'failed' as const, 'diverged' as const),
      detail: word,
    }),
  },
  fc.record({ kind: fc.constant('reach-verdict' as const), verdict: fc.constantFrom(...VERDICTS), because: word }),
);

const policies = fc.constantFrom(
  policyWith(),
  policyWith(),
  policyWith({ mode: 'approve' }),
  policyWith({ mode: 'shadow' }),
  policyWith({ killSwitch: true }),
  policyWith({}, { services: {} }),
);

type Timed = readonly [Command, number];
const wait = fc.constantFrom(0, 0, 1000, MINUTE, HOUR, 25 * HOUR);
const any: fc.Arbitrary<readonly Timed[]> = fc.tuple(command, wait).map((timed) => [timed]);

/** The way a rollback goes, as far as it comes: what pure chance would hardly ever line up. */
const rollback: fc.Arbitrary<readonly Timed[]> = fc
  .tuple(fc.constantFrom('P0' as const, 'P1' as const), plan, fc.integer({ min: 1, max: 9 }))
  .map(([severity, planned, length]) => {
    const planHash = 'a'.repeat(64);
    const steps = planned.steps.flatMap((_, at): readonly Command[] => [
      { kind: 'intend-step', index: at },
      { kind: 'accept-step', index: at, receipt: {}, alreadyThere: false },
      { kind: 'finish-step', index: at, outcome: 'done', detail: 'ready' },
    ]);
    const way: readonly Command[] = [
      { kind: 'assess', assessment: assessmentOf(severity, 'roll-back') },
      { kind: 'plan-rollback', plan: planned, planHash, rehearsal: [], suspect: null },
      { kind: 'approve-rollback', by: 'ada', via: 'api', planHash },
      { kind: 'start-rollback' },
      ...steps,
    ];
    return way.slice(0, length).map((each): Timed => [each, each.kind === 'start-rollback' ? MINUTE : 0]);
  });

/** And the way to its very end. */
const ending: fc.Arbitrary<readonly Timed[]> = fc.constant([
  [{ kind: 'resolve', by: 'ada', via: 'api', because: 'fixed' }, 0],
  [{ kind: 'fire-timer', name: 'monitoring' }, 25 * HOUR],
]);

/** A policy, and commands with the time that passes before each. */
export const history = fc.tuple(
  policies,
  fc
    .array(fc.oneof({ weight: 12, arbitrary: any }, { weight: 2, arbitrary: rollback }, ending), {
      maxLength: 25,
      size: 'max',
    })
    .map((parts) => parts.flat()),
);

export interface Step {
  readonly before: IncidentState | null;
  readonly events: readonly IncidentEvent[];
  readonly after: IncidentState;
}

export interface Run {
  readonly stored: readonly StoredEvent[];
  readonly steps: readonly Step[];
  readonly end: IncidentState;
}

/** Plays a history as the commander does. What is refused changes nothing; anything else that is thrown fails. */
export function play([policy, commands]: typeof history extends fc.Arbitrary<infer T> ? T : never): Run {
  let state: IncidentState | null = null;
  let now = NOON;
  const stored: StoredEvent[] = [];
  const steps: Step[] = [];
  const opening: Command = { kind: 'open', opening: openingOf(), news: newsOf({ firing: 1 }, ['A']) };
  // Opening and first assessment are always one commit.
  const first: Command = { kind: 'assess', assessment: assessmentOf('P2') };
  for (const [each, wait] of [[opening, 0] as const, [first, 0] as const, ...commands]) {
    now += wait;
    let decided: ReturnType<typeof decide>;
    try {
      decided = decide(state, each, { now, policy });
    } catch (error) {
      if (error instanceof CommandRefused) continue;
      throw error;
    }
    const head = stored.at(-1);
    const rows = chain('INC-1', { seq: head?.seq ?? 0, hash: head?.hash ?? GENESIS }, decided, iso(now));
    const events = rows.map(parseEvent);
    const before: IncidentState | null = state;
    state = events.reduce(evolve, state);
    stored.push(...rows);
    steps.push({ before, events, after: state! });
  }
  return { stored, steps, end: state! };
}
