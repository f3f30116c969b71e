import type { IncidentEvent } from './events.ts';
import type { FixStage } from './process-events.ts';
import type { IncidentState } from './state.ts';

/** How an item of the checklist is ticked by the software. */
interface Proof {
  /** The events that prove it, as the documentation lists them. */
  readonly from: string;
  /** Whether this event proves it; `after` is the state that it left. */
  proves(event: IncidentEvent, after: IncidentState): boolean;
  /** False: what proved it holds no longer. Absent: it was so once, and that does not pass. */
  stands?(state: IncidentState): boolean;
}

/** How bad it is for users, as far as a number says it. */
const IMPACT = ['usersAffectedPercent', 'errorRatio', 'latencyP95Seconds'];

const isFix = (event: IncidentEvent, ...stages: readonly FixStage[]): boolean =>
  event.type === 'fix-recorded' && (stages.includes(event.data.stage) || event.data.stage === 'unnecessary');

const hasAssigned = ({ actions }: IncidentState): boolean =>
  actions.length > 0 && actions.every(({ owner }) => owner !== null);

/** The items that the software can see, by id. What is not here is ticked by a person. */
export const PROOFS: Readonly<Record<string, Proof | undefined>> = {
  detected: {
    from: '`severity-decided` by a rule that matched, or `incident-acknowledged`',
    proves: (event) =>
      (event.type === 'severity-decided' && !event.data.unclassified) || event.type === 'incident-acknowledged',
  },
  'severity-classified': {
    from: '`severity-decided` by a rule that matched, or `severity-overridden`',
    proves: (event) =>
      (event.type === 'severity-decided' && !event.data.unclassified) || event.type === 'severity-overridden',
  },
  'impact-assessed': {
    from: '`impact-stated`, or `severity-decided` on a measured share of users, error ratio or latency',
    proves: (event) =>
      event.type === 'impact-stated' ||
      (event.type === 'severity-decided' && IMPACT.some((fact) => typeof event.data.facts[fact] === 'number')),
  },
  'incident-opened': { from: '`incident-opened`', proves: (event) => event.type === 'incident-opened' },
  'team-notified': {
    from: '`notification-sent` of a page, an announcement or the first mail',
    proves: (event) =>
      event.type === 'notification-sent' && ['trigger', 'announce', 'post', 'opened'].includes(event.data.kind),
  },
  'rollback-decided': { from: '`rollback-decided`', proves: (event) => event.type === 'rollback-decided' },
  'rollback-begun': {
    from: '`rollback-started`, or not needed: `rollback-decided` for fixing forward, or restored before anything was changed',
    proves: (event) =>
      event.type === 'rollback-started' ||
      (event.type === 'rollback-decided' && event.data.action === 'fix-forward') ||
      (event.type === 'rollback-verdict' && event.data.verdict === 'recovered-without-us'),
  },
  'first-update-sent': {
    from: '`status-updated`, or `clock-met` of its clock: the announcement is out',
    proves: (event) => event.type === 'status-updated' || (event.type === 'clock-met' && event.data.clock === 'update'),
  },
  'logs-collected': {
    from: '`evidence-captured` with logs, or `evidence-added` of the kind log',
    proves: (event) =>
      (event.type === 'evidence-captured' && event.data.items.some(({ kind }) => kind.endsWith('logs'))) ||
      (event.type === 'evidence-added' && event.data.kind === 'log'),
  },
  'errors-documented': {
    from: '`evidence-captured`, or `evidence-added` of the kinds log, text, ticket or user-report',
    proves: (event) =>
      (event.type === 'evidence-captured' && event.data.items.length > 0) ||
      (event.type === 'evidence-added' && ['log', 'text', 'ticket', 'user-report'].includes(event.data.kind)),
  },
  'systems-identified': {
    from: '`incident-opened` for a known service',
    proves: (event) => event.type === 'incident-opened' && event.data.service !== null,
  },
  'changes-reviewed': {
    from: '`rollback-decided` with a suspect change, or with the changes that were acquitted',
    proves: (event) =>
      event.type === 'rollback-decided' &&
      (event.data.facts['suspectChange'] != null || event.data.facts['acquittedChanges'] != null),
  },
  'metrics-analysed': {
    from: '`evidence-added` of the kind metric that was answered, or `recovery-sampled`',
    proves: (event) =>
      event.type === 'recovery-sampled' ||
      (event.type === 'evidence-added' && event.data.kind === 'metric' && isAnswered(event.data.result)),
  },
  'hypothesis-formed': { from: '`root-cause-recorded`', proves: (event) => event.type === 'root-cause-recorded' },
  'specialist-routed': {
    from: '`routing-decided` for a specialist',
    proves: (event) => event.type === 'routing-decided' && event.data.specialist !== null,
  },
  'fix-implemented': {
    from: '`fix-recorded` of any stage after linked',
    proves: (event) => isFix(event, 'implemented', 'tested', 'staging', 'deployed'),
  },
  'fix-tested': { from: '`fix-recorded`: tested, or unnecessary', proves: (event) => isFix(event, 'tested') },
  'fix-deployed': { from: '`fix-recorded`: deployed, or unnecessary', proves: (event) => isFix(event, 'deployed') },
  'health-validated': {
    from: '`fix-recorded`: validated, or unnecessary',
    proves: (event) => isFix(event, 'validated'),
  },
  'impact-ended': {
    from: '`incident-mitigated` or `incident-resolved`',
    proves: (event) => event.type === 'incident-mitigated' || event.type === 'incident-resolved',
  },
  'services-normal': {
    from: '`incident-mitigated` or `alerts-resolved`, whichever comes last: restored, and no alert fires',
    proves: (_event, after) => isQuiet(after),
    stands: isQuiet,
  },
  'monitoring-on': { from: '`incident-resolved`', proves: (event) => event.type === 'incident-resolved' },
  'timeline-documented': {
    from: '`incident-resolved`: every event until then is recorded',
    proves: (event) => event.type === 'incident-resolved',
  },
  'root-cause-complete': {
    from: '`root-cause-judged`: confirmed',
    proves: (_event, after) => isConfirmed(after),
    stands: isConfirmed,
  },
  'prevention-identified': {
    from: '`action-added`, or `section-written` of the section prevention',
    proves: (event) =>
      event.type === 'action-added' || (event.type === 'section-written' && event.data.section === 'prevention'),
  },
  'postmortem-written': { from: '`postmortem-published`', proves: (event) => event.type === 'postmortem-published' },
  'lessons-shared': {
    from: '`notification-sent` of the post-mortem',
    proves: (event) => event.type === 'notification-sent' && event.data.kind === 'postmortem',
  },
  'actions-assigned': {
    from: '`action-added` or `action-changed`: there are action items, and each has an owner',
    proves: (_event, after) => hasAssigned(after),
    stands: hasAssigned,
  },
};

function isQuiet({ alertCounts, mitigatedAt }: IncidentState): boolean {
  return mitigatedAt !== null && alertCounts.firing === 0;
}

function isConfirmed({ rootCauses }: IncidentState): boolean {
  return rootCauses.some(({ state }) => state === 'confirmed');
}

const isAnswered = (result: unknown): boolean =>
  typeof result === 'object' &&
  result !== null &&
  'kind' in result &&
  ['value', 'vector', 'matrix'].includes(String(result.kind));
