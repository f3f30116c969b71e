import type { RecoveryRun, RecoverySample } from '../recovery.ts';
import { foldSample, NO_SAMPLES } from '../recovery.ts';
import { ms, type Instant } from '../time.ts';
import type { IncidentEvent } from './events.ts';
import type { RollbackState, RollbackStepProgress } from './state.ts';
import { lastCarriedOut } from './state.ts';

type RollbackEvent = Extract<
  IncidentEvent,
  { type: `rollback-${string}` | 'evidence-captured' | 'recovery-sampled' | 'fix-declared' }
>;

/** Folds one rollback event. The stages only move forward; a new request starts over. */
export function evolveRollback(state: RollbackState | null, event: RollbackEvent): RollbackState | null {
  if (event.type === 'rollback-requested') {
    return {
      stage: 'requested',
      service: event.data.service ?? null,
      purpose: event.data.purpose ?? 'roll-back',
      mode: event.data.mode,
      requestedAt: event.at,
      requestedBy: event.data.by,
      plan: null,
      undoes: event.data.purpose === 'undo' ? lastCarriedOut(state) : null,
      carriedOut: lastCarriedOut(state),
      planHash: null,
      suspect: null,
      estimate: null,
      approvalUntil: null,
      approvedBy: null,
      startsAt: null,
      startedAt: null,
      steps: [],
      captured: [],
      validatingSince: null,
      validateUntil: null,
      during: {},
      recovery: NO_SAMPLES,
      sampledAt: null,
      watchUntil: null,
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
        estimate: event.data.estimate ?? null,
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
    case 'fix-declared':
      return state.stage === 'announced' ? { ...state, startsAt: event.data.until } : state;
    case 'evidence-captured':
      return { ...state, captured: [...state.captured, event.data.index] };
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
    case 'rollback-step-progressed':
      return withStep(state, event.data.index, { detail: event.data.detail, progressedAt: event.at });
    case 'rollback-step-finished':
      return withStep(state, event.data.index, {
        state: event.data.outcome,
        detail: event.data.detail,
        finishedAt: event.at,
      });
    case 'rollback-stopped':
      return { ...state, stage: 'stopped', stoppedBy: event.data.rail, because: event.data.because };
    case 'rollback-validating':
      return { ...state, stage: 'validating', validatingSince: event.at, validateUntil: event.data.until };
    case 'recovery-sampled':
      return { ...state, recovery: withSample(state, event.data, event.at), sampledAt: event.at };
    case 'rollback-verdict':
      return {
        ...state,
        stage: 'finished',
        verdict: event.data.verdict,
        because: event.data.because,
        watchUntil: event.data.watchUntil ?? null,
      };
    case 'rollback-reverted':
    case 'rollback-watched':
      return { ...state, watchUntil: null };
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
  progressedAt: null,
});

const withStep = (state: RollbackState, index: number, change: Partial<RollbackStepProgress>): RollbackState => ({
  ...state,
  steps: state.steps.map((step, i) => (i === index ? { ...step, ...change } : step)),
});

/** Samples further apart than this are not "in a row": nobody looked in between. */
const LONGEST_GAP_MS = 120_000;

/** The samples with one more. After a gap, of a restart or of a clock that jumped, the count begins anew. */
export function withSample({ recovery, sampledAt }: RollbackState, sample: RecoverySample, at: Instant): RecoveryRun {
  const gap = sampledAt === null ? 0 : ms(at) - ms(sampledAt);
  const broken = gap < 0 || gap > LONGEST_GAP_MS;
  return foldSample(broken ? { ...recovery, passes: 0, passingSince: null, worse: 0 } : recovery, sample, at);
}
