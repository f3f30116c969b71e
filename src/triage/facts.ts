import type { FactSet } from '../domain/decision.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { ImpactTrend } from '../domain/trend.ts';
import { isMeasurable, RESERVED_FACTS } from './catalogue.ts';
import type { MetricAnswer } from './ports.ts';
import { ALERT_READINGS, readImpact, withinRange } from './reading.ts';

/** A number that was asked for, with words on where from: the query, or the person who said it. */
export interface Measurement {
  readonly answer: MetricAnswer;
  readonly source: string;
}

/** One alert that fires, as far as its impact is to be read from it. */
export interface AlertText {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What is known of an incident; null where nobody can say. */
export interface FactInput {
  readonly service: string | null;
  readonly environment: string | null;
  readonly customerFacing: boolean | null;
  /** The team that the configuration names for the service. */
  readonly serviceSpecialist: string | null;
  /** Common to the alerts, or of the first one. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly alertNames: readonly string[];
  readonly alertCount: number;
  readonly firingSeconds: number;
  readonly impactTrend: ImpactTrend | null;
  readonly suspectChange: JsonObject | null;
  /** Why no change of late is suspected. */
  readonly acquittedChanges: string | null;
  /** Somebody changes the service since the trouble began. */
  readonly changeUnderWay: string | null;
  readonly rollbackReady: boolean | null;
  readonly fixEtaSeconds: number | null;
  readonly priorIncidents30d: number | null;
  /** By fact name: reserved impact facts and those that the configuration declares. */
  readonly measured: Readonly<Record<string, Measurement>>;
  /** What a person says of it, by fact name: counts where nothing measures it. */
  readonly stated: Readonly<Record<string, number>>;
  /** The alerts that fire now. */
  readonly alerts: readonly AlertText[];
  readonly now: number;
}

interface Found {
  readonly value: Json | null;
  readonly source: string;
}

/** The facts of an incident at one moment. What cannot be used is unknown, with the reason as its source. */
export function assembleFacts(input: FactInput): FactSet {
  const found = new Map<string, Found>(Object.keys(RESERVED_FACTS).map((name) => [name, NOTHING]));
  for (const [name, value] of Object.entries(incidentFacts(input))) {
    if (value !== null) found.set(name, { value, source: sourceOf(name) });
  }
  for (const name of new Set([...Object.keys(ALERT_READINGS), ...Object.keys(input.measured)])) {
    if (isMeasurable(name)) found.set(name, measuredOrRead(name, input));
  }
  const entries = [...found];
  return {
    known: Object.fromEntries(entries.flatMap(([name, { value }]) => (value === null ? [] : [[name, value]]))),
    unknown: entries.filter(([, { value }]) => value === null).map(([name]) => name),
    sources: Object.fromEntries(entries.map(([name, { source }]) => [name, source])),
  };
}

const NOTHING: Found = { value: null, source: 'nothing gave it' };

function incidentFacts(input: FactInput): Readonly<Record<string, Json>> {
  const { service, environment, customerFacing, labels, annotations, alertNames, alertCount, firingSeconds } = input;
  const {
    serviceSpecialist,
    impactTrend,
    suspectChange,
    acquittedChanges,
    changeUnderWay,
    rollbackReady,
    fixEtaSeconds,
    priorIncidents30d,
  } = input;
  return {
    ...{ service, environment, customerFacing, labels, annotations, alertNames, alertCount, firingSeconds },
    ...{
      serviceSpecialist,
      impactTrend,
      suspectChange,
      acquittedChanges,
      changeUnderWay,
      rollbackReady,
      fixEtaSeconds,
      priorIncidents30d,
    },
    ...timeFacts(input.now),
  };
}

const SOURCES: Readonly<Record<string, string>> = {
  customerFacing: 'configuration',
  serviceSpecialist: 'configuration',
  suspectChange: 'changes',
  acquittedChanges: 'changes',
  changeUnderWay: 'changes',
  rollbackReady: 'rehearsal',
  fixEtaSeconds: 'responder',
  hourOfDay: 'clock',
  dayOfWeek: 'clock',
};
const sourceOf = (name: string): string => SOURCES[name] ?? 'incident';

/** UTC; days as in PromQL's day_of_week(): 0 is Sunday. */
export function timeFacts(now: number): { readonly hourOfDay: number; readonly dayOfWeek: number } {
  const date = new Date(now);
  return { hourOfDay: date.getUTCHours(), dayOfWeek: date.getUTCDay() };
}

/**
 * A measurement goes before what a person says, and that before what an alert says; where one gives no number, the next is
 * asked after all.
 */
function measuredOrRead(name: string, input: FactInput): Found {
  const measurement = Object.hasOwn(input.measured, name) ? input.measured[name] : undefined;
  const measured = measurement === undefined ? null : fromMeasurement(name, measurement);
  if (measured !== null && measured.value !== null) return measured;
  const stated = Object.hasOwn(input.stated, name) ? input.stated[name] : undefined;
  if (stated !== undefined) return { value: stated, source: 'person' };
  const read = isReading(name) ? worstOfAlerts(name, input.alerts) : NOTHING;
  if (measured === null) return read;
  return read === NOTHING ? measured : { value: read.value, source: `${read.source} (${measured.source})` };
}

const isReading = (name: string): name is keyof typeof ALERT_READINGS => Object.hasOwn(ALERT_READINGS, name);

function fromMeasurement(name: string, { answer, source }: Measurement): Found {
  if (answer.kind === 'failed')
    return { value: null, source: `${source}: ${answer.failure.kind}: ${answer.failure.message}` };
  if (answer.kind === 'no-data') return { value: null, source: `${source}: no data: ${answer.reason}` };
  const reading = withinRange(name, answer.value);
  return 'value' in reading ? { value: reading.value, source } : { value: null, source: `${source}: ${reading.wrong}` };
}

/** The highest number that any alert carries; an annotation goes before the label of the same alert. */
function worstOfAlerts(fact: keyof typeof ALERT_READINGS, alerts: readonly AlertText[]): Found {
  let worst: { value: number; source: string } | null = null;
  let wrong: string | null = null;
  for (const alert of alerts) {
    const text = textOf(ALERT_READINGS[fact], alert);
    if (text === null) continue;
    const reading = readImpact(fact, text.text);
    const source = `${text.kind} ${ALERT_READINGS[fact]} of ${alert.name}`;
    if ('wrong' in reading) wrong ??= `${source}: ${reading.wrong}`;
    else if (worst === null || reading.value > worst.value) worst = { value: reading.value, source };
  }
  if (worst !== null) return worst;
  return wrong === null ? NOTHING : { value: null, source: wrong };
}

function textOf(
  key: string,
  { labels, annotations }: AlertText,
): { kind: 'annotation' | 'label'; text: string } | null {
  for (const [kind, texts] of [
    ['annotation', annotations],
    ['label', labels],
  ] as const) {
    const text = Object.hasOwn(texts, key) ? texts[key] : undefined;
    if (text !== undefined) return { kind, text };
  }
  return null;
}
