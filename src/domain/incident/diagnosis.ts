import type { Change } from '../change.ts';
import type { Json } from '../json.ts';
import type { Policy } from '../policy.ts';
import type { Severity } from '../severity.ts';
import { isUrgent } from '../severity.ts';
import type { Instant } from '../time.ts';
import { iso, ms } from '../time.ts';
import { affectedOf, type Affected } from './affected.ts';
import { errorMessagesOf, type ErrorMessage } from './error-messages.ts';
import type { IncidentEvent, OnsetSource } from './events.ts';
import type { EarlierIncident } from './recurrence.ts';
import { suspectIdOf } from './recurrence.ts';
import type { IncidentState } from './state.ts';

/** What is asked for the diagnosis of one incident, beside its own timeline. */
export interface DiagnosisInput {
  readonly state: IncidentState;
  readonly events: readonly IncidentEvent[];
  /** Of the change feed: the service's own and its dependencies', newest first. */
  readonly changes: readonly Change[];
  /** Of the same service, from the day before. */
  readonly earlier: readonly EarlierIncident[];
  readonly policy: Pick<Policy, 'correlation' | 'automation'>;
}

interface ChangeBefore {
  readonly id: string;
  readonly service: string;
  readonly kind: string;
  readonly version: string | null;
  readonly by: string | null;
  readonly url: string | null;
  readonly at: Instant;
  /** How long before the onset it began. */
  readonly secondsBefore: number;
  /** `noticed`: nothing was said of it. */
  readonly standing: 'suspected' | 'acquitted' | 'noticed';
  readonly because: string | null;
}

interface WarningSign {
  readonly at: Instant;
  readonly what: string;
  readonly severity: Severity;
  readonly incidentId: string;
}

/** The timeline questions of a diagnosis, answered as far as the events answer them. */
export interface Diagnosis {
  readonly began: { readonly at: Instant; readonly source: OnsetSource; readonly eventSeq: number };
  readonly changedBefore: readonly ChangeBefore[];
  readonly warningSigns: readonly WarningSign[];
  /** How fast it escalated: each severity it had, and when. */
  readonly escalation: readonly {
    readonly severity: Severity;
    readonly at: Instant;
    readonly secondsAfterOnset: number;
    readonly because: string;
    readonly eventSeq: number;
  }[];
  /** What triggered the detection; null while no alert has joined. */
  readonly detectedBy: {
    readonly alerts: readonly string[];
    readonly at: Instant;
    readonly secondsAfterOnset: number;
    readonly inTime: boolean | null;
    readonly eventSeq: number;
  } | null;
  readonly affected: Affected;
  readonly errors: readonly ErrorMessage[];
}

export function diagnosisOf(input: DiagnosisInput): Diagnosis {
  const { state, events } = input;
  const began = beganOf(state, events);
  return {
    began,
    changedBefore: changedBefore(input, began.at),
    warningSigns: warningSigns(input, ms(began.at)),
    escalation: escalation(began.at, events),
    detectedBy: detectedBy(state, began.at, events),
    affected: affectedOf(events, input.policy.correlation.labels.service),
    errors: errorMessagesOf(events),
  };
}

/** As a person corrected it, else as it opened with. That it became urgent later says how fast it escalated. */
function beganOf({ onset }: IncidentState, events: readonly IncidentEvent[]): Diagnosis['began'] {
  const said = events.findLast((event) => event.type === 'onset-corrected');
  if (said !== undefined) return { at: said.data.to, source: 'person', eventSeq: said.seq };
  const opened = events.find((event) => event.type === 'incident-opened');
  return { ...(opened?.data.onset ?? onset), eventSeq: opened?.seq ?? 1 };
}

const secondsSince = (from: Instant, to: Instant): number => Math.max(0, (ms(to) - ms(from)) / 1000);

function changedBefore({ state, changes, policy }: DiagnosisInput, began: Instant): readonly ChangeBefore[] {
  const onset = Math.max(ms(state.onset.at), ms(began));
  const since = Math.min(ms(state.onset.at), ms(began)) - policy.automation.recentChangeSeconds * 1000;
  const suspect = suspectIdOf(state);
  const acquitted = acquittals(state);
  return changes
    .filter(({ startedAt }) => ms(startedAt) <= onset && ms(startedAt) >= since)
    .map(({ id, service, kind, version, by, url, startedAt }) => ({
      ...{ id, service, kind, version, by, url, at: startedAt },
      secondsBefore: secondsSince(startedAt, iso(onset)),
      standing:
        id === suspect ? ('suspected' as const) : acquitted.has(id) ? ('acquitted' as const) : ('noticed' as const),
      because: acquitted.get(id) ?? null,
    }));
}

/** Why a change is not it, by its id: as the decision recorded it. */
function acquittals({ decision, rollback }: IncidentState): ReadonlyMap<string, string> {
  const suspect = rollback?.suspect ?? decision?.facts['suspectChange'];
  const listed: Json | undefined =
    typeof suspect === 'object' && suspect !== null && 'acquitted' in suspect ? suspect['acquitted'] : undefined;
  const pairs = (Array.isArray(listed) ? (listed as readonly Json[]) : []).flatMap((each): [string, string][] => {
    if (typeof each !== 'object' || each === null || !('id' in each) || !('because' in each)) return [];
    const { id, because } = each;
    return typeof id === 'string' && typeof because === 'string' ? [[id, because]] : [];
  });
  return new Map(pairs);
}

const A_DAY_MS = 86_400_000;

/** Smaller trouble of the same service in the day before, and its own time before it was urgent. */
function warningSigns({ state, events, earlier }: DiagnosisInput, onset: number): readonly WarningSign[] {
  const others = earlier
    .filter(({ id, openedAt }) => id !== state.id && ms(openedAt) < onset && ms(openedAt) >= onset - A_DAY_MS)
    .map(({ id, openedAt, severity, title, alertNames }) => ({
      ...{ at: openedAt, severity, incidentId: id },
      what: `${title} (${alertNames.slice(0, 5).join(', ') || 'no alert'})`,
    }));
  return [...others, ...ownWarning(state, events)].sort((a, b) => ms(a.at) - ms(b.at));
}

function ownWarning(state: IncidentState, events: readonly IncidentEvent[]): readonly WarningSign[] {
  const phases = severities(events);
  const [first] = phases;
  const urgent = phases.find(({ data }) => isUrgent(data.to));
  if (first === undefined || urgent === undefined || urgent === first) return [];
  const what = `it was ${first.data.to} for ${Math.round(secondsSince(first.at, urgent.at))} s before it was urgent: ${first.data.because}`;
  return [{ at: first.at, what, severity: first.data.to, incidentId: state.id }];
}

const severities = (events: readonly IncidentEvent[]) => events.filter((event) => event.type === 'severity-changed');

const escalation = (began: Instant, events: readonly IncidentEvent[]): Diagnosis['escalation'] =>
  severities(events).map(({ at, seq, data }) => ({
    ...{ severity: data.to, at, secondsAfterOnset: secondsSince(began, at), because: data.because, eventSeq: seq },
  }));

function detectedBy(
  { clocks }: IncidentState,
  began: Instant,
  events: readonly IncidentEvent[],
): Diagnosis['detectedBy'] {
  const first = events.find((event) => event.type === 'alerts-joined');
  if (first === undefined) return null;
  const { detect } = clocks;
  return {
    alerts: first.data.names.slice(0, 20),
    at: first.at,
    secondsAfterOnset: secondsSince(began, first.at),
    inTime: detect === undefined || detect.state === 'running' ? null : detect.state === 'met',
    eventSeq: first.seq,
  };
}
