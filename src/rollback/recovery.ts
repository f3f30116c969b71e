import { factsFor } from '../domain/metric-queries.ts';
import type { IncidentState, RollbackState } from '../domain/incident/state.ts';
import type { Policy } from '../domain/policy.ts';
import type { JudgedCheck, RecoveryCheck, RecoveryMetric, RecoverySample } from '../domain/recovery.ts';
import { judgeMetric, RECOVERY_METRICS, sampleOf } from '../domain/recovery.ts';
import { iso, ms } from '../domain/time.ts';
import type { CoordinatorDeps } from './deps.ts';
import type { Measured } from './validation/ports.ts';

type Deps = Pick<CoordinatorDeps, 'probe' | 'clock' | 'providers' | 'callTimeoutMs'>;

/** One look at everything that shows whether the service is well: its metrics, health, journeys, alerts, and its targets. */
export async function takeSample(
  deps: Deps,
  state: IncidentState,
  rollback: RollbackState,
  policy: Policy,
): Promise<RecoverySample> {
  const [well, targets] = await Promise.all([wellness(deps, state, policy), lookAtTargets(deps, rollback)]);
  return blind(sampleOf([...targets.map(plain), ...well]));
}

/** Without a single number, alerts that are computed from those same numbers say nothing either way. */
function blind(sample: RecoverySample): RecoverySample {
  const metrics = sample.checks.filter(({ name }) => RECOVERY_METRICS.some((metric) => metric === name));
  const sees = metrics.length === 0 || metrics.some(({ result }) => result !== 'unknown');
  const failed = sample.checks.filter(({ result }) => result === 'fail');
  return sees || failed.some(({ name }) => name !== 'alerts') ? sample : { ...sample, result: 'unknown' };
}

/** The same without the targets: has it become well by itself? Null where nothing measures it. */
export async function wellWithoutUs(deps: Deps, state: IncidentState, policy: Policy): Promise<RecoverySample | null> {
  const checks = await wellness(deps, state, policy);
  const measured = checks.some(({ check }) => check.name === 'errorRatio' || check.name === 'latencyP95');
  return measured ? sampleOf(checks) : null;
}

/** Were its metrics as usual already when the first step went in? Then it recovered, but not by us. Unknown is no. */
export async function wasWellBefore(
  { probe, callTimeoutMs }: Deps,
  state: IncidentState,
  { steps }: RollbackState,
  policy: Policy,
): Promise<boolean> {
  // Nothing of ours can have gone out before the intent, whatever was recorded when.
  const [first] = steps.flatMap(({ acceptedAt, intendedAt }) =>
    acceptedAt === null ? [] : [ms(intendedAt ?? acceptedAt)],
  );
  const { service, environment, baseline = null } = state;
  if (first === undefined || service === null) return false;
  const recovery = policy.services[service]?.recovery ?? null;
  const scope = { service, environment, recovery, facts: factsFor(policy, service) };
  const measured = await probe.measure({ ...scope, at: first }, AbortSignal.timeout(callTimeoutMs));
  const slo = { sloErrorRatio: recovery?.sloErrorRatio ?? null };
  const judgements = RECOVERY_METRICS.flatMap((metric) => judged(metric, measured, state, baseline, slo));
  return judgements.every(({ check }) => check.result === 'pass') && wereBad(state, baseline, slo);
}

/** Metrics that never left what is usual prove no recovery: the trouble showed elsewhere. */
const wereBad = (
  { rollback }: IncidentState,
  baseline: NonNullable<IncidentState['baseline']> | null,
  slo: { readonly sloErrorRatio: number | null },
): boolean =>
  RECOVERY_METRICS.some((metric) => {
    const value = rollback?.during[metric];
    return value !== undefined && judgeMetric(metric, { value }, baseline, null, slo).check.result === 'fail';
  });

const plain = (check: RecoveryCheck): JudgedCheck => ({ check, worse: false });

