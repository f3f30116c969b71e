import fc from 'fast-check';
import type { StoredEvent } from '../../../src/domain/incident/chain.ts';
import { chain, GENESIS, parseEvent } from '../../../src/domain/incident/chain.ts';
import type { Command } from '../../../src/domain/incident/commands.ts';
import { CommandRefused } from '../../../src/domain/incident/commands.ts';
import { decide } from '../../../src/domain/incident/decide.ts';
import type { IncidentEvent } from '../../../src/domain/incident/events.ts';
import { evolve } from '../../../src/domain/incident/evolve.ts';
import type { IncidentState } from '../../../src/domain/incident/state.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import { RAILS } from '../../../src/domain/plan.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import type { Baseline } from '../../../src/domain/recovery.ts';
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
const routing = fc.record({
  specialist: fc.constantFrom(null, 'backend', 'database'),
  page: fc.boolean(),
  slackChannels: fc.subarray(['#dba', '#war-room']),
});
const plan = fc.constantFrom(planOf(), planOf(plannedStep('api', 'continue'), plannedStep('web')));

const BASELINE: Baseline = {
  from: iso(NOON - HOUR),
  to: iso(NOON - HOUR / 2),
  metrics: { errorRatio: { median: 0.004, p95: 0.007, mad: 0.001, samples: 31 } },
  missing: { latencyP95: 'no data' },
};

/** How one look at the service came out; most of them well, or no verdict would ever be reached. */
const sample: fc.Arbitrary<Command> = fc
  .tuple(fc.constantFrom('pass' as const, 'pass' as const, 'pass' as const, 'fail' as const, 'unknown' as const), word)
  .chain(([result, detail]) =>
    fc.record({
      kind: fc.constant('sample-recovery' as const),
      sample: fc.record({
        result: fc.constant(result),
        worse: fc.boolean(),
        checks: fc.constantFrom([], [{ name: 'errorRatio', result, detail }]),
      }),
    }),
  );

const quietKind = fc.constantFrom('maintenance' as const, 'silenced' as const, 'storm' as const);
const stage = fc.constantFrom('linked' as const, 'tested' as const, 'deployed' as const, 'unnecessary' as const);

/** What people ask, and what follows from other incidents. */
const process: readonly fc.Arbitrary<Command>[] = [
  fc.record({ kind: fc.constant('take-command' as const), ...by }),
  fc.record({
    kind: fc.constant('override-severity' as const),
    ...by,
    severity: fc.constantFrom(...SEVERITIES),
    because: word,
  }),
  fc.record({ kind: fc.constant('release-severity' as const), ...by }),
  fc.record({
    kind: fc.constant('state-impact' as const),
    ...by,
    impact: fc.constantFrom({}, { usersAffectedPercent: 40 }),
  }),
  fc.record({
    kind: fc.constant('correct-onset' as const),
    ...by,
    at: fc.constantFrom(iso(NOON - HOUR), iso(NOON - MINUTE), iso(NOON + HOUR)),
    because: word,
  }),
  fc.record({ kind: fc.constant('close' as const), ...by }),
  fc.record({ kind: fc.constant('dismiss' as const), ...by, because: word }),
  fc.record({ kind: fc.constant('merge' as const), ...by, into: fc.constantFrom('INC-1', 'INC-2'), because: word }),
  fc.record({
    kind: fc.constant('absorb' as const),
    ...by,
    from: fc.constantFrom('INC-1', 'INC-3', 'INC-4'),
    title: word,
    service: fc.constant(null),
    severity: fc.constantFrom(...SEVERITIES, null),
    alertNames: fc.constant(['X']),
    counts: fc.constantFrom({ firing: 0, resolved: 1 }, { firing: 2, resolved: 0 }),
  }),
  fc.record({ kind: fc.constant('link' as const), to: fc.constantFrom('INC-1', 'INC-9'), because: word }),
  fc.record({ kind: fc.constant('unlink' as const), because: word }),
  fc.record({
    kind: fc.constant('set-quiet' as const),
    quiet: fc.record({ kind: quietKind, because: word, until: fc.constant(null) }),
  }),
  fc.record({ kind: fc.constant('clear-quiet' as const), of: quietKind, because: word }),
  fc.record({
    kind: fc.constant('record-fix' as const),
    ...by,
    stage,
    at: fc.constant(iso(NOON)),
    url: fc.constant(null),
    version: fc.constantFrom(null, 'r43'),
    text: fc.constant(null),
  }),
  fc.record({ kind: fc.constant('publish-postmortem' as const), ...by }),
];

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), opening: fc.constant(openingOf()), news }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('observe-alerts' as const), news }) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...SEVERITIES), fc.constantFrom('roll-back' as const, 'hold' as const), routing)
      .map(([severity, action, routed]) => ({
        kind: 'assess' as const,
        assessment: assessmentOf(severity, action, routed),
      })),
  },
  fc.record({ kind: fc.constant('acknowledge' as const), ...by }),
  fc.record({ kind: fc.constant('resolve' as const), ...by, because: word }),
  fc.record({ kind: fc.constant('add-note' as const), ...by, text: word }),
  fc.record({
    kind: fc.constant('fire-timer' as const),
    name: fc.constantFrom(
      'clock:acknowledge' as const,
      'clock:restore',
      'clock:diagnose',
      'clock:update',
      'clock-warning:acknowledge',
      'clock-warning:restore',
      'clock-warning:diagnose',
      'clock-warning:update',
      'status-update',
      'page-fallback',
      'rollback-hold',
      'rollback-approval',
      'rollback-verdict',
      'rollback-watch',
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
  fc.record({ kind: fc.constant('progress-step' as const), index, detail: word }),
  fc.record({ kind: fc.constant('freeze-baseline' as const), baseline: fc.constantFrom(null, BASELINE) }),
  fc.record({ kind: fc.constant('declare-fix' as const), ...by, seconds: fc.constantFrom(0, 1, 60, 299, 300) }),
  fc.record({ kind: fc.constant('request-rollback' as const), ...by, because: word }),
  fc.record({ kind: fc.constant('undo-rollback' as const), ...by, because: word }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('record-capture' as const),
      capture: fc.record({
        index,
        name: word,
        items: fc.array(fc.record({ kind: fc.constant('logs'), name: word, text: word, truncated: fc.boolean() }), {
          maxLength: 2,
        }),
        missing: fc.array(word, { maxLength: 2 }),
        seconds: fc.nat(3),
      }),
    }),
  },
  { weight: 4, arbitrary: sample },
  ...process,
  fc.record({ kind: fc.constant('recover-without-us' as const), because: word }),
  fc.record({ kind: fc.constant('report-reverted' as const), name: word, detail: word }),
  fc.record({ kind: fc.constant('end-watch' as const) }),
);

