import fc from 'fast-check';
import { parseEvent, verifyChain } from '../../src/domain/incident/chain.ts';
import { fold } from '../../src/domain/incident/evolve.ts';
import { react } from '../../src/domain/incident/react.ts';
import { tally } from '../../src/domain/incident/tally.ts';
import { timersOf } from '../../src/domain/incident/timers.ts';
import { viewOf } from '../../src/domain/incident/view.ts';
import type { Run } from '../unit/support/histories.ts';
import { history, play } from '../unit/support/histories.ts';
import { policyWith } from '../unit/support/incident.ts';

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
      if (events.some((event) => event.type === 'page-requested'))
        expect(['open', 'acknowledged']).toContain(after.status);
    }
  });
});

test('no two effects of an incident have one id, also when commands are committed together', () => {
  check(({ steps }) => {
    const ids = steps.flatMap(({ before, events, after }) => react(before, events, after).effects.map((e) => e.id));
    expect(new Set(ids).size).toBe(ids.length);
    const [first] = steps;
    const together = react(
      null,
      steps.flatMap((step) => step.events),
      steps.at(-1)!.after,
    ).effects;
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
