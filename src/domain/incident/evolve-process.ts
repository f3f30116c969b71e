import type { Instant } from '../time.ts';
import type { EventData, IncidentEvent } from './events.ts';
import type { ProcessEventData } from './process-events.ts';
import type { FixStep } from './process-state.ts';
import type { IncidentState } from './state.ts';
import { isActive } from './state.ts';
import { announcedNow, heldBack, told } from './told.ts';

/** An event of the process around an incident. */
export type ProcessEvent = Extract<IncidentEvent, { type: keyof ProcessEventData }>;

/** Folds what people, clocks and the process add. Never fails. */
export function evolveProcess(state: IncidentState, event: ProcessEvent): IncidentState {
  switch (event.type) {
    case 'commander-taken':
      return { ...state, commander: event.data.by };
    case 'severity-overridden': {
      const { severity, by, because } = event.data;
      return { ...state, override: { severity, by, because } };
    }
    case 'severity-released':
      return { ...state, override: null };
    case 'impact-stated':
      return { ...state, statedImpact: { ...state.statedImpact, ...event.data.impact } };
    case 'onset-corrected':
      return { ...state, onset: { at: event.data.to, source: 'person' } };
    case 'onset-renewed':
      return renewed(state, event.data);
    case 'incident-dismissed':
      return {
        ...over(state, event.at),
        status: 'closed',
        closedAt: event.at,
        dismissed: { by: event.data.by, because: event.data.because, at: event.at },
      };
    case 'incident-merged':
      return { ...over(state, event.at), status: 'closed', closedAt: event.at, mergedInto: event.data.into };
    case 'incident-absorbed':
      return { ...state, absorbed: withNew(state.absorbed, event.data.from) };
    case 'incident-linked':
      return { ...state, linkedTo: event.data.to };
    case 'incident-unlinked':
      return { ...state, linkedTo: null };
    case 'link-noted':
      return { ...state, links: withNew(state.links, event.data.from) };
    case 'quieted': {
      const quiet = [...state.quiet.filter(({ kind }) => kind !== event.data.kind), event.data];
      return { ...state, quiet, ...heldBack({ ...state, quiet }, event.at) };
    }
    case 'unquieted': {
      const loud = { ...state, quiet: state.quiet.filter(({ kind }) => kind !== event.data.kind) };
      return isActive(state.status) ? { ...loud, ...told(loud, state.severity, event.at) } : loud;
    }
    case 'clock-warned':
      return { ...state, warned: { ...state.warned, [event.data.clock]: event.data.percent } };
    case 'status-updated':
      return { ...state, updates: updated(state.updates, event.data.by !== null, event.at) };
    case 'page-unaccepted':
      return {
        ...state,
        page: state.page === null ? null : { ...state.page, unaccepted: true },
        // Whatever its severity: a message that is read has to follow it now.
        ...announcedNow(state, event.at),
      };
    case 'publication-awaits-approval':
      return { ...state, publication: 'awaiting-approval' };
    case 'publication-approved':
      return { ...state, publication: 'approved' };
    case 'publication-withheld':
      return { ...state, publication: 'withheld' };
    case 'storm-grew':
      return { ...state, storm: event.data, ...announcedNow(state, event.at) };
    default:
      return evolveLearning(state, event);
  }
}

