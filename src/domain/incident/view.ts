import type { IncidentView } from '../view.ts';
import { describePlan } from './decide-rollback.ts';
import { recurrenceText } from './news.ts';
import type { IncidentState, RollbackState } from './state.ts';
import { describeStorm } from './storm-text.ts';

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
    commander: state.commander,
    blockers: state.blockers.filter(({ clearedAt }) => clearedAt === null).map(({ text }) => text),
    quiet: quietText(state),
    recurrence: recurrenceText(state),
    storm: state.storm === null ? null : describeStorm(state.storm),
    linkedTo: state.linkedTo,
    voided: voidedText(state),
    clocks: clocksDue(state),
    links: links(state, publicUrl),
    facts: state.facts as IncidentView['facts'],
  };
}

const QUIET = { maintenance: 'Maintenance', silenced: 'Silenced', storm: 'Part of a storm' } as const;

function quietText({ quiet }: IncidentState): string | null {
  if (quiet.length === 0) return null;
  const texts = quiet.map(
    ({ kind, because, until }) => `${QUIET[kind]}${until === null ? '' : ` until ${until}`}: ${because}`,
  );
  return texts.join('; ');
}

function voidedText({ dismissed, mergedInto }: IncidentState): string | null {
  if (dismissed !== null) return `Dismissed as a false alarm by ${dismissed.by}: ${dismissed.because}`;
  return mergedInto === null ? null : `Merged into ${mergedInto}`;
}

const clocksDue = ({ clocks }: IncidentState): IncidentView['clocks'] =>
  Object.entries(clocks)
    .flatMap(([name, { deadline, state }]) =>
      state === 'running' || (state === 'breached' && name !== 'detect') ? [{ name, deadline, state }] : [],
    )
    .sort((a, b) => (a.deadline < b.deadline ? -1 : 1));

function links(state: IncidentState, publicUrl: string | null): IncidentView['links'] {
  return [
    ...(publicUrl === null ? [] : [{ text: state.id, href: `${publicUrl}/incidents/${state.id}` }]),
    ...(state.runbookUrl === null ? [] : [{ text: 'Runbook', href: state.runbookUrl }]),
    ...(state.sourceUrl === null ? [] : [{ text: 'Source', href: state.sourceUrl }]),
    ...(publicUrl === null || state.postmortem === null
      ? []
      : [{ text: 'Post-mortem', href: `${publicUrl}/api/v1/incidents/${state.id}/report?format=html` }]),
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
      return `Rolling back ${plan}: ${rollback.steps.filter((s) => s.state === 'done').length} of ${rollback.steps.length} steps done${describeProgress(rollback)}`;
    case 'validating':
      return `Rolled back ${plan}; watching whether it recovers`;
    case 'finished':
      if (rollback.verdict === 'recovered-without-us') return `Not rolled back: ${rollback.because ?? ''}`;
      return `Rolled back ${plan}: ${rollback.verdict ?? 'unknown'}`;
    case 'stopped':
      return `Rollback stopped (${rollback.stoppedBy ?? 'unknown'}): ${rollback.because ?? ''}`;
  }
}

/** How far the step is that is under way, where it has said so. */
function describeProgress({ steps }: RollbackState): string {
  const step = steps.find(({ state }) => state === 'accepted');
  return step?.detail == null ? '' : `; ${step.name}: ${step.detail}`;
}
