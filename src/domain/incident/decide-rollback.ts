import type { StanceDecision } from '../decision.ts';
import type { AutomationMode, Plan, Rail, RailStop } from '../plan.ts';
import type { Severity } from '../severity.ts';
import { iso, ms } from '../time.ts';
import type { Command, Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import type { NewEvent } from './events.ts';
import type { IncidentState, RollbackState } from './state.ts';
import { isSettled } from './state.ts';

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;

/** The rules want to roll back. Once an incident: a second automatic attempt is for people. */
export function requestRollback(
  state: IncidentState,
  decision: StanceDecision,
  severity: Severity,
  mode: AutomationMode | null,
  context: Context,
): readonly NewEvent[] {
  if (decision.action !== 'roll-back' || state.rollback !== null) return [];
  const requested: NewEvent = {
    type: 'rollback-requested',
    data: { by: 'rules', because: decision.because, mode: mode ?? 'off' },
  };
  const stop = openingRail(state, mode, context);
  return stop === null ? [requested] : [requested, ...stopped(mayPage(state) && severity !== 'P0', [], stop)];
}

/** The rails that need nothing but the configuration. */
function openingRail(state: IncidentState, mode: AutomationMode | null, context: Context): RailStop | null {
  if (mode === null) {
    const service = state.service ?? 'an unknown service';
    return { rail: 'plan-missing', because: `no rollback plan is written for ${service}` };
  }
  if (mode === 'off') return { rail: 'mode', because: 'automation is off for this service' };
  if (context.policy.automation.killSwitch) return { rail: 'kill-switch', because: 'the kill switch is on' };
  return null;
}

/** The plan is pinned, railed and rehearsed: what happens next is the mode's. */
export function planRollback(
  state: IncidentState,
  command: Of<'plan-rollback'>,
  context: Context,
): readonly NewEvent[] {
  const rollback = state.rollback;
  if (rollback?.stage !== 'requested') return [];
  const { plan, planHash, rehearsal, suspect } = command;
  const planned: NewEvent = { type: 'rollback-planned', data: { plan, planHash, rehearsal, suspect } };
  return [planned, next(state, rollback.mode, plan, planHash, context)];
}

function next(state: IncidentState, mode: AutomationMode, plan: Plan, planHash: string, context: Context): NewEvent {
  const summary = describePlan(plan);
  const { automation } = context.policy;
  switch (mode) {
    case 'off':
    case 'shadow':
      return { type: 'rollback-shadowed', data: { planHash, summary: `would have rolled back ${summary}` } };
    case 'approve': {
      const until = iso(context.now + automation.approvalExpiresSeconds * 1000);
      return { type: 'rollback-awaits-approval', data: { planHash, until, summary } };
    }
    case 'auto': {
      const severity = state.severity ?? 'P2';
      const hold = severity === 'P3' ? 0 : automation.holdSeconds[severity];
      return { type: 'rollback-announced', data: { planHash, startsAt: iso(context.now + hold * 1000), summary } };
    }
  }
}

/** `checkout from r42 to r41`, joined over the steps. */
export const describePlan = (plan: Plan): string =>
  plan.steps
    .map(({ config, target }) => `${config.name} from ${target.from.version} to ${target.to.version}`)
    .join(', ');

const completedSteps = (rollback: RollbackState | null): readonly string[] =>
  (rollback?.steps ?? []).filter((step) => step.state === 'done').map((step) => step.name);

/** Once, and never for what is over. */
const mayPage = ({ page, status, alertCounts }: IncidentState): boolean =>
  page === null && (status === 'open' || status === 'acknowledged') && alertCounts.firing > 0;

/** Stops that nobody has to be woken for: a person did it, nothing was needed, or nothing was promised. */
const QUIET: ReadonlySet<Rail> = new Set(['aborted', 'recovered-without-us', 'already-there', 'mode', 'plan-missing']);

function stopped(mayPage: boolean, completed: readonly string[], stop: RailStop): readonly NewEvent[] {
  const { rail, because } = stop;
  const evidence = stop.evidence === undefined ? null : { found: stop.evidence };
  const event: NewEvent = { type: 'rollback-stopped', data: { rail, because, completed, evidence } };
  if (!mayPage || QUIET.has(rail)) return [event];
  return [
    event,
    { type: 'page-requested', data: { reason: 'rollback-stopped', because: `rollback stopped: ${because}` } },
  ];
}

export function stopRollback(state: IncidentState, stop: RailStop): readonly NewEvent[] {
  const { rollback } = state;
  if (rollback === null || isSettled(rollback)) return [];
  return stopped(mayPage(state), completedSteps(rollback), stop);
}

export function approveRollback(
  state: IncidentState,
  command: Of<'approve-rollback'>,
  context: Context,
): readonly NewEvent[] {
  const { rollback } = state;
  if (rollback?.stage !== 'awaiting-approval' || rollback.planHash === null || rollback.plan === null) {
    // A second click on the same button is not an error; there is simply nothing left to approve.
    if (rollback !== null && rollback.approvedBy !== null) return [];
    throw new CommandRefused('conflict', 'no rollback awaits approval');
  }
  if (command.planHash !== null && command.planHash !== rollback.planHash) {
    throw new CommandRefused('conflict', 'the plan has changed since it was shown: read it again before approving');
  }
  if (rollback.approvalUntil !== null && context.now > ms(rollback.approvalUntil))
    return expireApproval(state, context);
  const { planHash } = rollback;
  return [
    { type: 'rollback-approved', data: { planHash, by: command.by, via: command.via } },
    {
      type: 'rollback-announced',
      data: { planHash, startsAt: iso(context.now), summary: describePlan(rollback.plan) },
    },
  ];
}

export function expireApproval(state: IncidentState, context: Context): readonly NewEvent[] {
  const { rollback } = state;
  if (rollback?.stage !== 'awaiting-approval' || rollback.approvalUntil === null) return [];
  if (context.now < ms(rollback.approvalUntil)) return [];
  return stopRollback(state, { rail: 'approval-expired', because: 'nobody approved it in time' });
}

/** A person stops it. Between steps only: a step in flight is finished and then nothing more is done. */
export function abortRollback(state: IncidentState, command: Of<'abort-rollback'>): readonly NewEvent[] {
  const { rollback } = state;
  if (rollback === null) throw new CommandRefused('conflict', 'there is no rollback to abort');
  if (isSettled(rollback)) {
    if (rollback.stoppedBy === 'aborted') return [];
    throw new CommandRefused('conflict', 'the rollback is over already');
  }
  if (rollback.stage === 'validating') throw new CommandRefused('conflict', 'every step is done already');
  const because = `${command.by} aborted it via ${command.via}: ${command.because}`;
  return stopRollback(state, { rail: 'aborted', because });
}

export function startRollback(state: IncidentState, context: Context): readonly NewEvent[] {
  const { rollback } = state;
  if (rollback?.stage !== 'announced' || rollback.planHash === null || rollback.startsAt === null) return [];
  if (context.now < ms(rollback.startsAt)) return [];
  return [{ type: 'rollback-started', data: { planHash: rollback.planHash } }];
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
    return stopped(mayPage(state), completedSteps(rollback), { rail: 'step-failed', because });
  }
  if (command.index < rollback.steps.length - 1) return [];
  const until = iso(context.now + context.policy.automation.verdictDeadlineSeconds * 1000);
  const validating: NewEvent = { type: 'rollback-validating', data: { until } };
  return state.alertCounts.firing > 0
    ? [validating]
    : [validating, verdictOf(rollback, 'recovered', 'every step is done and no alert fires', context.now)];
}

