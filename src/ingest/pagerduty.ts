import { iso } from '../domain/time.ts';
import type { GivenAlert } from './observe.ts';
import { observe } from './observe.ts';
import type { ObservedAlert, PageNews, RejectedAlert } from './ports.ts';
import type { Problem } from './problem.ts';
import type { ReadOptions } from './read-delivery.ts';
import { isRecord, kindOf, quarantinable, storable } from './text.ts';
import { readTimestamp } from './timestamp.ts';

export type PagerDutyNotice =
  /** A person acted on a page of ours. */
  | { readonly kind: 'own-page'; readonly eventId: string; readonly at: number; readonly news: PageNews }
  /** An incident that somebody else raised there. */
  | { readonly kind: 'alert'; readonly eventId: string; readonly observed: ObservedAlert }
  /** Nothing for us; the answer is 202 all the same. */
  | { readonly kind: 'ignored'; readonly eventId: string; readonly because: string }
  /** From PagerDuty, but not as we know it. To be kept and accepted: three 4xx in a row silence it for a day. */
  | { readonly kind: 'rejected'; readonly rejected: RejectedAlert }
  | { readonly kind: 'unreadable'; readonly problem: Problem };

type Fields = Readonly<Record<string, unknown>>;

const OWN_KEY = 'firebreak-';
const LONGEST_TEXT = 1024;
const LONGEST_ID = 128;

/** One webhook of PagerDuty's version 3, which carries one event. Never throws. */
export function readPagerDutyWebhook(body: unknown, options: ReadOptions): PagerDutyNotice {
  const event = isRecord(body) ? body['event'] : undefined;
  if (!isRecord(event)) {
    const message = `expected an object, got ${kindOf(event)}`;
    return { kind: 'unreadable', problem: { code: 'missing-field', message, field: 'event' } };
  }
  const eventId = textOf(event['id']) ?? '';
  const type = textOf(event['event_type']) ?? '';
  const incident = event['data'];
  // `pagey.ping`, services, notes, responders: all of them have other data.
  if (!type.startsWith('incident.') || !isRecord(incident) || incident['type'] !== 'incident') {
    return { kind: 'ignored', eventId, because: type === '' ? 'no event type' : type };
  }
  const incidentId = ownIncidentOf(incident);
  return incidentId === null
    ? readForeign({ event, eventId, type, incident }, options)
    : readOwn({ event, eventId, type, incident }, incidentId, options);
}

interface Notice {
  readonly event: Fields;
  readonly eventId: string;
  readonly type: string;
  readonly incident: Fields;
}

/** The Firebreak incident whose page this is, by our deduplication key. */
function ownIncidentOf(incident: Fields): string | null {
  const key = textOf(incident['incident_key']);
  return key?.startsWith(OWN_KEY) === true && key.length > OWN_KEY.length ? key.slice(OWN_KEY.length) : null;
}

const NEWS: Readonly<Record<string, PageNews['news'] | undefined>> = {
  'incident.acknowledged': 'acknowledged',
  'incident.resolved': 'resolved',
};

function readOwn({ event, eventId, type }: Notice, incidentId: string, options: ReadOptions): PagerDutyNotice {
  const news = Object.hasOwn(NEWS, type) ? NEWS[type] : undefined;
  if (news === undefined) return { kind: 'ignored', eventId, because: `${type} of our own page` };
  const agent = event['agent'];
  // What we did ourselves through the API comes back as an integration's doing; acting on it would go in a circle.
  if (!isRecord(agent) || agent['type'] !== 'user_reference') {
    return { kind: 'ignored', eventId, because: `${type} by no person` };
  }
  const by = textOf(agent['summary']) ?? textOf(agent['id']) ?? 'somebody in PagerDuty';
  const at = instantOf(event['occurred_at']);
  return {
    kind: 'own-page',
    eventId,
    at: at === null ? options.receivedAt : Date.parse(at),
    news: { incidentId, news, by },
  };
}

function readForeign({ event, eventId, type, incident }: Notice, options: ReadOptions): PagerDutyNotice {
  const id = textOf(incident['id']);
  if (id === null || id.length > LONGEST_ID) {
    const message = `expected a string of at most ${LONGEST_ID} characters`;
    return { kind: 'rejected', rejected: { index: 0, field: 'event.data.id', message, raw: quarantinable(event) } };
  }
  const occurredAt = instantOf(event['occurred_at']);
  const resolved = type === 'incident.resolved' || incident['status'] === 'resolved';
  // Reopening is a new occurrence of the same incident, whose own start does not move.
  const startsAt = type === 'incident.reopened' ? occurredAt : instantOf(incident['created_at']);
  const given: GivenAlert = {
    source: 'pagerduty',
    fingerprint: id,
    status: resolved ? 'resolved' : 'firing',
    labels: labelsOf(incident),
    annotations: annotationsOf(incident),
    startsAt: startsAt ?? occurredAt,
    endsAt: resolved ? occurredAt : null,
    generatorUrl: textOf(incident['html_url']),
  };
  return { kind: 'alert', eventId, observed: observe(given, iso(options.receivedAt), options.correlation) };
}

function labelsOf(incident: Fields): Readonly<Record<string, string>> {
  const labels = {
    alertname: textOf(incident['title']) ?? 'PagerDuty incident',
    service: summaryOf(incident['service']),
    urgency: textOf(incident['urgency']),
    priority: summaryOf(incident['priority']),
  };
  return Object.fromEntries(Object.entries(labels).filter((entry): entry is [string, string] => entry[1] !== null));
}

/** Whoever raised it knows it by this key: it tells which page of ours is the same. */
function annotationsOf(incident: Fields): Readonly<Record<string, string>> {
  const key = textOf(incident['incident_key']);
  return key === null ? {} : { incident_key: key };
}

const summaryOf = (reference: unknown): string | null => (isRecord(reference) ? textOf(reference['summary']) : null);

/** Text that says something, storable and of bounded length; null when there is none. */
const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? storable(value.slice(0, LONGEST_TEXT)) : null;

const instantOf = (value: unknown): string | null => (typeof value === 'string' ? readTimestamp(value) : null);
