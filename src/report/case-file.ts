import type { EventType, IncidentEvent } from '../domain/incident/events.ts';
import { fold } from '../domain/incident/evolve.ts';
import type { IncidentState } from '../domain/incident/state.ts';

export type EventOf<T extends EventType> = Extract<IncidentEvent, { type: T }>;

/** An incident's events with what they come to, as the sections of the report look things up. */
export interface CaseFile {
  readonly state: IncidentState;
  readonly events: readonly IncidentEvent[];
  readonly opened: EventOf<'incident-opened'>;
  all<T extends EventType>(type: T): readonly EventOf<T>[];
  first<T extends EventType>(type: T): EventOf<T> | null;
  last<T extends EventType>(type: T): EventOf<T> | null;
  /** Every event that was committed in the same moment. */
  together(event: IncidentEvent): readonly IncidentEvent[];
}

/** Null: no incident was opened by these events. */
export function caseFileOf(events: readonly IncidentEvent[]): CaseFile | null {
  const state = fold(events);
  const opened = events.find(isOf('incident-opened'));
  if (state === null || opened === undefined) return null;
  const byMoment = Map.groupBy(events, ({ at }) => at);
  return {
    state,
    events,
    opened,
    all: (type) => events.filter(isOf(type)),
    first: (type) => events.find(isOf(type)) ?? null,
    last: (type) => events.findLast(isOf(type)) ?? null,
    together: ({ at }) => byMoment.get(at) ?? [],
  };
}

export const isOf =
  <T extends EventType>(type: T) =>
  (event: IncidentEvent): event is EventOf<T> =>
    event.type === type;
