import { departedAt } from '../domain/course.ts';
import { factsFor } from '../domain/metric-queries.ts';
import type { Policy } from '../domain/policy.ts';
import type { Baseline, RecoveryMetric } from '../domain/recovery.ts';
import { RECOVERY_METRICS } from '../domain/recovery.ts';
import type { Dependency, Finding } from '../domain/suspect.ts';
import type { Clock } from '../domain/time.ts';
import type { Surroundings } from './ports.ts';
import type { Measured, MetricScope, RecoveryProbe } from './validation/ports.ts';

export interface DependencyDeps {
  readonly surroundings: Pick<Surroundings, 'troubled'>;
  readonly probe: RecoveryProbe;
  readonly clock: Clock;
}

export interface DependencyScope {
  readonly service: string;
  readonly environment: string | null;
  /** Epoch milliseconds. */
  readonly onsetAt: number;
  /** From here on it is looked when a dependency left what is usual: the oldest change that comes into question. */
  readonly since: number;
}

const DEPTH = 3;
const AT_MOST = 12;

/** What a service depends on, near ones first, each once; without itself. */
export function dependenciesOf(policy: Policy, service: string): readonly string[] {
  const found: string[] = [];
  let layer = [service];
  for (let depth = 0; depth < DEPTH && layer.length > 0; depth += 1) {
    layer = layer
      .flatMap((name) => policy.services[name]?.dependsOn ?? [])
      .filter((name, index, all) => name !== service && !found.includes(name) && all.indexOf(name) === index);
    found.push(...layer);
  }
  return found.slice(0, AT_MOST);
}

/** Who depends on it directly. */
export const callersOf = (policy: Policy, service: string): readonly string[] =>
  Object.keys(policy.services).filter((name) => policy.services[name]?.dependsOn.includes(service));

export const metricScope = (policy: Policy, service: string, environment: string | null): MetricScope => ({
  service,
  environment,
  recovery: policy.services[service]?.recovery ?? null,
  facts: factsFor(policy, service),
});

/** A dependency that broke first is cause; one that breaks later may be the victim. */
const FIRST_MS = 120_000;
/** Its rates need a moment to show what began with the onset. */
const SHOWS_AFTER_MS = 90_000;

/** How each of the services that one depends on is: by its own incidents, and by its own metrics. */
export async function lookAtDependencies(
  deps: DependencyDeps,
  policy: Policy,
  scope: DependencyScope,
  own: Measured,
  signal: AbortSignal,
): Promise<readonly Dependency[]> {
  const names = dependenciesOf(policy, scope.service);
  if (names.length === 0) return [];
  const troubled = await deps.surroundings.troubled();
  return Promise.all(
    names.map((service) => {
      const incident = troubled.find((each) => each.service === service && each.onsetAt <= scope.onsetAt + FIRST_MS);
      return lookAt(
        deps,
        metricScope(policy, service, scope.environment),
        service,
        scope,
        own,
        incident?.incidentId,
        signal,
      );
    }),
  );
}

async function lookAt(
  { probe, clock }: DependencyDeps,
  asked: MetricScope,
  service: string,
  { onsetAt, since }: DependencyScope,
  own: Measured,
  incidentId: string | undefined,
  signal: AbortSignal,
): Promise<Dependency> {
  const at = Math.min(clock.now(), onsetAt + SHOWS_AFTER_MS);
  const [now, { baseline }] = await Promise.all([
    probe.measure({ ...asked, at }, signal),
    probe.freezeBaseline({ ...asked, before: since }, signal),
  ]);
  const measured = suffering(now, baseline);
  // An incident there may be about traffic that it does not get: where its own answers are as ever, it is not the cause.
  const suffers: Finding =
    incidentId === undefined || isWell(now, baseline)
      ? measured
      : { answer: 'yes', because: `${incidentId} is open on ${service}` };
  if (suffers.answer !== 'yes') return { service, suffers, explains: false, beganAt: null };
  const course = await probe.course({ ...asked, from: since - 120_000, to: clock.now() }, signal);
  const began = RECOVERY_METRICS.flatMap((metric) => {
    const usual = baseline?.metrics[metric]?.median;
    const points = course[metric];
    const departed = usual === undefined || points === undefined ? null : departedAt(metric, points, usual);
    return departed ?? [];
  });
  const explains = incidentId !== undefined && measured.answer !== 'yes' ? true : explainsOurs(now, own, baseline);
  return { service, suffers, explains, beganAt: began.length === 0 ? null : Math.min(...began) };
}

/** A trouble that is much smaller than ours is not its reason, but may be its reflection. */
function explainsOurs(theirs: Measured, own: Measured, baseline: Baseline | null): boolean {
  const [their, our] = [value(theirs, 'errorRatio'), value(own, 'errorRatio')];
  if (their === null || our === null || their >= our * 0.25) return true;
  return compare('latencyP95', theirs, baseline)?.answer === 'yes';
}

function value(measured: Measured, metric: RecoveryMetric): number | null {
  const reading = measured[metric];
  return reading !== undefined && 'value' in reading ? reading.value : null;
}

/** Is it clearly worse than usual? What it is asked for less often proves nothing: that may be our own doing. */
export function suffering(now: Measured, baseline: Baseline | null): Finding {
  const judged = (['errorRatio', 'latencyP95'] as const).map((metric) => compare(metric, now, baseline));
  const bad = judged.find((each) => each?.answer === 'yes');
  if (bad != null) return bad;
  const errors = judged[0];
  return errors ?? { answer: 'unknown', because: 'its errors are not measured' };
}

const isWell = (now: Measured, baseline: Baseline | null): boolean =>
  compare('errorRatio', now, baseline)?.answer === 'no' && compare('latencyP95', now, baseline)?.answer === 'no';

const MUCH: Readonly<Record<'errorRatio' | 'latencyP95', (value: number, usual: number) => boolean>> = {
  errorRatio: (now, usual) => now >= usual * 3 && now >= usual + 0.02,
  latencyP95: (now, usual) => now >= usual * 2.5 && now >= usual + 0.1,
};

function compare(metric: keyof typeof MUCH, now: Measured, baseline: Baseline | null): Finding | null {
  const reading = value(now, metric);
  const usual = baseline?.metrics[metric]?.median;
  if (reading === null || usual === undefined) return null;
  const short = (number: number): string => String(Number(number.toPrecision(2)));
  const because = `its ${metric} was ${short(reading)} (usually ${short(usual)})`;
  return { answer: MUCH[metric](reading, usual) ? 'yes' : 'no', because };
}
