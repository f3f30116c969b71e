import type { IncidentState } from '../domain/incident/state.ts';
import type { IncidentJson } from './schemas/incident.ts';

type ProcessJson = Pick<
  IncidentJson,
  | 'fixDeployedAt'
  | 'fixValidatedAt'
  | 'rootCauses'
  | 'blockers'
  | 'evidenceCount'
  | 'fixSteps'
  | 'actions'
  | 'postmortem'
  | 'review'
  | 'recurrence'
  | 'links'
>;

/** What the diagnosis, the fix and the learning have come to. */
export function presentProcess(state: IncidentState): ProcessJson {
  const { id, recurrence, review, postmortem } = state;
  const at = (part: string): string => `/api/v1/incidents/${encodeURIComponent(id)}/${part}`;
  return {
    fixDeployedAt: state.fixDeployedAt,
    fixValidatedAt: state.fixValidatedAt,
    rootCauses: state.rootCauses.map((cause) => ({ ...cause, evidence: [...cause.evidence] })),
    blockers: state.blockers.map((blocker) => ({ ...blocker })),
    evidenceCount: state.evidence.length,
    fixSteps: state.fixSteps.map((step) => ({ ...step })),
    actions: state.actions.map((action) => ({ ...action })),
    postmortem: postmortem === null ? null : { ...postmortem },
    review: review === null ? null : { ...review },
    recurrence:
      recurrence === null
        ? null
        : { ...recurrence, of: [...recurrence.of], openActions: recurrence.openActions.map((each) => ({ ...each })) },
    links: {
      timeline: at('timeline'),
      evidence: at('evidence'),
      diagnosis: at('diagnosis'),
      checklist: at('checklist'),
      report: at('report'),
    },
  };
}
