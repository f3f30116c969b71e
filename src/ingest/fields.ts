import type { Instant } from '../domain/time.ts';
import { Unreadable } from './problem.ts';
import { isLongerThan, isRecord, kindOf, pathOf, storable } from './text.ts';
import { readTimestamp, TIMESTAMP_EXPECTED } from './timestamp.ts';

/*
 * Checks written by hand: this is the hottest path of the program, and a general schema's check of a record of labels
 * costs five times as much. Each returns the value in storable form, or throws Unreadable with the field's path.
 */

type Texts = Readonly<Record<string, string>>;

export interface TextsLimits {
  readonly entries: number;
  readonly nameBytes: number;
  readonly valueBytes: number;
}

const KIB = 1024;
export const LABELS: TextsLimits = { entries: 500, nameBytes: KIB, valueBytes: 64 * KIB };
export const ANNOTATIONS: TextsLimits = { entries: 500, nameBytes: KIB, valueBytes: 256 * KIB };
const LONGEST_URL = 64 * KIB;
const LONGEST_FINGERPRINT = 128;
/** How Go writes a time that is not set. */
const NOT_SET = '0001-01-01T00:00:00Z';

/** A record of texts. The one given is returned as it is when nothing of it has to be replaced. */
export function readTexts(value: unknown, field: string, limits: TextsLimits): Texts {
  if (!isRecord(value)) throw new Unreadable(field, `expected an object of strings, got ${kindOf(value)}`);
  let count = 0;
  let clean = true;
  for (const name in value) {
    count += 1;
    if (count > limits.entries) throw new Unreadable(field, `has more than ${limits.entries} entries`);
    clean = readEntry(name, value[name], field, limits) && clean;
  }
  const texts = value as Texts;
  return clean ? texts : Object.fromEntries(Object.entries(texts).map(([k, v]) => [storable(k), storable(v)]));
}

/** Returns whether the entry can be stored as it is. */
function readEntry(name: string, value: unknown, field: string, limits: TextsLimits): boolean {
  // Harmless to us, but whoever copies the record key by key later would set a prototype.
  if (name === '__proto__') throw new Unreadable(field + pathOf(name), 'is not allowed as a name');
  if (typeof value !== 'string') {
    throw new Unreadable(field + pathOf(name), `expected a string, got ${kindOf(value)}`);
  }
  if (isLongerThan(name, limits.nameBytes)) {
    throw new Unreadable(field + pathOf(name), `has a name of more than ${limits.nameBytes} bytes`);
  }
  if (isLongerThan(value, limits.valueBytes)) {
    throw new Unreadable(field + pathOf(name), `is longer than ${limits.valueBytes} bytes`);
  }
  return storable(name) === name && storable(value) === value;
}

export function readStatus(value: unknown, field: string): 'firing' | 'resolved' {
  if (value === 'firing' || value === 'resolved') return value;
  const given = typeof value === 'string' ? JSON.stringify(storable(value.slice(0, 40))) : kindOf(value);
  throw new Unreadable(field, `expected "firing" or "resolved", got ${given}`);
}

export function readInstant(value: unknown, field: string): Instant {
  if (typeof value !== 'string') throw new Unreadable(field, `${TIMESTAMP_EXPECTED}, got ${kindOf(value)}`);
  const at = readTimestamp(value);
  if (at === null) throw new Unreadable(field, TIMESTAMP_EXPECTED);
  return at;
}

/** Null when it is not set, in any of the ways that senders have of saying so. */
export const readOptionalInstant = (value: unknown, field: string): Instant | null =>
  value === undefined || value === null || value === '' || value === NOT_SET ? null : readInstant(value, field);

export function readOptionalUrl(value: unknown, field: string): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw new Unreadable(field, `expected a string, got ${kindOf(value)}`);
  if (isLongerThan(value, LONGEST_URL)) throw new Unreadable(field, `is longer than ${LONGEST_URL} bytes`);
  return storable(value);
}

/** Null when the sender gives none. */
export function readOptionalFingerprint(value: unknown, field: string): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw new Unreadable(field, `expected a string, got ${kindOf(value)}`);
  if (value.length > LONGEST_FINGERPRINT) {
    throw new Unreadable(field, `is longer than ${LONGEST_FINGERPRINT} characters`);
  }
  return storable(value);
}
