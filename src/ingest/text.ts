import type { Json } from '../domain/json.ts';

const REPLACEMENT = '\u{FFFD}';
/** A quarantined alert is kept for people to look at; more than this nobody reads. */
const RAW_CHARACTERS = 64 * 1024;
const RAW_DEPTH = 32;
const LONGEST_NAME = 80;

/** The text as PostgreSQL can hold it: NUL and lone surrogates are replaced, everything else stays. */
export function storable(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', REPLACEMENT) : wellFormed;
}

/** Whether the text takes more than `limit` bytes of UTF-8. */
export function isLongerThan(text: string, limit: number): boolean {
  // A UTF-16 unit is one to three bytes of UTF-8, so most texts need no counting.
  if (text.length > limit) return true;
  return text.length * 3 > limit && Buffer.byteLength(text) > limit;
}

/** A name that a sender chose, as part of a field's path: `.severity`, or `["a name\n"]` when it is not a plain one. */
export function pathOf(name: string): string {
  if (/^\w{1,80}$/.test(name)) return `.${name}`;
  const shown = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
  return `[${JSON.stringify(storable(shown))}]`;
}

/** What was given instead of what was expected, for messages. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Parsed JSON as it may be kept: text storable, depth and size bounded, so that storing it can never fail. What is too
 * large is kept as the beginning of its text.
 */
export function quarantinable(value: unknown): Json {
  const copy = storableJson(value, 0);
  const text = JSON.stringify(copy);
  return text.length > RAW_CHARACTERS ? storable(text.slice(0, RAW_CHARACTERS)) : copy;
}

function storableJson(value: unknown, depth: number): Json {
  if (typeof value === 'string') return storable(value);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'object' || value === null) return null;
  if (depth >= RAW_DEPTH) return '…';
  if (Array.isArray(value)) return value.map((item) => storableJson(item, depth + 1));
  // fromEntries defines properties, so a key `__proto__` is one like any other.
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [storable(name), storableJson(item, depth + 1)] as const),
  );
}
