import type { Failure } from '../domain/failure.ts';
import type { JsonObject } from '../domain/json.ts';
import type { ChannelName, EffectIntent, IncidentView, Offers } from '../domain/view.ts';

export type Delivery =
  /** It is out. `receipt` is what later effects of this incident need to find it again (a message timestamp). */
  | { readonly kind: 'delivered'; readonly receipt: JsonObject }
  /** Nothing was to be done, with the reason (resolve of a page that was never sent). */
  | { readonly kind: 'skipped'; readonly because: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** A file that goes with a message, where the channel can carry one. */
export interface Attachment {
  readonly filename: string;
  readonly contentType: string;
  readonly text: string;
}

export interface EffectContext {
  readonly incident: IncidentView;
  readonly attachments?: readonly Attachment[];
  /** What people can be offered to do about it, where a channel has buttons. */
  readonly offers?: Offers;
  /** Receipts of this incident's earlier effects of the same channel, newest last, by kind. */
  readonly receipts: Readonly<Record<string, JsonObject>>;
  /** True when an earlier attempt may have got through: look before acting again. */
  readonly ambiguous: boolean;
  readonly signal: AbortSignal;
}

/** One way out. Never throws for what the other side does. */
export interface Channel {
  readonly name: ChannelName;
  deliver(effect: EffectIntent, context: EffectContext): Promise<Delivery>;
}
