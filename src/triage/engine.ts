import { Engine, type RuleProperties, type TopLevelCondition } from 'json-rules-engine';
import type { ConditionRecord } from '../domain/decision.ts';
import type { Json } from '../domain/json.ts';
import { isFactValue, type FactValue, type Test, type Tree } from './condition.ts';
import { asksForKnowledge, ENGINE_OPERATORS, OPERATORS } from './operators.ts';
import { parsePath, valueAt, type PathSegments } from './path.ts';

/** `unknown`: it hangs on something that nobody measured or that cannot be compared. It never counts as a match. */
export type Outcome = boolean | 'unknown';

export interface RuleRun {
  readonly rule: number;
  readonly outcome: Outcome;
  /** Every test of the rule, in the order written. */
  readonly conditions: readonly ConditionRecord[];
}

type Facts = Readonly<Record<string, Json>>;

/** Runs rules, given by number, over known facts. */
export interface EnginePool {
  run(candidates: readonly number[], facts: Facts): Promise<readonly RuleRun[]>;
}

const MAX_ENGINES = 256;
/** A set of rules larger than this is made anew each time: it would push everything else out. */
const MAX_KEPT_RULES = 1_000;

function forgetOldest(idle: Map<string, unknown>): void {
  for (const oldest of idle.keys()) if (idle.size > MAX_ENGINES) idle.delete(oldest);
}

interface Pooled {
  readonly engine: Engine;
  readonly operands: readonly Operand[];
}

/**
 * Engines are kept by the set of rules that they hold, and each serves one run at a time: an Engine of
 * json-rules-engine whose first run ends just as a second begins answers the second with no rules at all.
 */
export function enginePool(trees: readonly Tree[]): EnginePool {
  const idle = new Map<string, Pooled>();
  return {
    async run(candidates, facts) {
      if (candidates.length === 0) return [];
      const key = candidates.join();
      const pooled = idle.get(key) ?? makeEngine(candidates, trees);
      idle.delete(key);
      const { results, failureResults } = await pooled.engine.run(valuesOf(pooled.operands, facts));
      if (candidates.length <= MAX_KEPT_RULES) idle.set(key, pooled);
      forgetOldest(idle);
      const ran = [...results, ...failureResults].map(({ name, conditions }) => read(Number(name), conditions, trees));
      return ran.sort((a, b) => a.rule - b.rule);
    },
  };
}

function makeEngine(candidates: readonly number[], trees: readonly Tree[]): Pooled {
  const operands = new Map<string, Operand>();
  const rules = candidates.map((rule): RuleProperties => {
    const conditions = engineCondition(trees[rule] ?? { any: [] }, operands) as TopLevelCondition;
    // No priorities here: the engine must run every rule, and the winner is chosen afterwards.
    return { name: String(rule), conditions, event: { type: 'matched' } };
  });
  const engine = new Engine(rules, { allowUndefinedFacts: true });
  for (const operator of ENGINE_OPERATORS) engine.addOperator(operator);
  return { engine, operands: [...operands.values()] };
}

/** A value that a test reads: a fact, a place in it, a multiple of it. */
interface Operand {
  readonly name: string;
  readonly fact: string;
  readonly path: PathSegments;
  readonly times: number | null;
}

/**
 * Every operand goes to the engine as a fact of its own. So no path ever reaches its JSONPath (which had a
 * remote-code hole, and which takes the whole value where a path leads into something that is no object).
 */
function engineCondition(tree: Tree, operands: Map<string, Operand>): object {
  if ('all' in tree) return { all: tree.all.map((child) => engineCondition(child, operands)) };
  if ('any' in tree) return { any: tree.any.map((child) => engineCondition(child, operands)) };
  if ('not' in tree) return { not: engineCondition(tree.not, operands) };
  const { operator, value } = tree;
  const right = isFactValue(value) ? { fact: operandName(value, operands) } : value;
  return { fact: operandName(tree, operands), operator, value: right };
}

function operandName({ fact, path, times }: FactValue, operands: Map<string, Operand>): string {
  const name = JSON.stringify([fact, path ?? null, times ?? null]);
  const parsed = path === undefined ? { segments: [] } : parsePath(path);
  if (!('message' in parsed)) operands.set(name, { name, fact, path: parsed.segments, times: times ?? null });
  return name;
}

/** What is unknown is left out: the engine sees it as undefined. */
function valuesOf(operands: readonly Operand[], facts: Facts): Record<string, Json> {
  const values: Record<string, Json> = {};
  for (const { name, fact, path, times } of operands) {
    const value = valueAt(Object.hasOwn(facts, fact) ? facts[fact] : undefined, path);
    if (value === undefined || value === null) continue;
    if (times === null) values[name] = value;
    else if (typeof value === 'number') values[name] = value * times;
  }
  return values;
}

/** What json-rules-engine leaves on a condition after a run. */
interface Ran {
  readonly all?: readonly Ran[];
  readonly any?: readonly Ran[];
  readonly not?: Ran;
  readonly factResult?: unknown;
  readonly valueResult?: unknown;
  readonly result?: boolean;
}

function read(rule: number, ran: object, trees: readonly Tree[]): RuleRun {
  const conditions: ConditionRecord[] = [];
  const outcome = fold(trees[rule] ?? { any: [] }, ran, conditions);
  return { rule, outcome, conditions };
}

/**
 * Three-valued logic over the results of the engine, whose own is two-valued: there `not` over an unknown fact would
 * be true.
 */
function fold(tree: Tree, ran: Ran, records: ConditionRecord[]): Outcome {
  if ('all' in tree)
    return strongest(
      tree.all.map((child, at) => fold(child, ran.all?.[at] ?? {}, records)),
      false,
    );
  if ('any' in tree)
    return strongest(
      tree.any.map((child, at) => fold(child, ran.any?.[at] ?? {}, records)),
      true,
    );
  if ('not' in tree) {
    const inner = fold(tree.not, ran.not ?? {}, records);
    return inner === 'unknown' ? inner : !inner;
  }
  const record = recordOf(tree, ran);
  records.push(record);
  return record.unknown === true ? 'unknown' : record.result;
}

/** One false decides `all`, one true decides `any`; else one unknown keeps it open. */
function strongest(outcomes: readonly Outcome[], decisive: boolean): Outcome {
  if (outcomes.includes(decisive)) return decisive;
  return outcomes.includes('unknown') ? 'unknown' : !decisive;
}

function recordOf({ fact, path, operator, value }: Test, ran: Ran): ConditionRecord {
  const actual = (ran.factResult ?? null) as Json;
  const compared = (ran.valueResult ?? null) as Json;
  const expected = isFactValue(value) ? { ...value, ...(compared === null ? {} : { value: compared }) } : value;
  const base = { fact, ...(path === undefined ? {} : { path }), operator, expected, actual };
  const usable = actual !== null && compared !== null && OPERATORS[operator]?.comparable(actual, compared) === true;
  if (!asksForKnowledge(operator) && !usable) return { ...base, unknown: true, result: false };
  return { ...base, result: ran.result === true };
}
