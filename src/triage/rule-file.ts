import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import rulesSchema from '../../rules/schema/rules.schema.json' with { type: 'json' };
import testsSchema from '../../rules/schema/tests.schema.json' with { type: 'json' };
import type { Severity } from '../domain/severity.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { RollbackStance } from '../domain/decision.ts';
import type { Condition } from './condition.ts';
import { parseJson } from './json-text.ts';
import { unknownName } from './nearest.ts';

/** A file of a rules directory; `path` is relative to it, with `/`. */
export interface RuleFile {
  readonly path: string;
  readonly text: string;
}

export type RuleEvent =
  | { readonly type: 'severity'; readonly params: { readonly severity: Severity; readonly because: string } }
  | { readonly type: 'rollback'; readonly params: { readonly action: RollbackStance; readonly because: string } }
  | { readonly type: 'specialist'; readonly params: { readonly specialist: string; readonly because: string } }
  | { readonly type: 'route'; readonly params: RouteParams };

/** Who else hears of it. */
export interface RouteParams {
  readonly page?: true;
  readonly slackChannels?: readonly string[];
  readonly email?: readonly string[];
  readonly audiences?: readonly string[];
  readonly because: string;
}

export type RuleKind = RuleEvent['type'];

/** A folder of rules each; in `routing` stand both those for the specialist and the routes. */
export const STAGES = ['severity', 'rollback', 'routing'] as const;
export type Stage = (typeof STAGES)[number];

export const KINDS_OF: Readonly<Record<Stage, readonly RuleKind[]>> = {
  severity: ['severity'],
  rollback: ['rollback'],
  routing: ['specialist', 'route'],
};

export interface RuleText {
  readonly name: string;
  readonly description?: string;
  readonly priority?: number;
  readonly conditions: Condition;
  readonly event: RuleEvent;
}

export interface RuleFileContent {
  readonly conditions?: Readonly<Record<string, Condition>>;
  readonly rules: readonly RuleText[];
}

export interface RuleTestText {
  readonly name: string;
  readonly facts: Readonly<Record<string, Json>>;
  readonly expect: {
    readonly severity?: Severity;
    readonly action?: RollbackStance;
    readonly rule?: string | null;
    readonly rollbackRule?: string | null;
    readonly specialist?: string | null;
    readonly specialistRule?: string | null;
    readonly page?: boolean;
    /** Every route that must match, and no other. */
    readonly routes?: readonly string[];
  };
}

export interface Fault {
  readonly field: string;
  readonly message: string;
}

/** What was read, as far as it could be, and everything that is wrong with its shape. */
export interface Parsed<T> {
  readonly content: T | null;
  readonly faults: readonly Fault[];
}

const ajv = new Ajv2020({
  allErrors: true,
  verbose: true,
  allowUnionTypes: true,
  strictTypes: false,
  strictRequired: false,
});
const validateRules = ajv.compile(rulesSchema);
const validateTests = ajv.compile(testsSchema);

/** `content` is not null whenever there is a list of rules; a rule named in a fault must not be relied on. */
export const parseRuleFile = (text: string): Parsed<RuleFileContent> => parse(text, validateRules, 'rules');

export const parseTestFile = (text: string): Parsed<{ readonly tests: readonly RuleTestText[] }> =>
  parse(text, validateTests, 'tests');

function parse<T>(text: string, validate: ValidateFunction, list: string): Parsed<T> {
  const json = parseJson(text);
  if ('message' in json) return { content: null, faults: [json] };
  if (validate(json.value)) return { content: json.value as T, faults: [] };
  const faults = (validate.errors ?? []).flatMap((error) => fault(error, validate.errors ?? []));
  const usable = Array.isArray((json.value as JsonObject | null)?.[list]);
  return { content: usable ? json.value : null, faults };
}

function fault(error: ErrorObject, all: readonly ErrorObject[]): Fault[] {
  // `if` only repeats that a branch failed; the branch has said why.
  if (error.keyword === 'if' || error.keyword === 'propertyNames') return [];
  const field = error.instancePath;
  if (isNoGroup(error)) return [{ field, message: 'must hold "all", "any", "not" or "condition"' }];
  if (all.some((other) => other.instancePath === field && isNoGroup(other))) return [];
  return [{ field, message: messageOf(error) }];
}

const isNoGroup = (error: ErrorObject): boolean =>
  error.keyword === 'required' && (error.params as { missingProperty: string }).missingProperty === 'condition';

function messageOf(error: ErrorObject): string {
  const params = error.params as { additionalProperty?: string; allowedValues?: string[]; missingProperty?: string };
  if (params.additionalProperty !== undefined) {
    return unknownName('key', params.additionalProperty, Object.keys(propertiesOf(error)));
  }
  if (error.keyword === 'const') return `must be ${JSON.stringify(error.schema)}, or left out`;
  if (error.keyword === 'minProperties') return `must hold more: ${Object.keys(propertiesOf(error)).join(', ')}`;
  if (params.missingProperty !== undefined) return `"${params.missingProperty}" is missing`;
  if (params.allowedValues !== undefined) {
    const what = error.instancePath.endsWith('/operator') ? 'operator' : 'value';
    return `${unknownName(what, String(error.data), params.allowedValues)} (known: ${params.allowedValues.join(', ')})`;
  }
  return error.message ?? 'is wrong';
}

const propertiesOf = (error: ErrorObject): object =>
  (error.parentSchema as { properties?: object } | undefined)?.properties ?? {};
