import { createHash } from 'node:crypto';
import { isRetryable } from '../domain/failure.ts';
import type { Command } from '../domain/incident/commands.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import type { Plan, PlannedStep, RailStop, StepConfig } from '../domain/plan.ts';
import type { AutomationPolicy, RollbackPolicy, ServicePolicy } from '../domain/policy.ts';
import type { Suspect } from '../domain/suspect.ts';
import { findSuspect, suspectJson } from '../domain/suspect.ts';
import { iso, ms } from '../domain/time.ts';
import type { ProviderRegistry, RollbackStore } from './ports.ts';

export interface PrepareDeps {
  readonly store: RollbackStore;
  readonly providers: ProviderRegistry;
  readonly callTimeoutMs: number;
}

/** Something did not answer. It is tried again until the patience is over, and then said. */
export class NotReadable extends Error {}

/**
 * From "roll back" to a plan: resolve every target once and pin it, pass the rails, rehearse. Ends in one command: a
 * pinned plan, or the stop with its reason.
 */
export async function prepare(
  deps: PrepareDeps,
  state: IncidentState,
  service: ServicePolicy & { readonly rollback: RollbackPolicy },
  automation: AutomationPolicy,
  now: number,
): Promise<Command> {
  const resolved = await resolveSteps(deps, state, service.rollback.steps, now);
  if ('rail' in resolved) return { kind: 'stop-rollback', stop: resolved };
  const suspect = await suspectOf(deps, state, service, resolved, automation);
  const stop = await railStop(deps, state, resolved, suspect, automation, now);
  if (stop !== null) return { kind: 'stop-rollback', stop };
  const rehearsal = await rehearse(deps, resolved);
  if ('rail' in rehearsal) return { kind: 'stop-rollback', stop: rehearsal };
  const plan: Plan = { service: state.service ?? '', madeAt: iso(now), steps: resolved };
  return { kind: 'plan-rollback', plan, planHash: hashPlan(plan), rehearsal, suspect: suspectJson(suspect) };
}

const hashPlan = (plan: Plan): string => createHash('sha256').update(JSON.stringify(plan)).digest('hex');

async function resolveSteps(
  deps: PrepareDeps,
  state: IncidentState,
  steps: readonly StepConfig[],
  now: number,
): Promise<readonly PlannedStep[] | RailStop> {
  const planned: PlannedStep[] = [];
  let alreadyThere = 0;
  for (const config of steps) {
    const provider = deps.providers[config.provider];
    if (provider === undefined) return unresolved(config, `provider ${config.provider} is not available`);
    const context = { badVersions: badVersions(state), now: iso(now) };
    const resolution = await provider.resolve(config, context, AbortSignal.timeout(deps.callTimeoutMs));
    switch (resolution.kind) {
      case 'target':
        planned.push({ config, target: resolution.target });
        break;
      case 'already-there':
        alreadyThere += 1;
        planned.push({ config, target: resolution.target });
        break;
      case 'refused':
        return unresolved(config, `${resolution.refusal}: ${resolution.message}`);
      case 'failed':
        if (isRetryable(resolution.failure.kind)) throw new NotReadable(resolution.failure.message);
        return unresolved(config, resolution.failure.message);
    }
  }
  if (alreadyThere === planned.length) {
    return { rail: 'already-there', because: 'every target runs the version that it would go back to' };
  }
  return planned;
}

const unresolved = (config: StepConfig, message: string): RailStop => ({
  rail: 'target-unresolved',
  because: `step ${config.name}: ${message}`,
});

/** What was rolled away from in this incident must not come back. */
function badVersions(state: IncidentState): readonly string[] {
  const steps = state.rollback?.plan?.steps ?? [];
  return steps.flatMap(({ target }) => [target.from.identity, target.from.version]);
}

async function suspectOf(
  deps: PrepareDeps,
  state: IncidentState,
  service: ServicePolicy,
  steps: readonly PlannedStep[],
  automation: AutomationPolicy,
): Promise<Suspect | null> {
  const onset = ms(state.onset.at);
  const name = state.service ?? '';
  const changes = await deps.store.changes(
    [name, ...service.dependsOn],
    onset - automation.recentChangeSeconds * 1000,
    onset,
  );
  const targets = steps.map(({ config, target }) => ({ name: config.name, target }));
  return findSuspect(changes, targets, name, state.environment, onset, automation.recentChangeSeconds);
}

async function railStop(
  deps: PrepareDeps,
  state: IncidentState,
  steps: readonly PlannedStep[],
  suspect: Suspect | null,
  automation: AutomationPolicy,
  now: number,
): Promise<RailStop | null> {
  if (suspect === null) {
    const minutes = Math.round(automation.recentChangeSeconds / 60);
    return {
      rail: 'recent-change',
      because: `no change to undo: nothing changed in the ${minutes} min before the onset`,
    };
  }
  if (suspect.service !== state.service) {
    return {
      rail: 'recent-change',
      because: `the suspect change is ${suspect.id} of ${suspect.service}, which this plan does not undo`,
      evidence: suspectJson(suspect),
    };
  }
  if (suspect.kind !== 'deployment') {
    return {
      rail: 'recent-change',
      because: `the newest change is a ${suspect.kind} change (${suspect.id}), which going back to an older version does not undo`,
      evidence: suspectJson(suspect),
    };
  }
  const last = await deps.store.lastStart(state.service, state.id);
  if (last !== null && now - last.at < automation.cooldownSeconds * 1000) {
    return { rail: 'cooldown', because: `${last.incidentId} rolled ${state.service} back at ${iso(last.at)}` };
  }
  return (await busyStop(deps.store, state, steps)) ?? forwardStop(steps);
}

/**
 * What was made after the version that runs was left by somebody: by an earlier rollback of ours, of this service or of
 * another one with the same target, or by a person. Automation does not bring it back.
 */
function forwardStop(steps: readonly PlannedStep[]): RailStop | null {
  for (const { config, target } of steps) {
    const { from, to } = target;
    if (from.since === null || to.since === null || ms(to.since) <= ms(from.since)) continue;
    const what = `${to.version} was made after ${from.version}, which runs now`;
    return unresolved(config, `${what}: somebody has gone back already`);
  }
  return null;
}

export async function busyStop(
  store: RollbackStore,
  state: IncidentState,
  steps: readonly PlannedStep[],
): Promise<RailStop | null> {
  const holder = await store.holderOf(
    steps.map((step) => step.target.key),
    state.id,
  );
  return holder === null
    ? null
    : { rail: 'target-busy', because: `${holder.incidentId} is rolling ${holder.target} back` };
}

async function rehearse(deps: PrepareDeps, steps: readonly PlannedStep[]): Promise<readonly string[] | RailStop> {
  const messages: string[] = [];
  for (const { config, target } of steps) {
    const provider = deps.providers[config.provider];
    const result = await provider?.rehearse(config, target, AbortSignal.timeout(deps.callTimeoutMs));
    if (result === undefined) return unresolved(config, `provider ${config.provider} is not available`);
    if (result.kind === 'failed' && isRetryable(result.failure.kind)) throw new NotReadable(result.failure.message);
    if (result.kind !== 'would-work') {
      const message = result.kind === 'failed' ? result.failure.message : `${result.refusal}: ${result.message}`;
      return { rail: 'rehearsal', because: `step ${config.name}: ${message}` };
    }
    messages.push(`${config.name}: ${result.message}`);
  }
  return messages;
}
