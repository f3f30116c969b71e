import type { IncidentState } from './incident/state.ts';
import type { Json } from './json.ts';
import type { Policy } from './policy.ts';

/** An incident, as far as it may have something in common with another one. */
export interface Sharer {
  readonly service: string | null;
  readonly environment: string | null;
  /** The change that is suspected of it. */
  readonly suspectId: string | null;
}

/** What two incidents have in common that makes them one to whoever is woken, in words; null: nothing that is known. */
export function sharedBy(a: Sharer, b: Sharer, policy: Policy): string | null {
  if (a.suspectId !== null && a.suspectId === b.suspectId) return `both suspect the change ${a.suspectId}`;
  if (a.service === null || b.service === null || a.environment !== b.environment) return null;
  if (a.service === b.service) return `both are of ${a.service}`;
  const [ofA, ofB] = [dependencies(policy, a.service), dependencies(policy, b.service)];
  if (ofA.includes(b.service)) return `${a.service} depends on ${b.service}`;
  if (ofB.includes(a.service)) return `${b.service} depends on ${a.service}`;
  const common = ofA.find((name) => ofB.includes(name));
  return common === undefined ? null : `both depend on ${common}`;
}

const dependencies = ({ services }: Policy, service: string): readonly string[] =>
  Object.hasOwn(services, service) ? (services[service]?.dependsOn ?? []) : [];

/** The id of the change that facts suspect. */
export function suspectOf(facts: Readonly<Record<string, Json | undefined>>): string | null {
  const suspect = facts['suspectChange'];
  const id = typeof suspect === 'object' && suspect !== null && 'id' in suspect ? suspect['id'] : null;
  return typeof id === 'string' ? id : null;
}

export const sharerOf = (state: Pick<IncidentState, 'service' | 'environment' | 'decision' | 'rollback'>): Sharer => ({
  service: state.service,
  environment: state.environment,
  suspectId: suspectOf(state.decision?.facts ?? {}) ?? suspectOf({ suspectChange: state.rollback?.suspect }),
});
