import { z } from 'zod';
import type { Change } from '../domain/change.ts';
import { CHANGE_KINDS } from '../domain/change.ts';
import type { Problem } from './problem.ts';
import { pathOf, storable } from './text.ts';
import { readTimestamp, TIMESTAMP_EXPECTED } from './timestamp.ts';

export type ReadChange =
  { readonly kind: 'read'; readonly change: Change } | { readonly kind: 'unreadable'; readonly problem: Problem };

const LONGEST_NAME = 256;
const LONGEST_URL = 8192;
const MOST_EVIDENCE = 50;

const text = (longest: number) =>
  z
    .string()
    .max(longest, `is longer than ${longest} characters`)
    .transform((value) => storable(value));
const required = text(LONGEST_NAME).refine((value) => value.trim() !== '', 'must not be empty');
/** Pipelines write empty variables for what they do not know. */
const optional = (longest: number) =>
  text(longest)
    .nullish()
    .transform((value) => value ?? null)
    .transform((value) => (value === '' ? null : value));

const timestamp = z.string().transform((value, context) => {
  const at = readTimestamp(value);
  if (at !== null) return at;
  context.addIssue({ code: 'custom', message: TIMESTAMP_EXPECTED });
  return z.NEVER;
});

const evidence = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .nullish()
  .transform((value) => Object.entries(value ?? {}))
  .refine((entries) => entries.length <= MOST_EVIDENCE, `has more than ${MOST_EVIDENCE} entries`)
  .transform((entries) =>
    Object.fromEntries(
      entries.map(([name, value]) => [storable(name.slice(0, LONGEST_NAME)), storable(String(value))] as const),
    ),
  );

/** Unknown fields are accepted, as everywhere in what others send. */
const changeSchema = z.object({
  id: required,
  service: required,
  environment: optional(LONGEST_NAME),
  kind: z.enum(CHANGE_KINDS),
  version: optional(LONGEST_NAME),
  previousVersion: optional(LONGEST_NAME),
  startedAt: timestamp,
  finishedAt: z
    .union([z.null(), z.literal(''), timestamp])
    .optional()
    .transform((value) => (value === undefined || value === '' ? null : value)),
  by: optional(LONGEST_NAME),
  url: optional(LONGEST_URL),
  evidence,
});

/** A change as CI/CD tells of it. Never throws. */
export function readChange(body: unknown): ReadChange {
  const result = changeSchema.safeParse(body);
  if (result.success) return { kind: 'read', change: result.data };
  const [issue] = result.error.issues;
  const path = (issue?.path ?? []).map((part) => (typeof part === 'number' ? `[${part}]` : pathOf(String(part))));
  const field = path.join('').replace(/^\./, '');
  const missing = issue?.code === 'invalid_type' && valueAt(body, issue.path) === undefined;
  return {
    kind: 'unreadable',
    problem: {
      code: field === '' ? 'invalid-body' : missing ? 'missing-field' : 'invalid-field',
      message: missing ? 'is missing' : sentence(issue),
      field,
    },
  };
}

/** What is wrong, in the words that alerts are refused with. What was sent is not repeated. */
function sentence(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return 'invalid';
  if (issue.code === 'invalid_value') return `expected one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_type') return `expected ${EXPECTED[issue.expected] ?? issue.expected}`;
  if (issue.code !== 'invalid_union') return issue.message;
  const said = issue.errors.flat().find(({ code }) => code === 'custom');
  return said?.message ?? 'expected a text, a number, true or false';
}

const EXPECTED: Readonly<Record<string, string>> = { string: 'a text', object: 'an object', record: 'an object' };

const valueAt = (body: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? value[key as keyof typeof value]
        : undefined,
    body,
  );
