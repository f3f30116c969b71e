import type { z } from 'zod';

import { isClose, nearest } from './nearest.ts';
import { pathText, valueAt } from './tree.ts';
import type { Path } from './tree.ts';
import type { Problem } from './types.ts';

type Issue = z.core.$ZodIssue;

/** What was checked, to say what was found. */
export interface Checked {
  readonly tree: unknown;
  /** Paths with text from the environment: it may be a secret and is never shown. */
  readonly fromEnvironment: ReadonlySet<string>;
}

/** One sentence for each thing that is wrong. Only numbers, and text that looks like one, are ever quoted. */
export function describeIssues(issues: readonly Issue[], checked: Checked): Problem[] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => unknownKey(issue.path, key, issue.message.split(' ')))
      : [{ field: pathText(issue.path), message: sentence(issue, checked) }],
  );
}

function unknownKey(path: Path, key: string, known: readonly string[]): Problem {
  const field = pathText([...path, key]);
  const candidate = nearest(key, known);
  if (candidate === null) return { field, message: 'unknown key' };
  const meant = pathText([...path, candidate]);
  if (isClose(key, candidate)) return { field, message: `unknown key; did you mean ${meant}?` };
  return { field, message: `unknown key; the nearest known one is ${meant}, all known here: ${known.join(', ')}` };
}

function sentence(issue: Issue, checked: Checked): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${EXPECTED[issue.expected] ?? issue.expected}, found ${found(issue, checked)}`;
    case 'invalid_value':
      return notInSet(issue, valueAt(checked.tree, issue.path));
    case 'too_big':
      return `must be ${bound(issue.origin, issue.maximum, issue.inclusive ? 'at most' : 'less than')}${shown(issue, checked)}`;
    case 'too_small':
      return `must be ${bound(issue.origin, issue.minimum, issue.inclusive ? 'at least' : 'more than')}${shown(issue, checked)}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'is not a possible name';
    case 'invalid_union':
      return 'expected text, a number, true, false, a list or a group of keys';
    case 'custom':
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_element':
    case 'unrecognized_keys':
      return issue.message;
  }
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of keys',
  record: 'a group of keys',
};

function found(issue: Issue & { code: 'invalid_type' }, checked: Checked): string {
  const value = valueAt(checked.tree, issue.path);
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of keys';
  if (typeof value === 'boolean') return String(value);
  const quotable = ['number', 'int', 'boolean'].includes(issue.expected);
  if (typeof value === 'number') return quotable ? `the number ${value}` : 'a number; put it in quotes';
  const innocent = quotable && typeof value === 'string' && isInnocent(value);
  if (innocent && !checked.fromEnvironment.has(pathText(issue.path))) return `the text "${value}"`;
  return 'text';
}

/** `30s`, `8080`, `yes`: what people write where a number or true/false belongs, and nobody uses as a password. */
const isInnocent = (value: string) =>
  /^(\d[\d.]{0,5} ?(ms|s|m|h|d|sec|seconds|min|minutes|hours|days)?|yes|no|on|off)$/i.test(value);

function notInSet(issue: Issue & { code: 'invalid_value' }, value: unknown): string {
  const allowed = issue.values.map(String);
  const expected = `expected ${allowed.length > 1 ? 'one of ' : ''}${allowed.join(', ')}`;
  if (value === undefined || value === null) return `${expected}, found nothing`;
  if (typeof value !== 'string') return `${expected}, found something that is not text`;
  const candidate = nearest(value, allowed);
  const meant = candidate !== null && isClose(value, candidate) ? `; did you mean ${candidate}?` : '';
  return `${expected}, found other text${meant}`;
}

const bound = (origin: string, limit: number | bigint, relation: string): string =>
  origin === 'array' ? `a list of ${relation} ${limit}` : `${relation} ${limit}`;

/** Numbers that are checked for size are never secrets. */
function shown(issue: Issue, checked: Checked): string {
  const value = valueAt(checked.tree, issue.path);
  return typeof value === 'number' ? `, found ${value}` : '';
}
