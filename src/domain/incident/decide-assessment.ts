import type { Assessment, SeverityDecision, StanceDecision } from '../decision.ts';
import type { AutomationMode } from '../plan.ts';
import { stricter } from '../plan.ts';
import type { Policy } from '../policy.ts';
import type { Severity } from '../severity.ts';
import { isWorse } from '../severity.ts';
import { iso } from '../time.ts';
import type { Command, Context } from './commands.ts';
import { recovered } from './decide-lifecycle.ts';
import { requestRollback, serviceToRollBack } from './decide-rollback.ts';
import { routedPage, routingEvents } from './decide-routing.ts';
import { snapshotEvidence } from './decide-diagnosis.ts';
import { onsetAfter, severityEvents, standingSeverity } from './decide-severity.ts';
import { isImpactMeasured } from './evolve.ts';
import type { NewEvent } from './events.ts';
import type { IncidentState } from './state.ts';
import { isActive, isUnderWay } from './state.ts';

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;

/** The rules have spoken. A decision is recorded when it says something new; a repeat of the same says nothing. */
export function assess(
  state: IncidentState,
  { assessment, onset, snapshots = [] }: Of<'assess'>,
  context: Context,
): readonly NewEvent[] {
  if (!isActive(state.status) || state.status === 'mitigated') return [];
  const to = standingSeverity(state, assessment.severity.severity, context.now);
  const severity = severityEvents(state, assessment.severity, to, onset, context);
  const said = [
    ...severity,
    ...snapshotEvidence(state, to, assessment, snapshots),
    ...routingEvents(state, assessment.routing, context.policy),
    ...stanceEvents({ ...state, onset: onsetAfter(state, severity) }, assessment.rollback, to, context),
  ];
  return [
    ...said,
    ...routedPage({ ...state, severity: to }, assessment.routing, said),
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

function stanceEvents(
  state: IncidentState,
  decision: StanceDecision,
  severity: Severity,
  context: Context,
): readonly NewEvent[] {
  // What it was decided to undo does not run any more: what the rules make of that is no decision.
  if (isUnderWay(state.rollback)) return [];
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
