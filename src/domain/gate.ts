import { hasStage } from './incident/decide-fix.ts';
import type { IncidentState } from './incident/state.ts';
import { isBadVersion, isSameVersion } from './incident/versions.ts';
import { isUrgent } from './severity.ts';

/** Whether a version may go out, and why. */
export interface GateAnswer {
  readonly allowed: boolean;
  /** Never empty. */
  readonly because: readonly string[];
  /** The incident that decided; null: none did. */
  readonly incident: string | null;
}

export interface GateQuestion {
  readonly service: string;
  readonly version: string;
  /** Null: wherever it goes. */
  readonly environment: string | null;
  /** The configuration names the service. */
  readonly isKnown: boolean;
}

/**
 * The gate that CI/CD asks before it deploys. `incidents` are those of the service (its own, or whose rollback was its) that
 * are not over, what was merged into one that is not, and that one. It closes for a version that was bad, and while a P0 or P1 is not over for everything but its proved fix.
 */
export function gateOf(question: GateQuestion, incidents: readonly IncidentState[]): GateAnswer {
  const concerned = incidents.filter((state) => isConcerned(question, state));
  const stops = concerned.flatMap((state) => stopsOf(question, state).map((because) => ({ because, id: state.id })));
  if (stops.length > 0) {
    return { allowed: false, because: stops.map(({ because }) => because), incident: stops[0]?.id ?? null };
  }
  return { allowed: true, because: reasonsToLetIn(question, concerned), incident: null };
}

/** A drill breaks nothing, nor does what is dismissed. */
const isConcerned = ({ environment }: GateQuestion, state: IncidentState): boolean =>
  (state.status !== 'closed' || state.mergedInto !== null) &&
  state.drill !== true &&
  (environment === null || state.environment === null || state.environment === environment);

function stopsOf({ version }: GateQuestion, state: IncidentState): readonly string[] {
  if (isBadVersion(state, version)) {
    const goesOn = state.mergedInto === null ? 'is not over' : `goes on as ${state.mergedInto}`;
    return [`${version} is the version that was bad in ${state.id}, which ${goesOn}`];
  }
  // The one that it goes on as says the rest.
  if (state.mergedInto !== null) return [];
  if (state.severity === null || !isUrgent(state.severity)) return [];
  const isItsFix = state.fixSteps.some((step) => step.version !== null && isSameVersion(step.version, version));
  if (isItsFix) return missingEvidence(version, state);
  return state.status === 'resolved' ? [] : [notItsFix(version, state)];
}

function missingEvidence(version: string, state: IncidentState): readonly string[] {
  const missing = (['tested', 'staging'] as const).filter((stage) => !hasStage(state, stage, version));
  const WORDS = { tested: 'its tests', staging: 'its run in staging' };
  if (missing.length === 0) return [];
  const what = missing.map((stage) => WORDS[stage]).join(' and ');
  return [`${version} is the fix of ${state.severity ?? ''} ${state.id} and lacks the evidence of ${what}`];
}

function notItsFix(version: string, { id, severity, mitigatedAt }: IncidentState): string {
  const how = `Link it if it is the fix: firebreak incidents fix ${id} linked ${version}`;
  return mitigatedAt === null
    ? `${severity ?? ''} ${id} is not restored, and is not fixed forward. ${how}`
    : `${severity ?? ''} ${id} waits for its fix, and ${version} is not known to be that. ${how}`;
}

function reasonsToLetIn({ service, version, isKnown }: GateQuestion, incidents: readonly IncidentState[]): string[] {
  const fixed = incidents.filter((state) =>
    state.fixSteps.some((step) => step.version !== null && isSameVersion(step.version, version)),
  );
  if (fixed.length > 0) return fixed.map(({ id }) => `${version} is the fix of ${id}`);
  if (incidents.length > 0) return [`no incident of ${service} that is not over says anything against ${version}`];
  return isKnown
    ? [`${service} has no incident that is not over`]
    : [`${service} is not a service of the configuration, and has no incident`];
}
