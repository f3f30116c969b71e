import fc from 'fast-check';
import { parseEvent, verifyChain } from '../../src/domain/incident/chain.ts';
import type { ClockName, EventType, IncidentEvent, PageReason } from '../../src/domain/incident/events.ts';
import { fold } from '../../src/domain/incident/evolve.ts';
import { isQuiet } from '../../src/domain/incident/process-state.ts';
import { react } from '../../src/domain/incident/react.ts';
import { tally } from '../../src/domain/incident/tally.ts';
import { timersOf } from '../../src/domain/incident/timers.ts';
import { viewOf } from '../../src/domain/incident/view.ts';
import type { Run } from '../unit/support/histories.ts';
import { history, play } from '../unit/support/histories.ts';
import { policyWith } from '../unit/support/incident.ts';

/** Everybody is reached in every way, so that every effect there can be is made. */
const EVERYWHERE = { slack: true, email: true };
const REACH = {
  ...policyWith().communication,
  audiences: { team: EVERYWHERE, stakeholders: EVERYWHERE, customers: EVERYWHERE },
};

const check = (property: (run: Run) => void, numRuns = 500): void => {
  fc.assert(
    fc.property(history, (given) => {
      property(play(given));
    }),
    { seed: 20_261_123, numRuns },
  );
};

const settled = new Set(['finished', 'stopped', 'shadowed']);
const AFTER_THE_END =
  /^(note-added|notification-.*|alerts-.*|rollback-.*|evidence-captured|recovery-sampled|baseline-frozen|impact-stated|onset-corrected|clock-.*|unquieted|incident-(dismissed|unlinked)|link-noted|fix-recorded|action-.*|section-written|postmortem-published|review-.*)$/;

type Events = Run['steps'][number]['events'];
/** A history in parts, each from one rollback that was asked for to the next. */
function byRollback({ steps }: Run): readonly Events[] {
  const parts: IncidentEvent[][] = [[]];
  for (const event of steps.flatMap(({ events }) => events)) {
    if (event.type === 'rollback-requested') parts.push([]);
    parts.at(-1)!.push(event);
  }
  return parts.slice(1);
}
const typesOf = (events: Events) => events.map(({ type }) => type);
const only = <T extends EventType>(events: Events, type: T) =>
  events.flatMap((event) => (event.type === type ? [event as Extract<IncidentEvent, { type: T }>] : []));

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

test('a rollback starts at most once a request, after it was announced, and not before its time', () => {
  check((run) => {
    for (const events of byRollback(run)) {
      const started = only(events, 'rollback-started');
      expect(started.length).toBeLessThanOrEqual(1);
      if (started[0] === undefined) continue;
      const before = events.slice(0, events.indexOf(started[0]));
      const announced = only(before, 'rollback-announced').at(-1);
      const fix = only(before, 'fix-declared').at(-1);
      expect(announced).toBeDefined();
      const startsAt = [announced!, fix].flatMap((each) => (each === undefined ? [] : [each]));
      const last = startsAt.sort((x, y) => x.seq - y.seq).at(-1)!;
      const due = last.type === 'rollback-announced' ? last.data.startsAt : last.data.until;
      expect(started[0].at >= due).toBe(true);
    }
  }, 1000);
});

test('automation carries out one rollback an incident, whatever people did before or after it', () => {
  check((run) => {
    const carriedOut = byRollback(run).filter((events) => typesOf(events).includes('rollback-step-accepted'));
    const byRules = carriedOut.filter((events) => only(events, 'rollback-requested')[0]?.data.by === 'rules');
    expect(byRules.length).toBeLessThanOrEqual(1);
  }, 1000);
});

test('nothing is carried out in the sandbox, whoever asks', () => {
  check(({ steps, policy }) => {
    if (policy.automation.rehearseOnly !== true) return;
    const people = steps.filter(({ after }) => after.rollback !== null && after.rollback.requestedBy !== 'rules');
    expect(people.filter(({ after }) => after.rollback?.startedAt !== null)).toEqual([]);
  }, 1000);
});

test('a step is saved and intended once a rollback, and only while it runs', () => {
  check((run) => {
    for (const events of byRollback(run)) {
      for (const type of ['rollback-step-intended', 'evidence-captured'] as const) {
        const indices = only(events, type).map((event) => event.data.index);
        expect(new Set(indices).size).toBe(indices.length);
      }
    }
    for (const { before, events } of run.steps) {
      if (events.some(({ type }) => type === 'rollback-step-intended' || type === 'evidence-captured')) {
        expect(before?.rollback?.stage).toBe('executing');
      }
    }
  }, 1000);
});

