import type { Tree } from './condition.ts';

/** A fact that a condition wants to be unknown, or null. `not` turns the question around. */
export function asksForUnknown(tree: Tree, turned = false): string | null {
  if ('not' in tree) return asksForUnknown(tree.not, !turned);
  if ('all' in tree || 'any' in tree) {
    const children = 'all' in tree ? tree.all : tree.any;
    for (const child of children) {
      const fact = asksForUnknown(child, turned);
      if (fact !== null) return fact;
    }
    return null;
  }
  return tree.operator === (turned ? 'isKnown' : 'isUnknown') ? tree.fact : null;
}
