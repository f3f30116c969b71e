import type { Condition, Tree } from './condition.ts';
import { childrenOf } from './condition.ts';

export type NamedConditions = ReadonlyMap<string, Condition>;

const MAX_NODES = 500;

/** The names that lead back to themselves, each with the way round: `a -> b -> a`. */
export function cycles(named: NamedConditions): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of named.keys()) {
    const way = wayBack(name, name, named, new Set());
    if (way !== null) found.set(name, [name, ...way].join(' -> '));
  }
  return found;
}

function wayBack(from: string, goal: string, named: NamedConditions, seen: Set<string>): string[] | null {
  for (const next of references(named.get(from))) {
    if (next === goal) return [goal];
    if (seen.has(next)) continue;
    seen.add(next);
    const rest = wayBack(next, goal, named, seen);
    if (rest !== null) return [next, ...rest];
  }
  return null;
}

/** The named conditions that a condition uses directly. */
export function references(condition: Condition | undefined): readonly string[] {
  if (condition === undefined) return [];
  if ('condition' in condition) return [condition.condition];
  return childrenOf(condition).flatMap((child) => references(child.condition));
}

/**
 * Puts named conditions in their places. Null when the result is too large: names that use names twice grow without
 * limit. Names must be known and free of cycles.
 */
export function expand(condition: Condition, named: NamedConditions): Tree | null {
  let nodes = 0;
  const visit = (node: Condition): Tree | null => {
    if (++nodes > MAX_NODES) return null;
    if ('condition' in node) {
      const target = named.get(node.condition);
      return target === undefined ? null : visit(target);
    }
    if ('not' in node) {
      const inner = visit(node.not);
      return inner === null ? null : { not: inner };
    }
    if ('all' in node) return list(node.all, (all) => ({ all }));
    if ('any' in node) return list(node.any, (any) => ({ any }));
    return node;
  };
  const list = (children: readonly Condition[], make: (trees: readonly Tree[]) => Tree): Tree | null => {
    const trees: Tree[] = [];
    for (const child of children) {
      const tree = visit(child);
      if (tree === null) return null;
      trees.push(tree);
    }
    return make(trees);
  };
  return visit(condition);
}
