import { redact } from '../domain/redact.ts';
import { clean, shorten } from '../domain/text.ts';
import type { Report } from './model.ts';

const LONGEST_TEXT = 8_000;

/**
 * The report without anything that looks like a credential, that cannot be seen, or that reorders what is read. A text
 * that is longer than anybody reads is cut; its event has it whole.
 */
export const redacted = (report: Report): Report => everyText(report) as Report;

function everyText(value: unknown): unknown {
  if (typeof value === 'string') return shorten(redact(clean(value)), LONGEST_TEXT);
  if (Array.isArray(value)) return value.map(everyText);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, everyText(inner)]));
}
