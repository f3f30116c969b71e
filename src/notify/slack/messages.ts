import type { KnownBlock, MrkdwnElement } from '@slack/web-api';
import type { Json } from '../../domain/json.ts';
import type { EffectIntent, IncidentView, Offers } from '../../domain/view.ts';
import { oneLine, shorten, slackLink, slackText } from '../text.ts';
import { buttonsOf } from './buttons.ts';

export interface SlackMessage {
  /** What notifications show, and what is read where blocks are not. */
  readonly text: string;
  readonly blocks: KnownBlock[];
}

export const EVENT_TYPE = 'firebreak_effect';

const SECTION = 3000;
const FIELD = 2000;
const TEXT = 3000;
const FACT = 300;
const FACTS = 20;
const BADGE = 1000;
const BLOCKERS = 10;

/** By this a message is found again after a crash. Readable by every app of the workspace, so nothing else is in it. */
export const metadataOf = (effect: EffectIntent): { event_type: string; event_payload: Record<string, string> } => ({
  event_type: EVENT_TYPE,
  event_payload: { effect_id: effect.id, incident_id: effect.incidentId },
});

/** The incident's own message: its true current state, whatever it was when the message was first posted. */
export const stateMessage = (effect: EffectIntent, incident: IncidentView, offers?: Offers): SlackMessage => {
  const said = oneLine(effect.message);
  const [headline, ...state] = stateBlocks(incident);
  return {
    // A notification shows this alone.
    text: slackText(
      [headlineOf(incident), oneLine(incident.title), said].filter((part) => part !== '').join(': '),
      TEXT,
    ),
    blocks: [
      ...(headline === undefined ? [] : [headline]),
      ...(said === '' ? [] : [section('', effect.message)]),
      ...state,
      ...(offers === undefined ? [] : buttonsOf(incident, offers)),
    ],
  };
};

/** How the incident stands: what it is first, then everything that is known of it. */
export const stateBlocks = (incident: IncidentView): KnownBlock[] => [
  section(`*${slackText(headlineOf(incident), 500)}*\n`, incident.title),
  ...badgesOf(incident),
  { type: 'section', fields: fieldsOf(incident) },
  section(`*Why ${incident.severity}:* `, incident.because),
  ...(incident.rollback === null ? [] : [section('*Rollback:* ', incident.rollback)]),
  ...(incident.clocks.length === 0 ? [] : [section('*Clocks:* ', incident.clocks.map(clockText).join('; '))]),
  ...(incident.blockers.length === 0 ? [] : [section('*Blocked by:*\n', listed(incident.blockers))]),
  ...factsOf(incident),
  ...linksOf(incident),
];

/** What changes how all the rest is to be read. */
function badgesOf({ voided, linkedTo, quiet, storm, recurrence }: IncidentView): KnownBlock[] {
  const badges = [
    voided,
    linkedTo === null ? null : `Linked to ${linkedTo}, which has the page for both`,
    quiet === null ? null : `Quiet: ${quiet}`,
    storm,
    recurrence,
  ];
  return badges
    .filter((badge) => badge !== null)
    .map((badge) => ({ type: 'context', elements: [mrkdwn(slackText(oneLine(badge), BADGE) || '-')] }));
}

const clockText = ({ name, deadline, state }: IncidentView['clocks'][number]): string =>
  state === 'breached' ? `${name} BREACHED, was due ${deadline}` : `${name} until ${deadline}`;

export const lineBlock = (text: string): KnownBlock => section('', text);

/** One line of the incident's thread; outside of it, it says which incident it is about, and has its links. */
export const lineMessage = (effect: EffectIntent, incident: IncidentView, inThread: boolean): SlackMessage => {
  const said = inThread ? effect.message : `${incident.id}, ${headlineOf(incident)}\n${effect.message}`;
  return { text: slackText(oneLine(said), TEXT), blocks: [section('', said), ...(inThread ? [] : linksOf(incident))] };
};

const headlineOf = ({ severity, service, environment, drill }: IncidentView): string =>
  oneLine(
    `${drill === true ? 'DRILL: ' : ''}${severity} on ${service ?? 'unknown service'}${environment === null ? '' : ` (${environment})`}`,
  );

/** `prefix` is ours and may be markup; `text` is data. */
const section = (prefix: string, text: string): KnownBlock => ({
  type: 'section',
  text: mrkdwn(prefix + (slackText(text, SECTION - prefix.length) || '-')),
});

// Verbatim: Slack does not turn words of the text into channels, people or links.
const mrkdwn = (text: string): MrkdwnElement => ({ type: 'mrkdwn', text, verbatim: true });

const fieldsOf = (incident: IncidentView): MrkdwnElement[] => {
  const fields = [
    ['Status', incident.status],
    ['Alerts', `${incident.firing} of ${incident.total} firing`],
    ['Opened', incident.openedAt],
    ['Acknowledged', incident.acknowledgedBy === null ? 'not yet' : `by ${incident.acknowledgedBy}`],
    ['Commander', incident.commander ?? 'nobody'],
    ['Incident', incident.id],
  ] as const;
  return fields.map(([name, value]) => mrkdwn(slackText(`${name}: ${oneLine(value)}`, FIELD)));
};

const factsOf = ({ facts }: IncidentView): KnownBlock[] => {
  const lines = Object.entries(facts).map(([name, value]) => `${name}: ${inWords(value)}`);
  return lines.length === 0 ? [] : [section('*Impact:*\n', listed(lines, FACTS))];
};

/** A line each, as many as can be read. */
const listed = (items: readonly string[], most = BLOCKERS): string => {
  const lines = items.slice(0, most).map((item) => shorten(oneLine(item), FACT));
  return [...lines, ...(items.length > most ? [`and ${items.length - most} more`] : [])].join('\n');
};

const inWords = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

const linksOf = (incident: IncidentView): KnownBlock[] => {
  let line = '';
  for (const { text, href } of incident.links) {
    const link = slackLink(text, href, SECTION - line.length - SEPARATOR.length);
    if (link === '') continue;
    const longer = line === '' ? link : line + SEPARATOR + link;
    if (longer.length <= SECTION) line = longer;
  }
  return line === '' ? [] : [{ type: 'context', elements: [mrkdwn(line)] }];
};

const SEPARATOR = ' · ';
