import type { z } from 'zod';
import { ApiError } from './errors.ts';
import { validate } from './validate.ts';

/** Queries and paths are flat; their schemas too. */
export type FlatSchema = z.ZodObject;

/**
 * Reads a query string by its schema: a list may be repeated or separated by commas, a number is written in digits,
 * and everything else is given once. Names are only compared, never followed, so `a[b]` and `__proto__` are just unknown.
 */
export function readQuery<S extends FlatSchema>(schema: S, url: string): z.output<S> {
  const mark = url.indexOf('?');
  const given = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));
  const values = [...new Set(given.keys())].map((name) => {
    const kind = Object.hasOwn(schema.shape, name) ? kindOf(schema.shape[name] as z.core.SomeType) : 'string';
    return [name, readValue(name, given.getAll(name), kind)] as const;
  });
  return validate(schema, Object.fromEntries(values));
}

function readValue(name: string, texts: readonly string[], kind: string): unknown {
  if (kind === 'array') return texts.flatMap((text) => text.split(',')).filter((text) => text !== '');
  const [text = ''] = texts;
  if (texts.length > 1) throw new ApiError('invalid', 'is given more than once', { field: name });
  return kind === 'number' && /^-?\d{1,9}$/.test(text) ? Number(text) : text;
}

interface Wrapper {
  readonly type: string;
  readonly innerType?: { readonly _zod: { readonly def: Wrapper } };
}

/** What stands inside `optional` and `default`. */
function kindOf(schema: z.core.SomeType): string {
  let def = schema._zod.def as Wrapper;
  while (def.innerType !== undefined) def = def.innerType._zod.def;
  return def.type;
}
