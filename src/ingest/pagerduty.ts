import { isOwnNote } from '../domain/pagerduty-note.ts';
import { iso } from '../domain/time.ts';
import type { GivenAlert } from './observe.ts';
import { observe } from './observe.ts';
import type { ObservedAlert, PageNews, RejectedAlert } from './ports.ts';
import type { Problem } from './problem.ts';
import type { ReadOptions } from './read-delivery.ts';
import { isRecord, kindOf, quarantinable, storable } from './text.ts';
import { readTimestamp } from './timestamp.ts';

export type PagerDutyNotice =
  /** Something happened to a page of ours, or somebody wrote to an incident there. */
  | { readonly kind: 'page-news'; readonly eventId: string; readonly at: number; readonly news: PageNews }
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
const LONGEST_NOTE = 10_000;
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
  const data = event['data'];
  if (!type.startsWith('incident.') || !isRecord(data)) return { kind: 'ignored', eventId, because: nameOf(type) };
  const notice = { event, eventId, type, data };
  if (data['type'] !== 'incident') return readAbout(notice, options);
  const incidentId = ownIncidentOf(data);
  return incidentId === null ? readForeign(notice, options) : readOwn(notice, incidentId, options);
}

const nameOf = (type: string): string => (type === '' ? 'no event type' : type);

interface Notice {
  readonly event: Fields;
  readonly eventId: string;
  readonly type: string;
  readonly data: Fields;
}

/** The Firebreak incident whose page this is, by our deduplication key. */
function ownIncidentOf(incident: Fields): string | null {
  const key = textOf(incident['incident_key']);
  return key?.startsWith(OWN_KEY) === true && key.length > OWN_KEY.length ? key.slice(OWN_KEY.length) : null;
}

function readOwn(notice: Notice, incidentId: string, options: ReadOptions): PagerDutyNotice {
  const { eventId, type, event, data } = notice;
  const news = ownNews(type, data);
  if (news === null) return { kind: 'ignored', eventId, because: `${type} of our own page` };
  // What we did ourselves through the API comes back as an integration's doing; acting on it would go in a circle.
  if ((news.kind === 'acknowledged' || news.kind === 'resolved') && personOf(event) === null) {
    return { kind: 'ignored', eventId, because: `${type} by no person` };
  }
  return pageNews(notice, { incidentId, pageId: pageIdOf(data['id']), news }, options);
}

/** What PagerDuty does by itself, when nobody answers, is worth knowing as well. */
function ownNews(type: string, data: Fields): PageNews['news'] | null {
  const note = (text: string): PageNews['news'] => ({ kind: 'note', text });
  switch (type) {
    case 'incident.triggered':
      return { kind: 'raised' };
    case 'incident.acknowledged':
      return { kind: 'acknowledged' };
    case 'incident.resolved':
      return { kind: 'resolved' };
    case 'incident.unacknowledged':
      return note('The page is no longer acknowledged in PagerDuty');
    case 'incident.reopened':
      return note('The page was reopened in PagerDuty');
    case 'incident.escalated':
      return note(`The page was escalated in PagerDuty to ${assigneesOf(data)}`);
    case 'incident.reassigned':
      return note(`The page was reassigned in PagerDuty to ${assigneesOf(data)}`);
    case 'incident.delegated':
      return note(`The page was delegated in PagerDuty to ${summaryOf(data['escalation_policy']) ?? 'nobody named'}`);
    case 'incident.priority_updated':
      return note(`The page's priority in PagerDuty is now ${summaryOf(data['priority']) ?? 'none'}`);
    default:
      return null;
  }
}

const MOST_NAMES = 10;

function assigneesOf({ assignees }: Fields): string {
  const list = Array.isArray(assignees) ? (assignees as unknown[]) : [];
  const names = list.slice(0, MOST_NAMES).flatMap((assignee) => summaryOf(assignee) ?? []);
  return names.length === 0 ? 'nobody named' : names.join(', ');
}

/** What comes with a mere reference to its incident: notes, updates, responders. */
function readAbout(notice: Notice, options: ReadOptions): PagerDutyNotice {
  const { eventId, type, data } = notice;
  const incident = data['incident'];
  const pageId = isRecord(incident) ? pageIdOf(incident['id']) : null;
  const text = writtenIn(data);
  if (pageId === null || text === null) return { kind: 'ignored', eventId, because: nameOf(type) };
  if (isOwnNote(text)) return { kind: 'ignored', eventId, because: 'a note of our own' };
  return pageNews(notice, { incidentId: null, pageId, news: { kind: 'note', text } }, options);
}

function writtenIn(data: Fields): string | null {
  const cut = data['trimmed'] === true ? ' … (cut by PagerDuty)' : '';
  switch (data['type']) {
    case 'incident_note': {
      const content = textOf(data['content'], LONGEST_NOTE);
      return content === null ? null : content + cut;
    }
    case 'incident_status_update': {
      const message = textOf(data['message'], LONGEST_NOTE);
      return message === null ? null : `Status update in PagerDuty: ${message}${cut}`;
    }
    case 'incident_responder': {
      const who = summaryOf(data['user']) ?? summaryOf(data['escalation_policy']);
      return who === null ? null : `Responder in PagerDuty: ${who}, ${textOf(data['state']) ?? 'asked'}`;
    }
    default:
      return null;
  }
}

function pageNews(
  { eventId, event }: Notice,
  about: Pick<PageNews, 'incidentId' | 'pageId' | 'news'>,
  options: ReadOptions,
): PagerDutyNotice {
  const at = instantOf(event['occurred_at']);
  const by = personOf(event) ?? 'PagerDuty';
  return {
    kind: 'page-news',
    eventId,
    at: at === null ? options.receivedAt : Date.parse(at),
    news: { ...about, by },
  };
}

/** The person who did it; null: a program, or PagerDuty by itself. */
function personOf({ agent }: Fields): string | null {
  if (!isRecord(agent) || agent['type'] !== 'user_reference') return null;
  return textOf(agent['summary']) ?? textOf(agent['id']) ?? 'somebody in PagerDuty';
}

function pageIdOf(value: unknown): string | null {
  const id = textOf(value);
  return id === null || id.length > LONGEST_ID ? null : id;
}

function readForeign({ event, eventId, type, data: incident }: Notice, options: ReadOptions): PagerDutyNotice {
  const id = pageIdOf(incident['id']);
  if (id === null) {
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
const textOf = (value: unknown, longest = LONGEST_TEXT): string | null =>
  typeof value === 'string' && value !== '' ? storable(value.slice(0, longest)) : null;

const instantOf = (value: unknown): string | null => (typeof value === 'string' ? readTimestamp(value) : null);
