import { checkAlerts } from './alerts.ts';
import { freezeBaseline } from './baseline.ts';
import { courseOf } from './course.ts';
import { measure } from './measure.ts';
import type { ProbeDeps, RecoveryProbe, Scope } from './ports.ts';
import { compareVersions } from './versions.ts';
import { checkHealth, checkJourneys } from './visits.ts';

const NOBODY: Scope = { service: null, environment: null };

/** Looks at how a service is: its metrics, its endpoints, its alerts. What the looks mean is decided in the domain. */
export const createRecoveryProbe = (deps: ProbeDeps): RecoveryProbe => ({
  freezeBaseline: (scope, signal) => freezeBaseline(deps.metrics, scope, signal),
  measure: (scope, signal) => measure(deps.metrics, scope, signal),
  course: (scope, signal) => courseOf(deps.metrics, scope, signal),
  health: (urls, signal, scope = NOBODY) => checkHealth(deps, urls, scope, signal),
  journeys: (list, signal, scope = NOBODY) => checkJourneys(deps, list, scope, signal),
  alerts: (scope, signal) => checkAlerts(deps.metrics, scope, signal),
  compareVersions: (scope, signal) => compareVersions(deps.metrics, scope, signal),
});
