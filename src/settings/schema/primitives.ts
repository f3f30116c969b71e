import { z } from 'zod';

import { Secret } from '../../domain/secret.ts';

/**
 * A group of known keys and no others. The message of an `unrecognized_keys` issue is the list of the known ones:
 * `problems.ts` makes the sentence from it.
 */
export const group = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined),
  });

/** A group that is there with its defaults when it is not written, or written with nothing in it. */
export const section = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.preprocess((value) => value ?? {}, group(shape)).prefault({});

/** Null when not written. */
export const orNull = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? null);

export const list = <Schema extends z.ZodType>(item: Schema) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);

/** A group whose keys the user chooses. */
export const named = <Schema extends z.ZodType>(name: z.ZodString, item: Schema) =>
  z
    .record(name, item)
    .nullish()
    .transform((value) => value ?? {});

export const text = z.string().regex(/\S/, 'must not be empty').max(10_000, 'is too long');

/** Calls `report` with the index of every entry that stood earlier in the list too. */
export function eachRepeated(values: readonly string[], report: (index: number) => void): void {
  for (const [index, value] of values.entries()) if (values.indexOf(value) < index) report(index);
}

/** A name that people chose: of a service, a cluster, a rollback step. */
export const name = text.max(200, 'a name has at most 200 characters').regex(/^\P{Cc}+$/u, 'has control characters');

const A_YEAR = 366 * 24 * 3600;

export const seconds = z.number().gt(0).max(A_YEAR);
export const secondsOrZero = z.number().min(0).max(A_YEAR);

export const httpUrl = text.superRefine((value, context) => {
  const fault = urlFault(value);
  if (fault !== null) context.addIssue({ code: 'custom', message: fault });
});

/** An address that paths are appended to: it has no slash at the end. */
export const baseUrl = httpUrl.transform((value) => value.replace(/\/+$/, ''));

function urlFault(value: string): string | null {
  const url = URL.parse(value);
  if (url === null || !/^https?:\/\//i.test(value)) return 'expected a URL that begins with http:// or https://';
  // It would be shown wherever the address is.
  if (url.username !== '' || url.password !== '') return 'a URL must not hold credentials; use headers or a token';
  return null;
}

/** Gives the text of a secret's file; throws what the file system throws. */
export type ReadSecretFile = (path: string) => string;
export type SecretSchema = z.ZodType<Secret>;

/** Text, or `{ file: path }`. Its messages never hold the value, whatever its type. */
export const secretSchema = (read: ReadSecretFile): SecretSchema =>
  z.unknown().transform((value, context) => {
    const taken = takeSecret(value, read);
    if (taken instanceof Secret) return taken;
    context.addIssue({ code: 'custom', message: taken.fault });
    return z.NEVER;
  });

function takeSecret(value: unknown, read: ReadSecretFile): Secret | { readonly fault: string } {
  if (value === undefined || value === null) return { fault: 'missing; expected text or { file: path }' };
  if (typeof value === 'string') return nonEmpty(value, 'is empty');
  const file = fileOf(value);
  if (file === null) return { fault: 'expected text or { file: path }; put numbers in quotes' };
  try {
    return nonEmpty(read(file).replace(/\r?\n$/, ''), `the file ${file} is empty`);
  } catch (error) {
    return { fault: `cannot read the file ${file}: ${reasonOf(error)}` };
  }
}

const nonEmpty = (value: string, fault: string) => (value.trim() === '' ? { fault } : new Secret(value));

function fileOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== 'file') return null;
  const { file } = value as { file: unknown };
  return typeof file === 'string' && file !== '' ? file : null;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** Why a file could not be read, in words. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return REASONS[code] ?? code;
}

export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unreadable';
}
