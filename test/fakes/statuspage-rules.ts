import type { RecordedRequest } from './faults.ts';

/** What the API documents for an incident that is happening, as far as Firebreak sends it; any other field is refused. */
export interface IncidentFields {
  readonly name?: string;
  readonly status?: string;
  readonly impact_override?: string;
  readonly body?: string;
  readonly deliver_notifications?: boolean;
  readonly component_ids?: readonly string[];
  readonly components?: Readonly<Record<string, string>>;
  readonly metadata?: Record<string, unknown>;
}

const STATUSES = ['investigating', 'identified', 'monitoring', 'resolved'];
const IMPACTS = ['none', 'minor', 'major', 'critical'];
const COMPONENT_STATUSES = [
  'operational',
  'degraded_performance',
  'partial_outage',
  'major_outage',
  'under_maintenance',
];

interface Expected {
  readonly isNew: boolean;
  readonly components: readonly string[];
}

type Read = { readonly fields: IncidentFields } | { readonly errors: readonly string[] };

/** The incident of a request's body, or everything that is wrong with it. */
export const incidentErrors = ({ headers, raw }: RecordedRequest, expected: Expected): Read => {
  if (!String(headers['content-type']).startsWith('application/json')) return { errors: ['the body is not JSON'] };
  const body = JSON.parse(raw) as unknown;
  if (!isObject(body) || Object.keys(body).join() !== 'incident' || !isObject(body['incident'])) {
    return { errors: ['incident is missing'] };
  }
  const incident = body['incident'];
  const errors = Object.entries(incident).flatMap(([name, value]) => errorsOf(name, value, expected));
  if (expected.isNew && incident['name'] === undefined) errors.push("Name can't be blank");
  return errors.length > 0 ? { errors } : { fields: incident };
};

const errorsOf = (name: string, value: unknown, { components }: Expected): string[] => {
  const right = RULES[name]?.(value, components);
  if (right === undefined) return [`${name} is not a field of an incident`];
  return right ? [] : [`${name} is invalid`];
};

const RULES: Readonly<Record<string, (value: unknown, components: readonly string[]) => boolean>> = {
  name: (value) => isText(value, 255),
  status: (value) => STATUSES.includes(value as string),
  impact_override: (value) => IMPACTS.includes(value as string),
  body: (value) => isText(value, 25_000),
  deliver_notifications: (value) => typeof value === 'boolean',
  component_ids: (value, components) => Array.isArray(value) && value.every((id) => components.includes(id as string)),
  components: (value, components) =>
    isObject(value) &&
    Object.entries(value).every(
      ([id, status]) => components.includes(id) && COMPONENT_STATUSES.includes(status as string),
    ),
  metadata: (value) => isObject(value) && Object.values(value).every(isObject),
};

const isText = (value: unknown, longest: number): boolean =>
  typeof value === 'string' && value.trim() !== '' && value.length <= longest;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
