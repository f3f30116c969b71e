import { z } from 'zod';
import { ApiError } from './errors.ts';
import type { IncidentFilter } from './ports.ts';

type Position = NonNullable<IncidentFilter['cursor']>;

const content = z.tuple([z.iso.datetime(), z.string().regex(/^[\w-]{1,64}$/)]);

/** Where a page ended, opaque: what is in it may change. */
export const writeCursor = ({ openedAt, id }: Position): string =>
  Buffer.from(JSON.stringify([openedAt, id])).toString('base64url');

/** Throws 400 for anything that `writeCursor` has not written. */
export function readCursor(text: string): Position {
  const parsed = content.safeParse(decode(text));
  if (!parsed.success) {
    throw new ApiError('invalid', 'is not a cursor that this API gave out', { field: 'cursor' });
  }
  const [openedAt, id] = parsed.data;
  return { openedAt, id };
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
