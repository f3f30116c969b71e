import type { RollbackState, RollbackStepProgress } from '../domain/incident/state.ts';
import type { PlannedStep } from '../domain/plan.ts';
import type { IncidentJson } from './schemas/incident.ts';

type RollbackJson = NonNullable<IncidentJson['rollback']>;

/** What people need to follow a rollback. What providers keep for themselves (`with`, `pin`) stays inside. */
export const presentRollback = (rollback: RollbackState): RollbackJson => ({
  state: rollback.stage,
  service: rollback.service,
  purpose: rollback.purpose,
  mode: rollback.mode,
  requestedAt: rollback.requestedAt,
  requestedBy: rollback.requestedBy,
  approvedBy: rollback.approvedBy,
  planHash: rollback.planHash,
  approvalUntil: rollback.approvalUntil,
  startsAt: rollback.startsAt,
  startedAt: rollback.startedAt,
  validateUntil: rollback.validateUntil,
  recovery: {
    samples: rollback.recovery.samples,
    passes: rollback.recovery.passes,
    passingSince: rollback.recovery.passingSince,
    checks: (rollback.recovery.last?.checks ?? []).map((check) => ({ ...check })),
  },
  watchUntil: rollback.watchUntil,
  steps: rollback.steps.map((step, index) => presentStep(step, rollback.plan?.steps[index])),
  suspect: rollback.suspect === null ? null : { ...rollback.suspect },
  verdict: rollback.verdict,
  stoppedBy: rollback.stoppedBy,
  because: rollback.because,
});

const presentStep = (
  progress: RollbackStepProgress,
  planned: PlannedStep | undefined,
): RollbackJson['steps'][number] => ({
  name: progress.name,
  state: progress.state,
  provider: planned?.config.provider ?? null,
  target: planned?.target.key ?? null,
  from: planned?.target.from.version ?? null,
  to: planned?.target.to.version ?? null,
  notReverted: [...(planned?.target.notReverted ?? [])],
  warnings: [...(planned?.target.warnings ?? [])],
  intendedAt: progress.intendedAt,
  acceptedAt: progress.acceptedAt,
  finishedAt: progress.finishedAt,
  detail: progress.detail,
  receipt: progress.receipt === null ? null : { ...progress.receipt },
});
