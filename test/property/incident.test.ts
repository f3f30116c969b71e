import fc from 'fast-check';
import { chain, GENESIS, parseEvent, verifyChain } from '../../src/domain/incident/chain.ts';
import type { StoredEvent } from '../../src/domain/incident/chain.ts';
import type { Command } from '../../src/domain/incident/commands.ts';
import { CommandRefused } from '../../src/domain/incident/commands.ts';
import { decide } from '../../src/domain/incident/decide.ts';
import type { IncidentEvent } from '../../src/domain/incident/events.ts';
import { evolve, fold } from '../../src/domain/incident/evolve.ts';
import { react } from '../../src/domain/incident/react.ts';
import type { IncidentState } from '../../src/domain/incident/state.ts';
import { tally } from '../../src/domain/incident/tally.ts';
import { timersOf } from '../../src/domain/incident/timers.ts';
import { viewOf } from '../../src/domain/incident/view.ts';
import { RAILS, VERDICTS } from '../../src/domain/plan.ts';
import { SEVERITIES } from '../../src/domain/severity.ts';
import { iso } from '../../src/domain/time.ts';
import {
  HOUR,
  MINUTE,
  NOON,
  assessmentOf,
  newsOf,
  openingOf,
  planOf,
  plannedStep,
  policyWith,
} from '../unit/support/incident.ts';

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
    name: fc.constantFrom('clock:acknowledge' as const, 'clock:restore', 'rollback-hold', 'rollback-approval', 'monitoring'),
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
  policyWith({ mode: 'approve' }),
  policyWith({ mode: 'shadow' }),
  policyWith({ killSwitch: true }),
  policyWith({}, { services: {} }),
);

const history = fc.tuple(
  policies,
  fc.array(fc.tuple(command, fc.constantFrom(0, 1000, MINUTE, HOUR, 25 * HOUR)), { maxLength: 40 }),
);

interface Step {
  readonly before: IncidentState | null;
  readonly events: readonly IncidentEvent[];
  readonly after: IncidentState;
}

interface Run {
  readonly stored: readonly StoredEvent[];
  readonly steps: readonly Step[];
  readonly end: IncidentState;
}

