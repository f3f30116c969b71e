import { createHash } from 'node:crypto';
import type { Json } from '../../domain/json.ts';
import type { EffectIntent, IncidentView } from '../../domain/view.ts';
import { clean, oneLine, publicName, shorten, webUrl } from '../text.ts';
import { filledTemplate } from '../templates.ts';
import type { Letter } from './letter.ts';

export const AUDIENCES = ['team', 'stakeholders', 'customers', 'person'] as const;
export type MailAudience = (typeof AUDIENCES)[number];

const SUBJECT = 200;
const TITLE = 1_000;
const MESSAGE = 50_000;
const FIELD = 4_000;
const FACT = 300;
const FACTS = 20;
const LINKS = 20;
const LABEL = 100;

/** By this a repeat after a crash is known for one, by mail programs and by many servers. */
export const messageIdOf = (effectId: string, domain: string): string => identifier(effectId, effectId, domain);

/**
 * What all mails of an incident to one audience refer to, so that mail programs show them as one thread. It names no
 * mail: whichever of them comes first, or is lost, the others stay together.
 */
export const threadOf = (incidentId: string, audience: MailAudience, domain: string): string =>
  identifier(`${incidentId}.${audience}`, `thread ${incidentId} ${audience}`, domain);

/** Readable, in the characters that an identifier may have, and never the same for two names. */
const identifier = (name: string, unique: string, domain: string): string => {
  const readable = name
    .replace(/[^A-Za-z0-9-]+/g, '.')
    .replace(/^\.+|\.+$/g, '')
    .slice(0, 100);
  const hash = createHash('sha256').update(unique).digest('hex').slice(0, 16);
  return `<${readable === '' ? '' : `${readable}.`}${hash}@${domain}>`;
};

/** The name of the host that the sender's address names. */
export const domainOf = (from: string): string => /@([A-Za-z0-9.-]+)>?\s*$/.exec(from)?.[1] ?? 'firebreak.invalid';

/**
 * One line, the same for all mails of the incident as long as its severity is: a subject that shows the wrong severity
 * would be worse than a second thread in the programs that go by the subject.
 */
export const subjectOf = (effect: EffectIntent, incident: IncidentView, audience: MailAudience): string => {
  const given = effect.data['subject'];
  const mark = incident.drill === true ? 'DRILL: ' : '';
  if (typeof given === 'string' && oneLine(given) !== '') {
    return shorten(`${mark}${withoutMark(oneLine(given))}`, SUBJECT);
  }
  const id = ` (${shorten(oneLine(incident.id), LABEL)})`;
  const about = audience === 'customers' ? publicName(incident.service) : mark + internalSubject(incident);
  // The end is what mails are found by, so what is too long is cut before it.
  return shorten(about, SUBJECT - id.length) + id;
};

const internalSubject = ({ severity, service, title }: IncidentView): string =>
  `[${severity}] ${nameOf(service)}: ${withoutMark(oneLine(title)) || 'no title'}`;

const withoutMark = (text: string): string => text.replace(/^DRILL: */, '');

const nameOf = (service: string | null): string => shorten(oneLine(service ?? ''), LABEL) || 'unknown service';

/** What the mail says. Customers get what was written for them, and nothing of ours beside it. */
export const letterOf = (
  effect: EffectIntent,
  incident: IncidentView,
  audience: MailAudience,
  template: string | null,
): Letter => {
  const paragraphs = paragraphsOf(template === null ? effect.message : filledTemplate(template, effect, incident));
  return audience === 'customers' ? publicLetter(incident, paragraphs) : internalLetter(incident, paragraphs);
};

const paragraphsOf = (text: string): readonly string[] =>
  shorten(clean(text), MESSAGE)
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '');

const PUBLIC_STATUS: Readonly<Record<IncidentView['status'], string>> = {
  open: 'we are working on it',
  acknowledged: 'we are working on it',
  mitigated: 'it works again, and we are watching it',
  resolved: 'resolved',
  closed: 'resolved',
};

const publicLetter = (incident: IncidentView, paragraphs: readonly string[]): Letter => ({
  heading: publicName(incident.service),
  lead: '',
  paragraphs,
  fields: [['Status', PUBLIC_STATUS[incident.status]]],
  impact: [],
  links: [],
  footer: oneLine(incident.id),
});

const internalLetter = (incident: IncidentView, paragraphs: readonly string[]): Letter => ({
  heading: headingOf(incident),
  lead: shorten(oneLine(incident.title), TITLE),
  paragraphs,
  fields: fieldsOf(incident),
  impact: impactOf(incident),
  links: linksOf(incident),
  footer: `${oneLine(incident.id)}. Sent by Firebreak; nobody reads answers to this address.`,
});

const headingOf = ({ severity, service, environment, drill }: IncidentView): string => {
  const where = environment === null ? '' : ` (${shorten(oneLine(environment), LABEL)})`;
  return `${drill === true ? 'DRILL, nothing is broken: ' : ''}${severity} on ${nameOf(service)}${where}`;
};

const fieldsOf = (incident: IncidentView): Letter['fields'] => [
  ['Severity', field(incident.because === '' ? incident.severity : `${incident.severity}: ${incident.because}`)],
  ['Status', incident.status],
  ['Alerts', `${incident.firing} of ${incident.total} firing`],
  ['Opened', oneLine(incident.openedAt)],
  ['Acknowledged', incident.acknowledgedBy === null ? 'not yet' : `by ${field(incident.acknowledgedBy)}`],
  ...optional('Commander', incident.commander),
  ...optional('Rollback', incident.rollback),
  ...optional('Blocked by', incident.blockers.join('; ')),
  ...optional('Clocks', incident.clocks.map(clockText).join('; ')),
  ...optional('Seen before', incident.recurrence),
  ...optional('Storm', incident.storm),
  ...optional('Same page as', incident.linkedTo),
  ...optional('Quiet', incident.quiet),
  ...optional('No longer counted', incident.voided),
];

const optional = (name: string, text: string | null): Letter['fields'] =>
  text === null || text === '' ? [] : [[name, field(text)]];

const clockText = ({ name, deadline, state }: IncidentView['clocks'][number]): string =>
  state === 'breached' ? `${name} breached, was due ${deadline}` : `${name} due ${deadline}`;

const field = (text: string): string => shorten(oneLine(text), FIELD);

const impactOf = ({ facts }: IncidentView): readonly string[] => {
  const lines = Object.entries(facts).map(([name, value]) => shorten(oneLine(`${name}: ${inWords(value)}`), FACT));
  return lines.length > FACTS ? [...lines.slice(0, FACTS), `and ${lines.length - FACTS} more`] : lines;
};

const inWords = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

const linksOf = (incident: IncidentView): Letter['links'] =>
  incident.links
    .flatMap(({ text, href }) => {
      const url = webUrl(href);
      return url === null ? [] : [{ text: shorten(oneLine(text), LABEL) || 'Link', href: url }];
    })
    .slice(0, LINKS);
