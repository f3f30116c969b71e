import { rollbackMode } from '../domain/incident/decide-assessment.ts';
import type { IncidentState, RollbackState } from '../domain/incident/state.ts';
import { isSettled } from '../domain/incident/state.ts';
import type { RailStop } from '../domain/plan.ts';
import type { Policy } from '../domain/policy.ts';
import { factsFor } from '../domain/metric-queries.ts';
import { cadenceOf, settleMs } from '../domain/recovery.ts';
import { ms } from '../domain/time.ts';
import { captureBefore } from './capture.ts';
import type { CoordinatorDeps, Move } from './deps.ts';
import { prepare } from './prepare.ts';
import { busyStop, lateStop } from './rails.ts';
import { firstSampleAt, takeSample, wasWellBefore, wellWithoutUs } from './recovery.ts';
import { NotReadable, rehearseSteps } from './resolve.ts';
import { moveStep } from './step.ts';
import { watch } from './watch.ts';

/** How long targets that do not answer are asked before the rollback is stopped for it. */
const PREPARE_PATIENCE_MS = 120_000;
const RETRY_MS = 2_000;
/** A rehearsal that is older than this says little of the target now. */
const REHEARSAL_KEPT_MS = 30_000;

/**
 * Takes an incident's rollback as far as it goes now: prepare, announce, execute step by step, validate, watch. Every
 * move is read from the incident's events and recorded there before and after it acts, so it can be killed anywhere and
 * called again by anybody. Returns when it has to wait; a timer or an event calls it again.
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
      return validate(deps, state, rollback, policy);
    case 'planned':
    case 'awaiting-approval':
    case 'shadowed':
    case 'finished':
    case 'stopped':
      return 'wait';
  }
}

const stop = async (deps: CoordinatorDeps, state: IncidentState, reason: RailStop): Promise<Move> => {
  await deps.store.apply(state.id, [{ kind: 'stop-rollback', stop: reason }]);
  return 'again';
};

/** Stopped between steps or while one runs: what was sent is still followed to its end, so that its result is known. */
async function settle(deps: CoordinatorDeps, state: IncidentState, rollback: RollbackState): Promise<Move> {
  const inFlight = rollback.steps.findIndex((step) => step.state === 'accepted' || step.state === 'intended');
  if (inFlight >= 0) return moveStep(deps, state, rollback, inFlight);
  await deps.store.releaseTargets(state.id);
  return rollback.watchUntil === null ? 'wait' : watch(deps, state, rollback);
}

async function prepareOrRetry(
  deps: CoordinatorDeps,
  state: IncidentState,
  rollback: RollbackState,
  policy: Policy,
): Promise<Move> {
  try {
    await deps.store.apply(state.id, [await prepare(deps, state, rollback, policy)]);
    return 'again';
  } catch (error) {
    if (!(error instanceof NotReadable)) throw error;
    const now = deps.clock.now();
    if (now - ms(rollback.requestedAt) >= PREPARE_PATIENCE_MS) {
      return stop(deps, state, { rail: 'target-unresolved', because: `the target did not answer: ${error.message}` });
    }
    deps.log.warn({ incidentId: state.id, err: error }, 'rollback: a target does not answer, trying again');
    await deps.store.wakeAt(state.id, now + RETRY_MS);
    return 'wait';
  }
}

/** The hold is over: look at everything that may have moved meanwhile, then start. */
async function begin(
  deps: CoordinatorDeps,
  before: IncidentState,
  { startsAt, requestedBy }: RollbackState,
  policy: Policy,
): Promise<Move> {
  if (startsAt === null || deps.clock.now() < ms(startsAt)) return 'wait';
  if (policy.automation.killSwitch) return stop(deps, before, KILLED);
  if (requestedBy === 'rules') await deps.store.reassess(before.id);
  const state = await deps.store.read(before.id);
  const rollback = state?.rollback;
  if (state == null || rollback?.stage !== 'announced') return 'again';
  const well = requestedBy === 'rules' ? await wellWithoutUs(deps, state, policy) : null;
  if (well?.result === 'pass') {
    const because = `it is well again before anything was changed: ${well.checks.map((each) => each.detail).join('; ')}`;
    await deps.store.apply(state.id, [{ kind: 'recover-without-us', because }]);
    return 'again';
  }
  const reason =
    noLongerWanted(state, rollback, policy) ??
    (await busyStop(deps.store, state, rollback.plan?.steps ?? [])) ??
    (await noLongerPossible(deps, rollback));
  if (reason !== null) return stop(deps, state, reason);
  const service = rollback.service ?? state.service ?? '';
  const started = await deps.store.start(state.id, service, () => moved(deps, state, rollback, policy));
  if (typeof started === 'object') return stop(deps, state, started);
  if (started === 'started') return 'again';
  await deps.store.wakeAt(state.id, deps.clock.now() + deps.pollMs);
  return 'wait';
}

