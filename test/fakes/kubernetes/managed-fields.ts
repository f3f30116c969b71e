import { isSame } from './equality.ts';
import { isFields, mergeKeyOf } from './lists.ts';
import type { Fields, KubeObject } from './objects.ts';

/** Leaves of an object by their path, each step in the form that `fieldsV1` uses: `f:spec`, `k:{"name":"app"}`. */
export type Leaves = Map<string, unknown>;

const NOBODYS = new Set(['apiVersion', 'kind']);
const NOBODYS_METADATA =
  /^f:metadata\n\.?f:(name|namespace|uid|resourceVersion|generation|creationTimestamp|managedFields)(\n|$)/;
const SEPARATOR = '\n';

const collect = (field: string, value: unknown, path: string, into: Leaves): void => {
  if (Array.isArray(value) && value.length > 0) {
    const key = mergeKeyOf(field, value);
    if (key === null) into.set(path, value);
    else {
      for (const element of value as Fields[]) {
        collect('', element, `${path}${SEPARATOR}k:${JSON.stringify({ [key]: element[key] })}`, into);
      }
    }
  } else if (isFields(value) && Object.keys(value).length > 0) {
    for (const [name, inner] of Object.entries(value)) collect(name, inner, `${path}${SEPARATOR}f:${name}`, into);
  } else if (value !== undefined) into.set(path, value);
};

/** What somebody can own of an object. */
export const leavesOf = (object: object): Leaves => {
  const leaves: Leaves = new Map();
  for (const [name, value] of Object.entries(object)) {
    if (!NOBODYS.has(name)) collect(name, value, `f:${name}`, leaves);
  }
  return new Map([...leaves].filter(([path]) => !NOBODYS_METADATA.test(path)));
};

/** The paths whose value is another one in `after`, or new. */
export const changedPaths = (before: object, after: object): Set<string> => {
  const old = leavesOf(before);
  const changed = [...leavesOf(after)].filter(([path, value]) => !isSame(old.get(path), value));
  return new Set(changed.map(([path]) => path));
};

const toFieldsV1 = (paths: ReadonlySet<string>): Fields => {
  const root: Fields = {};
  for (const path of paths) {
    let at = root;
    for (const step of path.split(SEPARATOR)) at = (at[step] ??= {}) as Fields;
  }
  return root;
};

const fromFieldsV1 = (fields: Fields, prefix = ''): string[] =>
  Object.entries(fields).flatMap(([step, inner]) => {
    const path = prefix === '' ? step : `${prefix}${SEPARATOR}${step}`;
    return isFields(inner) && Object.keys(inner).length > 0 ? fromFieldsV1(inner, path) : [path];
  });

export interface Writer {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource?: string;
}

export const ownedPaths = (entry: Fields): Set<string> => new Set(fromFieldsV1((entry['fieldsV1'] ?? {}) as Fields));

const isOf = (entry: Fields, writer: Writer): boolean =>
  entry['manager'] === writer.manager &&
  entry['operation'] === writer.operation &&
  entry['subresource'] === writer.subresource;

export const entryOf = (object: KubeObject | null, writer: Writer): Fields | null =>
  object?.metadata.managedFields?.find((entry) => isOf(entry, writer)) ?? null;

export const entriesOfOthers = (object: KubeObject, writer: Writer): Fields[] =>
  (object.metadata.managedFields ?? []).filter((entry) => !isOf(entry, writer));

/** The record of who owns what after a write: what the writer changed is taken from the others. */
export const signedBy = (
  object: KubeObject,
  writer: Writer,
  changed: ReadonlySet<string>,
  owned: ReadonlySet<string>,
  time: string,
): Fields[] => {
  const lost = (entry: Fields): Fields => {
    const left = [...ownedPaths(entry)].filter((path) => !changed.has(path));
    return { ...entry, fieldsV1: toFieldsV1(new Set(left)) };
  };
  const others = entriesOfOthers(object, writer).map(lost);
  const mine = {
    manager: writer.manager,
    operation: writer.operation,
    apiVersion: object.apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(owned),
    ...(writer.subresource === undefined ? {} : { subresource: writer.subresource }),
  };
  return [...others.filter((entry) => ownedPaths(entry).size > 0), mine];
};
