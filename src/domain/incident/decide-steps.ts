import { iso, ms } from '../time.ts';
import type { Command, Context } from './commands.ts';
import { completedSteps, stopped } from './decide-rollback.ts';
import type { EventData, NewEvent } from './events.ts';
import type { IncidentState, RollbackState, RollbackStepProgress } from './state.ts';
import { isSettled } from './state.ts';

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;

export function startRollback(state: IncidentState, context: Context): readonly NewEvent[] {
  const { rollback } = state;
  if (rollback?.stage !== 'announced' || rollback.planHash === null || rollback.startsAt === null) return [];
  if (context.now < ms(rollback.startsAt)) return [];
  return [{ type: 'rollback-started', data: { planHash: rollback.planHash } }];
}

/** What a step is about to destroy. Once a step; a second capture after a crash adds nothing. */
export function recordCapture(state: IncidentState, capture: EventData['evidence-captured']): readonly NewEvent[] {
  const { rollback } = state;
  if (rollback?.stage !== 'executing' || rollback.captured.includes(capture.index)) return [];
  return [{ type: 'evidence-captured', data: capture }];
}

export function intendStep(state: IncidentState, index: number): readonly NewEvent[] {
  const { rollback } = state;
  const step = rollback?.plan?.steps[index];
  if (rollback?.stage !== 'executing' || step === undefined || rollback.steps[index]?.state !== 'pending') return [];
  const { key, from, to } = step.target;
  return [
    {
      type: 'rollback-step-intended',
      data: { index, name: step.config.name, target: key, from: from.version, to: to.version },
    },
  ];
}

/** What was sent is recorded whatever else happened meanwhile: a result is a fact even after an abort. */
export function acceptStep(state: IncidentState, command: Of<'accept-step'>): readonly NewEvent[] {
  const step = state.rollback?.steps[command.index];
  if (step?.state !== 'intended') return [];
  const { index, receipt, alreadyThere } = command;
  return [{ type: 'rollback-step-accepted', data: { index, name: step.name, receipt, alreadyThere } }];
}

/** A step that takes longer tells how far it is, so often at most. */
const PROGRESS_EVERY_MS = 10_000;

/** Whether there is something new to tell of a step that is under way. */
export const hasProgressed = (step: RollbackStepProgress, detail: string, now: number): boolean =>
  step.state === 'accepted' &&
  step.detail !== detail &&
  now - ms(step.progressedAt ?? step.acceptedAt ?? iso(now)) >= PROGRESS_EVERY_MS;

export function progressStep(
  { rollback }: IncidentState,
  { index, detail }: Of<'progress-step'>,
  { now }: Context,
): readonly NewEvent[] {
  const step = rollback?.steps[index];
  if (rollback?.stage !== 'executing' || step === undefined || !hasProgressed(step, detail, now)) return [];
  return [{ type: 'rollback-step-progressed', data: { index, name: step.name, detail } }];
}

export function finishStep(state: IncidentState, command: Of<'finish-step'>, context: Context): readonly NewEvent[] {
  const { rollback } = state;
  const step = rollback?.steps[command.index];
  if (rollback === null || step === undefined || (step.state !== 'accepted' && step.state !== 'intended')) return [];
  const { index, outcome, detail } = command;
  const finished: NewEvent = { type: 'rollback-step-finished', data: { index, name: step.name, outcome, detail } };
  if (isSettled(rollback)) return [finished];
  return [finished, ...afterStep(state, rollback, command, context)];
}

function afterStep(
  state: IncidentState,
  rollback: RollbackState,
  command: Of<'finish-step'>,
  context: Context,
): readonly NewEvent[] {
  const goesOn = command.outcome === 'done' || rollback.plan?.steps[command.index]?.config.onFailure === 'continue';
  if (!goesOn) {
    const because = `step ${rollback.steps[command.index]?.name ?? command.index}: ${command.detail}`;
    return stopped(state, completedSteps(rollback), { rail: 'step-failed', because });
  }
  if (command.index < rollback.steps.length - 1) return [];
  const until = iso(context.now + context.policy.automation.verdictDeadlineSeconds * 1000);
  return [{ type: 'rollback-validating', data: { until } }];
}
