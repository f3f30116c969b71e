import type { Json, JsonObject } from '../../../domain/json.ts';

/** A step's `with`: which configured endpoint, and what it is asked to roll back. Recorded, so without secrets. */
export interface WebhookStep {
  readonly endpoint: string;
  /** What to roll back, in the endpoint's own words; null where an endpoint has one thing only. */
  readonly target: string | null;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
}

export interface ConfigFault {
  readonly field: string;
  readonly message: string;
}

export type ParsedStep =
  { readonly kind: 'step'; readonly step: WebhookStep } | { readonly kind: 'fault'; readonly fault: ConfigFault };

const FIELDS = ['endpoint', 'target', 'parameters'];
const LONGEST_TARGET = 200;

const isPlain = (value: Json | undefined): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);

const parametersIn = (value: Json | undefined): WebhookStep['parameters'] | null => {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return null;
  const entries = Object.entries(value).flatMap(([name, inner]) => (isPlain(inner) ? [[name, inner] as const] : []));
  return entries.length === Object.keys(value).length ? Object.fromEntries(entries) : null;
};

const isTarget = (target: Json | undefined): boolean =>
  target === undefined ||
  target === null ||
  (typeof target === 'string' && /^\P{Cc}+$/u.test(target) && target.length <= LONGEST_TARGET);

const faultOf = (input: JsonObject, endpoints: readonly string[]): ConfigFault | null => {
  const { endpoint, target, parameters } = input;
  const unknown = Object.keys(input).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) return { field: unknown, message: `unknown; known are ${FIELDS.join(', ')}` };
  if (typeof endpoint !== 'string' || !endpoints.includes(endpoint)) {
    const known = endpoints.length === 0 ? 'none is configured' : `configured are ${endpoints.join(', ')}`;
    return { field: 'endpoint', message: `must be the name of one of rollbackWebhooks; ${known}` };
  }
  if (!isTarget(target)) return { field: 'target', message: `must be a text of at most ${LONGEST_TARGET} characters` };
  if (parametersIn(parameters) !== null) return null;
  return { field: 'parameters', message: 'must be names with texts, numbers, true or false' };
};

/** Reads a step's `with`; the first field that is wrong is named. */
export const parseStep = (input: JsonObject, endpoints: readonly string[]): ParsedStep => {
  const fault = faultOf(input, endpoints);
  if (fault !== null) return { kind: 'fault', fault };
  const { endpoint, target, parameters } = input;
  const step = {
    endpoint: endpoint as string,
    target: (target as string | null | undefined) ?? null,
    parameters: parametersIn(parameters) ?? {},
  };
  return { kind: 'step', step };
};
