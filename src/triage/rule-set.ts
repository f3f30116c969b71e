import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../domain/json.ts';
import { isFactValue, testsOf, type FactValue, type Test, type Tree } from './condition.ts';
import { enginePool, type EnginePool } from './engine.ts';
import type { RuleEvent, RuleKind, Stage } from './rule-file.ts';
import { indexRules, type RuleIndex } from './rule-index.ts';

/** A rule that has been checked; its named conditions are in place. */
export interface Rule {
  readonly stage: Stage;
  readonly name: string;
  readonly file: string;
  readonly description: string | null;
  readonly priority: number;
  readonly tree: Tree;
  readonly event: RuleEvent;
}

/** Rules of one kind, which run together. */
export interface KindRules {
  readonly rules: readonly Rule[];
  readonly index: RuleIndex;
  readonly engines: EnginePool;
}

/** Rules ready to run. Immutable: a reload makes another one. */
export interface RuleSet {
  /** Of everything that decides: name, priority, conditions, event. Not of layout, order, files or descriptions. */
  readonly hash: string;
  readonly severity: KindRules;
  readonly rollback: KindRules;
  readonly specialist: KindRules;
  readonly route: KindRules;
}

export const rulesOf = ({ severity, rollback, specialist, route }: RuleSet): readonly Rule[] =>
  [severity, rollback, specialist, route].flatMap(({ rules }) => rules);

export function ruleSet(rules: readonly Rule[]): RuleSet {
  const byName = [...rules].sort((a, b) => (a.name < b.name ? -1 : 1));
  const kind = (type: RuleKind): KindRules => kindRules(byName.filter((rule) => rule.event.type === type));
  return {
    hash: hashOf(byName),
    severity: kind('severity'),
    rollback: kind('rollback'),
    specialist: kind('specialist'),
    route: kind('route'),
  };
}

function kindRules(rules: readonly Rule[]): KindRules {
  return {
    rules,
    index: indexRules(rules.map((rule) => rule.tree)),
    engines: enginePool(rules.map((rule) => rule.tree)),
  };
}

function hashOf(rules: readonly Rule[]): string {
  const content = rules.map(({ stage, name, priority, tree, event }) => ({ stage, name, priority, tree, event }));
  content.sort((a, b) => (a.stage === b.stage ? 0 : a.stage < b.stage ? -1 : 1));
  return createHash('sha256')
    .update(canonical(content as unknown as Json))
    .digest('hex');
}

/** JSON with sorted keys: the same content gives the same text. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item ?? null)}`).join(',')}}`;
}

/** Every fact that a rule reads, to test it or to compare with it. */
export function factsOf(tree: Tree): readonly string[] {
  const read = (test: Test): (string | FactValue)[] => [test.fact, ...(isFactValue(test.value) ? [test.value] : [])];
  return [
    ...new Set(
      testsOf(tree)
        .flatMap(read)
        .map((fact) => (typeof fact === 'string' ? fact : fact.fact)),
    ),
  ];
}
