import type { IncidentEvent } from '../domain/incident/events.ts';
import type { StatedImpact } from '../domain/incident/process-events.ts';
import { lengthOf } from '../domain/length.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { CaseFile, EventOf } from './case-file.ts';
import { moment } from './moments.ts';
import { numberIn, percent, textIn } from './wording.ts';

/** Something known, and the events that it is known from. */
export interface Known {
  readonly text: string;
  readonly events: readonly IncidentEvent[];
}

type Decision = EventOf<'severity-decided'> | EventOf<'rollback-decided'>;

const decisionsOf = (file: CaseFile): readonly Decision[] =>
  file.events.filter(
    (event): event is Decision => event.type === 'severity-decided' || event.type === 'rollback-decided',
  );

/** The highest value of a fact in any decision. */
export function worst(file: CaseFile, fact: string): { readonly value: number; readonly event: IncidentEvent } | null {
  let found: { value: number; event: IncidentEvent } | null = null;
  for (const event of decisionsOf(file)) {
    const value = event.data.facts[fact];
    if (typeof value === 'number' && (found === null || value > found.value)) found = { value, event };
  }
  return found;
}

/** The newest value of a fact in any decision, whatever it is. */
export function newest(file: CaseFile, fact: string): { readonly value: Json; readonly event: IncidentEvent } | null {
  const event = decisionsOf(file).findLast(({ data }) => data.facts[fact] !== undefined && data.facts[fact] !== null);
  const value = event?.data.facts[fact];
  return event === undefined || value === undefined ? null : { value, event };
}

/** What a person said last of one part of the impact. */
export function stated<K extends keyof StatedImpact>(
  file: CaseFile,
  name: K,
): { readonly value: NonNullable<StatedImpact[K]>; readonly event: EventOf<'impact-stated'> } | null {
  const event = file.all('impact-stated').findLast(({ data }) => data.impact[name] !== undefined);
  const value = event?.data.impact[name];
  return event === undefined || value === undefined ? null : { value, event };
}

/** The share of users: what a person stated, and what was measured at its worst. */
export function usersAffected(file: CaseFile): Known | null {
  const said = stated(file, 'usersAffectedPercent');
  const measured = worst(file, 'usersAffectedPercent');
  if (said === null) {
    return measured === null ? null : { text: `${percent(measured.value)} of users`, events: [measured.event] };
  }
  const by = `stated by ${said.event.data.by}`;
  if (measured === null) return { text: `${percent(said.value)} of users (${by})`, events: [said.event] };
  const also = measured.value === said.value ? 'as measured' : `${percent(measured.value)} measured`;
  return { text: `${percent(said.value)} of users (${by}, ${also})`, events: [said.event, measured.event] };
}

/** The change that was held for the cause: what the plan was made against, else what the last decision knew. */
export function suspectOf(file: CaseFile): { readonly suspect: JsonObject; readonly event: IncidentEvent } | null {
  const planned = file.all('rollback-planned').findLast(({ data }) => data.suspect !== null);
  if (planned?.data.suspect != null) return { suspect: planned.data.suspect, event: planned };
  const known = newest(file, 'suspectChange');
  if (known === null || typeof known.value !== 'object' || known.value === null || Array.isArray(known.value)) {
    return null;
  }
  return { suspect: known.value as JsonObject, event: known.event };
}

/** `deployment r42 of login, begun 2024-01-15 14:29:00, 2 min 43 s before the onset`. */
export function suspectInWords(suspect: JsonObject): string {
  const [kind, version, id] = ['kind', 'version', 'id'].map((name) => textIn(suspect, name));
  const [service, startedAt] = ['service', 'startedAt'].map((name) => textIn(suspect, name));
  const age = numberIn(suspect, 'ageSeconds');
  const what = `${kind ?? 'change'} ${version ?? id ?? 'of unknown version'}`;
  return [
    `${what} of ${service ?? 'an unknown service'}`,
    ...(startedAt == null ? [] : [`begun ${moment(startedAt)}`]),
    ...(age === null ? [] : [`${lengthOf(Math.max(0, age))} before the onset`]),
  ].join(', ');
}
