import { z } from 'zod';

/** Moments as this API writes them. */
export const instant = z.string().meta({ format: 'date-time', examples: ['2024-01-15T14:32:15.000Z'] });

/** Whatever JSON; the map's keys are data. */
export const json = z.unknown();
export const jsonMap = z.record(z.string(), json);
export const textMap = z.record(z.string(), z.string());

/** A page of a list. `nextCursor` is null on the last page. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    nextCursor: z.string().nullable().describe('Give it as `cursor` to get the next page; null: this is the last one'),
  });

export const oneOf = <const T extends readonly string[]>(values: T) => z.enum(values);

/** Text that people write. The store takes neither NUL nor half a surrogate pair. */
export const writtenText = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .refine((text) => !text.includes('\0') && text.isWellFormed(), 'holds a character that cannot be stored');

export const limit = (usual: number, most: number) =>
  z.int().min(1).max(most).default(usual).describe('How many items at most');

/** One shape for everything that went wrong. */
export const errorAnswer = z
  .object({
    error: z.object({
      code: z.string().describe('Stable word for programs'),
      message: z.string().describe('For people'),
      field: z.string().nullable().describe('Path of the field at fault; null when it is not one field'),
    }),
  })
  .meta({ id: 'Error' });

/** A moment as people and programs write it; read as the store has it. */
export const moment = z.iso
  .datetime({ offset: true, error: 'expected a time like 2024-01-15T14:32:15Z' })
  .transform((text) => new Date(text).toISOString());

/** A day is meant to its end, in UTC. */
export const dueDate = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], {
    error: 'expected a day like 2024-01-15 or a time like 2024-01-15T14:32:15Z',
  })
  .transform((text) => new Date(text.length === 10 ? `${text}T23:59:59.999Z` : text).toISOString());

/** Where a browser goes; nothing that one would run. */
export const link = writtenText(4_000).refine(
  (text) => ['http:', 'https:'].includes(URL.parse(text)?.protocol ?? ''),
  'expected an address like https://example.com',
);
