import type { Verdict } from '../plan.ts';
import { recoveryVerdict } from '../recovery.ts';
import { isUrgent } from '../severity.ts';
import { iso, ms } from '../time.ts';
import type { Command, Context } from './commands.ts';
import { clocksAtResolution, clocksAtRestoration } from './clocks-at.ts';
import { breachIfDue } from './decide-clocks.ts';
import { pageFor, stopRollback } from './decide-rollback.ts';
import { breached } from './decide-warnings.ts';
import { withSample } from './evolve-rollback.ts';
import type { NewEvent } from './events.ts';
import { holdsPage, pageEvent } from './paging.ts';
import type { IncidentState, RollbackState } from './state.ts';
import { isSettled } from './state.ts';

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;

/** One look at the service after the rollback. Enough of them in a row are the verdict. */
export function sampleRecovery(
  state: IncidentState,
  { sample, wellBefore }: Of<'sample-recovery'>,
  context: Context,
): readonly NewEvent[] {
  const { rollback } = state;
  if (rollback?.stage !== 'validating' || rollback.validateUntil === null) return [];
  const event: NewEvent = { type: 'recovery-sampled', data: sample };
  const run = withSample(rollback, sample, iso(context.now));
  const severity = state.severity ?? 'P2';
  const reached = recoveryVerdict(run, { severity, now: context.now, deadline: ms(rollback.validateUntil) });
  // A clock that waited for a passing run to be completed has waited for nothing when the run breaks.
  const isBroken = sample.result !== 'pass';
  if (reached === null) return [event, ...(isBroken ? breached(state, 'restore', context) : [])];
  const { verdict, because, since } = reached;
  if (verdict === 'recovered') {
    const proved: NewEvent =
      wellBefore === true
        ? verdictOf(rollback, 'recovered-without-us', `it was well when the first step went in; ${because}`, context)
        : verdictOf(rollback, verdict, because, context);
    return [event, proved, ...restored(state, because, since, context)];
  }
  // Whoever has to be woken is woken for the verdict.
  const late = isBroken ? breachIfDue(state, 'restore', context.now) : [];
  // Who takes a rollback back knows that it may not help.
  if (rollback.purpose === 'undo') return [event, verdictOf(rollback, verdict, because, context), ...late];
  const failed = verdict === 'unknown' ? `nobody can say whether the rollback helped: ${because}` : because;
  return [event, verdictOf(rollback, verdict, because, context), ...late, ...pageFor(state, 'rollback-failed', failed)];
}

/** Restored at the first sample of the run that proves it, whatever Alertmanager's next group says later. */
function restored(state: IncidentState, because: string, since: string | null, context: Context): readonly NewEvent[] {
  if (state.status !== 'open' && state.status !== 'acknowledged') return [];
  const at = since ?? iso(context.now);
  // A P2 needs no fix to be declared: with its alerts gone it is over.
  const isOver = !isUrgent(state.severity ?? 'P2') && state.alertCounts.firing === 0;
  return [
    { type: 'incident-mitigated', data: { because, via: 'validation', at } },
    ...(isOver ? [{ type: 'incident-resolved' as const, data: { by: 'firebreak', because, via: 'validation' } }] : []),
    ...(isOver ? clocksAtResolution : clocksAtRestoration)(state, ms(at), 'the service is restored', context),
  ];
}

/** The alerts are gone before we changed anything. After that, only what is measured proves a recovery. */
export function rollbackAtRecovery(state: IncidentState, context: Context): readonly NewEvent[] {
  return recoverWithoutUs(state, 'it recovered before anything was changed', context);
}

export function recoverWithoutUs(state: IncidentState, because: string, context: Context): readonly NewEvent[] {
  const { rollback } = state;
  if (rollback === null || isSettled(rollback) || hasBegun(rollback) || rollback.stage === 'validating') return [];
  return [
    ...stopRollback(state, { rail: 'recovered-without-us', because }),
    verdictOf(rollback, 'recovered-without-us', because, context),
  ];
}

export const hasBegun = (rollback: RollbackState): boolean =>
  rollback.stage === 'executing' && rollback.steps.some((step) => step.state !== 'pending');

/** A person says that it is over. While alerts fire that proves no recovery, and the record claims none. */
export function rollbackAtResolve(
  state: IncidentState,
  command: { readonly by: string; readonly via: string; readonly because: string },
  context: Context,
): readonly NewEvent[] {
  const { firing } = state.alertCounts;
  if (firing === 0) return rollbackAtRecovery(state, context);
  const { rollback } = state;
  if (rollback === null || isSettled(rollback) || hasBegun(rollback)) return [];
  if (rollback.stage === 'validating') {
    const because = `${command.by} resolved the incident while ${firing} alert${firing === 1 ? '' : 's'} still fired`;
    return [verdictOf(rollback, 'unknown', because, context)];
  }
  const because = `${command.by} resolved the incident via ${command.via}: ${command.because}`;
  return stopRollback(state, { rail: 'aborted', because });
}

function verdictOf(rollback: RollbackState, verdict: Verdict, because: string, context: Context): NewEvent {
  const from = rollback.startedAt ?? rollback.requestedAt;
  const { watchSeconds } = context.policy.automation;
  const isWatched =
    verdict.startsWith('recovered') && watchSeconds > 0 && rollback.steps.some((step) => step.receipt !== null);
  const watch = isWatched ? { watchUntil: iso(context.now + watchSeconds * 1000) } : {};
  return {
    type: 'rollback-verdict',
    data: { verdict, because, seconds: Math.max(0, context.now - ms(from)) / 1000, ...watch },
  };
}

/** What comes so long after the end of the watch is another story. */
const WATCH_GRACE_MS = 120_000;

/** Somebody moved a target away from where the rollback put it. Said once; what to do about it is for people. */
export function reportReverted(
  state: IncidentState,
  command: Of<'report-reverted'>,
  context: Context,
): readonly NewEvent[] {
  const until = state.rollback?.watchUntil;
  if (until == null) return [];
  if (state.status === 'closed') return [{ type: 'rollback-watched', data: { because: 'the incident is closed' } }];
  if (context.now > ms(until) + WATCH_GRACE_MS) return endWatch(state, context);
  const { name, detail } = command;
  const because = `the rollback of ${name} did not stay: ${detail}`;
  const reverted: NewEvent = { type: 'rollback-reverted', data: { name, detail } };
  // A page of what is resolved would never be resolved itself.
  if (state.status === 'resolved' || holdsPage(state, state.severity, 'rollback-reverted')) return [reverted];
  return [reverted, pageEvent('rollback-reverted', because)];
}

export function endWatch(state: IncidentState, { now }: Context): readonly NewEvent[] {
  const until = state.rollback?.watchUntil;
  if (until == null || now < ms(until)) return [];
  const because =
    now > ms(until) + WATCH_GRACE_MS
      ? 'nobody looked at the end of the watch'
      : 'the watch is over and nobody moved it';
  return [{ type: 'rollback-watched', data: { because } }];
}
