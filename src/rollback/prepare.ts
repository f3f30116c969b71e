import { createHash } from 'node:crypto';
import type { Command } from '../domain/incident/commands.ts';
import type { IncidentState, RollbackState } from '../domain/incident/state.ts';
import type { Plan, PlannedStep, RailStop } from '../domain/plan.ts';
import type { Policy } from '../domain/policy.ts';
import { suspectFact } from '../domain/suspect.ts';
import { iso, ms } from '../domain/time.ts';
import type { CoordinatorDeps } from './deps.ts';
import { investigate } from './investigate.ts';
import { automationStop, busyStop } from './rails.ts';
import { rehearseSteps, resolveSteps, resolveUndo } from './resolve.ts';

/** A version that was left in this time is not gone back to by automation. */
const BAD_FOR_MS = 7 * 86_400_000;

/**
 * From "roll back" to a plan: resolve every target once and pin it, pass the rails, rehearse. Ends in one command: a
 * pinned plan, or the stop with its reason. Throws NotReadable when a target did not answer.
 */
export async function prepare(
  deps: CoordinatorDeps,
  state: IncidentState,
  rollback: RollbackState,
  policy: Policy,
): Promise<Command> {
  const now = deps.clock.now();
  const stop = (reason: RailStop): Command => ({ kind: 'stop-rollback', stop: reason });
  const service = rollback.service ?? state.service ?? '';
  const steps = await resolved(deps, state, rollback, policy);
  if ('rail' in steps) return stop(steps);
  const scene = { service: state.service ?? '', environment: state.environment, onsetAt: ms(state.onset.at) };
  const { analysis } = await investigate(deps.investigation, policy, scene, AbortSignal.timeout(deps.callTimeoutMs));
  // In shadow mode, too: what a rail would have stopped would not have been done. A drill is there to get through.
  const railed = rollback.requestedBy === 'rules' && state.drill !== true ? automationStop : null;
  const stopped =
    (await busyStop(deps.store, state, steps)) ??
    (await railed?.(deps.store, { state, policy, analysis, service, steps, now }));
  if (stopped != null) return stop(stopped);
  const rehearsal = await rehearseSteps(deps, steps);
  if ('rail' in rehearsal) return stop(rehearsal);
  const plan: Plan = { service, madeAt: iso(now), steps };
  const pastSeconds = await deps.store.pastSeconds(service);
  return {
    kind: 'plan-rollback',
    plan,
    planHash: hashPlan(plan),
    rehearsal,
    suspect: suspectFact(analysis),
    pastSeconds,
  };
}

const hashPlan = (plan: Plan): string => createHash('sha256').update(JSON.stringify(plan)).digest('hex');

async function resolved(
  deps: CoordinatorDeps,
  state: IncidentState,
  rollback: RollbackState,
  policy: Policy,
): Promise<readonly PlannedStep[] | RailStop> {
  if (rollback.undoes !== null) return resolveUndo(deps, rollback.undoes);
  const service = rollback.service ?? state.service;
  const plan = service === null ? undefined : policy.services[service]?.rollback;
  if (service === null || plan == null) {
    return { rail: 'plan-missing', because: 'its rollback plan is no longer in the configuration' };
  }
  const now = deps.clock.now();
  const known = await deps.store.badVersions(service, now - BAD_FOR_MS);
  const badVersions = [...new Set([...state.badVersions, ...known])];
  const person = rollback.requestedBy !== 'rules';
  return resolveSteps(deps, plan.steps, { badVersions, now: iso(now), person });
}
