import { isSame } from './equality.ts';

export interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

export class PatchError extends Error {}

type Container = Record<string, unknown>;

const segments = (path: string): string[] =>
  path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

const apply = (document: unknown, { op, path, value }: Operation): void => {
  const parts = segments(path);
  const last = parts.pop() ?? '';
  let at = document as Container;
  for (const part of parts) {
    const inner = at[part];
    if (typeof inner !== 'object' || inner === null) throw new PatchError(`no such path: ${path}`);
    at = inner as Container;
  }
  if (op === 'test') {
    if (!isSame(at[last], value)) throw new PatchError(`testing value ${path} failed: test failed`);
    return;
  }
  if (op !== 'add' && !(last in at)) throw new PatchError(`${op} of a missing path: ${path}`);
  if (op === 'remove') Reflect.deleteProperty(at, last);
  else if (op === 'add' && Array.isArray(at)) at.splice(last === '-' ? at.length : Number(last), 0, value);
  else if (op === 'add' || op === 'replace') at[last] = value;
  else throw new PatchError(`unsupported operation: ${op}`);
};

/** RFC 6902 as far as clients of ours use it. Returns a changed copy; throws PatchError when it does not apply. */
export const applyJsonPatch = <T>(document: T, operations: readonly Operation[]): T => {
  const copy = structuredClone(document);
  for (const operation of operations) apply(copy, operation);
  return copy;
};

/** RFC 7386. */
export const applyMergePatch = (document: unknown, patch: unknown): unknown => {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const isMap = typeof document === 'object' && document !== null && !Array.isArray(document);
  const result: Container = isMap ? { ...(document as Container) } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = applyMergePatch(result[key], value);
  }
  return result;
};
