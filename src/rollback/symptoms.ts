import { growthOf } from '../domain/course.ts';
import type { Policy } from '../domain/policy.ts';
import type { Baseline } from '../domain/recovery.ts';
import type { Finding, Symptoms } from '../domain/suspect.ts';
import { callersOf, metricScope, suffering } from './dependencies.ts';
import type { DependencyDeps, DependencyScope } from './dependencies.ts';
import type { Measured } from './validation/ports.ts';

export interface OwnLook {
  readonly now: Measured;
  readonly symptoms: Symptoms;
}

/** What the service in trouble shows itself: did it come at once, and does what still arrives get good answers? */
export async function lookAtSymptoms(
  { probe, clock }: DependencyDeps,
  policy: Policy,
  { service, environment, onsetAt, since }: DependencyScope,
  signal: AbortSignal,
): Promise<OwnLook> {
  const scope = metricScope(policy, service, environment);
  const at = clock.now();
  const [now, { baseline }, course] = await Promise.all([
    probe.measure({ ...scope, at }, signal),
    probe.freezeBaseline({ ...scope, before: since }, signal),
    probe.course({ ...scope, from: onsetAt - 120_000, to: at }, signal),
  ]);
  const growths = (['errorRatio', 'latencyP95'] as const).flatMap((metric) => {
    const usual = baseline?.metrics[metric]?.median;
    const points = course[metric];
    return usual === undefined || points === undefined ? [] : (growthOf(metric, points, usual) ?? []);
  });
  const growth = growths.includes('gradual') ? 'gradual' : (growths[0] ?? null);
  return { now, symptoms: { growth, stillAsked: stillAsked(now, baseline, callersOf(policy, service)) } };
}

/**
 * Where the traffic is gone and what still arrives is answered as ever, the trouble stands before the service: with one
 * of those that call it. A service that nobody is known to call loses its traffic by its own doing, or the world's.
 */
function stillAsked(now: Measured, baseline: Baseline | null, callers: readonly string[]): Finding {
  const traffic = now.requestsPerSecond;
  const usual = baseline?.metrics.requestsPerSecond?.median;
  if (traffic === undefined || !('value' in traffic) || usual === undefined) {
    return { answer: 'unknown', because: 'its traffic is not measured' };
  }
  if (traffic.value > usual * 0.5) return { answer: 'yes', because: 'it is still asked' };
  const wrong = suffering(now, baseline);
  if (wrong.answer !== 'no' || callers.length === 0) return { answer: 'unknown', because: 'its traffic is gone' };
  const because = `it answers what still arrives as ever; traffic is lost before it, at ${callers.join(' or ')}`;
  return { answer: 'no', because };
}
