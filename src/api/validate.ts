import type { z } from 'zod';
import { ApiError } from './errors.ts';

type Issue = z.core.$ZodIssue;

/** The value as the schema has it. Throws 400 that names the first field at fault; values are never quoted. */
export function validate<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.flatMap(nearest);
  const [first] = issues;
  const others = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  if (first === undefined) throw new ApiError('invalid', 'is not valid');
  throw new ApiError('invalid', `${sentence(first, schema)}${others}`, { field: fieldOf(first) });
}

/** Of several shapes that a value may have, the one that was meant: it knows every key, and the least is wrong with it. */
function nearest(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const wrong = (issues: readonly Issue[]): number =>
    issues.length + 100 * issues.filter(({ code }) => code === 'unrecognized_keys').length;
  const [best = []] = [...issue.errors].sort((a, b) => wrong(a) - wrong(b));
  return best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
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

function knownKeys(schema: z.ZodType): string {
  if ('shape' in schema) return Object.keys(schema.shape as object).join(', ') || 'nothing';
  if (!('options' in schema)) return 'see /api/v1/openapi.json';
  return (schema.options as readonly z.ZodType[]).map(knownKeys).join('; or ');
}
