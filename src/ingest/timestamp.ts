import type { Instant } from '../domain/time.ts';

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
/** Most are one already. Days after the 28th are left to the calendar. */
const ALREADY_INSTANT =
  /^(?:19[7-9]\d|2[01]\d\d)-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
const FIRST_YEAR = 1970;
const LAST_YEAR = 2200;
const END_OF_TIME = Date.UTC(LAST_YEAR + 1, 0, 1);
const MINUTE = 60_000;

export const TIMESTAMP_EXPECTED = `expected an RFC 3339 timestamp between ${FIRST_YEAR} and ${LAST_YEAR}, like 2024-01-15T14:32:15Z`;

/**
 * The moment in UTC with milliseconds, or null when the text is not a strict RFC 3339 timestamp between 1970 and 2200.
 * Any offset; digits beyond milliseconds are cut off.
 */
export function readTimestamp(text: string): Instant | null {
  if (ALREADY_INSTANT.test(text)) return text;
  const at = epochOf(text);
  return at === null || at < 0 || at >= END_OF_TIME ? null : new Date(at).toISOString();
}

function epochOf(text: string): number | null {
  const match = RFC_3339.exec(text);
  if (match === null) return null;
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6]);
  const offset = offsetOf(match);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  if (offset === null || year < FIRST_YEAR - 1) return null;
  // A leap second is a valid one; it counts as the first of the next minute.
  if (hour > 23 || minute > 59 || second > 60) return null;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  return Date.UTC(year, month - 1, day, hour, minute, second, milliseconds) - offset;
}

/** Milliseconds east of UTC. */
function offsetOf(match: RegExpExecArray): number | null {
  if (match[8] === undefined) return 0;
  const hours = Number(match[9]);
  const minutes = Number(match[10]);
  if (hours > 23 || minutes > 59) return null;
  return (match[8] === '-' ? -1 : 1) * (hours * 60 + minutes) * MINUTE;
}

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();