const policies = fc.constantFrom(
  policyWith(),
  policyWith(),
  policyWith({ mode: 'approve' }),
  policyWith({ mode: 'shadow' }),
  policyWith({ killSwitch: true }),
  policyWith({ rehearseOnly: true }),
  policyWith({ watchSeconds: 0 }),
  policyWith({}, { services: {} }),
);

type Timed = readonly [Command, number];
const wait = fc.constantFrom(0, 0, 1000, MINUTE, HOUR, 25 * HOUR);
const any: fc.Arbitrary<readonly Timed[]> = fc.tuple(command, wait).map((timed) => [timed]);

type Way = readonly Timed[];
const now = (each: Command): Timed => [each, 0];
const passes = (n: number): Way =>
  Array.from({ length: n }, (): Timed => [
    { kind: 'sample-recovery', sample: { result: 'pass', worse: false, checks: [] } },
    30_000,
  ]);

/** From a plan to what comes after the verdict. */
function carriedOut(planned: Plan): Way {
  const planHash = 'a'.repeat(64);
  const steps = planned.steps.flatMap((_, at): Way => [
    now({ kind: 'record-capture', capture: { index: at, name: 'x', items: [], missing: [], seconds: 1 } }),
    now({ kind: 'intend-step', index: at }),
    [{ kind: 'accept-step', index: at, receipt: {}, alreadyThere: false }, 10_000],
    now({ kind: 'progress-step', index: at, detail: '1 of 3' }),
    now({ kind: 'finish-step', index: at, outcome: 'done', detail: 'ready' }),
  ]);
  return [
    now({ kind: 'plan-rollback', plan: planned, planHash, rehearsal: [], suspect: null }),
    now({ kind: 'approve-rollback', by: 'ada', via: 'api', planHash }),
    [{ kind: 'start-rollback' }, MINUTE],
    ...steps,
    ...passes(5),
  ];
}

/** What the watch may find. */
const watched: fc.Arbitrary<Way> = fc.constantFrom<Way>(
  [],
  [now({ kind: 'report-reverted', name: 'checkout', detail: 'argocd moved it' })],
  [[{ kind: 'end-watch' }, HOUR / 2]],
);

/** The way a rollback goes, as far as it comes: what pure chance would hardly ever line up. */
const rollback: fc.Arbitrary<Way> = fc
  .tuple(fc.constantFrom('P0' as const, 'P1' as const), plan, watched, fc.integer({ min: 1, max: 16 }))
  .map(([severity, planned, afterwards, length]) => {
    const asked = now({ kind: 'assess', assessment: assessmentOf(severity, 'roll-back') });
    return [asked, ...carriedOut(planned), ...afterwards].slice(0, length);
  });

/** What a person asks for, before or after it: carried out, or overtaken by what happens meanwhile. */
const byPerson: fc.Arbitrary<Way> = fc
  .tuple(
    fc.constantFrom('request-rollback' as const, 'undo-rollback' as const),
    fc.oneof(
      plan.map(carriedOut),
      fc.constantFrom<Way>(
        [now({ kind: 'stop-rollback', stop: { rail: 'state-moved', because: 'it changed meanwhile' } })],
        [now({ kind: 'recover-without-us', because: 'it is well' })],
      ),
    ),
    fc.integer({ min: 1, max: 16 }),
  )
  .map(([kind, way, length]) => [now({ kind, by: 'ada', via: 'api', because: 'I know' }), ...way].slice(0, length));

/** And the way to its very end. */
const ending: fc.Arbitrary<readonly Timed[]> = fc.constantFrom<Way>(
  [
    [{ kind: 'resolve', by: 'ada', via: 'api', because: 'fixed' }, 0],
    [{ kind: 'fire-timer', name: 'monitoring' }, 25 * HOUR],
  ],
  [
    [{ kind: 'resolve', by: 'ada', via: 'api', because: 'fixed' }, 0],
    [{ kind: 'publish-postmortem', by: 'ada', via: 'api' }, HOUR],
    [{ kind: 'fire-timer', name: 'monitoring' }, 25 * HOUR],
  ],
);

/** A policy, and commands with the time that passes before each. */
export const history = fc.tuple(
  policies,
  fc
    .array(
      fc.oneof(
        { weight: 12, arbitrary: any },
        { weight: 2, arbitrary: rollback },
        { weight: 2, arbitrary: byPerson },
        ending,
      ),
      {
        maxLength: 25,
        size: 'max',
      },
    )
    .map((parts) => parts.flat()),
);

export interface Step {
  readonly before: IncidentState | null;
  readonly events: readonly IncidentEvent[];
  readonly after: IncidentState;
}

export interface Run {
  readonly policy: Policy;
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
  return { policy, stored, steps, end: state! };
}
