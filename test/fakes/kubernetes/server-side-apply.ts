import { isSame } from './equality.ts';
import { isFields } from './lists.ts';
import { entriesOfOthers, entryOf, leavesOf, ownedPaths, type Writer } from './managed-fields.ts';
import type { Fields, KubeObject } from './objects.ts';
import { applyStrategicMerge } from './strategic-merge.ts';

export type Applied =
  | { readonly kind: 'applied'; readonly object: KubeObject }
  | { readonly kind: 'refused'; readonly conflicts: readonly ApplyConflict[] };

interface ApplyConflict {
  readonly manager: string;
  readonly path: string;
}

const conflictsOf = (before: KubeObject, applied: Fields, writer: Writer): ApplyConflict[] => {
  const [old, wanted] = [leavesOf(before), leavesOf(applied)];
  return entriesOfOthers(before, writer).flatMap((entry) =>
    [...ownedPaths(entry)]
      .filter((path) => wanted.has(path) && !isSame(wanted.get(path), old.get(path)))
      .map((path) => ({ manager: String(entry['manager']), path })),
  );
};

const isEmpty = (value: unknown): boolean =>
  (Array.isArray(value) && value.length === 0) || (isFields(value) && Object.keys(value).length === 0);

/** Takes one leaf out, and what is left empty around it. */
const drop = (value: unknown, steps: readonly string[]): unknown => {
  const [step = '', ...rest] = steps;
  if (Array.isArray(value)) {
    const [key = '', wanted] = Object.entries(JSON.parse(step.slice(2)) as Fields)[0] ?? [];
    const left = value.map((one: Fields) => (isSame(one[key], wanted) ? drop(one, rest) : one));
    return left.filter((one) => !isEmpty(one));
  }
  if (!isFields(value)) return value;
  const name = step.slice(2);
  const inner = rest.length === 0 ? undefined : drop(value[name], rest);
  const others = Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
  return inner === undefined || isEmpty(inner) ? others : { ...others, [name]: inner };
};

/** What this manager applied before and leaves out now, unless somebody else holds it too. */
const abandoned = (before: KubeObject, applied: Fields, writer: Writer): string[] => {
  const wanted = leavesOf(applied);
  const others = new Set(entriesOfOthers(before, writer).flatMap((entry) => [...ownedPaths(entry)]));
  const mine = ownedPaths(entryOf(before, writer) ?? {});
  return [...mine].filter((path) => !wanted.has(path) && !others.has(path));
};

/** Server-side apply. Conflicts are the fields that others hold with another value. */
export const applyServerSide = (
  before: KubeObject | null,
  applied: Fields,
  writer: Writer,
  force: boolean,
): Applied => {
  if (before === null) return { kind: 'applied', object: applied as KubeObject };
  const conflicts = force ? [] : conflictsOf(before, applied, writer);
  if (conflicts.length > 0) return { kind: 'refused', conflicts };
  const gone = abandoned(before, applied, writer);
  const left = gone.reduce<unknown>((object, path) => drop(object, path.split('\n')), before);
  return { kind: 'applied', object: applyStrategicMerge(left as KubeObject, applied) };
};