const KILLED: RailStop = { rail: 'kill-switch', because: 'the kill switch is on' };

/** Before anything is done: what asked for it may have changed its mind during the hold. A person's word stands. */
function noLongerWanted(state: IncidentState, rollback: RollbackState, policy: Policy): RailStop | null {
  if (rollback.approvedBy !== null || rollback.requestedBy !== 'rules') return null;
  const mode = rollbackMode(policy, rollback.service);
  if (mode !== 'auto') return { rail: 'mode', because: `automation is ${mode ?? 'off'} for this service now` };
  const { decision } = state;
  if (decision === null || decision.action === 'roll-back') return null;
  return { rail: 'state-moved', because: `the rules say ${decision.action} now: ${decision.because}` };
}

/** What other incidents have begun during the hold. Not asked where a person decided. */
function moved(
  deps: CoordinatorDeps,
  state: IncidentState,
  rollback: RollbackState,
  policy: Policy,
): Promise<RailStop | null> {
  if (rollback.approvedBy !== null || rollback.requestedBy !== 'rules') return Promise.resolve(null);
  const service = rollback.service ?? state.service ?? '';
  return lateStop(deps.store, { state, policy, service, now: deps.clock.now() });
}

/** After a hold, or an approval that came late: would the target still take it? */
async function noLongerPossible(deps: CoordinatorDeps, { plan }: RollbackState): Promise<RailStop | null> {
  if (plan === null || deps.clock.now() - ms(plan.madeAt) < REHEARSAL_KEPT_MS) return null;
  try {
    const rehearsal = await rehearseSteps(deps, plan.steps);
    return 'rail' in rehearsal ? rehearsal : null;
  } catch (error) {
    if (error instanceof NotReadable) return null; // executing asks again, with patience
    throw error;
  }
}

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
  if (policy.automation.killSwitch) return stop(deps, state, KILLED);
  if (!rollback.captured.includes(index)) {
    const captured = await captureBefore(deps, index, planned, policy.automation.captureSeconds);
    if (captured !== null) {
      await deps.store.apply(state.id, [captured]);
      return 'again';
    }
  }
  if (await deps.store.intendStep(state.id, index, planned.target.key)) return carryOut(deps, state.id, index);
  return stop(deps, state, { rail: 'target-busy', because: `another incident holds ${planned.target.key}` });
}

/** Right after the intent: nothing can have been sent before. */
async function carryOut(deps: CoordinatorDeps, incidentId: string, index: number): Promise<Move> {
  const state = await deps.store.read(incidentId);
  if (state?.rollback?.steps[index]?.state !== 'intended') return 'again';
  return moveStep(deps, state, state.rollback, index, true);
}

/** Looks again and again, at the pace of its severity, until the verdict stands. Not before the bad samples are out. */
async function validate(
  deps: CoordinatorDeps,
  state: IncidentState,
  rollback: RollbackState,
  policy: Policy,
): Promise<Move> {
  const now = deps.clock.now();
  const dueAt = nextSampleAt(state, rollback, policy);
  if (now < dueAt) {
    await deps.store.wakeAt(state.id, dueAt);
    return 'wait';
  }
  const sample = await takeSample(deps, state, rollback, policy);
  const mayBeLast =
    sample.result === 'pass' && rollback.recovery.passes + 1 >= cadenceOf(state.severity ?? 'P2').passes;
  const wellBefore = mayBeLast && (await wasWellBefore(deps, state, rollback, policy));
  await deps.store.apply(state.id, [{ kind: 'sample-recovery', sample, wellBefore }]);
  return 'again';
}

function nextSampleAt(state: IncidentState, rollback: RollbackState, policy: Policy): number {
  const { recovery, sampledAt, validateUntil } = rollback;
  const last = recovery.last === null || sampledAt === null ? null : ms(sampledAt);
  const own = (state.service === null ? undefined : policy.services[state.service])?.recovery ?? null;
  const first = firstSampleAt(rollback, settleMs(own, factsFor(policy, state.service)));
  const due = last === null ? first : last + cadenceOf(state.severity ?? 'P2').everyMs;
  // The last look is at the deadline, whatever the pace.
  return validateUntil === null ? due : Math.min(due, Math.max(ms(validateUntil), last === null ? 0 : last + 1));
}
