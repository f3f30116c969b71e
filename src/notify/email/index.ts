import type { EffectIntent } from '../../domain/view.ts';
import type { Clock } from '../../domain/time.ts';
import type { Channel, Delivery } from '../ports.ts';
import { oneLine, shorten } from '../text.ts';
import { sendMail, type EmailClientOptions, type Mail, type Refusal } from './client.ts';
import { letterAsHtml, letterAsText } from './letter.ts';
import { AUDIENCES, domainOf, letterOf, messageIdOf, subjectOf, threadOf, type MailAudience } from './messages.ts';

export interface EmailOptions extends EmailClientOptions {
  /** `Firebreak <firebreak@example.com>`, or the bare address. */
  readonly from: string;
  /** Where an audience is reached when the effect names nobody. */
  readonly recipientsOf: (audience: MailAudience) => readonly string[];
  /** What is written instead of the message, or null. */
  readonly templateFor: (audience: MailAudience, kind: string) => string | null;
  readonly clock: Clock;
}

/**
 * Sends mail. Every kind is one mail; it differs in what is said, and in the template. An ambiguous mail is sent again
 * with the same Message-ID, because nobody can look into the mailboxes: a repeat is known for one, a loss is not.
 */
export const createEmail = (options: EmailOptions): Channel => ({
  name: 'email',
  deliver: async (effect, context) => {
    const audience = audienceOf(effect);
    if (audience === 'customers' && context.incident.drill === true) {
      return { kind: 'skipped', because: 'a drill is not told to customers' };
    }
    const { usable, unusable } = recipientsOf(effect, audience, options);
    if (usable.length === 0) return nobody(audience, unusable);
    const sent = await sendMail(options, mailOf(effect, context, audience, usable, options), context.signal);
    if (sent.kind === 'failed') return sent;
    return delivered(messageIdOf(effect.id, domainOf(options.from)), sent.accepted, [...sent.refused, ...unusable]);
  },
});

const audienceOf = ({ data }: EffectIntent): MailAudience =>
  AUDIENCES.find((audience) => audience === data['audience']) ?? 'team';

/** A kind that a later version thought of is told like an update. */
const kindOf = ({ kind }: EffectIntent): string => (KINDS.has(kind) ? kind : 'update');

const KINDS: ReadonlySet<string> = new Set([
  'opened',
  'update',
  'mitigated',
  'resolved',
  'escalation',
  'reminder',
  'postmortem',
  'digest',
]);

/** Narrower than what the standard allows: no quotes, no comments, nothing that could end a header or begin an address. */
const ADDRESS = /^[^\s\p{C}@<>()[\]\\,;:"]{1,64}@[^\s\p{C}@<>()[\]\\,;:"]{1,255}$/u;

interface Recipients {
  readonly usable: readonly string[];
  readonly unusable: readonly Refusal[];
}

const recipientsOf = (effect: EffectIntent, audience: MailAudience, options: EmailOptions): Recipients => {
  const { to } = effect.data;
  const given = Array.isArray(to) && to.length > 0 ? to : options.recipientsOf(audience);
  const texts = [...new Set(given.map((one) => (typeof one === 'string' ? one.trim() : '')))];
  return {
    usable: texts.filter((text) => ADDRESS.test(text)),
    unusable: texts
      .filter((text) => !ADDRESS.test(text))
      .map((text) => ({ to: shorten(oneLine(text), 100), because: 'not an e-mail address' })),
  };
};

/** To reach nobody because nobody is named is how it is configured; to name only what is no address is a fault. */
const nobody = (audience: MailAudience, unusable: readonly Refusal[]): Delivery =>
  unusable.length === 0
    ? { kind: 'skipped', because: `no e-mail address is configured for the audience ${audience}` }
    : {
        kind: 'failed',
        failure: {
          kind: 'rejected',
          message: shorten(`e-mail: no address to send to: ${unusable.map(({ to }) => `"${to}"`).join(', ')}`, 300),
        },
      };

const mailOf = (
  effect: EffectIntent,
  { incident, attachments = [] }: Parameters<Channel['deliver']>[1],
  audience: MailAudience,
  recipients: readonly string[],
  { from, templateFor, clock }: EmailOptions,
): Mail => {
  const domain = domainOf(from);
  const letter = letterOf(effect, incident, audience, templateFor(audience, kindOf(effect)));
  return {
    from,
    recipients,
    hidden: audience === 'customers',
    subject: subjectOf(effect, incident, audience),
    text: letterAsText(letter),
    html: letterAsHtml(letter),
    messageId: messageIdOf(effect.id, domain),
    thread: threadOf(incident.id, audience, domain),
    date: new Date(clock.now()),
    headers: { 'X-Firebreak-Incident': shorten(oneLine(incident.id), 200) },
    // What is written for those inside is not for customers.
    attachments: audience === 'customers' ? [] : attachments,
  };
};

/** So many are named; of a hundred that are refused nobody reads more. */
const REFUSALS = 20;

const delivered = (messageId: string, accepted: number, refused: readonly Refusal[]): Delivery => ({
  kind: 'delivered',
  receipt: {
    messageId,
    accepted,
    ...(refused.length === 0 ? {} : { refused: refused.slice(0, REFUSALS).map((refusal) => ({ ...refusal })) }),
    ...(refused.length <= REFUSALS ? {} : { refusedInAll: refused.length }),
  },
});
