import { isRetryable } from '../domain/failure.ts';
import type { Plan, PlannedStep, RailStop, StepConfig } from '../domain/plan.ts';
import type { ProviderRegistry, Resolution, ResolveContext } from './ports.ts';
import { railOf } from './rails.ts';

/** Something did not answer. It is tried again until the patience is over, and then said. */
export class NotReadable extends Error {}

interface Deps {
  readonly providers: ProviderRegistry;
  readonly callTimeoutMs: number;
}

/** Resolves every step once and pins it; the first that cannot be is the stop. */
export function resolveSteps(
  { providers, callTimeoutMs }: Deps,
  steps: readonly StepConfig[],
  context: ResolveContext,
): Promise<readonly PlannedStep[] | RailStop> {
  return pinAll(steps, (step) => providers[step.provider]?.resolve(step, context, AbortSignal.timeout(callTimeoutMs)));
}

/** The way back of a rollback that was carried out: the last step first. */
export function resolveUndo(
  { providers, callTimeoutMs }: Deps,
  undone: Plan,
): Promise<readonly PlannedStep[] | RailStop> {
  const targets = new Map(undone.steps.map(({ config, target }) => [config.name, target]));
  const steps = undone.steps.map(({ config }) => config).reverse();
  return pinAll(steps, (step) => {
    const target = targets.get(step.name);
    const provider = providers[step.provider];
    return target === undefined ? undefined : provider?.undo(step, target, AbortSignal.timeout(callTimeoutMs));
  });
}

async function pinAll(
  steps: readonly StepConfig[],
  ask: (step: StepConfig) => Promise<Resolution> | undefined,
): Promise<readonly PlannedStep[] | RailStop> {
  const planned: PlannedStep[] = [];
  let alreadyThere = 0;
  for (const config of steps) {
    const resolution = await ask(config);
    if (resolution === undefined) return unresolved(config, `provider ${config.provider} is not available`);
    if (resolution.kind === 'failed') {
      if (isRetryable(resolution.failure.kind)) throw new NotReadable(resolution.failure.message);
      return unresolved(config, resolution.failure.message);
    }
    if (resolution.kind === 'refused') {
      if (resolution.refusal === 'busy') throw new NotReadable(resolution.message);
      return refusal(config, resolution);
    }
    if (resolution.kind === 'already-there') alreadyThere += 1;
    planned.push({ config, target: resolution.target });
  }
  return alreadyThere < planned.length ? planned : GONE_BACK;
}

const GONE_BACK: RailStop = {
  rail: 'already-there',
  because: 'every target runs the version that it would go back to',
};

const unresolved = (config: StepConfig, message: string): RailStop => ({
  rail: 'target-unresolved',
  because: `step ${config.name}: ${message}`,
});

const refusal = (
  config: StepConfig,
  { refusal: why, message }: Extract<Resolution, { kind: 'refused' }>,
): RailStop => ({
  rail: railOf(why),
  because: `step ${config.name}: ${why}: ${message}`,
});

/** Asks every target whether it would take the change. Gives what each said, or the stop. */
export async function rehearseSteps(
  { providers, callTimeoutMs }: Deps,
  steps: readonly PlannedStep[],
): Promise<readonly string[] | RailStop> {
  const messages: string[] = [];
  let alreadyThere = 0;
  for (const { config, target } of steps) {
    const result = await providers[config.provider]?.rehearse(config, target, AbortSignal.timeout(callTimeoutMs));
    if (result === undefined) return unresolved(config, `provider ${config.provider} is not available`);
    if (result.kind === 'failed' && isRetryable(result.failure.kind)) throw new NotReadable(result.failure.message);
    if (result.kind === 'failed')
      return { rail: 'rehearsal', because: `step ${config.name}: ${result.failure.message}` };
    if (result.kind === 'refused') {
      if (result.refusal === 'busy') throw new NotReadable(result.message);
      const rail = railOf(result.refusal);
      const because = `step ${config.name}: ${result.refusal}: ${result.message}`;
      return { rail: rail === 'target-unresolved' ? 'rehearsal' : rail, because };
    }
    if (result.alreadyThere === true) alreadyThere += 1;
    messages.push(`${config.name}: ${result.message}`);
  }
  return alreadyThere < steps.length ? messages : GONE_BACK;
}
