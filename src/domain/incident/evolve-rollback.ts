import type { IncidentEvent } from './events.ts';
import type { RollbackState, RollbackStepProgress } from './state.ts';

type RollbackEvent = Extract<IncidentEvent, { type: `rollback-${string}` }>;

/** Folds one rollback event. The stages only move forward; a new request starts over. */
export function evolveRollback(state: RollbackState | null, event: RollbackEvent): RollbackState | null {
  if (event.type === 'rollback-requested') {
    return {
      stage: 'requested',
      mode: event.data.mode,
      requestedAt: event.at,
      requestedBy: event.data.by,
      plan: null,
      planHash: null,
      suspect: null,
      approvalUntil: null,
      approvedBy: null,
      startsAt: null,
      startedAt: null,
      steps: [],
      validateUntil: null,
      verdict: null,
      stoppedBy: null,
      because: event.data.because,
    };
  }
  return state === null ? null : apply(state, event);
}

function apply(state: RollbackState, event: RollbackEvent): RollbackState {
  switch (event.type) {
    case 'rollback-requested':
    case 'rollback-decided':
      return state;
    case 'rollback-planned':
      return {
        ...state,
        stage: 'planned',
        plan: event.data.plan,
        planHash: event.data.planHash,
        suspect: event.data.suspect,
        steps: event.data.plan.steps.map((step) => pendingStep(step.config.name)),
      };
    case 'rollback-shadowed':
      return { ...state, stage: 'shadowed', because: event.data.summary };
    case 'rollback-awaits-approval':
      return { ...state, stage: 'awaiting-approval', approvalUntil: event.data.until };
    case 'rollback-approved':
      return { ...state, approvedBy: event.data.by };
    case 'rollback-announced':
      return { ...state, stage: 'announced', startsAt: event.data.startsAt };
    case 'rollback-started':
      return { ...state, stage: 'executing', startedAt: event.at };
    case 'rollback-step-intended':
      return withStep(state, event.data.index, { state: 'intended', intendedAt: event.at });
    case 'rollback-step-accepted':
      return withStep(state, event.data.index, {
        state: 'accepted',
        receipt: event.data.receipt,
        acceptedAt: event.at,
      });
    case 'rollback-step-finished':
      return withStep(state, event.data.index, {
        state: event.data.outcome,
        detail: event.data.detail,
        finishedAt: event.at,
      });
    case 'rollback-stopped':
      return { ...state, stage: 'stopped', stoppedBy: event.data.rail, because: event.data.because };
    case 'rollback-validating':
      return { ...state, stage: 'validating', validateUntil: event.data.until };
    case 'rollback-verdict':
      return { ...state, stage: 'finished', verdict: event.data.verdict, because: event.data.because };
  }
}

const pendingStep = (name: string): RollbackStepProgress => ({
  name,
  state: 'pending',
  receipt: null,
  intendedAt: null,
  acceptedAt: null,
  finishedAt: null,
  detail: null,
});

const withStep = (state: RollbackState, index: number, change: Partial<RollbackStepProgress>): RollbackState => ({
  ...state,
  steps: state.steps.map((step, i) => (i === index ? { ...step, ...change } : step)),
});