test('what has settled stays settled, until a new one is asked for', () => {
  check(({ steps }) => {
    for (const { before, events, after } of steps) {
      if (typesOf(events).includes('rollback-requested')) continue;
      const stage = before?.rollback?.stage;
      if (stage !== undefined && settled.has(stage)) expect(after.rollback?.stage).toBe(stage);
    }
  });
});

test('"recovered" needs its samples in a row, and the service counts as restored from the first of them', () => {
  check((run) => {
    for (const events of byRollback(run)) {
      const verdict = only(events, 'rollback-verdict').at(-1);
      if (verdict?.data.verdict !== 'recovered') continue;
      const samples = only(events.slice(0, events.indexOf(verdict)), 'recovery-sampled');
      const last = samples.slice(-3);
      expect(last.map(({ data }) => data.result)).toEqual(['pass', 'pass', 'pass']);
      const mitigated = only(events, 'incident-mitigated').find(({ data }) => data.via === 'validation');
      // In a row: none that does not pass, and no gap in which nobody looked.
      const breaks = samples.findLastIndex(
        ({ data, at }, i) => data.result !== 'pass' || Date.parse(samples[i + 1]?.at ?? at) - Date.parse(at) > 120_000,
      );
      const run = samples.slice(breaks + 1);
      if (mitigated !== undefined) expect(mitigated.data.at).toBe(run[0]?.at);
    }
  }, 1000);
});

test('the baseline is frozen once an onset, and a fix is declared once', () => {
  check(({ stored }) => {
    const types = stored.map((row) => row.type);
    const frozen = types.filter((type) => type === 'baseline-frozen' || ONSETS.has(type));
    expect(frozen.filter((type, i) => type === 'baseline-frozen' && type === frozen[i - 1])).toEqual([]);
    expect(types.filter((type) => type === 'fix-declared').length).toBeLessThanOrEqual(1);
  });
});

const ONSETS: ReadonlySet<EventType> = new Set(['onset-renewed', 'onset-corrected']);

test('what was P0 or P1 is closed only with its post-mortem, and nothing before its monitoring has ended', () => {
  check(({ steps }) => {
    for (const { before, events, after } of steps) {
      if (!typesOf(events).includes('incident-closed') || after.drill === true) continue;
      expect(after.monitoringEndedAt).not.toBeNull();
      expect(['resolved']).toContain(before?.status);
      if (after.worst === 'P0' || after.worst === 'P1') expect(after.postmortem).not.toBeNull();
    }
  }, 1000);
});

test('the severity that a person set stands until it is released, whatever the rules say', () => {
  check(({ steps }) => {
    for (const { after } of steps) {
      if (after.override !== null) expect(after.severity).toBe(after.override.severity);
      const falls = after.worst !== null && after.severity !== null && after.severity < after.worst;
      expect(falls).toBe(false);
    }
  });
});

test('rising from P2 or P3 to P0 or P1 takes the onset anew, once a rise, and never into the future', () => {
  check(({ steps }) => {
    for (const { before, events, after } of steps) {
      const renewed = only(events, 'onset-renewed');
      const rises = only(events, 'severity-changed').filter(
        ({ data: { from, to } }) => from !== null && from >= 'P2' && to <= 'P1',
      );
      const measured = before?.rollback?.stage === 'executing' || before?.rollback?.stage === 'validating';
      expect(renewed.length).toBe(measured || before?.status === 'mitigated' ? 0 : rises.length);
      for (const { data, at } of renewed) {
        expect(data.at <= at).toBe(true);
        expect(after.onset.at).toBe(data.at);
      }
    }
  });
});

test('nobody is woken in a maintenance window, nor for what another incident has the page for', () => {
  check(({ steps }) => {
    for (const { before, events } of steps) {
      const pages = only(events, 'page-requested');
      if (pages.length === 0 || before === null) continue;
      const quiet = before.quiet.some(({ kind }) => kind === 'maintenance');
      expect(quiet && !typesOf(events).includes('unquieted')).toBe(false);
      const asOne = pages.some(({ data }) => FOR_SEVERITY.includes(data.reason));
      expect(asOne && before.linkedTo !== null && !typesOf(events).includes('incident-unlinked')).toBe(false);
    }
  }, 1000);
});