/** The alerts are gone. Before we changed anything it recovered without us; after, this is the proof we waited for. */
export function rollbackAtRecovery(state: IncidentState, context: Context): readonly NewEvent[] {
  const { rollback } = state;
  if (rollback === null || isSettled(rollback)) return [];
  if (rollback.stage === 'validating') {
    return [verdictOf(rollback, 'recovered', 'every step is done and all alerts have resolved', context.now)];
  }
  if (hasBegun(rollback)) return [];
  return [
    ...stopRollback(state, { rail: 'recovered-without-us', because: 'it recovered before anything was changed' }),
    verdictOf(rollback, 'recovered-without-us', 'it recovered before anything was changed', context.now),
  ];
}

const hasBegun = (rollback: RollbackState): boolean =>
  rollback.stage === 'executing' && rollback.steps.some((step) => step.state !== 'pending');

/** A person says that it is over. While alerts fire that proves no recovery, and the record claims none. */
export function rollbackAtResolve(state: IncidentState, command: Of<'resolve'>, context: Context): readonly NewEvent[] {
  const { firing } = state.alertCounts;
  if (firing === 0) return rollbackAtRecovery(state, context);
  const { rollback } = state;
  if (rollback === null || isSettled(rollback) || hasBegun(rollback)) return [];
  if (rollback.stage === 'validating') {
    const because = `${command.by} resolved the incident while ${firing} alert${firing === 1 ? '' : 's'} still fired`;
    return [verdictOf(rollback, 'unknown', because, context.now)];
  }
  const because = `${command.by} resolved the incident via ${command.via}: ${command.because}`;
  return stopRollback(state, { rail: 'aborted', because });
}

export function reachVerdict(
  state: IncidentState,
  command: Of<'reach-verdict'>,
  context: Context,
): readonly NewEvent[] {
  const { rollback } = state;
  if (rollback?.stage !== 'validating') return [];
  const verdict = verdictOf(rollback, command.verdict, command.because, context.now);
  if (command.verdict === 'recovered' || !mayPage(state)) return [verdict];
  return [verdict, { type: 'page-requested', data: { reason: 'rollback-failed', because: command.because } }];
}

function verdictOf(
  rollback: RollbackState,
  verdict: RollbackState['verdict'] & string,
  because: string,
  now: number,
): NewEvent {
  const from = rollback.startedAt ?? rollback.requestedAt;
  return { type: 'rollback-verdict', data: { verdict, because, seconds: (now - ms(from)) / 1000 } };
}
