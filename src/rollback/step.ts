import { isRetryable } from '../domain/failure.ts';
import type { Failure } from '../domain/failure.ts';
import { hasProgressed } from '../domain/incident/decide-steps.ts';
import type { IncidentState, RollbackState, RollbackStepProgress } from '../domain/incident/state.ts';
import type { PlannedStep } from '../domain/plan.ts';
import { isSettled } from '../domain/incident/state.ts';
import { iso, ms } from '../domain/time.ts';
import type { CoordinatorDeps } from './deps.ts';
import type { RollbackProvider } from './ports.ts';

interface Step {
  readonly deps: CoordinatorDeps;
  readonly incidentId: string;
  readonly index: number;
  readonly planned: PlannedStep;
  readonly progress: RollbackStepProgress;
  readonly provider: RollbackProvider;
  /** The intent was recorded in this very drive. */
  readonly first: boolean;
  /** When its timeout runs out, epoch milliseconds. */
  readonly deadline: number;
}

/** Moves one step whose intent is recorded: carry it out, or see how far it is. */
export async function moveStep(
  deps: CoordinatorDeps,
  state: IncidentState,
  rollback: RollbackState,
  index: number,
  first = false,
): Promise<'again' | 'wait'> {
  const planned = rollback.plan?.steps[index];
  const progress = rollback.steps[index];
  if (planned === undefined || progress === undefined) return 'wait';
  const provider = deps.providers[planned.config.provider];
  const since = ms(progress.acceptedAt ?? progress.intendedAt ?? rollback.requestedAt);
  if (provider === undefined) {
    return finish(deps, state.id, index, 'failed', `provider ${planned.config.provider} is not available`);
  }
  const deadline = since + planned.config.timeoutSeconds * 1000;
  const step: Step = { deps, incidentId: state.id, index, planned, progress, provider, first, deadline };
  // Stopped after an intent: whether it got through is asked, and nothing more is done.
  const settled = isSettled(rollback);
  return progress.state === 'accepted' || settled ? observe(step, settled) : execute(step);
}

const signal = (deps: CoordinatorDeps): AbortSignal => AbortSignal.timeout(deps.callTimeoutMs);

/** The provider looks before it acts, so this is safe to repeat after a crash or an answer that never came. */
async function execute(step: Step): Promise<'again' | 'wait'> {
  const { deps, planned } = step;
  const { first } = step;
  const execution = await step.provider.execute(planned.config, planned.target, signal(deps), { first });
  switch (execution.kind) {
    case 'accepted':
    case 'already-there': {
      const alreadyThere = execution.kind === 'already-there';
      const { receipt } = execution;
      await deps.store.apply(step.incidentId, [{ kind: 'accept-step', index: step.index, receipt, alreadyThere }]);
      return 'again';
    }
    case 'refused': {
      if (execution.refusal === 'busy') {
        return retryOrFail(step, { kind: 'server', message: execution.message }, 'was not accepted');
      }
      const outcome = execution.refusal === 'changed-meanwhile' ? 'diverged' : 'failed';
      return finish(deps, step.incidentId, step.index, outcome, `${execution.refusal}: ${execution.message}`);
    }
    case 'failed':
      return retryOrFail(step, execution.failure, 'was not accepted');
  }
}

async function observe(step: Step, settled: boolean): Promise<'again' | 'wait'> {
  const { deps, planned, progress } = step;
  const since = progress.acceptedAt ?? progress.intendedAt ?? iso(deps.clock.now());
  const receipt = progress.receipt ?? {};
  const look = { only: settled };
  const seen = await step.provider.observe(planned.config, planned.target, receipt, since, signal(deps), look);
  switch (seen.kind) {
    case 'done':
    case 'failed':
    case 'diverged':
      return finish(deps, step.incidentId, step.index, seen.kind, seen.message);
    case 'progressing':
      if (deps.clock.now() >= step.deadline) {
        const timeout = planned.config.timeoutSeconds;
        return finish(deps, step.incidentId, step.index, 'failed', `not done after ${timeout} s: ${seen.message}`);
      }
      await tell(step, seen.message);
      return lookAgain(step);
    case 'unreadable':
      return retryOrFail(step, seen.failure, 'could not be observed, so how far it came is unknown');
  }
}

/** People read how far a step is that takes its time, and what holds it up. */
async function tell({ deps, incidentId, index, progress }: Step, detail: string): Promise<void> {
  if (!hasProgressed(progress, detail, deps.clock.now())) return;
  await deps.store.apply(incidentId, [{ kind: 'progress-step', index, detail }]);
}

async function retryOrFail(step: Step, failure: Failure, what: string): Promise<'again' | 'wait'> {
  const { deps } = step;
  if (isRetryable(failure.kind) && deps.clock.now() < step.deadline) {
    deps.log.warn({ incidentId: step.incidentId, failure }, 'rollback: a call failed, trying again');
    return lookAgain(step, failure.retryAfterMs);
  }
  return finish(deps, step.incidentId, step.index, 'failed', `${what}: ${failure.message}`);
}

async function lookAgain({ deps, incidentId }: Step, inMs?: number): Promise<'wait'> {
  await deps.store.wakeAt(incidentId, deps.clock.now() + Math.max(deps.pollMs, inMs ?? 0));
  return 'wait';
}

async function finish(
  deps: CoordinatorDeps,
  incidentId: string,
  index: number,
  outcome: 'done' | 'failed' | 'diverged',
  detail: string,
): Promise<'again'> {
  await deps.store.apply(incidentId, [{ kind: 'finish-step', index, outcome, detail }]);
  return 'again';
}