/** Plays a history as the commander does. What is refused changes nothing; anything else that is thrown fails. */
function play([policy, commands]: typeof history extends fc.Arbitrary<infer T> ? T : never): Run {
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

const check = (property: (run: Run) => void, numRuns = 500): void => {
  fc.assert(
    fc.property(history, (given) => {
      property(play(given));
    }),
    { seed: 20_261_123, numRuns },
  );
};

const settled = new Set(['finished', 'stopped', 'shadowed']);
const AFTER_THE_END = /^(note-added|notification-.*|alerts-.*|rollback-.*)$/;

test('folding the stored text gives the state that was kept step by step', () => {
  check(({ stored, end }) => {
    expect(fold(stored.map(parseEvent))).toEqual(end);
  });
});

test('the state survives JSON, and jsonb could hold all of it', () => {
  check(({ end }) => {
    const text = JSON.stringify(end);
    expect(JSON.parse(text)).toEqual(end);
    expect(text).not.toMatch(/\\u(0000|d[89a-f])/);
  });
});

test('after the closing come only notes, results and what alerts say, and the status never moves again', () => {
  check(({ stored, end }) => {
    const closed = stored.findIndex((row) => row.type === 'incident-closed');
    if (closed < 0) return;
    expect(stored.slice(closed + 1).filter((row) => !AFTER_THE_END.test(row.type))).toEqual([]);
    expect(end.status).toBe('closed');
  });
});

test('a rollback starts at most once an incident, and only after it was announced', () => {
  check(({ stored }) => {
    const types = stored.map((row) => row.type);
    expect(types.filter((type) => type === 'rollback-started').length).toBeLessThanOrEqual(1);
    expect(types.filter((type) => type === 'rollback-requested').length).toBeLessThanOrEqual(1);
    const started = types.indexOf('rollback-started');
    if (started >= 0) expect(types.slice(0, started)).toContain('rollback-announced');
  }, 1000);
});

test('a step is intended once, only while the rollback runs, and one at a time is not finished', () => {
  check(({ steps }) => {
    const intended = steps.flatMap(({ events }) =>
      events.flatMap((event) => (event.type === 'rollback-step-intended' ? [event.data.index] : [])),
    );
    expect(new Set(intended).size).toBe(intended.length);
    for (const { before, events } of steps) {
      if (events.some((event) => event.type === 'rollback-step-intended')) {
        expect(before?.rollback?.stage).toBe('executing');
      }
    }
  }, 1000);
});

test('what has settled stays settled', () => {
  check(({ steps }) => {
    for (const { before, after } of steps) {
      const stage = before?.rollback?.stage;
      if (stage !== undefined && settled.has(stage)) expect(after.rollback?.stage).toBe(stage);
    }
  });
});

test('clocks are sane: a running one has a timer at its deadline and nothing that is over has one running', () => {
  check(({ steps }) => {
    for (const { after } of steps) {
      const timers = timersOf(after, policyWith());
      expect(new Set(timers.map((timer) => timer.name)).size).toBe(timers.length);
      for (const [name, clock] of Object.entries(after.clocks)) {
        expect(Date.parse(clock.deadline)).toBeGreaterThan(Date.parse(clock.startedAt));
        const due = timers.find((timer) => timer.name === `clock:${name}`)?.due;
        expect(due).toBe(clock.state === 'running' ? Date.parse(clock.deadline) : undefined);
      }
      const over = after.status === 'resolved' || after.status === 'closed' || after.status === 'mitigated';
      if (over) expect(Object.values(after.clocks).filter((clock) => clock.state === 'running')).toEqual([]);
      if (after.status === 'acknowledged') expect(after.clocks.acknowledge?.state).not.toBe('running');
      if (after.status === 'open' && after.severity !== null) expect(after.clocks.restore).toBeDefined();
    }
  });
});

test('a page is for what goes on, and once until it comes back', () => {
  check(({ stored, steps }) => {
    let paged = 0;
    for (const { type } of stored) {
      if (type === 'incident-reopened') paged = 0;
      if (type === 'page-requested') paged += 1;
      expect(paged).toBeLessThanOrEqual(1);
    }
    for (const { events, after } of steps) {
      if (events.some((event) => event.type === 'page-requested')) expect(['open', 'acknowledged']).toContain(after.status);
    }
  });
});

test('no two effects of an incident have one id, also when commands are committed together', () => {
  check(({ steps }) => {
    const ids = steps.flatMap(({ before, events, after }) => react(before, events, after).effects.map((e) => e.id));
    expect(new Set(ids).size).toBe(ids.length);
    const [first] = steps;
    const together = react(null, steps.flatMap((step) => step.events), steps.at(-1)!.after).effects;
    expect(first).toBeDefined();
    expect(new Set(together.map((e) => e.id)).size).toBe(together.length);
  });
});

test('figures and views can be made of every state, and no figure is negative', () => {
  check(({ steps }) => {
    for (const { events, after } of steps) {
      for (const each of events.flatMap((event) => tally(event, after, 'other'))) {
        if (each.kind === 'observe') expect(each.value).toBeGreaterThanOrEqual(0);
      }
      expect(viewOf(after, 'https://firebreak').id).toBe('INC-1');
    }
  }, 200);
});

test('the chain verifies, and any one altered, dropped or swapped event is found', () => {
  fc.assert(
    fc.property(history, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (given, at, byte, flip) => {
      const { stored } = play(given);
      expect(verifyChain(stored)).toBeNull();
      const i = at % stored.length;
      const bytes = Buffer.from(stored[i]!.body);
      const where = byte % bytes.length;
      bytes[where] = bytes[where]! ^ flip;
      const altered = stored.map((row, k) => (k === i ? { ...row, body: bytes.toString('latin1') } : row));
      expect(verifyChain(altered)).toEqual({ kind: 'altered', seq: i + 1 });
      if (i < stored.length - 1) {
        expect(verifyChain(stored.filter((_, k) => k !== i))).not.toBeNull();
        const swapped = [...stored];
        [swapped[i], swapped[i + 1]] = [swapped[i + 1]!, swapped[i]!];
        expect(verifyChain(swapped)).not.toBeNull();
        const renumbered = swapped.map((row, k) => ({ ...row, seq: k + 1 }));
        expect(verifyChain(renumbered)).not.toBeNull();
      }
    }),
    { seed: 20_261_123, numRuns: 300 },
  );
});
