import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { Severity } from '../../domain/severity.ts';
import type { EffectIntent, IncidentView } from '../../domain/view.ts';
import { clean, oneLine, shorten, webUrl } from '../text.ts';

/** A body of `/v2/enqueue`. */
export interface AlertEvent {
  readonly routing_key: string;
  readonly event_action: 'trigger' | 'acknowledge' | 'resolve';
  readonly dedup_key: string;
  readonly payload?: {
    readonly summary: string;
    readonly source: string;
    readonly severity: 'critical' | 'error' | 'warning' | 'info';
    readonly timestamp: string;
    readonly component?: string;
    readonly group?: string;
    readonly custom_details: JsonObject;
  };
  readonly links?: readonly Link[];
  readonly client?: string;
  readonly client_url?: string;
}

/** A body of `/v2/change/enqueue`. */
export interface ChangeEvent {
  readonly routing_key: string;
  readonly payload: { readonly summary: string; readonly source: string; readonly custom_details: JsonObject };
  readonly links: readonly Link[];
}

interface Link {
  readonly href: string;
  readonly text: string;
}

export interface Sender {
  readonly clientName: string;
  readonly clientUrl: string;
}

const LONGEST_DEDUP_KEY = 255;
const LONGEST_SUMMARY = 1024;
const LONGEST_NAME = 255;
/** PagerDuty takes 512 KB a request. Details and links get at most half each of what these limits leave. */
const DETAILS_BYTES = 200 * 1024;
const LINKS = 20;
/** One detail may not crowd out the others. */
const DETAIL_CHARACTERS = 8 * 1024;

/** PagerDuty's key of the incident: the same for every event about it, so that a repeat is recognised as one. */
export const dedupKeyOf = (incidentId: string): string => {
  const key = `firebreak-${incidentId}`;
  return key.length <= LONGEST_DEDUP_KEY ? key : `firebreak-${createHash('sha256').update(incidentId).digest('hex')}`;
};

const SEVERITIES = { P0: 'critical', P1: 'error', P2: 'warning', P3: 'info' } as const satisfies Record<
  Severity,
  string
>;

export const triggerEvent = (
  effect: EffectIntent,
  incident: IncidentView,
  routingKey: string,
  sender: Sender,
): AlertEvent => ({
  routing_key: routingKey,
  event_action: 'trigger',
  dedup_key: dedupKeyOf(incident.id),
  payload: {
    summary: summaryOf(effect, incident),
    source: sourceOf(incident),
    severity: SEVERITIES[incident.severity],
    timestamp: incident.openedAt,
    ...(incident.service === null ? {} : { component: name(incident.service) }),
    ...(incident.environment === null ? {} : { group: name(incident.environment) }),
    custom_details: bounded(detailsOf(incident)),
  },
  links: linksOf(incident),
  client: name(sender.clientName),
  client_url: sender.clientUrl,
});

export const followUpEvent = (
  action: 'acknowledge' | 'resolve',
  incident: IncidentView,
  routingKey: string,
): AlertEvent => ({
  routing_key: routingKey,
  event_action: action,
  dedup_key: dedupKeyOf(incident.id),
});

/** No timestamp: PagerDuty sets the moment at which it hears of it, and the intent knows no other. */
export const changeEvent = (effect: EffectIntent, incident: IncidentView, routingKey: string): ChangeEvent => ({
  routing_key: routingKey,
  payload: {
    summary: summaryOf(effect, incident),
    source: sourceOf(incident),
    custom_details: bounded({ incident: incident.id, ...effect.data }),
  },
  links: linksOf(incident),
});

const summaryOf = (effect: EffectIntent, incident: IncidentView): string => {
  const said = oneLine(effect.message);
  return shorten(
    said === '' ? oneLine(`${incident.severity} on ${sourceOf(incident)}: ${incident.title}`) : said,
    LONGEST_SUMMARY,
  );
};

const name = (text: string): string => shorten(oneLine(text), LONGEST_NAME);

// PagerDuty refuses an event without a source; a service that is not known must not cost the page.
const sourceOf = (incident: IncidentView): string => name(incident.service ?? '') || 'unknown service';

const detailsOf = (incident: IncidentView): JsonObject => ({
  incident: incident.id,
  title: incident.title,
  severity: `${incident.severity}: ${incident.because}`,
  status: incident.status,
  environment: incident.environment ?? undefined,
  alerts: `${incident.firing} of ${incident.total} firing`,
  rollback: incident.rollback ?? undefined,
  ...incident.facts,
});

/** The details that fit, in their order, long ones shortened; what is left out is counted, never silently gone. */
export const bounded = (details: JsonObject, limit = DETAILS_BYTES): JsonObject => {
  const kept: [string, Json][] = [];
  let bytes = 0;
  let omitted = 0;
  for (const [key, value] of Object.entries(details)) {
    if (value === undefined) continue;
    const entry: [string, Json] = [name(key), short(value)];
    const size = Buffer.byteLength(JSON.stringify(entry));
    if (bytes + size > limit) omitted += 1;
    else {
      kept.push(entry);
      bytes += size;
    }
  }
  return Object.fromEntries(omitted === 0 ? kept : [...kept, ['omitted', `${omitted} details, too large for a page`]]);
};

const short = (value: Json): Json => {
  if (typeof value === 'string') return shorten(clean(value), DETAIL_CHARACTERS);
  if (value === null || typeof value !== 'object') return value;
  const text = JSON.stringify(value);
  return text.length <= DETAIL_CHARACTERS ? value : shorten(text, DETAIL_CHARACTERS);
};

const linksOf = (incident: IncidentView): readonly Link[] =>
  incident.links
    .flatMap(({ text, href }) => {
      const url = webUrl(href);
      return url === null ? [] : [{ href: url, text: name(text) || url }];
    })
    .slice(0, LINKS);