const FOR_SEVERITY: readonly PageReason[] = ['first-page', 'severity-raised', 'reopened', 'routed'];

test('only what recovered is watched, and the watch ends once', () => {
  check((run) => {
    for (const { after } of run.steps) {
      if (after.rollback?.watchUntil != null) {
        expect(after.rollback).toMatchObject({ stage: 'finished', verdict: 'recovered' });
      }
    }
    for (const events of byRollback(run)) {
      const ends = typesOf(events).filter((type) => type === 'rollback-reverted' || type === 'rollback-watched');
      expect(ends.length).toBeLessThanOrEqual(1);
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
        const warning = timers.find((timer) => timer.name === `clock-warning:${name}`)?.due;
        // Of what has stopped nobody is warned, nor after the last warning; and never at its deadline or later.
        const isWarned = clock.state === 'running' && (after.warned[name as ClockName] ?? 0) < 80 && !isQuiet(after);
        expect(warning !== undefined).toBe(isWarned);
        if (warning !== undefined) expect(warning).toBeLessThan(due!);
      }
      const running = Object.entries(after.clocks).flatMap(([name, { state }]) => (state === 'running' ? [name] : []));
      if (after.status === 'resolved' || after.status === 'closed') expect(running).toEqual([]);
      // The cause of a P0 or P1 is still to be found, and people are still to be told.
      if (after.status === 'mitigated') {
        expect(running.filter((name) => name !== 'diagnose' && name !== 'update')).toEqual([]);
      }
      if (after.status === 'acknowledged') expect(after.clocks.acknowledge?.state).not.toBe('running');
      if (after.status === 'open' && after.severity !== null) expect(after.clocks.restore).toBeDefined();
      const { restore } = after.clocks;
      if (restore?.state === 'met' && after.mitigatedAt !== null) {
        expect(after.mitigatedAt <= restore.deadline).toBe(true);
      }
    }
  });
});

test('a page is for what goes on, and once a reason until it comes back', () => {
  check((run) => {
    const pages = new Map<string, number>();
    for (const event of run.steps.flatMap(({ events }) => events)) {
      if (event.type === 'incident-reopened') pages.clear();
      // Another rollback is another promise.
      if (event.type === 'rollback-requested') for (const reason of OF_ROLLBACK) pages.delete(reason);
      // A clock that runs anew may run out anew.
      if (event.type === 'clock-started') pages.set('clocks', (pages.get('clocks') ?? 0) + 1);
      if (event.type !== 'page-requested') continue;
      const { reason } = event.data;
      if (reason === 'escalated') {
        pages.set(reason, (pages.get(reason) ?? 0) + 1);
        expect(pages.get(reason)).toBeLessThanOrEqual(pages.get('clocks') ?? 0);
        continue;
      }
      // A route is a rule's wish for less than a P0; one that becomes a P0 is news all the same.
      const kind = OF_ROLLBACK.includes(reason) || reason === 'routed' ? reason : 'severity';
      pages.set(kind, (pages.get(kind) ?? 0) + 1);
      expect(pages.get(kind)).toBe(1);
    }
    for (const { events, after } of run.steps) {
      for (const { data } of only(events, 'page-requested')) {
        // That it did not stay rolled back is news after the recovery.
        const expected =
          data.reason === 'rollback-reverted'
            ? ['mitigated', 'resolved']
            : data.reason === 'escalated'
              ? ['mitigated']
              : [];
        expect(['open', 'acknowledged', ...expected]).toContain(after.status);
      }
    }
  }, 1000);
});

const OF_ROLLBACK: readonly PageReason[] = ['rollback-stopped', 'rollback-failed', 'rollback-reverted'];

test('no two effects of an incident have one id, also when commands are committed together', () => {
  check(({ steps }) => {
    const ids = steps.flatMap(({ before, events, after }) =>
      react(before, events, after, REACH).effects.map((e) => e.id),
    );
    expect(new Set(ids).size).toBe(ids.length);
    const [first] = steps;
    const together = react(
      null,
      steps.flatMap((step) => step.events),
      steps.at(-1)!.after,
      REACH,
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
      for (const met of only(events, 'clock-met')) expect(met.data.seconds).toBeGreaterThanOrEqual(0);
      for (const late of only(events, 'clock-breached')) expect(late.data.lateSeconds).toBeGreaterThanOrEqual(0);
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
