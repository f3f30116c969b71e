import type { Json } from '../json.ts';
import type { StanceDecision } from '../decision.ts';
import type { AutomationMode, Plan, Rail, RailStop } from '../plan.ts';
import { isUrgent, type Severity } from '../severity.ts';
import { iso, ms } from '../time.ts';
import type { Command, Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import type { NewEvent, PageReason, RollbackEstimate, RollbackPurpose } from './events.ts';
import { holdsPage, pageEvent } from './paging.ts';
import type { IncidentState, RollbackState } from './state.ts';
import { isActive, isSettled, lastCarriedOut } from './state.ts';

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;

/** Longer than this a fix is not "near": the rollback would be done before. */
export const LONGEST_FIX_SECONDS = 300;

/** Whose plan would undo the suspect change: the service that was changed; its own where no change is known. */
export function serviceToRollBack(
  { service }: Pick<IncidentState, 'service'>,
  facts: Readonly<Record<string, Json | undefined>>,
): string | null {
  const suspect = facts['suspectChange'];
  const changed = typeof suspect === 'object' && suspect !== null && 'service' in suspect ? suspect['service'] : null;
  return typeof changed === 'string' ? changed : service;
}

/** The rules want to roll back. Once an incident: a second automatic attempt is for people. */
export function requestRollback(
  state: IncidentState,
  decision: StanceDecision,
  severity: Severity,
  mode: AutomationMode | null,
  context: Context,
): readonly NewEvent[] {
  if (decision.action !== 'roll-back' || !mayAskAgain(state)) return [];
  const service = serviceToRollBack(state, decision.facts);
  const requested: NewEvent = {
    type: 'rollback-requested',
    data: { by: 'rules', because: decision.because, mode: mode ?? 'off', service },
  };
  const stop = openingRail(state, service, mode, context);
  if (stop === null) return [requested];
  return [requested, ...stopped(severity === 'P0' ? null : { ...state, severity }, [], stop)];
}

/**
 * What was stopped because the world had moved on, before anything was ever changed, may be asked for again; and what was
 * asked for before the trouble began as it is now.
 */
const mayAskAgain = ({ rollback, badVersions, onset }: IncidentState): boolean =>
  rollback === null ||
  (badVersions.length === 0 &&
    rollback.requestedBy === 'rules' &&
    rollback.stoppedBy !== null &&
    rollback.steps.every((step) => step.state === 'pending') &&
    (MOVED_ON.has(rollback.stoppedBy) ||
      (rollback.stoppedBy !== 'aborted' && ms(rollback.requestedAt) < ms(onset.at))));

const MOVED_ON: ReadonlySet<Rail> = new Set(['recovered-without-us', 'state-moved', 'maintenance']);

/** The rails that need nothing but the configuration. */
function openingRail(
  { quiet }: IncidentState,
  service: string | null,
  mode: AutomationMode | null,
  context: Context,
): RailStop | null {
  if (mode === null) {
    return { rail: 'plan-missing', because: `no rollback plan is written for ${service ?? 'an unknown service'}` };
  }
  if (mode === 'off') return { rail: 'mode', because: `automation is off for ${service ?? 'this service'}` };
  if (context.policy.automation.killSwitch) return { rail: 'kill-switch', because: 'the kill switch is on' };
  return maintenanceStop(quiet);
}

/** While somebody works on a service as announced, automation leaves it alone. */
export function maintenanceStop(quiet: IncidentState['quiet']): RailStop | null {
  const window = quiet.find(({ kind }) => kind === 'maintenance');
  if (window === undefined) return null;
  return { rail: 'maintenance', because: `maintenance until ${window.until ?? 'it is ended'}: ${window.because}` };
}

/** A person starts a rollback past the rails that are there for automation, or takes one back. */
export function requestByPerson(
  state: IncidentState,
  command: Of<'request-rollback'> | Of<'undo-rollback'>,
  purpose: RollbackPurpose,
  context: Context,
): readonly NewEvent[] {
  const { rollback } = state;
  if (state.status === 'closed') throw new CommandRefused('conflict', `incident ${state.id} is closed`);
  if (rollback !== null && !isSettled(rollback)) throw new CommandRefused('conflict', 'a rollback is under way');
  if (purpose === 'undo' && lastCarriedOut(rollback) === null) {
    throw new CommandRefused('conflict', 'nothing was rolled back, so there is nothing to undo');
  }
  const inFlight = rollback?.steps.find((step) => step.state === 'intended' || step.state === 'accepted');
  if (inFlight !== undefined) {
    throw new CommandRefused('conflict', `step ${inFlight.name} of the rollback before is still being carried out`);
  }
  const service = purpose === 'undo' ? (lastCarriedOut(rollback)?.service ?? state.service) : planned(state, context);
  const { automation } = context.policy;
  if (automation.killSwitch) throw new CommandRefused('conflict', 'the kill switch is on');
  const because = `${command.by} asked for it via ${command.via}: ${command.because}`;
  const mode = automation.rehearseOnly === true ? 'shadow' : 'auto';
  return [{ type: 'rollback-requested', data: { by: command.by, because, mode, service, purpose } }];
}

function planned(state: IncidentState, { policy }: Context): string {
  const candidates = [serviceToRollBack(state, state.decision?.facts ?? {}), state.service];
  const service = candidates.find((name) => name !== null && policy.services[name]?.rollback != null);
  if (service == null) {
    throw new CommandRefused('invalid', `no rollback plan is written for ${state.service ?? 'an unknown service'}`);
  }
  return service;
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
  const estimate = estimateOf(plan, command.pastSeconds ?? []);
  const event: NewEvent = { type: 'rollback-planned', data: { plan, planHash, rehearsal, suspect, estimate } };
  return [event, next(state, rollback, plan, planHash, estimate, context)];
}

/** Half of them were quicker. Without any, the plan says when it would have been given up. */
function estimateOf(plan: Plan, past: readonly number[]): RollbackEstimate {
  const sorted = [...past].sort((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)];
  if (median !== undefined) return { seconds: median, from: 'past-rollbacks', of: sorted.length };
  const seconds = plan.steps.reduce((sum, { config }) => sum + config.timeoutSeconds, 0);
  return { seconds, from: 'timeouts', of: 0 };
}

function next(
  state: IncidentState,
  { mode, requestedBy }: RollbackState,
  plan: Plan,
  planHash: string,
  estimate: RollbackEstimate,
  context: Context,
): NewEvent {
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
      // A person has decided already.
      const startsAt = requestedBy === 'rules' ? afterHold(state, context) : context.now;
      return { type: 'rollback-announced', data: { planHash, startsAt: iso(startsAt), summary, estimate } };
    }
  }
}

