import { chain, GENESIS, parseEvent } from '../../../src/domain/incident/chain.ts';
import type { StoredEvent } from '../../../src/domain/incident/chain.ts';
import type { ClockName, EventData, EventType, IncidentEvent, NewEvent } from '../../../src/domain/incident/events.ts';
import type { Severity } from '../../../src/domain/severity.ts';
import { iso } from '../../../src/domain/time.ts';
import type { Report } from '../../../src/report/model.ts';
import { reportOf } from '../../../src/report/report.ts';
import { NOON, openingOf, PLAN_HASH, planOf, SECOND, severityOf, stanceOf } from './incident.ts';

const ID = 'INC-20261123-120000';

/** A timeline as it is told, event by event, at seconds from noon: for what reads timelines, whatever wrote them. */
export class Timeline {
  #stored: readonly StoredEvent[] = [];

  add<T extends EventType>(seconds: number, type: T, data: EventData[T]): this {
    const head = this.#stored.at(-1);
    const event = { type, data } as NewEvent;
    const rows = chain(ID, { seq: head?.seq ?? 0, hash: head?.hash ?? GENESIS }, [event], at(seconds));
    this.#stored = [...this.#stored, ...rows];
    return this;
  }

  get events(): readonly IncidentEvent[] {
    return this.#stored.map(parseEvent);
  }

  get report(): Report {
    const report = reportOf(this.events);
    if (report === null) throw new Error('it opens no incident');
    return report;
  }

  /** The clock ran from then for so long, and was met, or breached and noticed at once. */
  clock(clock: ClockName, from: number, allowed: number, took: number): this {
    const deadline = at(from + allowed);
    this.add(from, 'clock-started', { clock, startedAt: at(from), deadline });
    return took <= allowed
      ? this.add(from + took, 'clock-met', { clock, seconds: took })
      : this.add(from + allowed, 'clock-breached', { clock, deadline, lateSeconds: 0 });
  }
}

export const at = (seconds: number): string => iso(NOON + seconds * SECOND);

const OPENING = openingOf();

/** One alert, an onset 30 s before, and a decision. */
export function told(severity: Severity, changes: Partial<EventData['incident-opened']> = {}): Timeline {
  const { correlationKey, service, environment, title, labels, onset, runbookUrl, sourceUrl } = OPENING;
  return new Timeline()
    .add(0, 'incident-opened', {
      ...{ correlationKey, service, environment, title, labels, onset, runbookUrl, sourceUrl, afterKeyVersion: 0 },
      ...changes,
    })
    .add(0, 'alerts-joined', {
      count: 1,
      counts: { firing: 1, resolved: 0 },
      names: ['CheckoutDown'],
      samples: [
        {
          key: 'alertmanager/f1',
          name: 'CheckoutDown',
          labels: { alertname: 'CheckoutDown' },
          annotations: { summary: 'Nothing can be bought' },
          startsAt: at(-30),
          generatorUrl: 'https://prometheus/graph',
        },
      ],
    })
    .add(0, 'severity-decided', severityOf(severity))
    .add(0, 'severity-changed', { from: null, to: severity, because: `it is ${severity}` });
}

export const ADA = { by: 'ada', via: 'slack' } as const;

/** A rollback that rules asked for at that time, announced, and begun half a minute later. */
export function rollingBack(timeline: Timeline, from: number): Timeline {
  return timeline
    .add(from, 'rollback-decided', { ...stanceOf('roll-back'), mode: 'auto' })
    .add(from, 'rollback-requested', { by: 'rules', because: 'it says so', mode: 'auto', service: 'checkout' })
    .add(from + 1, 'rollback-planned', { plan: planOf(), planHash: PLAN_HASH, rehearsal: [], suspect: null })
    .add(from + 1, 'rollback-announced', {
      planHash: PLAN_HASH,
      startsAt: at(from + 30),
      summary: 'checkout from r42 to r41',
    })
    .add(from + 30, 'rollback-started', { planHash: PLAN_HASH });
}

/** All of its steps done, after so many seconds. */
export const rolledBack = (timeline: Timeline, done: number): Timeline =>
  timeline
    .add(done, 'rollback-step-finished', { index: 0, name: 'checkout', outcome: 'done', detail: 'every pod is ready' })
    .add(done, 'rollback-validating', { until: at(done + 900) });

/** It had helped since then, which was known a minute later. */
export const restored = (timeline: Timeline, since: number): Timeline =>
  timeline
    .add(since + 60, 'rollback-verdict', { verdict: 'recovered', because: '3 samples in a row passed', seconds: 100 })
    .add(since + 60, 'incident-mitigated', { because: '3 samples in a row passed', via: 'validation', at: at(since) });
