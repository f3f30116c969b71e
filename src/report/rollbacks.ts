import { planText } from '../domain/plan-text.ts';
import { ms } from '../domain/time.ts';
import type { IncidentEvent } from '../domain/incident/events.ts';
import type { CaseFile, EventOf } from './case-file.ts';
import { isOf } from './case-file.ts';

/** One rollback from the request to what came of it: what never happened is null. */
export interface Attempt {
  readonly requested: EventOf<'rollback-requested'>;
  readonly planned: EventOf<'rollback-planned'> | null;
  readonly announced: EventOf<'rollback-announced'> | null;
  readonly approved: EventOf<'rollback-approved'> | null;
  readonly shadowed: EventOf<'rollback-shadowed'> | null;
  readonly started: EventOf<'rollback-started'> | null;
  readonly steps: readonly EventOf<'rollback-step-finished'>[];
  readonly validating: EventOf<'rollback-validating'> | null;
  readonly samples: readonly EventOf<'recovery-sampled'>[];
  readonly verdict: EventOf<'rollback-verdict'> | null;
  readonly stopped: EventOf<'rollback-stopped'> | null;
  readonly reverted: readonly EventOf<'rollback-reverted'>[];
}

/** Every rollback that was asked for, in order. */
export function attemptsOf(file: CaseFile): readonly Attempt[] {
  const requests = file.all('rollback-requested');
  return requests.map((requested, i) => {
    const until = requests[i + 1]?.seq ?? Infinity;
    return attemptOf(
      requested,
      file.events.filter(({ seq }) => seq > requested.seq && seq < until),
    );
  });
}

function attemptOf(requested: EventOf<'rollback-requested'>, events: readonly IncidentEvent[]): Attempt {
  return {
    requested,
    planned: events.find(isOf('rollback-planned')) ?? null,
    announced: events.find(isOf('rollback-announced')) ?? null,
    approved: events.find(isOf('rollback-approved')) ?? null,
    shadowed: events.find(isOf('rollback-shadowed')) ?? null,
    started: events.find(isOf('rollback-started')) ?? null,
    steps: events.filter(isOf('rollback-step-finished')),
    validating: events.find(isOf('rollback-validating')) ?? null,
    samples: events.filter(isOf('recovery-sampled')),
    verdict: events.find(isOf('rollback-verdict')) ?? null,
    stopped: events.find(isOf('rollback-stopped')) ?? null,
    reverted: events.filter(isOf('rollback-reverted')),
  };
}

/** The last one that touched anything to get away from a version. */
export const lastRollback = (file: CaseFile): Attempt | null =>
  attemptsOf(file).findLast(({ started, requested }) => started !== null && requested.data.purpose !== 'undo') ?? null;

/** `login: r42 → r41`, joined over the steps. */
export const movesOf = ({ planned }: Attempt): string | null =>
  planned === null ? null : planText(planned.data.plan.steps, ms(planned.data.plan.madeAt));

export const eventsOf = (...events: readonly (IncidentEvent | null)[]): readonly IncidentEvent[] =>
  events.flatMap((event) => (event === null ? [] : [event]));
