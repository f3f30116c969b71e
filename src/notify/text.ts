import { clean, ELLIPSIS, oneLine, shorten, webUrl } from '../domain/text.ts';

export { clean, oneLine, shorten, webUrl } from '../domain/text.ts';

const LONGEST_LABEL = 100;

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
