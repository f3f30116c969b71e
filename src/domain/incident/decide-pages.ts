import { ms } from '../time.ts';
import type { Policy } from '../policy.ts';
import type { Context } from './commands.ts';
import type { NewEvent } from './events.ts';
import type { IncidentState } from './state.ts';

/** Epoch milliseconds from which a page that PagerDuty has not taken is told everywhere else; null: it is not waited for. */
export function fallbackAt(state: IncidentState, { communication }: Policy): number | null {
  const { page } = state;
  if (page === null || !communication.sends || !isWaitedFor(state)) return null;
  return ms(page.at) + communication.pageAcceptSeconds * 1000;
}

/** Nobody is woken for what is over, but for what came after it. */
function isWaitedFor({ page, status }: IncidentState): boolean {
  if (page === null || page.accepted === true || page.unaccepted === true) return false;
  const afterwards = page.reason === 'escalated' || page.reason === 'rollback-reverted';
  return status === 'open' || status === 'acknowledged' || (afterwards && status === 'mitigated');
}

export function firePageFallback(state: IncidentState, context: Context): readonly NewEvent[] {
  const due = fallbackAt(state, context.policy);
  if (due === null || context.now < due) return [];
  return unaccepted(state, 'it has not answered, or could not be reached', context);
}

/** A page that does not reach PagerDuty goes to every other channel. */
export function unaccepted(state: IncidentState, because: string, { now, policy }: Context): readonly NewEvent[] {
  const { page } = state;
  if (page === null || !policy.communication.sends || !isWaitedFor(state)) return [];
  const seconds = Math.max(0, now - ms(page.at)) / 1000;
  return [{ type: 'page-unaccepted', data: { reason: page.reason, because, seconds } }];
}

/** Without PagerDuty there is nothing to wait for. */
export const pageWithoutPagerduty = (state: IncidentState, context: Context): readonly NewEvent[] =>
  context.policy.communication.pagerduty ? [] : unaccepted(state, 'it is not configured', context);