/** A hold is given once an incident: where a fix was declared already, that is it. */
function afterHold({ severity, fix }: IncidentState, { policy, now }: Context): number {
  if (fix !== null) return Math.max(now, ms(fix.until));
  return severity === null || severity === 'P3' ? now : now + policy.automation.holdSeconds[severity] * 1000;
}

/** `checkout from r42 to r41`, joined over the steps. */
export const describePlan = (plan: Plan): string =>
  plan.steps
    .map(({ config, target }) => `${config.name} from ${target.from.version} to ${target.to.version}`)
    .join(', ');

export const completedSteps = (rollback: RollbackState | null): readonly string[] =>
  (rollback?.steps ?? []).filter((step) => step.state === 'done').map((step) => step.name);

/**
 * Once a reason, and never for what is over. Before anything was changed, alerts that are gone mean just that; afterwards
 * they may be gone because the service is dead.
 */
const mayPage = (
  { page, status, alertCounts, severity, rollback, quiet }: IncidentState,
  reason: PageReason,
): boolean =>
  page?.reason !== reason &&
  !holdsPage({ quiet }, severity, reason) &&
  (status === 'open' || status === 'acknowledged') &&
  (alertCounts.firing > 0 || lastCarriedOut(rollback) !== null) &&
  severity !== null &&
  isUrgent(severity);

/** Wakes somebody for a rollback that was stopped or did not help. */
export const pageFor = (state: IncidentState, reason: PageReason, because: string): readonly NewEvent[] =>
  mayPage(state, reason) ? [pageEvent(reason, because)] : [];

/** Stops that nobody has to be woken for: a person did it, nothing was needed, or nothing was promised. */
const QUIET: ReadonlySet<Rail> = new Set([
  'aborted',
  'recovered-without-us',
  'already-there',
  'mode',
  'plan-missing',
  'maintenance',
]);

/** `state` null: somebody is paged for more than this already. */
export function stopped(
  state: IncidentState | null,
  completed: readonly string[],
  { rail, because, evidence: found }: RailStop,
): readonly NewEvent[] {
  const evidence = found === undefined ? null : { found };
  const event: NewEvent = { type: 'rollback-stopped', data: { rail, because, completed, evidence } };
  if (state === null || QUIET.has(rail)) return [event];
  return [event, ...pageFor(state, 'rollback-stopped', `rollback stopped: ${because}`)];
}

export function stopRollback(state: IncidentState, stop: RailStop): readonly NewEvent[] {
  const { rollback } = state;
  if (rollback === null || isSettled(rollback)) return [];
  return stopped(state, completedSteps(rollback), stop);
}

/** Of a rollback that waits for it, or in the time of the hold: then it need not wait longer. */
export function approveRollback(
  state: IncidentState,
  command: Of<'approve-rollback'>,
  context: Context,
): readonly NewEvent[] {
  const { rollback } = state;
  const waits = rollback?.stage === 'awaiting-approval' || (rollback?.stage === 'announced' && !rollback.approvedBy);
  if (!waits || rollback.planHash === null || rollback.plan === null) {
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
      data: {
        ...{ planHash, startsAt: iso(context.now), summary: describePlan(rollback.plan) },
        ...(rollback.estimate === null ? {} : { estimate: rollback.estimate }),
      },
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

/** "Fix in N minutes": the rollback waits for it, once, and goes ahead by itself when the time is over. */
export function declareFix(state: IncidentState, command: Of<'declare-fix'>, context: Context): readonly NewEvent[] {
  const { by, via, seconds } = command;
  if (!(seconds > 0 && seconds < LONGEST_FIX_SECONDS)) {
    throw new CommandRefused('invalid', 'a fix that holds a rollback takes less than 5 minutes');
  }
  if (!isActive(state.status) || state.status === 'mitigated') {
    throw new CommandRefused('conflict', `incident ${state.id} is ${state.status}`);
  }
  if (state.severity === 'P0') throw new CommandRefused('conflict', 'a P0 is rolled back at once: abort it instead');
  if (state.fix !== null)
    throw new CommandRefused('conflict', `${state.fix.by} has declared a fix already: once an incident`);
  if (state.rollback?.stage === 'executing' || state.rollback?.stage === 'validating') {
    throw new CommandRefused('conflict', 'the rollback has begun');
  }
  return [{ type: 'fix-declared', data: { by, via, seconds, until: iso(context.now + seconds * 1000) } }];
}
