import type { Json } from '../domain/json.ts';
import { isFactValue, type Tree } from './condition.ts';
import { parsePath, valueAt, type PathSegments } from './path.ts';

type Scalar = string | number | boolean;

/** An equality that must hold for the rule to match. `values`: one of them. */
interface Requirement {
  readonly key: string;
  readonly fact: string;
  readonly path: PathSegments;
  readonly values: readonly Scalar[];
}

interface Shelf {
  readonly fact: string;
  readonly path: PathSegments;
  readonly rules: Map<Scalar, number[]>;
}

/** Rules by the equality that they hang on. */
export interface RuleIndex {
  /** The rules that can match at all, ascending; any other one is certain not to. */
  candidates(facts: Readonly<Record<string, Json>>): readonly number[];
}

/** Each rule stands on the shelf of its rarest requirement; one without any is always a candidate. */
export function indexRules(trees: readonly Tree[]): RuleIndex {
  const required = trees.map(requirements);
  const frequency = countValues(required);
  const always: number[] = [];
  const shelves = new Map<string, Shelf>();
  required.forEach((options, rule) => {
    const rarest = options.toSorted((a, b) => weight(a, frequency) - weight(b, frequency))[0];
    if (rarest === undefined) always.push(rule);
    else putOnShelf(shelves, rarest, rule);
  });
  return { candidates: (facts) => lookUp(facts, always, shelves) };
}

function lookUp(
  facts: Readonly<Record<string, Json>>,
  always: number[],
  shelves: Map<string, Shelf>,
): readonly number[] {
  const found = [...always];
  for (const shelf of shelves.values()) {
    const fact = Object.hasOwn(facts, shelf.fact) ? facts[shelf.fact] : undefined;
    found.push(...(shelf.rules.get(valueAt(fact, shelf.path) as Scalar) ?? []));
  }
  return found.sort((a, b) => a - b);
}

function putOnShelf(shelves: Map<string, Shelf>, { key, fact, path, values }: Requirement, rule: number): void {
  const shelf: Shelf = shelves.get(key) ?? { fact, path, rules: new Map() };
  shelves.set(key, shelf);
  for (const value of new Set(values)) {
    const rules = shelf.rules.get(value) ?? [];
    rules.push(rule);
    shelf.rules.set(value, rules);
  }
}

/** The equalities that must hold: those directly in `all`, however deep `all` stands in `all`. */
function requirements(tree: Tree): readonly Requirement[] {
  if ('all' in tree) return tree.all.flatMap(requirements);
  if ('any' in tree || 'not' in tree || isFactValue(tree.value)) return [];
  const values = tree.operator === 'equal' ? [tree.value] : tree.operator === 'in' ? tree.value : null;
  const parsed = tree.path === undefined ? { segments: [] } : parsePath(tree.path);
  if (values === null || 'message' in parsed) return [];
  const key = JSON.stringify([tree.fact, ...parsed.segments]);
  return [{ key, fact: tree.fact, path: parsed.segments, values: values as Scalar[] }];
}

type Frequency = ReadonlyMap<string, ReadonlyMap<Scalar, number>>;

function countValues(required: readonly (readonly Requirement[])[]): Frequency {
  const counts = new Map<string, Map<Scalar, number>>();
  for (const { key, values } of required.flat()) {
    const perValue = counts.get(key) ?? new Map<Scalar, number>();
    counts.set(key, perValue);
    for (const value of values) perValue.set(value, (perValue.get(value) ?? 0) + 1);
  }
  return counts;
}

const weight = ({ key, values }: Requirement, frequency: Frequency): number =>
  Math.max(...values.map((value) => frequency.get(key)?.get(value) ?? 0));
