import type { Json, JsonObject } from '../../../domain/json.ts';

/** A step's `with`: which Application, and how to roll it back. */
export interface ArgocdStep {
  readonly application: string;
  /** Where the Application object lives; null for Argo CD's own namespace. */
  readonly namespace: string | null;
  /** With it Argo CD tells "not there" from "not allowed", which it otherwise hides. */
  readonly project: string | null;
  /** Whether resources that the target version does not have are deleted. */
  readonly prune: boolean;
  /** Whether the rehearsal runs Argo CD's dry run: a real operation, which takes the Application's only slot. */
  readonly dryRun: boolean;
}

export interface ConfigFault {
  readonly field: string;
  readonly message: string;
}

export type ParsedStep =
  { readonly kind: 'step'; readonly step: ArgocdStep } | { readonly kind: 'fault'; readonly fault: ConfigFault };

const FIELDS = ['application', 'namespace', 'project', 'prune', 'dryRun'];
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/;

const isOptional = (value: Json | undefined, pattern: RegExp): boolean =>
  value === undefined || value === null || (typeof value === 'string' && pattern.test(value));
const isFlag = (value: Json | undefined): boolean => value === undefined || typeof value === 'boolean';

const faultOf = (input: JsonObject): ConfigFault | null => {
  const { application, namespace, project, prune, dryRun } = input;
  const unknown = Object.keys(input).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) return { field: unknown, message: `unknown; known are ${FIELDS.join(', ')}` };
  if (typeof application !== 'string' || !SUBDOMAIN.test(application)) {
    return { field: 'application', message: 'must be the name of an Argo CD Application' };
  }
  if (!isOptional(namespace, LABEL)) return { field: 'namespace', message: 'must be the name of a namespace' };
  if (!isOptional(project, SUBDOMAIN)) return { field: 'project', message: 'must be the name of an Argo CD project' };
  if (!isFlag(prune)) return { field: 'prune', message: 'must be true or false' };
  if (!isFlag(dryRun)) return { field: 'dryRun', message: 'must be true or false' };
  return null;
};

/** Reads a step's `with`; the first field that is wrong is named. */
export const parseStep = (input: JsonObject): ParsedStep => {
  const fault = faultOf(input);
  if (fault !== null) return { kind: 'fault', fault };
  const { application, namespace, project, prune, dryRun } = input;
  const step = {
    application: application as string,
    namespace: (namespace as string | null | undefined) ?? null,
    project: (project as string | null | undefined) ?? null,
    prune: prune === true,
    dryRun: dryRun === true,
  };
  return { kind: 'step', step };
};

/** `shop/checkout`, or the bare name where the namespace is Argo CD's own. */
export const nameOf = ({ namespace, application }: ArgocdStep): string =>
  namespace === null ? application : `${namespace}/${application}`;
