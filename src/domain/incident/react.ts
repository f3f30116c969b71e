import type { CommunicationPolicy } from '../policy.ts';
import type { EffectIntent } from '../view.ts';
import type { EventType, IncidentEvent } from './events.ts';
import { customerEffects } from './react-customers.ts';
import { mailEffects } from './react-email.ts';
import { pagerdutyEffects } from './react-pagerduty.ts';
import { slackEffects } from './react-slack.ts';
import { webhookEffects } from './react-webhook.ts';
import type { IncidentState } from './state.ts';

/** What has to happen because of what happened: effects to carry out, and whether the rollback wants attention. */
export interface Reaction {
  readonly effects: readonly EffectIntent[];
  readonly driveRollback: boolean;
}

/**
 * Which effects follow from new events. Pure: `before` is the state that the events met, `after` the one they left.
 * Results of effects cause no effects of their channel, so there is no loop.
 */
export function react(
  before: IncidentState | null,
  events: readonly IncidentEvent[],
  after: IncidentState,
  reach: CommunicationPolicy,
): Reaction {
  const scene = { before, events, after, reach };
  return {
    // The page first; what customers read last.
    effects: [
      ...pagerdutyEffects(scene),
      ...slackEffects(scene),
      ...mailEffects(scene),
      ...webhookEffects(scene),
      ...customerEffects(scene),
    ],
    driveRollback: events.some((event) => DRIVES_ROLLBACK.has(event.type)),
  };
}

/** That a page or an announcement did not go out is for people; the rest is in the ledger. */
export const isNewsWhenSkipped = (kind: string): boolean =>
  !['refresh', 'thread', 'acknowledge', 'event', 'note'].includes(kind);

const DRIVES_ROLLBACK: ReadonlySet<EventType> = new Set([
  'rollback-requested',
  'rollback-announced',
  'rollback-started',
  'rollback-step-finished',
  'rollback-validating',
  // Over: it lets go of its targets, and is watched.
  'rollback-stopped',
  'rollback-verdict',
]);
