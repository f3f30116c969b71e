import type { Json } from '../domain/json.ts';
import { whoKnows, type FactKind } from './catalogue.ts';
import { childrenOf, isFactValue, type Condition, type FactValue, type Test } from './condition.ts';
import { unknownName } from './nearest.ts';
import { OPERATORS, type OperatorKind } from './operators.ts';
import { parsePath } from './path.ts';
import { refusePattern } from './regex.ts';
import type { Fault } from './rule-file.ts';

export interface Names {
  readonly facts: ReadonlyMap<string, FactKind>;
  readonly conditions: ReadonlySet<string>;
}

const ANY: FactKind = { type: 'any' };

/** Everything wrong with the meaning of a condition whose shape is right. `field` is its pointer. */
export function checkCondition(condition: Condition, field: string, names: Names): readonly Fault[] {
  if ('condition' in condition) {
    if (names.conditions.has(condition.condition)) return [];
    return [{ field: `${field}/condition`, message: unknownName('condition', condition.condition, names.conditions) }];
  }
  if ('fact' in condition) return checkTest(condition, field, names);
  return childrenOf(condition).flatMap((child) => checkCondition(child.condition, `${field}${child.key}`, names));
}

function checkTest(test: Test, field: string, names: Names): readonly Fault[] {
  const left = kindOf(test, field, names);
  if ('message' in left) return [left];
  const operator = OPERATORS[test.operator];
  if (operator === undefined) {
    return [{ field: `${field}/operator`, message: unknownName('operator', test.operator, Object.keys(OPERATORS)) }];
  }
  if (!operator.on.includes(left.type)) {
    const usable = Object.keys(OPERATORS).filter((name) => OPERATORS[name]?.on.includes(left.type));
    const hint = left.type === 'object' && test.path === undefined ? 'give a path into it, or use' : 'use';
    const message = `"${test.operator}" cannot test "${test.fact}", a ${left.type} fact: ${hint} ${usable.join(', ')}`;
    return [{ field: `${field}/operator`, message }];
  }
  return checkValue(test, operator, left, `${field}/value`, names);
}

function kindOf(at: FactValue, field: string, names: Names): FactKind | Fault {
  const fact = names.facts.get(at.fact);
  if (fact === undefined) {
    return {
      field: `${field}/fact`,
      message: `${unknownName('fact', at.fact, names.facts.keys())}${stageHint(at.fact)}`,
    };
  }
  if (at.path === undefined) return fact;
  const path = parsePath(at.path);
  if ('message' in path) return { field: `${field}/path`, message: path.message };
  if (fact.type !== 'object' && fact.type !== 'list') {
    return { field: `${field}/path`, message: `"${at.fact}" is a ${fact.type}: there is no path into it` };
  }
  if (fact.keys === undefined) return ANY;
  const key = String(path.segments[0]);
  const kind = Object.hasOwn(fact.keys, key) ? fact.keys[key] : undefined;
  return kind ?? { field: `${field}/path`, message: unknownName(`key of "${at.fact}"`, key, Object.keys(fact.keys)) };
}

function stageHint(fact: string): string {
  const who = whoKnows(fact);
  return who === null ? '' : ` (only ${who} know it)`;
}

function checkValue(test: Test, operator: OperatorKind, left: FactKind, field: string, names: Names): readonly Fault[] {
  const { value } = test;
  if (isFactValue(value)) return checkFactValue(value, operator, left, field, names);
  const message = wrongShape(value, operator) ?? wrongType(value, operator, left);
  return message === null ? [] : [{ field, message: `${message} (it is ${JSON.stringify(value)})` }];
}

function checkFactValue(
  value: FactValue,
  operator: OperatorKind,
  left: FactKind,
  field: string,
  names: Names,
): readonly Fault[] {
  if (!operator.takesFact) return [{ field, message: 'this operator cannot compare with another fact' }];
  const right = kindOf(value, field, names);
  if ('message' in right) return [right];
  const comparable = left.type === right.type || left.type === 'any' || right.type === 'any' || left.type === 'list';
  if (!comparable) return [{ field, message: `a ${left.type} cannot be compared with a ${right.type}` }];
  const numeric = right.type === 'number' || right.type === 'any';
  return value.times === undefined || numeric
    ? []
    : [{ field: `${field}/times`, message: 'only a number can be multiplied' }];
}

function wrongShape(value: Json, { value: shape }: OperatorKind): string | null {
  switch (shape) {
    case 'true':
      return value === true ? null : 'must be true';
    case 'number':
      return typeof value === 'number' ? null : 'must be a number';
    case 'text':
      return typeof value === 'string' ? null : 'must be a text';
    case 'pattern':
      return typeof value === 'string' ? refusePattern(value) : 'must be a text';
    case 'list':
      return Array.isArray(value) ? null : 'must be a list';
    case 'same':
      return typeof value === 'object' ? 'must be a text, a number, true or false' : null;
  }
}

/** A number fact compared with a text would never match, and nobody would notice. */
function wrongType(value: Json, operator: OperatorKind, left: FactKind): string | null {
  if (operator.value !== 'same' && operator.value !== 'list') return null;
  const values = (Array.isArray(value) ? value : [value]) as readonly Json[];
  const wanted = { number: 'number', text: 'string', 'yes-no': 'boolean', list: 'string', object: '', any: '' }[
    left.type
  ];
  if (wanted !== '' && values.some((each) => typeof each !== wanted)) return `must be a ${left.type}, like the fact`;
  const { oneOf } = left;
  const odd = oneOf === undefined ? undefined : values.find((each) => !oneOf.some((known) => known === each));
  return odd === undefined || oneOf === undefined ? null : `must be one of ${oneOf.join(', ')}`;
}
