import type { z } from 'zod';
import { ApiError } from './errors.ts';

type Issue = z.core.$ZodIssue;

/** The value as the schema has it. Throws 400 that names the first field at fault; values are never quoted. */
export function validate<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  const [first] = issues;
  const others = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  if (first === undefined) throw new ApiError('invalid', 'is not valid');
  throw new ApiError('invalid', `${sentence(first, schema)}${others}`, { field: fieldOf(first) });
}

function fieldOf(issue: Issue): string | null {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text === '' ? null : text.replace(/^\./, '');
}

function sentence(issue: Issue, schema: z.ZodType): string {
  switch (issue.code) {
    case 'invalid_type':
      return `${issue.message.endsWith('undefined') ? 'is missing; ' : ''}expected ${issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'unrecognized_keys':
      return `is not known here; known: ${knownKeys(schema)}`;
    case 'too_small':
      return `must be ${bound(issue.origin, 'at least', issue.minimum)}`;
    case 'too_big':
      return `must be ${bound(issue.origin, 'at most', issue.maximum)}`;
    case 'invalid_format':
      return issue.format === 'datetime' ? 'expected a time like 2024-01-15T14:32:15Z' : issue.message;
    case 'custom':
    case 'invalid_key':
    case 'invalid_element':
    case 'invalid_union':
    case 'not_multiple_of':
      return issue.message;
  }
}

function bound(origin: string, relation: string, limit: number | bigint): string {
  if (origin === 'string') return `${relation} ${limit} characters long`;
  return origin === 'array' ? `${relation} ${limit} items` : `${relation} ${limit}`;
}

const knownKeys = (schema: z.ZodType): string =>
  'shape' in schema ? Object.keys(schema.shape as object).join(', ') || 'nothing' : 'see /api/v1/openapi.json';
