import { Operator } from 'json-rules-engine';
import type { FactType } from './catalogue.ts';
import { compilePattern, MAX_SUBJECT, type Pattern } from './regex.ts';

/** What a rule must write as `value`. `fact`: the value may be another fact. */
export type ValueShape = 'same' | 'number' | 'text' | 'pattern' | 'list' | 'true';

export interface OperatorKind {
  /** Fact types it can be used on. */
  readonly on: readonly FactType[];
  readonly value: ValueShape;
  /** True when `{ "fact": … }` may stand as the value. */
  readonly takesFact: boolean;
  /** False when the two cannot be compared at all: then the condition is unknown, not false. */
  readonly comparable: (actual: unknown, expected: unknown) => boolean;
  readonly test: (actual: unknown, expected: unknown) => boolean;
}

const NUMERIC = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;

/** A number, or a label's text that is one as a whole. */
function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  return typeof value === 'string' && NUMERIC.test(value) ? Number(value) : null;
}

const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);
const isTextOrList = (value: unknown): boolean => typeof value === 'string' || Array.isArray(value);
const always = (): boolean => true;

const equality = (negate: boolean): OperatorKind => ({
  on: ['number', 'text', 'yes-no', 'any'],
  value: 'same',
  takesFact: true,
  comparable: (actual, expected) => isScalar(actual) && isScalar(expected),
  test: (actual, expected) => (actual === expected) !== negate,
});

const membership = (negate: boolean): OperatorKind => ({
  on: ['number', 'text', 'any'],
  value: 'list',
  takesFact: false,
  comparable: (actual, expected) => isScalar(actual) && Array.isArray(expected),
  test: (actual, expected) => (Array.isArray(expected) && expected.includes(actual)) !== negate,
});

const containment = (negate: boolean): OperatorKind => ({
  on: ['text', 'list', 'any'],
  value: 'text',
  takesFact: true,
  comparable: (actual, expected) => isTextOrList(actual) && typeof expected === 'string',
  test: (actual, expected) => (isTextOrList(actual) && (actual as string).includes(expected as string)) !== negate,
});

const comparison = (compare: (actual: number, expected: number) => boolean): OperatorKind => ({
  on: ['number', 'any'],
  value: 'number',
  takesFact: true,
  comparable: (actual, expected) => toNumber(actual) !== null && toNumber(expected) !== null,
  test: (actual, expected) => {
    const [left, right] = [toNumber(actual), toNumber(expected)];
    return left !== null && right !== null && compare(left, right);
  },
});

/** On a list it is true when any element passes. */
const textual = (value: 'text' | 'pattern', test: (actual: string, expected: string) => boolean): OperatorKind => ({
  on: ['text', 'list', 'any'],
  value,
  takesFact: false,
  comparable: (actual, expected) => typeof expected === 'string' && texts(actual) !== null,
  test: (actual, expected) => texts(actual)?.some((text) => test(text, expected as string)) ?? false,
});

/** A longer text is not cut and matched in part: it cannot be compared. */
function texts(value: unknown): string[] | null {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const usable = list.every((text) => typeof text === 'string' && text.length <= MAX_SUBJECT);
  return usable ? (list as string[]) : null;
}

const knowledge = (known: boolean): OperatorKind => ({
  on: ['number', 'text', 'yes-no', 'list', 'object', 'any'],
  value: 'true',
  takesFact: false,
  comparable: always,
  test: (actual) => (actual !== undefined && actual !== null) === known,
});

const patterns = new Map<string, Pattern>();

/** Patterns come from rules, never from alerts, so there are few; the bound is for a process with many reloads. */
function patternOf(source: string): Pattern {
  let pattern = patterns.get(source);
  if (pattern === undefined) {
    if (patterns.size >= 10_000) patterns.clear();
    pattern = compilePattern(source);
    patterns.set(source, pattern);
  }
  return pattern;
}

/** Every operator that a rule may name. json-rules-engine's own are replaced: ours never throw and never coerce. */
export const OPERATORS: Readonly<Record<string, OperatorKind>> = {
  equal: equality(false),
  notEqual: equality(true),
  in: membership(false),
  notIn: membership(true),
  contains: containment(false),
  doesNotContain: containment(true),
  lessThan: comparison((a, b) => a < b),
  lessThanInclusive: comparison((a, b) => a <= b),
  greaterThan: comparison((a, b) => a > b),
  greaterThanInclusive: comparison((a, b) => a >= b),
  matches: textual('pattern', (text, pattern) => patternOf(pattern).test(text)),
  startsWith: textual('text', (text, prefix) => text.startsWith(prefix)),
  isKnown: knowledge(true),
  isUnknown: knowledge(false),
};

export const ENGINE_OPERATORS: readonly Operator[] = Object.entries(OPERATORS).map(
  ([name, kind]) => new Operator(name, kind.test),
);

/** Operators that ask whether a fact is known; all others need it to be. */
export const asksForKnowledge = (operator: string): boolean => operator === 'isKnown' || operator === 'isUnknown';
