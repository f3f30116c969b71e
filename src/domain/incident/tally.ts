import { ms } from '../time.ts';
import type { ClockName, IncidentEvent } from './events.ts';
import type { IncidentState } from './state.ts';

/**
 * One step of a metric. Counted in the transaction that stores the event, so that the figure survives a restart and is
 * the same on every replica. `observe` feeds a histogram, in seconds.
 */
export type Tally =
  | { readonly kind: 'count'; readonly metric: string; readonly labels: Readonly<Record<string, string>> }
  | {
      readonly kind: 'observe';
      readonly metric: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly value: number;
    };

const count = (metric: string, labels: Record<string, string>): Tally => ({ kind: 'count', metric, labels });
const observe = (metric: string, labels: Record<string, string>, value: number): Tally => ({
  kind: 'observe',
  metric,
  labels,
  value,
});

/** `after` is the state that the event left. `service` is the configured name, or `other`: labels stay bounded. */
export function tally(event: IncidentEvent, after: IncidentState, service: string): readonly Tally[] {
  if (after.drill === true) return [];
  const severity = after.severity ?? 'P2';
  const incident = { severity, service };
  // A counter never falls: what was counted before is taken off by who reads it. After that nothing more is counted.
  if (after.dismissed !== null) {
    return event.type === 'incident-dismissed' ? [count('incidents_dismissed_total', incident)] : [];
  }
  const since = (from: string): number => Math.max(0, ms(event.at) - ms(from)) / 1000;
  switch (event.type) {
    case 'severity-decided':
      return [
        count('decisions_total', { stage: 'severity', outcome: event.data.severity, mode: 'auto' }),
        ...(event.data.unclassified ? [count('unclassified_incidents_total', {})] : []),
      ];
    case 'severity-changed':
      return event.data.from === null
        ? [
            count('incidents_opened_total', incident),
            observe('incident_time_to_detect_seconds', incident, since(after.onset.at)),
          ]
        : [];
    case 'rollback-decided':
      return [
        count('decisions_total', { stage: 'rollback', outcome: event.data.action, mode: event.data.mode ?? 'none' }),
      ];
    case 'routing-decided':
      return [count('decisions_total', { stage: 'routing', outcome: event.data.specialist ?? 'none', mode: 'auto' })];
    case 'clock-met':
      return isJudgedAgain(event.data.clock, after)
        ? []
        : [count('sla_clocks_met_total', { ...incident, clock: event.data.clock })];
    case 'clock-breached':
      return isJudgedAgain(event.data.clock, after)
        ? []
        : [count('sla_breaches_total', { ...incident, clock: event.data.clock })];
    case 'incident-acknowledged':
      return [observe('incident_time_to_acknowledge_seconds', incident, since(after.openedAt))];
    case 'incident-mitigated':
      return [observe('incident_time_to_restore_seconds', incident, restoreSeconds(after))];
    case 'incident-resolved':
      return [
        observe('incident_time_to_resolve_seconds', incident, since(after.openedAt)),
        ...(after.mitigatedAt === event.at
          ? [observe('incident_time_to_restore_seconds', incident, since(after.openedAt))]
          : []),
      ];
    case 'rollback-verdict':
      return rollbackTallies(after, event.data.verdict, event.data.seconds);
    case 'rollback-stopped':
      return rollbackTallies(after, 'stopped', since(after.rollback?.startedAt ?? event.at));
    case 'rollback-reverted':
      return providersOf(after).map((provider) => count('rollbacks_reverted_total', { provider }));
    default:
      return [];
  }
}

/** An onset that a person corrected has detection judged anew in the timeline; the figure was counted at the opening. */
const isJudgedAgain = (clock: ClockName, { onset }: IncidentState): boolean =>
  clock === 'detect' && onset.source === 'person';

/** Restored may be earlier than it was proved. */
const restoreSeconds = ({ mitigatedAt, openedAt }: IncidentState): number =>
  mitigatedAt === null ? 0 : Math.max(0, ms(mitigatedAt) - ms(openedAt)) / 1000;

/** What a person takes back is no rollback whose success anybody counts. */
function rollbackTallies(after: IncidentState, verdict: string, seconds: number): readonly Tally[] {
  if (after.rollback?.startedAt == null || after.rollback.purpose === 'undo') return [];
  return providersOf(after).flatMap((provider) => [
    count('rollbacks_total', { provider, verdict }),
    observe('rollback_duration_seconds', { provider }, seconds),
  ]);
}

const providersOf = ({ rollback }: IncidentState): readonly string[] => [
  ...new Set((rollback?.plan?.steps ?? []).map((step) => step.config.provider)),
];
