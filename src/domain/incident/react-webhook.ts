import type { EffectIntent } from '../view.ts';
import { describeEvent } from './describe.ts';
import type { EventType } from './events.ts';
import type { Scene } from './reaction.ts';
import { effect } from './reaction.ts';

/** Programs hear of every turn, whatever people are spared. */
const FOR_PROGRAMS: ReadonlySet<EventType> = new Set([
  'incident-opened',
  'severity-changed',
  'rollback-decided',
  'page-requested',
  'page-unaccepted',
  'clock-breached',
  'incident-acknowledged',
  'incident-mitigated',
  'incident-resolved',
  'incident-reopened',
  'incident-closed',
  'incident-dismissed',
  'incident-merged',
  'incident-linked',
  'quieted',
  'unquieted',
  'storm-grew',
  'status-updated',
  'publication-approved',
  'root-cause-recorded',
  'root-cause-judged',
  'fix-recorded',
  'postmortem-published',
  'rollback-shadowed',
  'rollback-announced',
  'rollback-started',
  'rollback-stopped',
  'rollback-verdict',
  'rollback-reverted',
]);

export const webhookEffects = ({ events, after }: Scene): readonly EffectIntent[] =>
  events
    .filter(({ type }) => FOR_PROGRAMS.has(type))
    .map((event) => {
      const { type, seq } = event;
      const message = describeEvent(event);
      return effect(after, { seq, channel: 'webhook', kind: 'event', message, data: { event: type, seq } });
    });
