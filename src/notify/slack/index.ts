import type { EffectIntent, Offers } from '../../domain/view.ts';
import { ms } from '../../domain/time.ts';
import type { Channel, Delivery, EffectContext } from '../ports.ts';
import { findMessage, openSlack, type Call, type Called, type Place, type SlackClientOptions } from './client.ts';
import { lineMessage, metadataOf, stateMessage, type SlackMessage } from './messages.ts';

export interface SlackOptions extends SlackClientOptions {
  /** The id of the channel (`C…`; by its name a message can be posted but not looked for), or null for none. */
  readonly channelFor: (service: string | null) => string | null;
  /** Whether Slack can tell us what is pressed. Without that there is nothing to press. */
  readonly interactive: boolean;
  /** Where an audience reads, or null. */
  readonly channelOf: (audience: string) => string | null;
}

interface Posted {
  readonly channel: string;
  readonly ts: string;
}

/** Our clocks and Slack's may differ by as much. */
const SKEW_MS = 5 * 60 * 1000;

/**
 * Posts to Slack. Kinds: `announce` posts the incident's message, `refresh` rewrites it, `thread` adds a line under
 * it, `post` is a message of its own. All text of alerts is escaped: it pings nobody, and its links are shown and not fetched.
 */
export const createSlack = (options: SlackOptions): Channel => ({
  name: 'slack',
  deliver: async (effect, context) => {
    const announced = postedIn(context.receipts['announce']);
    const call = openSlack(options, context.signal);
    const channel = options.channelFor(context.incident.service);
    const offers = options.interactive ? context.offers : undefined;
    switch (effect.kind) {
      case 'announce':
        return channel === null ? noChannel : announce(call, effect, context, channel, offers);
      case 'refresh':
        return announced ? refresh(call, effect, context, announced, offers) : notAnnounced;
      case 'post':
        return post(call, effect, context, options);
      case 'thread':
        return addLine(call, effect, context, announced, channel);
      default:
        return failed({ kind: 'rejected', message: `Slack has no effect "${effect.kind}"` });
    }
  },
});

const noChannel: Delivery = { kind: 'skipped', because: 'no Slack channel is configured for this service' };
const notAnnounced: Delivery = {
  kind: 'skipped',
  because: 'nothing to refresh: this incident has no message in Slack',
};
const failed = (failure: Extract<Delivery, { kind: 'failed' }>['failure']): Delivery => ({ kind: 'failed', failure });

const postedIn = (receipt: EffectContext['receipts'][string] | undefined): Posted | null => {
  const { channel, ts } = receipt ?? {};
  return typeof channel === 'string' && typeof ts === 'string' ? { channel, ts } : null;
};

const announce = (
  call: Call,
  effect: EffectIntent,
  context: EffectContext,
  channel: string,
  offers: Offers | undefined,
): Promise<Delivery> =>
  postOnce(call, effect, context, { channel, thread: null }, stateMessage(effect, context.incident, offers));

/**
 * A line must not be lost because the announcement was: without a message to stand under, it stands in the channel
 * and names its incident.
 */
const addLine = (
  call: Call,
  effect: EffectIntent,
  context: EffectContext,
  announced: Posted | null,
  channel: string | null,
): Promise<Delivery> => {
  const where = announced ? { channel: announced.channel, thread: announced.ts } : channel && { channel, thread: null };
  if (!where) return Promise.resolve(noChannel);
  return postOnce(call, effect, context, where, lineMessage(effect, context.incident, announced !== null));
};

/** A message of its own, for those who do not follow the thread: where the effect says, or where the incident's own is. */
const post = (call: Call, effect: EffectIntent, context: EffectContext, options: SlackOptions): Promise<Delivery> => {
  const { channel: named, audience } = effect.data;
  const ofAudience =
    typeof audience === 'string' ? options.channelOf(audience) : options.channelFor(context.incident.service);
  const channel = typeof named === 'string' ? named : ofAudience;
  if (channel === null) return Promise.resolve(noChannel);
  return postOnce(call, effect, context, { channel, thread: null }, lineMessage(effect, context.incident, false));
};

/** Rewriting twice is the same as once, so there is nothing to look for. Slack keeps the metadata of the message. */
const refresh = async (
  call: Call,
  effect: EffectIntent,
  context: EffectContext,
  at: Posted,
  offers: Offers | undefined,
): Promise<Delivery> => {
  const { text, blocks } = stateMessage(effect, context.incident, offers);
  return delivery(await call((web) => web.chat.update({ ...at, text, blocks, ...PLAIN })), at.channel);
};

type Where = Pick<Place, 'channel' | 'thread'>;

/** Posts, but looks first when an earlier try may have got through: Slack does not recognise a repeat. */
const postOnce = async (
  call: Call,
  effect: EffectIntent,
  context: EffectContext,
  where: Where,
  message: SlackMessage,
): Promise<Delivery> => {
  const earlier = context.ambiguous ? await lookFor(call, effect, context, where) : null;
  return earlier ?? delivery(await send(call, effect, where, message), where.channel);
};

/** The delivery that a look into Slack settles, or null: post. */
const lookFor = async (
  call: Call,
  effect: EffectIntent,
  context: EffectContext,
  where: Where,
): Promise<Delivery | null> => {
  const oldest = ((ms(context.incident.openedAt) - SKEW_MS) / 1000).toFixed(6);
  const found = await findMessage(call, { ...where, oldest }, effect.id);
  if (found.ok) return found.value === null ? null : delivered({ channel: where.channel, ts: found.value });
  // Without the right to read there will never be an answer, and a message twice is better than none.
  const neverReadable = found.failure.kind === 'unauthorized' || found.failure.kind === 'rejected';
  return neverReadable ? null : failed(found.failure);
};

// Nothing is unfurled: a preview would make Slack fetch what an alert names.
const PLAIN = { parse: 'none', link_names: false } as const;
const NO_PREVIEW = { unfurl_links: false, unfurl_media: false } as const;

const send = (call: Call, effect: EffectIntent, { channel, thread }: Where, message: SlackMessage) =>
  call((web) =>
    web.chat.postMessage({
      ...message,
      ...PLAIN,
      ...NO_PREVIEW,
      channel,
      metadata: metadataOf(effect),
      ...(thread === null ? {} : { thread_ts: thread }),
    }),
  );

const delivery = (called: Called<{ channel?: string; ts?: string }>, channel: string): Delivery => {
  if (!called.ok) return failed(called.failure);
  const { ts } = called.value;
  // Slack answers with the channel's id where a name was given, and later calls take only the id.
  return ts === undefined
    ? failed({ kind: 'ambiguous', message: 'Slack: accepted, but without a timestamp' })
    : delivered({ channel: called.value.channel ?? channel, ts });
};

const delivered = (posted: Posted): Delivery => ({ kind: 'delivered', receipt: { ...posted } });
