import type { JsonObject } from '../json.ts';
import type { CommunicationPolicy } from '../policy.ts';
import { isUrgent } from '../severity.ts';
import type { ChannelName, EffectIntent } from '../view.ts';
import type { IncidentEvent } from './events.ts';
import type { IncidentState } from './state.ts';

/** What one commit did to an incident, and how people are reached: all that effects follow from. */
export interface Scene {
  readonly before: IncidentState | null;
  readonly events: readonly IncidentEvent[];
  readonly after: IncidentState;
  readonly reach: CommunicationPolicy;
}

interface EffectParts {
  readonly seq: number;
  readonly channel: ChannelName;
  readonly kind: string;
  readonly message: string;
  readonly data?: JsonObject;
  /** To whom, where one event has several effects of a kind. */
  readonly to?: string;
  /** The newest of these alone is worth telling. */
  readonly newest?: 'message' | 'facts' | undefined;
}

export function effect(
  after: IncidentState,
  { seq, channel, kind, message, data, to, newest }: EffectParts,
): EffectIntent {
  const id = `${after.id}:${seq}:${channel}:${kind}`;
  return {
    id: to === undefined ? id : `${id}:${to}`,
    incidentId: after.id,
    channel,
    kind,
    urgent: after.severity !== null && isUrgent(after.severity),
    message: after.drill === true && message !== '' && !message.startsWith('DRILL') ? `DRILL: ${message}` : message,
    data: data ?? {},
    replaces: newest === undefined ? null : [newest, kind, to ?? ''].join(':'),
  };
}

/** People hear of it for the first time. */
export const isToldNow = ({ before, after }: Scene): boolean => before?.toldAt == null && after.toldAt !== null;

/** It gets its message in Slack now. */
export const isAnnouncedNow = ({ before, after }: Scene): boolean => before?.announced !== true && after.announced;
