import type { IncidentView } from '../view.ts';
import { describePlan } from './decide-rollback.ts';
import type { IncidentState, RollbackState } from './state.ts';

/** The incident as people read it in a message. `publicUrl` is where the console stands; null gives no link to it. */
export function viewOf(state: IncidentState, publicUrl: string | null): IncidentView {
  return {
    id: state.id,
    title: state.drill === true ? `DRILL: ${state.title}` : state.title,
    ...(state.drill === true ? { drill: true } : {}),
    service: state.service,
    environment: state.environment,
    severity: state.severity ?? 'P2',
    status: state.status,
    openedAt: state.openedAt,
    acknowledgedBy: state.acknowledgedBy,
    firing: state.alertCounts.firing,
    total: state.alertCounts.firing + state.alertCounts.resolved,
    because: state.severityBecause,
    rollback: describeRollback(state),
    links: links(state, publicUrl),
    facts: state.facts as IncidentView['facts'],
  };
}

function links(state: IncidentState, publicUrl: string | null): IncidentView['links'] {
  return [
    ...(publicUrl === null ? [] : [{ text: state.id, href: `${publicUrl}/incidents/${state.id}` }]),
    ...(state.runbookUrl === null ? [] : [{ text: 'Runbook', href: state.runbookUrl }]),
    ...(state.sourceUrl === null ? [] : [{ text: 'Source', href: state.sourceUrl }]),
  ];
}

function describeRollback(state: IncidentState): string | null {
  if (state.rollback === null)
    return state.decision === null ? null : `${state.decision.action}: ${state.decision.because}`;
  return describeStage(state.rollback);
}

function describeStage(rollback: RollbackState): string {
  const plan = rollback.plan === null ? 'the rollback' : describePlan(rollback.plan);
  switch (rollback.stage) {
    case 'requested':
      return 'Preparing the rollback';
    case 'planned':
      return `Planned: ${plan}`;
    case 'shadowed':
      return `Shadow: would have rolled back ${plan}`;
    case 'awaiting-approval':
      return `Awaits approval until ${rollback.approvalUntil ?? '?'}: ${plan}`;
    case 'announced':
      return `Rolling back ${plan}, starting at ${rollback.startsAt ?? '?'}`;
    case 'executing':
      return `Rolling back ${plan}: ${rollback.steps.filter((s) => s.state === 'done').length} of ${rollback.steps.length} steps done`;
    case 'validating':
      return `Rolled back ${plan}; watching whether it recovers`;
    case 'finished':
      if (rollback.verdict === 'recovered-without-us') return `Not rolled back: ${rollback.because ?? ''}`;
      return `Rolled back ${plan}: ${rollback.verdict ?? 'unknown'}`;
    case 'stopped':
      return `Rollback stopped (${rollback.stoppedBy ?? 'unknown'}): ${rollback.because ?? ''}`;
  }
}
