import type { Instant } from '../time.ts';
import type { EventData, IncidentEvent } from './events.ts';
import { CHECKLIST_ITEMS } from './checklist-items.ts';
import type { ProcessEventData, QuietKind } from './process-events.ts';
import type { Evidence, FixStep } from './process-state.ts';
import { NO_PROCESS } from './process-state.ts';
import type { IncidentState } from './state.ts';
import { isUnderWay } from './state.ts';
import { announcedNow, heardOf, heldBack, told } from './told.ts';

/** An event of the process around an incident. */
export type ProcessEvent = Extract<IncidentEvent, { type: keyof ProcessEventData }>;

/** Folds what people, clocks and the process add. Never fails. */
export function evolveProcess(state: IncidentState, event: ProcessEvent): IncidentState {
  switch (event.type) {
    case 'commander-taken':
      return heardOf({ ...state, commander: event.data.by }, event.at);
    case 'severity-overridden': {
      const { severity, by, because } = event.data;
      return { ...state, override: { severity, by, because }, severityBecause: `${by}: ${because}`, releasedAt: null };
    }
    case 'severity-released':
      return { ...state, override: null, releasedAt: event.at };
    case 'impact-stated':
      return { ...state, statedImpact: { ...state.statedImpact, ...event.data.impact } };
    case 'onset-corrected':
      return withOnset(state, { at: event.data.to, source: 'person' });
    case 'onset-renewed':
      // What was decided was decided on what was suspected then.
      return { ...withOnset(state, event.data), decision: null };
    case 'incident-dismissed':
      return {
        ...over(state, event.at),
        status: 'closed',
        closedAt: state.closedAt ?? event.at,
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
      const loud = unquieted(state, event.data.kind);
      return isHeardAgain(state, event.data.kind) ? { ...loud, ...told(loud, state.severity, event.at) } : loud;
    }
    case 'clock-warned':
      return { ...state, warned: { ...state.warned, [event.data.clock]: event.data.percent } };
    case 'status-updated':
      return updatedBy(state, event.data.by, event.at);
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
      const { id, kind, title, url, query, by } = event.data;
      const kept = keptOf(event.data);
      return { ...state, evidence: [...state.evidence, { id, kind, title, url, query, by, at: event.at, ...kept }] };
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

const TEXT_KEPT = 1_000;

/** The projection is written with every event: what is long stays in its own. */
function keptOf({ text, result }: EventData['evidence-added']): Pick<Evidence, 'text' | 'result'> {
  const isLong = text !== null && text.length > TEXT_KEPT;
  return {
    text: isLong ? `${text.slice(0, TEXT_KEPT - 1).toWellFormed()}…` : text,
    result: JSON.stringify(result).length > TEXT_KEPT ? null : result,
  };
}

/** What was measured against the old onset says nothing of the new one; but a rollback is judged by what it began with. */
export function withOnset(state: IncidentState, { at, source }: IncidentState['onset']): IncidentState {
  const after: Mutable<IncidentState> = { ...state, onset: { at, source } };
  if (!isUnderWay(state.rollback)) delete after.baseline;
  return after;
}

/** In a maintenance window nothing is rolled back: what was decided in it is decided anew. */
const unquieted = (state: IncidentState, kind: QuietKind): IncidentState => ({
  ...state,
  quiet: state.quiet.filter((quiet) => quiet.kind !== kind),
  ...(kind === 'maintenance' ? { decision: null } : {}),
});

/**
 * People hear of what still fires when it is held back no longer. After a storm it is listed, and heard of when there is
 * news of it: not all at once.
 */
const isHeardAgain = ({ status, severity, alertCounts }: IncidentState, kind: QuietKind): boolean =>
  (status === 'open' || status === 'acknowledged') && alertCounts.firing > 0 && (kind !== 'storm' || severity === 'P0');

/** What a person says is news; what Firebreak says by itself is for those who follow it already. */
function updatedBy(state: IncidentState, by: string | null, at: Instant): IncidentState {
  const after = { ...state, updates: updated(state.updates, by !== null, at) };
  return by === null ? after : heardOf(after, at);
}

/**
 * It was not over: what was said about its end has to be said anew. A fix that did not hold is no fix, and a post-mortem that
 * was written before does not tell this. The timeline keeps it all.
 */
export const processReopened = (state: IncidentState, at: Instant): IncidentState => ({
  ...state,
  reopenedAt: at,
  warned: {},
  updates: NO_PROCESS.updates,
  fixSteps: [],
  fixDeployedAt: null,
  fixValidatedAt: null,
  monitoringEndedAt: null,
  postmortem: null,
  review: state.review?.heldAt === null ? null : state.review,
  ticked: Object.fromEntries(Object.entries(state.ticked).filter(([item]) => !OF_THE_FIX.has(item))),
});

const OF_THE_FIX: ReadonlySet<string> = new Set(
  CHECKLIST_ITEMS.filter(({ phase }) => phase === 'fix').map(({ id }) => id),
);

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
    // What is deployed anew is validated anew.
    fixValidatedAt: stage === 'validated' ? at : stage === 'deployed' ? null : state.fixValidatedAt,
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
