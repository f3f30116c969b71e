import type { Json, JsonObject } from '../domain/json.ts';

/** The value of another fact, optionally times a factor. */
export interface FactValue {
  readonly fact: string;
  readonly path?: string;
  readonly times?: number;
}

export interface Test {
  readonly fact: string;
  readonly path?: string;
  readonly operator: string;
  readonly value: Json;
}

/** A condition as a rule writes it. */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | { readonly condition: string }
  | Test;

/** The same with every named condition put in its place. */
export type Tree =
  { readonly all: readonly Tree[] } | { readonly any: readonly Tree[] } | { readonly not: Tree } | Test;

export const isFactValue = (value: Json): value is FactValue & JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The conditions inside, or none for a test. */
export function childrenOf(condition: Condition): readonly { key: string; condition: Condition }[] {
  if ('all' in condition) return condition.all.map((child, at) => ({ key: `/all/${at}`, condition: child }));
  if ('any' in condition) return condition.any.map((child, at) => ({ key: `/any/${at}`, condition: child }));
  if ('not' in condition) return [{ key: '/not', condition: condition.not }];
  return [];
}

/** Every test of a tree, in the order written. */
export function testsOf(tree: Tree): readonly Test[] {
  if ('all' in tree) return tree.all.flatMap(testsOf);
  if ('any' in tree) return tree.any.flatMap(testsOf);
  if ('not' in tree) return testsOf(tree.not);
  return [tree];
}