function evolveLearning(state: IncidentState, event: ProcessEvent): IncidentState {
  switch (event.type) {
    case 'evidence-added': {
      const { id, kind, title, url, text, query, result, by } = event.data;
      return {
        ...state,
        evidence: [...state.evidence, { id, kind, title, url, text, query, result, by, at: event.at }],
      };
    }
    case 'blocker-added': {
      const { id, text, by } = event.data;
      return { ...state, blockers: [...state.blockers, { id, text, by, at: event.at, clearedAt: null }] };
    }
    case 'blocker-cleared':
      return { ...state, blockers: changed(state.blockers, event.data.id, { clearedAt: event.at }) };
    case 'root-cause-recorded': {
      const { id, category, summary, confidence, evidence, by } = event.data;
      const cause = { id, category, summary, confidence, evidence, by, at: event.at, state: 'proposed' as const };
      return { ...state, rootCauses: [...state.rootCauses.filter((each) => each.id !== id), cause] };
    }
    case 'root-cause-judged':
      return { ...state, rootCauses: changed(state.rootCauses, event.data.id, { state: event.data.state }) };
    case 'checklist-ticked': {
      const { item, done, by } = event.data;
      const others = Object.entries(state.ticked).filter(([name]) => name !== item);
      const mine: typeof others = done ? [[item, { by, at: event.at }]] : [];
      return { ...state, ticked: Object.fromEntries([...others, ...mine]) };
    }
    case 'change-noticed':
      return { ...state, changes: withNew(state.changes, event.data.id) };
    case 'fix-recorded':
      return fixed(state, event.data);
    case 'monitoring-ended':
      return { ...state, monitoringEndedAt: event.at };
    case 'action-added': {
      const { id, action, kind, owner, dueAt } = event.data;
      const item = { id, action, kind, owner, dueAt, status: 'open' as const, addedAt: event.at, remindedAt: null };
      return { ...state, actions: [...state.actions, item] };
    }
    case 'action-changed': {
      const { id, status, owner, dueAt } = event.data;
      const change = {
        ...(status === undefined ? {} : { status }),
        ...(owner === undefined ? {} : { owner }),
        ...(dueAt === undefined ? {} : { dueAt, remindedAt: null }),
      };
      return { ...state, actions: changed(state.actions, id, change) };
    }
    case 'action-reminded':
      return { ...state, actions: changed(state.actions, event.data.id, { remindedAt: event.at }) };
    case 'section-written': {
      const { section, text, by, version } = event.data;
      return { ...state, sections: { ...state.sections, [section]: { text, by, at: event.at, version } } };
    }
    case 'postmortem-published':
      return { ...state, postmortem: { publishedAt: event.at, by: event.data.by } };
    case 'review-due':
      return { ...state, review: { dueAt: event.data.dueAt, remindedAt: null, heldAt: null } };
    case 'review-reminded':
      return { ...state, review: { dueAt: event.data.dueAt, remindedAt: event.at, heldAt: null } };
    case 'review-held': {
      const { dueAt = event.at, remindedAt = null } = state.review ?? {};
      return { ...state, review: { dueAt, remindedAt, heldAt: event.at } };
    }
    case 'recurrence-recognised':
      return { ...state, recurrence: event.data };
    default:
      return state;
  }
}

/** What was measured against the old onset says nothing of the new one. */
function renewed(state: IncidentState, data: EventData['onset-renewed']): IncidentState {
  const after: Mutable<IncidentState> = { ...state, onset: { at: data.at, source: data.source } };
  delete after.baseline;
  return after;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const over = (state: IncidentState, at: Instant): IncidentState => ({
  ...state,
  mitigatedAt: state.mitigatedAt ?? at,
  resolvedAt: state.resolvedAt ?? at,
});

function fixed(state: IncidentState, { stage, at, url, version, text, by }: EventData['fix-recorded']): IncidentState {
  const step: FixStep = { stage, at, url, version, text, by };
  return {
    ...state,
    fixSteps: [...state.fixSteps, step],
    fixDeployedAt: stage === 'deployed' ? at : state.fixDeployedAt,
    fixValidatedAt: stage === 'validated' ? at : state.fixValidatedAt,
  };
}

const updated = (before: IncidentState['updates'], byPerson: boolean, at: Instant): IncidentState['updates'] => ({
  count: before.count + 1,
  lastAt: at,
  personAt: byPerson ? at : before.personAt,
});

const withNew = (known: readonly string[], id: string): readonly string[] =>
  known.includes(id) ? known : [...known, id];

const changed = <T extends { readonly id: string }>(
  items: readonly T[],
  id: string,
  change: Partial<T>,
): readonly T[] => items.map((item) => (item.id === id ? { ...item, ...change } : item));
