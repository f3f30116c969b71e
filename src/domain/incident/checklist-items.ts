/** Every item of the checklists, by phase of the process. `auto` items are ticked by the event that proves them. */
export interface ChecklistItem {
  readonly id: string;
  readonly phase: 'detection' | 'diagnosis' | 'fix' | 'learning';
  readonly text: string;
  /** Asked only of incidents that were P0 at their worst. */
  readonly onlyP0?: true;
}

export const CHECKLIST_ITEMS: readonly ChecklistItem[] = [
  { id: 'detected', phase: 'detection', text: 'Incident detected and confirmed' },
  { id: 'severity-classified', phase: 'detection', text: 'Severity classified' },
  { id: 'impact-assessed', phase: 'detection', text: 'Customer impact assessed' },
  { id: 'incident-opened', phase: 'detection', text: 'Incident opened' },
  { id: 'team-notified', phase: 'detection', text: 'Team notified' },
  { id: 'rollback-decided', phase: 'detection', text: 'Rollback decision made' },
  { id: 'rollback-begun', phase: 'detection', text: 'Rollback begun if needed' },
  { id: 'first-update-sent', phase: 'detection', text: 'First status update sent' },
  { id: 'logs-collected', phase: 'diagnosis', text: 'Logs collected' },
  { id: 'errors-documented', phase: 'diagnosis', text: 'Errors documented' },
  { id: 'systems-identified', phase: 'diagnosis', text: 'Affected systems identified' },
  { id: 'changes-reviewed', phase: 'diagnosis', text: 'Recent changes reviewed' },
  { id: 'metrics-analysed', phase: 'diagnosis', text: 'Metrics analysed' },
  { id: 'hypothesis-formed', phase: 'diagnosis', text: 'Root-cause hypothesis formed' },
  { id: 'specialist-routed', phase: 'diagnosis', text: 'Routed to a specialist' },
  { id: 'fix-implemented', phase: 'fix', text: 'Fix implemented' },
  { id: 'fix-tested', phase: 'fix', text: 'Fix tested' },
  { id: 'extended-testing', phase: 'fix', text: 'Extended testing done', onlyP0: true },
  { id: 'fix-deployed', phase: 'fix', text: 'Fix deployed with monitoring' },
  { id: 'health-validated', phase: 'fix', text: 'Health validated' },
  { id: 'impact-ended', phase: 'fix', text: 'Customer impact ended' },
  { id: 'services-normal', phase: 'fix', text: 'All services normal' },
  { id: 'monitoring-on', phase: 'fix', text: 'Extended monitoring on' },
  { id: 'timeline-documented', phase: 'learning', text: 'Timeline documented' },
  { id: 'root-cause-complete', phase: 'learning', text: 'Root-cause analysis complete' },
  { id: 'prevention-identified', phase: 'learning', text: 'Prevention measures identified' },
  { id: 'runbook-updated', phase: 'learning', text: 'Runbook updated' },
  { id: 'postmortem-written', phase: 'learning', text: 'Post-mortem written' },
  { id: 'lessons-shared', phase: 'learning', text: 'Lessons shared with the team' },
  { id: 'actions-assigned', phase: 'learning', text: 'Action items assigned' },
];
