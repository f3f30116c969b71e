import type { IncidentState, RollbackState } from '../domain/incident/state.ts';
import { isSettled } from '../domain/incident/state.ts';
import { rollbackMode } from '../domain/incident/decide-assessment.ts';
import type { RailStop } from '../domain/plan.ts';
import type { Policy, RollbackPolicy, ServicePolicy } from '../domain/policy.ts';
import { ms } from '../domain/time.ts';
import type { CoordinatorDeps } from './deps.ts';
import { NotReadable, busyStop, prepare } from './prepare.ts';
import { moveStep } from './step.ts';

/** How long targets that do not answer are asked before the rollback is stopped for it. */
const PREPARE_PATIENCE_MS = 120_000;
const RETRY_MS = 2_000;

type Move = 'again' | 'wait';

/**
 * Takes an incident's rollback as far as it goes now: prepare, announce, execute step by step, validate. Every move is
 * read from the incident's events and recorded there before and after it acts, so it can be killed anywhere and called
 * again by anybody. Returns when it has to wait; a timer or an event calls it again.
 */
export async function driveRollback(deps: CoordinatorDeps, incidentId: string): Promise<void> {
  await deps.store.exclusively(incidentId, async () => {
    while ((await move(deps, incidentId)) === 'again');
  });
}

async function move(deps: CoordinatorDeps, incidentId: string): Promise<Move> {
  const state = await deps.store.read(incidentId);
  const rollback = state?.rollback;
  if (state == null || rollback == null) return 'wait';
  if (isSettled(rollback)) return settle(deps, state, rollback);
  const policy = await deps.policy();
  switch (rollback.stage) {
    case 'requested':
      return prepareOrRetry(deps, state, rollback, policy);
    case 'announced':
      return begin(deps, state, rollback, policy);
    case 'executing':
      return execute(deps, state, rollback, policy);
    case 'validating':
      return judge(deps, state, rollback);
    case 'planned':
    case 'awaiting-approval':
    case 'shadowed':
    case 'finished':
    case 'stopped':
      return 'wait';
  }
}

/** Stopped between steps or while one runs: what was sent is still followed to its end, so that its result is known. */
async function settle(deps: CoordinatorDeps, state: IncidentState, rollback: RollbackState): Promise<Move> {
  const inFlight = rollback.steps.findIndex((step) => step.state === 'accepted' || step.state === 'intended');
  if (inFlight >= 0) return moveStep(deps, state, rollback, inFlight);
  await deps.store.releaseTargets(state.id);
  return 'wait';
}

const serviceOf = (
  policy: Policy,
  state: IncidentState,
): (ServicePolicy & { readonly rollback: RollbackPolicy }) | null => {
  const service = state.service === null ? undefined : policy.services[state.service];
  return service?.rollback == null ? null : { ...service, rollback: service.rollback };
};

async function prepareOrRetry(
  deps: CoordinatorDeps,
  state: IncidentState,
  rollback: RollbackState,
  policy: Policy,
): Promise<Move> {
  const now = deps.clock.now();
  const service = serviceOf(policy, state);
  if (service === null) {
    const stop = { rail: 'plan-missing', because: 'its rollback plan is no longer in the configuration' } as const;
    await deps.store.apply(state.id, [{ kind: 'stop-rollback', stop }]);
    return 'again';
  }
  try {
    const callTimeoutMs = deps.callTimeoutMs ?? 10_000;
    const command = await prepare({ ...deps, callTimeoutMs }, state, service, policy.automation, now);
    await deps.store.apply(state.id, [command]);
    return 'again';
  } catch (error) {
    if (!(error instanceof NotReadable)) throw error;
    return retryPreparation(deps, state, rollback, error);
  }
}

async function retryPreparation(
  deps: CoordinatorDeps,
  state: IncidentState,
  rollback: RollbackState,
  error: NotReadable,
): Promise<Move> {
  const now = deps.clock.now();
  if (now - ms(rollback.requestedAt) < PREPARE_PATIENCE_MS) {
    deps.log.warn({ incidentId: state.id, err: error }, 'rollback: a target does not answer, trying again');
    await deps.store.wakeAt(state.id, now + RETRY_MS);
    return 'wait';
  }
  const stop = { rail: 'target-unresolved', because: `the target did not answer: ${error.message}` } as const;
  await deps.store.apply(state.id, [{ kind: 'stop-rollback', stop }]);
  return 'again';
}

/** The hold is over: look at the rails that may have moved meanwhile, then start. */
async function begin(
  deps: CoordinatorDeps,
  state: IncidentState,
  rollback: RollbackState,
  policy: Policy,
): Promise<Move> {
  if (rollback.startsAt === null || deps.clock.now() < ms(rollback.startsAt)) return 'wait';
  const stop =
    killSwitch(policy) ??
    noLongerWanted(state, rollback, policy) ??
    (await busyStop(deps.store, state, rollback.plan?.steps ?? []));
  if (stop !== null) {
    await deps.store.apply(state.id, [{ kind: 'stop-rollback', stop }]);
    return 'again';
  }
  await deps.store.start(state.id, state.service ?? '');
  return 'again';
}

/** Before anything is done: what asked for it may have changed its mind during the hold. A person's approval stands. */
function noLongerWanted(state: IncidentState, rollback: RollbackState, policy: Policy): RailStop | null {
  if (rollback.approvedBy !== null) return null;
  const mode = rollbackMode(policy, state.service);
  if (mode !== 'auto') return { rail: 'mode', because: `automation is ${mode ?? 'off'} for this service now` };
  const { decision } = state;
  if (rollback.requestedBy !== 'rules' || decision === null || decision.action === 'roll-back') return null;
  return { rail: 'state-moved', because: `the rules say ${decision.action} now: ${decision.because}` };
}

const killSwitch = (policy: Policy): { rail: 'kill-switch'; because: string } | null =>
  policy.automation.killSwitch ? { rail: 'kill-switch', because: 'the kill switch is on' } : null;

async function execute(
  deps: CoordinatorDeps,
  state: IncidentState,
  rollback: RollbackState,
  policy: Policy,
): Promise<Move> {
  const index = rollback.steps.findIndex((step) => step.state !== 'done' && step.finishedAt === null);
  const step = rollback.steps[index];
  const planned = rollback.plan?.steps[index];
  if (step === undefined || planned === undefined) return 'wait';
  if (step.state !== 'pending') return moveStep(deps, state, rollback, index);
  const stop = killSwitch(policy);
  if (stop !== null) {
    await deps.store.apply(state.id, [{ kind: 'stop-rollback', stop }]);
    return 'again';
  }
  if (await deps.store.intendStep(state.id, index, planned.target.key)) return 'again';
  const because = `another incident holds ${planned.target.key}`;
  await deps.store.apply(state.id, [{ kind: 'stop-rollback', stop: { rail: 'target-busy', because } }]);
  return 'again';
}

/** Recovery is proved by the alerts as they resolve; what is left here is the end of the patience. */
async function judge(deps: CoordinatorDeps, state: IncidentState, rollback: RollbackState): Promise<Move> {
  if (rollback.validateUntil === null || deps.clock.now() < ms(rollback.validateUntil)) return 'wait';
  const because = `${state.alertCounts.firing} alerts still fire at the deadline`;
  await deps.store.apply(state.id, [{ kind: 'reach-verdict', verdict: 'not-recovered', because }]);
  return 'again';
}
