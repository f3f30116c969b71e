import type { Assessment, SeverityDecision, StanceDecision } from '../decision.ts';
import type { AutomationMode } from '../plan.ts';
import { stricter } from '../plan.ts';
import type { Policy } from '../policy.ts';
import type { Severity } from '../severity.ts';
import { iso, ms } from '../time.ts';
import type { Context } from './commands.ts';
import { clocksAtChange, clocksAtOpening } from './clocks-at.ts';
import { recovered } from './decide-lifecycle.ts';
import { isImpactMeasured } from './evolve.ts';
import { requestRollback, serviceToRollBack } from './decide-rollback.ts';
import { routedPage, routingEvents } from './decide-routing.ts';
import type { NewEvent } from './events.ts';
import type { IncidentState } from './state.ts';
import { isActive } from './state.ts';
import { isUrgent, isWorse } from '../severity.ts';

/** An impact that is gone for this long has gone for good. */
const LOWER_AFTER_MS = 600_000;

/**
 * The severity that stands when the rules say `decided` now. It rises at once. A P0 or P1 falls only when the rules have
 * said so for a while: that the impact is gone may be the recovery, and what recovers is no smaller incident for it.
 */
export function standingSeverity(
  { severity, lowerSince, rollback }: Pick<IncidentState, 'severity' | 'lowerSince' | 'rollback'>,
  decided: Severity,
  now: number,
): Severity {
  if (severity === null || !isUrgent(severity) || !isWorse(severity, decided)) return decided;
  // Its verdict says whether it is over.
  if (rollback?.stage === 'executing' || rollback?.stage === 'validating') return severity;
  return lowerSince !== null && now - ms(lowerSince) >= LOWER_AFTER_MS ? decided : severity;
}

/** The rules have spoken. A decision is recorded when it says something new; a repeat of the same says nothing. */
export function assess(state: IncidentState, assessment: Assessment, context: Context): readonly NewEvent[] {
  if (!isActive(state.status) || state.status === 'mitigated') return [];
  const to = standingSeverity(state, assessment.severity.severity, context.now);
  const said = [
    ...severityEvents(state, assessment.severity, to, context),
    ...routingEvents(state, assessment.routing),
    ...stanceEvents(state, assessment.rollback, to, context),
  ];
  return [
    ...said,
    ...routedPage(state, assessment.routing, said),
    ...restoredMeanwhile(state, assessment.severity, context),
  ];
}

/** Its alerts had gone before, and what stood against taking that for a recovery may be over. */
function restoredMeanwhile(
  state: IncidentState,
  { severity, facts }: SeverityDecision,
  context: Context,
): readonly NewEvent[] {
  if (state.severity === null || state.alertCounts.firing > 0) return [];
  const lowerSince =
    isWorse(state.severity, severity) && isImpactMeasured(state.facts, facts) ? iso(context.now) : null;
  return recovered({ ...state, lowerSince }, 'all its alerts have resolved', context);
}

function severityEvents(
  state: IncidentState,
  decision: SeverityDecision,
  to: Severity,
  context: Context,
): readonly NewEvent[] {
  const isNews = state.severityRule !== decision.rule || state.severity === null;
  const decided: readonly NewEvent[] = isNews ? [{ type: 'severity-decided', data: decision }] : [];
  if (state.severity === to) return decided;
  const change: NewEvent = {
    type: 'severity-changed',
    data: { from: state.severity, to, because: decision.because },
  };
  const said: NewEvent = { type: 'severity-decided', data: decision };
  // Only what stands takes the reason and the impact of a decision.
  const falls = state.severity !== null && isWorse(state.severity, to);
  const events: NewEvent[] = falls ? [change, said] : [said, change];
  events.push(
    ...(state.severity === null
      ? clocksAtOpening(ms(state.onset.at), to, context)
      : clocksAtChange(state, to, context)),
  );
  // What is over already wakes nobody.
  if (to === 'P0' && (state.page === null || state.page.reason === 'routed') && state.alertCounts.firing > 0)
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
  // What it was decided to undo does not run any more: what the rules make of that is no decision.
  if (state.rollback?.stage === 'executing' || state.rollback?.stage === 'validating') return [];
  const known = state.decision;
  const sameAsBefore =
    known !== null && known.action === decision.action && known.rule === decision.rule && state.severity === severity;
  if (sameAsBefore) return [];
  const planned = rollbackMode(context.policy, serviceToRollBack(state, decision.facts));
  const mode = state.drill === true && planned !== null ? 'shadow' : planned;
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

/** What a drill decides: everything that can be tried without touching anything. */
export function drillAssessment(facts: Assessment['rollback']['facts']): Assessment {
  const said = {
    rule: 'drill',
    because: 'a drill: nothing is broken',
    rulesHash: '',
    conditions: [],
    unknownFacts: [],
  };
  return {
    severity: { ...said, facts, severity: 'P0', unclassified: false },
    rollback: { ...said, facts, action: 'roll-back' },
    routing: {
      rule: said.rule,
      because: said.because,
      rulesHash: said.rulesHash,
      specialist: null,
      routes: [],
      page: false,
      slackChannels: [],
      emails: [],
      audiences: [],
    },
  };
}