async function wellness(
  { probe, clock, callTimeoutMs }: Deps,
  state: IncidentState,
  policy: Policy,
): Promise<readonly JudgedCheck[]> {
  const { service, environment, baseline = null } = state;
  const recovery = (service === null ? undefined : policy.services[service])?.recovery ?? null;
  const scope = { service, environment, recovery, facts: factsFor(policy, service) };
  const signal = AbortSignal.timeout(callTimeoutMs);
  const [measured, health, journeys, alerts] = await Promise.all([
    probe.measure({ ...scope, at: clock.now() }, signal),
    probe.health(recovery?.health ?? [], signal, { service, environment }),
    probe.journeys(recovery?.journeys ?? [], signal, { service, environment }),
    lookAtAlerts(probe, state, policy, signal),
  ]);
  const slo = { sloErrorRatio: recovery?.sloErrorRatio ?? null };
  return [
    ...RECOVERY_METRICS.flatMap((metric) => judged(metric, measured, state, baseline, slo)),
    ...[...health, ...journeys, alerts].map(plain),
  ];
}

function judged(
  metric: RecoveryMetric,
  measured: Measured,
  state: IncidentState,
  baseline: NonNullable<IncidentState['baseline']> | null,
  slo: { readonly sloErrorRatio: number | null },
): readonly JudgedCheck[] {
  const reading = measured[metric];
  if (reading === undefined) return [];
  return [judgeMetric(metric, reading, baseline, state.rollback?.during[metric] ?? null, slo)];
}

/** Alertmanager may tell of the end minutes later: where it is firing still, Prometheus itself is asked. */
async function lookAtAlerts(
  probe: Deps['probe'],
  state: IncidentState,
  { correlation }: Policy,
  signal: AbortSignal,
): Promise<RecoveryCheck> {
  const { firing } = state.alertCounts;
  if (firing === 0) return { name: 'alerts', result: 'pass', detail: 'all alerts have resolved' };
  const told = `${firing} still firing by the last word of their sender`;
  // It had no such alert when it was asked at the opening: that it has none now proves nothing.
  if (!state.inPrometheus) return { name: 'alerts', result: 'fail', detail: told };
  const asked = await probe.alerts(
    {
      names: state.alertNames,
      service: state.service,
      environment: state.environment,
      serviceLabels: correlation.labels.service,
      environmentLabels: correlation.labels.environment,
    },
    signal,
  );
  return asked.result === 'unknown' ? { ...asked, detail: `${told}; ${asked.detail}` } : asked;
}

/** Is what runs what the plan put there? */
function lookAtTargets(
  { providers, callTimeoutMs, clock }: Deps,
  { plan, steps }: RollbackState,
): Promise<readonly RecoveryCheck[]> {
  const done = (plan?.steps ?? []).flatMap((planned, index) => {
    const progress = steps[index];
    return progress?.acceptedAt == null ? [] : [{ planned, progress, since: progress.acceptedAt }];
  });
  return Promise.all(
    done.map(async ({ planned: { config, target }, progress, since }): Promise<RecoveryCheck> => {
      const name = `target ${config.name}`;
      const seen = await providers[config.provider]?.observe(
        config,
        target,
        progress.receipt ?? {},
        since,
        AbortSignal.timeout(callTimeoutMs),
        { only: true },
      );
      switch (seen?.kind) {
        case 'done':
          return { name, result: 'pass', detail: `runs ${target.to.version}` };
        case 'progressing':
        case 'failed':
        case 'diverged':
          return { name, result: 'fail', detail: seen.message };
        case 'unreadable':
          return { name, result: 'unknown', detail: seen.failure.message };
        case undefined:
          return {
            name,
            result: 'unknown',
            detail: `provider ${config.provider} is not available at ${iso(clock.now())}`,
          };
      }
    }),
  );
}

/** When a rollback's next sample is due, epoch milliseconds. */
export const firstSampleAt = (rollback: RollbackState, settleMs: number): number =>
  rollback.validatingSince === null ? 0 : ms(rollback.validatingSince) + settleMs;
