import type { Assessment, SeverityDecision, StanceDecision } from '../decision.ts';
import type { AutomationMode } from '../plan.ts';
import { stricter } from '../plan.ts';
import type { Policy } from '../policy.ts';
import type { Severity } from '../severity.ts';
import { ms } from '../time.ts';
import type { Context } from './commands.ts';
import { clocksAtChange, clocksAtOpening } from './decide-clocks.ts';
import { requestRollback } from './decide-rollback.ts';
import type { NewEvent } from './events.ts';
import type { IncidentState } from './state.ts';
import { isActive } from './state.ts';

/** The rules have spoken. A decision is recorded when it says something new; a repeat of the same says nothing. */
export function assess(state: IncidentState, assessment: Assessment, context: Context): readonly NewEvent[] {
  if (!isActive(state.status) || state.status === 'mitigated') return [];
  return [
    ...severityEvents(state, assessment.severity, context),
    ...stanceEvents(state, assessment.rollback, assessment.severity.severity, context),
  ];
}

function severityEvents(state: IncidentState, decision: SeverityDecision, context: Context): readonly NewEvent[] {
  const to = decision.severity;
  const sameAsBefore = state.severity === to && state.severityRule === decision.rule;
  if (sameAsBefore) return [];
  const events: NewEvent[] = [{ type: 'severity-decided', data: decision }];
  if (state.severity === to) return events;
  events.push({ type: 'severity-changed', data: { from: state.severity, to, because: decision.because } });
  events.push(
    ...(state.severity === null
      ? clocksAtOpening(ms(state.onset.at), to, context)
      : clocksAtChange(state, to, context)),
  );
  // What is over already wakes nobody.
  if (to === 'P0' && state.page === null && state.alertCounts.firing > 0)
    events.push(pageFor(state.severity, decision.because));
  return events;
}

const pageFor = (from: Severity | null, because: string): NewEvent => ({
  type: 'page-requested',
  data: { reason: from === null ? 'first-page' : 'severity-raised', because },
});

function stanceEvents(
  state: IncidentState,
  decision: StanceDecision,
  severity: Severity,
  context: Context,
): readonly NewEvent[] {
  const known = state.decision;
  const sameAsBefore =
    known !== null && known.action === decision.action && known.rule === decision.rule && state.severity === severity;
  if (sameAsBefore) return [];
  const mode = rollbackMode(context.policy, state.service);
  const decided: NewEvent = { type: 'rollback-decided', data: { ...decision, mode } };
  return [decided, ...requestRollback(state, decision, severity, mode, context)];
}

/**
 * The mode that holds for a service: null when no plan was written for it. A stricter global mode wins over the
 * service's own, so that one switch makes everything careful.
 */
export function rollbackMode(policy: Policy, service: string | null): AutomationMode | null {
  const plan = service === null ? undefined : policy.services[service]?.rollback;
  if (plan === undefined || plan === null) return null;
  return stricter(plan.mode ?? 'auto', policy.automation.mode);
}
