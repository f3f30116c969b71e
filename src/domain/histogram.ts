/** Upper bounds in seconds, wide enough for a page (50 ms) and for an incident (days). */
const BOUNDS: Readonly<Record<string, readonly number[]>> = {
  effect_latency_seconds: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300],
  rollback_duration_seconds: [1, 5, 15, 30, 60, 120, 300, 600, 1800],
};
const INCIDENT_BOUNDS = [5, 15, 30, 60, 120, 300, 600, 1800, 3600, 14_400, 86_400, 604_800];

export const boundsOf = (metric: string): readonly number[] => BOUNDS[metric] ?? INCIDENT_BOUNDS;
