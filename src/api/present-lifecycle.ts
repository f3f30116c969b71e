import type { IncidentState } from '../domain/incident/state.ts';
import type { IncidentJson } from './schemas/incident.ts';

type LifecycleJson = Pick<
  IncidentJson,
  | 'worstSeverity'
  | 'override'
  | 'statedImpact'
  | 'quiet'
  | 'dismissed'
  | 'mergedInto'
  | 'absorbed'
  | 'linkedTo'
  | 'linkedIncidents'
  | 'reopenedAt'
  | 'monitoringEndedAt'
  | 'storm'
>;

/** What people decided about an incident, and how it stands among the others. */
export function presentLifecycle(state: IncidentState): LifecycleJson {
  const { override, statedImpact, dismissed, storm } = state;
  const { features, ...stated } = statedImpact;
  return {
    worstSeverity: state.worst ?? state.severity ?? 'P2',
    override: override === null ? null : { ...override },
    statedImpact: { ...stated, ...(features === undefined ? {} : { features: [...features] }) },
    quiet: state.quiet.map(({ kind, because, until, head }) => ({ kind, because, until, head: head ?? null })),
    dismissed: dismissed === null ? null : { ...dismissed },
    mergedInto: state.mergedInto,
    absorbed: [...state.absorbed],
    linkedTo: state.linkedTo,
    linkedIncidents: [...state.links],
    reopenedAt: state.reopenedAt,
    monitoringEndedAt: state.monitoringEndedAt,
    storm: storm === null ? null : stormOf(storm),
  };
}

function stormOf({
  incidents,
  services,
  bySeverity,
  over,
}: NonNullable<IncidentState['storm']>): LifecycleJson['storm'] {
  const ended = over === undefined ? null : { stillFiring: over.stillFiring, ids: [...over.ids] };
  return { incidents, services: [...services], bySeverity: { ...bySeverity }, over: ended };
}
