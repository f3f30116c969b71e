import type { EffectIntent, Offers } from '../../domain/view.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { ms } from '../../domain/time.ts';
import type { Channel, Delivery, EffectContext } from '../ports.ts';
import { findMessage, openSlack, type Call, type Called, type Place, type SlackClientOptions } from './client.ts';
import { createPace, type Pace, type PaceOptions } from './pace.ts';
import { lineMessage, metadataOf, stateMessage, type SlackMessage } from './messages.ts';

export interface SlackOptions extends SlackClientOptions, PaceOptions {
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
export const createSlack = (options: SlackOptions): Channel => {
  const pace = createPace(options);
  return {
    name: 'slack',
    deliver: (effect, context) => {
      const place = placeOf(effect, context, options);
      if ('kind' in place) return Promise.resolve(place);
      return inTurn(pace, effect, context, place.where.channel, () =>
        deliver(openSlack(options, context.signal), effect, context, place, options.interactive),
      );
    },
  };
};

/** Slack's limit is by channel. What cannot go out now comes again; the worst incident's own message goes first. */
async function inTurn(
  pace: Pace,
  effect: EffectIntent,
  { incident, signal }: EffectContext,
  channel: string,
  work: () => Promise<Delivery>,
): Promise<Delivery> {
  // Rewriting has a limit of its own.
  const key = effect.kind === 'refresh' ? `${channel} refresh` : channel;
  const turn = await pace.turn(key, SEVERITIES.indexOf(incident.severity) * 10 + rankOf(effect), signal);
  if (turn !== null) {
    const message = 'Slack: this channel has its message of this second';
    return failed({ kind: 'rate-limited', message, retryAfterMs: turn.waitMs });
  }
  const done = await work();
  if (done.kind === 'failed' && done.failure.kind === 'rate-limited') {
    pace.hold(key, done.failure.retryAfterMs ?? 0);
  }
  return done;
}

const rankOf = ({ kind }: EffectIntent): number => (kind === 'announce' ? 0 : kind === 'post' ? 1 : 2);

interface Placed {
  readonly where: Where;
  /** The incident's own message; null: it has none. */
  readonly announced: Posted | null;
}

/** Where it goes, or why it goes nowhere. */
function placeOf(effect: EffectIntent, context: EffectContext, options: SlackOptions): Placed | Delivery {
  const announced = postedIn(context.receipts['announce']);
  const own = options.channelFor(context.incident.service);
  const inChannel = (channel: string | null): Placed | Delivery =>
    channel === null ? noChannel : { announced, where: { channel, thread: null } };
  switch (effect.kind) {
    case 'announce':
      return inChannel(own);
    case 'post': {
      const { channel: named, audience } = effect.data;
      if (typeof named === 'string') return inChannel(named);
      return inChannel(typeof audience === 'string' ? options.channelOf(audience) : own);
    }
    case 'refresh':
      return announced === null ? notAnnounced : { announced, where: { channel: announced.channel, thread: null } };
    case 'thread':
      return announced === null
        ? inChannel(own)
        : { announced, where: { channel: announced.channel, thread: announced.ts } };
    default:
      return failed({ kind: 'rejected', message: `Slack has no effect "${effect.kind}"` });
  }
}

function deliver(
  call: Call,
  effect: EffectIntent,
  context: EffectContext,
  { where, announced }: Placed,
  interactive: boolean,
): Promise<Delivery> {
  const offers = interactive ? context.offers : undefined;
  switch (effect.kind) {
    case 'announce':
      return postOnce(call, effect, context, where, stateMessage(effect, context.incident, offers));
    case 'refresh':
      return announced === null ? Promise.resolve(notAnnounced) : refresh(call, effect, context, announced, offers);
    default:
      // A line must not be lost because the announcement was: without a message to stand under, it stands in the channel.
      return postOnce(call, effect, context, where, lineMessage(effect, context.incident, where.thread !== null));
  }
}

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
