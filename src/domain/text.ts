/**
 * Texts of alerts and people are data from strangers. These helpers make them safe to show anywhere: nothing invisible,
 * nothing that reorders what is read, never longer than asked for, never cut inside a character.
 */

export const ELLIPSIS = '…';
const LONGEST_URL = 2000;

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

/** The address in its normal form if it is a web address that can be shown as a link, else null. Never fetched. */
export const webUrl = (href: string): string | null => {
  const url = URL.parse(href);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '') {
    return null;
  }
  return url.href.length <= LONGEST_URL ? url.href : null;
};

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe as text of an HTML page and inside a quoted attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
