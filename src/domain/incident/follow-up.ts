import { settleMs } from '../recovery.ts';
import { factsFor } from '../metric-queries.ts';
import type { Policy } from '../policy.ts';
import { ms } from '../time.ts';
import type { EventType, IncidentEvent } from './events.ts';
import type { IncidentState } from './state.ts';

/** After these there is something to look up that no page may wait for: earlier incidents, and whether a fix holds. */
const FOLLOWED: ReadonlySet<EventType> = new Set([
  'incident-opened',
  'rollback-planned',
  'root-cause-recorded',
  'root-cause-judged',
  'fix-recorded',
]);

export const wantsFollowUp = (events: readonly IncidentEvent[]): boolean =>
  events.some(({ type }) => FOLLOWED.has(type));

/** A fix is looked at so long after its deployment: not before its first minutes are over, nor before rates show it alone. */
const SETTLED_MS = 300_000;
/** Where it cannot be seen by then, a person has to say it. */
const GIVEN_UP_MS = 3_600_000;

/** When it may be judged whether a deployed fix holds, from and to, epoch milliseconds. Null: there is nothing to judge. */
export function fixJudgedAt(
  state: Pick<IncidentState, 'service' | 'status' | 'fixDeployedAt' | 'fixValidatedAt' | 'drill'>,
  policy: Pick<Policy, 'services' | 'facts'>,
): { readonly from: number; readonly until: number } | null {
  const { service, status, fixDeployedAt, fixValidatedAt } = state;
  const isOver = status === 'mitigated' || status === 'resolved';
  if (fixDeployedAt === null || fixValidatedAt !== null || service === null || !isOver || state.drill === true)
    return null;
  const recovery = Object.hasOwn(policy.services, service) ? (policy.services[service]?.recovery ?? null) : null;
  const settled = Math.max(SETTLED_MS, settleMs(recovery, factsFor(policy, service)));
  const from = ms(fixDeployedAt) + settled;
  return { from, until: from + GIVEN_UP_MS };
}
