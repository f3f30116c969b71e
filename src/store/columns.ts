import type { RawBuilder } from 'kysely';
import { sql } from './database.ts';

/**
 * Whole columns as parameters, for unnest. The driver's own array encoding costs more than the insert itself (it quotes
 * every element and formats every date), so texts travel joined and numbers as one literal.
 */
const SEPARATOR = '\u001e';

/** Texts of any content. */
export function textColumn(values: readonly string[]): RawBuilder<string[]> {
  const joined = values.join(SEPARATOR);
  // An empty text would read back as no element, and one that holds the separator as two.
  const plain = joined !== '' && !values.some((value) => value.includes(SEPARATOR));
  return plain ? split(joined) : sql`${[...values]}::text[]`;
}

/** Texts that JSON.stringify made: they hold no control character and are never empty. */
export const jsonColumn = (values: readonly string[]): RawBuilder<string[]> =>
  values.length === 0 ? sql`${[]}::text[]` : split(values.join(SEPARATOR));

const split = (joined: string): RawBuilder<string[]> => sql`string_to_array(${joined}, ${sql.lit(SEPARATOR)})`;

const literal = (values: readonly (string | number | boolean | null)[]): string =>
  `{${values.map((v) => v ?? 'NULL').join(',')}}`;

export const integerColumn = (values: readonly number[]): RawBuilder<number[]> => sql`${literal(values)}::bigint[]`;

export const booleanColumn = (values: readonly boolean[]): RawBuilder<boolean[]> => sql`${literal(values)}::boolean[]`;

/** Moments in epoch milliseconds; in the select list they become timestamps by `to_timestamp(column / 1000.0)`. */
export const momentColumn = (values: readonly (number | null)[]): RawBuilder<(number | null)[]> => floatColumn(values);

export const floatColumn = (values: readonly (number | null)[]): RawBuilder<(number | null)[]> =>
  sql`${literal(values)}::float8[]`;
