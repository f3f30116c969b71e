import type { JsonObject } from '../../domain/json.ts';
import type { EffectIntent } from '../../domain/view.ts';
import type { Channel, Delivery, EffectContext } from '../ports.ts';
import { createSend, type PagerDutyClientOptions, type Request, type Send } from './client.ts';
import { changeEvent, dedupKeyOf, followUpEvent, triggerEvent, type Sender } from './messages.ts';

export interface PagerDutyOptions extends PagerDutyClientOptions, Sender {
  /** The integration key of the service, or the default one. Asked for at each event, so it is revealed late. */
  readonly routingKeyFor: (service: string | null) => string;
}

/**
 * Pages through PagerDuty's Events API v2. Kinds: `trigger`, `acknowledge`, `resolve`, `change`.
 *
 * An ambiguous trigger, acknowledge or resolve is simply sent again: it carries the same dedup key, so PagerDuty adds
 * it to the alert that is open, or drops it. A change event has no such key; its repeat is a second line in a list and
 * notifies nobody, which is better than none.
 */
export const createPagerDuty = (options: PagerDutyOptions): Channel => {
  const send = createSend(options);
  return {
    name: 'pagerduty',
    deliver: async (effect, context) => {
      const service = serviceOf(context);
      const request = requestFor(effect, context, options.routingKeyFor(service), options);
      return 'kind' in request ? request : deliver(send, request, service, context);
    },
  };
};

/**
 * The service by which the first page of the incident was routed: PagerDuty silently drops what comes with another
 * key than the trigger had, and an incident may learn of its service later.
 */
const serviceOf = ({ receipts, incident }: EffectContext): string | null => {
  const routed = receipts['trigger']?.['service'];
  return routed === null || typeof routed === 'string' ? routed : incident.service;
};

const requestFor = (
  effect: EffectIntent,
  context: EffectContext,
  routingKey: string,
  sender: Sender,
): Request | Delivery => {
  const { incident, receipts } = context;
  switch (effect.kind) {
    case 'trigger':
      return { type: 'event', data: triggerEvent(effect, incident, routingKey, sender) };
    case 'acknowledge':
    case 'resolve':
      return receipts['trigger'] === undefined
        ? { kind: 'skipped', because: `nothing to ${effect.kind}: no page of this incident was accepted by PagerDuty` }
        : { type: 'event', data: followUpEvent(effect.kind, incident, routingKey) };
    case 'change':
      return { type: 'change', data: changeEvent(effect, incident, routingKey) };
    default:
      return { kind: 'failed', failure: { kind: 'rejected', message: `PagerDuty has no effect "${effect.kind}"` } };
  }
};

const deliver = async (
  send: Send,
  request: Request,
  service: string | null,
  context: EffectContext,
): Promise<Delivery> => {
  const sent = await send(request, context.signal);
  if (sent.kind === 'failed') return sent;
  const receipt: JsonObject = { dedupKey: dedupKeyOf(context.incident.id), status: sent.status, service };
  return { kind: 'delivered', receipt };
};
