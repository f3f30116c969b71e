import type { Severity } from '../severity.ts';
import type { NewEvent, PageReason } from './events.ts';
import type { IncidentState } from './state.ts';

/** In an announced maintenance window nobody is woken, not even by a P0: the window says so. */
export const isInMaintenance = ({ quiet }: Pick<IncidentState, 'quiet'>): boolean =>
  quiet.some(({ kind }) => kind === 'maintenance');

/** What we did ourselves and did not go well is said also where the trouble itself is held back. */
const OF_OURS: ReadonlySet<PageReason> = new Set(['rollback-failed', 'rollback-reverted']);

/**
 * Whether a page is held back at the moment. Maintenance holds every one; a silence or a storm never one of a P0, and none
 * about a rollback of ours that failed.
 */
export function holdsPage(state: Pick<IncidentState, 'quiet'>, severity: Severity | null, reason: PageReason): boolean {
  if (isInMaintenance(state)) return true;
  return state.quiet.length > 0 && severity !== 'P0' && !OF_OURS.has(reason);
}

type Wakeable = Pick<IncidentState, 'status' | 'page' | 'alertCounts' | 'linkedTo' | 'quiet'>;

/**
 * A P0 wakes somebody once: not when another incident has the page for both, not in maintenance, and not for what is over
 * already. A page that a routing rule asked for was about less.
 */
export const wakesAsP0 = (state: Wakeable): boolean =>
  (state.status === 'open' || state.status === 'acknowledged') &&
  (state.page === null || state.page.reason === 'routed') &&
  state.alertCounts.firing > 0 &&
  state.linkedTo === null &&
  !isInMaintenance(state);

export const pageEvent = (reason: PageReason, because: string): NewEvent => ({
  type: 'page-requested',
  data: { reason, because },
});
