export const PREFIX = 'firebreak_';

interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
}

/** The metrics that are computed from the store, without the prefix. */
export const FAMILIES: Readonly<Record<string, Family>> = {
  deliveries_total: { type: 'counter', help: 'Deliveries received, by source and outcome.' },
  alerts_total: { type: 'counter', help: 'Alerts received, by source and status.' },
  incidents_opened_total: { type: 'counter', help: 'Incidents opened, by their first severity.' },
  incidents_dismissed_total: {
    type: 'counter',
    help: 'Incidents dismissed as false alarms; to be taken off those opened, which count them, too.',
  },
  unclassified_incidents_total: { type: 'counter', help: 'Times that no severity rule matched an incident.' },
  decisions_total: { type: 'counter', help: 'Decisions of the rules, by stage, outcome and automation mode.' },
  sla_breaches_total: { type: 'counter', help: 'Clocks of the SLA that were breached.' },
  sla_clocks_met_total: { type: 'counter', help: 'Clocks of the SLA that were met.' },
  rollbacks_total: { type: 'counter', help: 'Rollbacks that were started and have ended, by verdict.' },
  rollbacks_reverted_total: { type: 'counter', help: 'Rollbacks that did not stay: something moved the target away.' },
  reconciled_alerts_total: {
    type: 'counter',
    help: 'Alerts of which Alertmanager lists something else than it told us, by what they became.',
  },
  effects_total: { type: 'counter', help: 'Effects that have ended, by channel and outcome.' },
  incident_time_to_detect_seconds: { type: 'histogram', help: 'From onset to the incident being opened.' },
  incident_time_to_acknowledge_seconds: { type: 'histogram', help: 'From opening to acknowledgement.' },
  incident_time_to_restore_seconds: { type: 'histogram', help: 'From opening to the service being restored.' },
  incident_time_to_resolve_seconds: { type: 'histogram', help: 'From opening to resolution.' },
  rollback_duration_seconds: { type: 'histogram', help: 'From the start of a rollback to its verdict.' },
  effect_latency_seconds: { type: 'histogram', help: 'From the intent of an effect to its receipt.' },
  repeat_incidents_total: { type: 'counter', help: 'Incidents that were recognised as a repeat of earlier ones.' },
  action_items: { type: 'gauge', help: 'Action items of all incidents, by status: open, done, verified.' },
  action_items_overdue: { type: 'gauge', help: 'Action items that are open after their due date.' },
  postmortem_share: {
    type: 'gauge',
    help: 'Of the P0 and P1 that opened in the last 90 days and are over, the share with a published post-mortem.',
  },
  root_cause_share: {
    type: 'gauge',
    help: 'Of the incidents that opened in the last 90 days and are over, the share with a confirmed root cause.',
  },
  incidents_open: { type: 'gauge', help: 'Incidents that are not closed, by severity, status and service.' },
  queue_depth: { type: 'gauge', help: 'Work that waits or runs, by queue.' },
  source_last_seen_timestamp_seconds: { type: 'gauge', help: 'When a source was last heard of.' },
  rollback_ready: {
    type: 'gauge',
    help: '1 when the last rehearsal of the rollback plan went well; else the reason says why not.',
  },
  page_comparison: {
    type: 'gauge',
    help: 'Pages of the last day that was compared with PagerDuty while only observing, by who raised them.',
  },
  sandbox: { type: 'gauge', help: '1 when effects are recorded and shown, not sent.' },
  rules_last_reload_successful: {
    type: 'gauge',
    help: '0 when the rule files hold an error and earlier rules stay in force.',
  },
  rules_info: { type: 'gauge', help: 'The rules in force, by their hash.' },
};
