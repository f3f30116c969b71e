/**
 * Texts of alerts are data from strangers. These helpers make them safe to show: nothing invisible, nothing that
 * reorders what is read, never longer than the other side takes, never cut inside a character.
 */

const ELLIPSIS = '…';
const LONGEST_URL = 2000;
const LONGEST_LABEL = 100;

/** Line breaks in all their forms, except the plain one. */
const LINE_BREAKS = /\r\n?|[\u0085\u2028\u2029\v\f]/gu;
/** Control characters but tab and line feed; marks that reorder text; characters without width; tags. */
const UNSEEN =
  /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** The same text without what cannot be seen. Idempotent. */
export const clean = (text: string): string => text.toWellFormed().replace(LINE_BREAKS, '\n').replace(UNSEEN, '');

/** Cleaned, and on a single line. */
export const oneLine = (text: string): string => clean(text).replace(/\s+/gu, ' ').trim();

/** At most `limit` UTF-16 units, cut at a code point border; an ellipsis says that something is missing. */
export const shorten = (text: string, limit: number): string => {
  if (text.length <= limit) return text;
  if (limit < 1) return '';
  const cut = limit - ELLIPSIS.length;
  return text.slice(0, splitsPair(text, cut) ? cut - 1 : cut) + ELLIPSIS;
};

const splitsPair = (text: string, at: number): boolean => at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Slack reads `<…>` as a link or as a mention that pings people; what is escaped is only read. */
export const escapeSlack = (text: string): string => text.replace(/[&<>]/g, (c) => ENTITIES[c] ?? c);

/** Cleaned and escaped for Slack, and so short that it fits after escaping; no entity is cut in two. */
export const slackText = (text: string, limit: number): string => {
  const readable = shorten(clean(text), limit);
  const whole = escapeSlack(readable);
  return whole.length <= limit ? whole : escapeWithin(readable, limit, escapeSlack);
};

/** The same for HTML. */
export const htmlText = (text: string, limit: number): string => {
  const readable = shorten(clean(text), limit);
  const whole = escapeHtml(readable);
  return whole.length <= limit ? whole : escapeWithin(readable, limit, escapeHtml);
};

const HTML_ENTITIES: Readonly<Record<string, string>> = { ...ENTITIES, '"': '&quot;', "'": '&#39;' };

/** As text and in quoted attributes alike. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => HTML_ENTITIES[c] ?? c);

const escapeWithin = (text: string, limit: number, escape: (text: string) => string): string => {
  let out = '';
  for (const character of text) {
    const next = out + escape(character);
    if (next.length > limit - ELLIPSIS.length) break;
    out = next;
  }
  return limit < 1 ? '' : out + ELLIPSIS;
};

/** The address in its normal form if it is a web address that can be shown as a link, else null. Never fetched. */
export const webUrl = (href: string): string | null => {
  const url = URL.parse(href);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '') {
    return null;
  }
  return url.href.length <= LONGEST_URL ? url.href : null;
};

/** A Slack link, or only its text when the address is not one to link to. At most `limit` units. */
export const slackLink = (text: string, href: string, limit: number): string => {
  const url = webUrl(href);
  // The bar separates address and text; Slack has no escape for it in the text, the address has one.
  const label = (length: number): string => slackText(oneLine(text).replaceAll('|', '¦'), length);
  const link = url === null ? '' : `<${escapeSlack(url).replaceAll('|', '%7C')}|${label(LONGEST_LABEL)}>`;
  return link === '' || link.length > limit || label(1) === '' ? label(limit) : link;
};

const LONGEST_SERVICE = 200;

/** What those outside may call an incident: neutral, and nothing that an alert says. */
export const publicName = (service: string | null): string => {
  const named = shorten(oneLine(service ?? ''), LONGEST_SERVICE);
  return `Problems with ${named === '' ? 'our service' : named}`;
};
