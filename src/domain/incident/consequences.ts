import { iso } from '../time.ts';
import type { Context } from './commands.ts';
import { pageWithoutPagerduty } from './decide-pages.ts';
import { publication } from './decide-publication.ts';
import type { EventType, IncidentEvent, NewEvent } from './events.ts';
import { EVENT_VERSION } from './events.ts';
import { evolve } from './evolve.ts';
import type { IncidentState } from './state.ts';

/** What follows from where an incident has come to, whichever command brought it there. */
export function consequences(
  before: IncidentState | null,
  events: readonly NewEvent[],
  context: Context,
): readonly NewEvent[] {
  if (!events.some(({ type }) => LEADS_ON.has(type))) return [];
  const after = foldNew(before, events, context);
  if (after === null) return [];
  const paged = events.some(({ type }) => type === 'page-requested');
  return [...(paged ? pageWithoutPagerduty(after, context) : []), ...publication(after, context)];
}

const LEADS_ON: ReadonlySet<EventType> = new Set([
  'page-requested',
  'severity-changed',
  'unquieted',
  'incident-reopened',
  'storm-grew',
]);

/** The state that these events will leave. Their hashes are made later and matter to nobody here. */
const foldNew = (before: IncidentState | null, events: readonly NewEvent[], { now }: Context): IncidentState | null =>
  events
    .map((event, i): IncidentEvent => ({
      ...event,
      incidentId: before?.id ?? '',
      seq: (before?.version ?? 0) + i + 1,
      version: EVENT_VERSION,
      at: iso(now),
      hash: '',
      previousHash: '',
    }))
    .reduce<IncidentState | null>(evolve, before);
