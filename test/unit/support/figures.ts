import type { Command } from '../../../src/domain/incident/commands.ts';
import type { Severity } from '../../../src/domain/severity.ts';
import { iso } from '../../../src/domain/time.ts';
import {
  Incident,
  allResolved,
  assessmentOf,
  executing,
  firesAgain,
  judged,
  newsOf,
  openingOf,
  planned,
  plannedStep,
  policyWith,
  recovers,
  SECOND,
  service,
  step,
} from './incident.ts';

/** Moments of the story below, and when it is looked at. */
export const FIGURES_NOW = Date.UTC(2026, 10, 20);

const plan = { mode: null, steps: [plannedStep('app').config] };
const policy = policyWith({}, { services: { checkout: service(plan), cart: service(plan) } });
const by = { by: 'ada', via: 'api' };

interface Begun {
  readonly severity: Severity;
  readonly service: string;
  readonly opened: string;
  /** How long before its opening it began. */
  readonly onsetSeconds: number;
  readonly action?: 'hold' | 'roll-back';
  readonly drill?: true;
}

/** One incident that is told by what happened how many seconds after it opened. */
export class Story {
  readonly incident: Incident;
  readonly #openedAt: number;

  constructor({ severity, service: name, opened, onsetSeconds, action = 'hold', drill }: Begun) {
    const at = Date.parse(opened);
    this.#openedAt = at;
    this.incident = new Incident(policy, `INC-${iso(at).slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`);
    this.incident.now = at;
    const opening = openingOf({
      correlationKey: JSON.stringify([this.incident.id]),
      service: name,
      onset: { at: iso(at - onsetSeconds * SECOND), source: 'starts-at' },
      ...(drill === undefined ? {} : { drill }),
    });
    this.incident.do({ kind: 'open', opening, news: newsOf({ firing: 1 }, ['CheckoutDown']) });
    this.incident.do({ kind: 'assess', assessment: assessmentOf(severity, action) });
  }

  at(seconds: number, ...commands: readonly Command[]): this {
    this.incident.now = this.#openedAt + seconds * SECOND;
    for (const command of commands) this.incident.do(command);
    return this;
  }
}

const acknowledged: Command = { kind: 'acknowledge', ...by };
const resolvedByHand: Command = { kind: 'resolve', ...by, because: 'the fix is in' };
const causeRecorded: Command = {
  ...{ kind: 'record-root-cause', ...by },
  ...{ category: 'code-bug', summary: 'a null pointer', confidence: 0.9, evidence: [] },
};
const action = (dueAt: string): Command => ({
  ...{ kind: 'add-action', ...by },
  ...{ action: 'Test it', of: 'technical', owner: 'ada', dueAt },
});

/** Eleven incidents of three weeks; seven of them count. The figures of each stand beside it. */
export function figureStories(): readonly Story[] {
  // Detected 30, acknowledged 60, restored 200, resolved 3600; post-mortem, confirmed cause, one overdue action.
  const good = new Story({ severity: 'P0', service: 'checkout', opened: '2026-11-02T10:00:00Z', onsetSeconds: 30 })
    .at(60, acknowledged)
    .at(200, allResolved())
    .at(3600, resolvedByHand, causeRecorded)
    .at(
      4000,
      { kind: 'judge-root-cause', ...by, id: 'H1', state: 'confirmed', because: 'reproduced' },
      { kind: 'publish-postmortem', ...by },
      action('2026-11-10T00:00:00.000Z'),
      action('2026-11-10T00:00:00.000Z'),
      { kind: 'change-action', ...by, id: 'A2', status: 'done' },
    );
  // Detected 90, acknowledged 120, restored 400: too late. Not resolved.
  const slow = new Story({ severity: 'P0', service: 'checkout', opened: '2026-11-03T10:00:00Z', onsetSeconds: 90 })
    .at(120, acknowledged)
    .at(400, allResolved());
  // Detected 600 and acknowledged 700: both too late. Down for 900 and again for 300; resolved 2400. A repeat.
  const cameBack = new Story({ severity: 'P1', service: 'cart', opened: '2026-11-09T08:00:00Z', onsetSeconds: 600 })
    .at(700, acknowledged, causeRecorded)
    .at(900, allResolved())
    .at(1200, firesAgain, {
      ...{ kind: 'recognise-recurrence', why: 'same-cause', of: ['INC-1'], days: 60, openActions: [] },
    })
    .at(1300, acknowledged)
    .at(1500, allResolved())
    .at(2400, resolvedByHand);
  // Detected 60, over after 1000; nobody acknowledged.
  const small = new Story({ severity: 'P2', service: 'cart', opened: '2026-11-10T08:00:00Z', onsetSeconds: 60 });
  small.at(1000, allResolved());
  return [good, slow, cameBack, small, ...rollbackStories(), ...leftOut()];
}

function rollbackStories(): readonly Story[] {
  const begun = (opened: string, name: string): Story =>
    new Story({ severity: 'P1', service: name, opened, onsetSeconds: 30, action: 'roll-back' });
  // Detected 30, rolled back after 60 and well from then on; then a person takes the rollback back.
  const helped = begun('2026-11-11T08:00:00Z', 'checkout');
  recovers(step(executing(helped.incident)));
  helped.at(600, { kind: 'undo-rollback', ...by, because: 'it was not the cause' });
  recovers(step(executing(helped.incident)));
  // Detected 30; rolled back, and that did not help. Still open.
  const didNot = begun('2026-11-12T08:00:00Z', 'checkout');
  judged(step(executing(didNot.incident)), 'fail');
  // Detected 30; stopped before anything was begun. Still open.
  const stopped = begun('2026-11-12T09:00:00Z', 'cart');
  planned(stopped.incident);
  stopped.at(30, { kind: 'abort-rollback', ...by, because: 'we know better' });
  return [helped, didNot, stopped];
}

/** A drill, a false alarm with an overdue action, and one that belongs to another one. */
function leftOut(): readonly Story[] {
  const at = (opened: string, drill?: true): Story =>
    new Story({
      ...{ severity: 'P0', service: 'checkout', opened, onsetSeconds: 9000 },
      ...(drill === undefined ? {} : { drill }),
    });
  return [
    at('2026-11-04T08:00:00Z', true).at(100, action('2026-11-10T00:00:00.000Z')),
    at('2026-11-05T08:00:00Z').at(
      100,
      { kind: 'dismiss', ...by, because: 'a test' },
      { kind: 'change-action', ...by, id: 'A1', dueAt: '2026-11-15T00:00:00.000Z' },
    ),
    at('2026-11-06T08:00:00Z').at(100, { kind: 'merge', ...by, into: 'INC-20261103-100000', because: 'the same' }),
  ];
}
