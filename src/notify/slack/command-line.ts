import { SEVERITIES } from '../../domain/severity.ts';
import { clean } from '../text.ts';
import type { Ask, Deed } from './asks.ts';
import { unclear } from './asks.ts';

const INCIDENT_ID = /^INC-\d{8}-\d{6}(?:-\d{1,6})?$/i;
/** Meant to be an id, with a digit too few, a mark around it or without its name: never taken for text about another incident. */
const LIKE_AN_ID = /^\W*(?:INC-?\d|\d{8}-\d{4,})/i;

/** What follows the verb: the incident, if one is named, and the rest as it was written. */
interface Given {
  readonly incidentId: string | null;
  readonly rest: string;
}

type Verb = (given: Given) => Ask;

const act = (incidentId: string | null, deed: Deed): Ask => ({ kind: 'do', incidentId, deed });

const bare =
  (deed: Deed): Verb =>
  ({ incidentId, rest }) =>
    rest === '' ? act(incidentId, deed) : unclear(`I do not know what "${rest}" means here.`);

/** What needs words, and cannot do without them. */
const worded =
  (what: string, deed: (text: string) => Deed): Verb =>
  ({ incidentId, rest }) =>
    rest === '' ? unclear(`${what} is missing.`) : act(incidentId, deed(rest));

const severity: Verb = ({ incidentId, rest }) => {
  const [word, because] = split(rest);
  if (word.toLowerCase() === 'release') return act(incidentId, { kind: 'release-severity' });
  const known = SEVERITIES.find((each) => each === word.toUpperCase());
  if (known === undefined) return unclear('Say P0, P1, P2 or P3 and why, or release.');
  // A person's word stands against the rules until it is released: whoever reads it later must know why.
  if (because === '') return unclear(`Why ${known}? Add it: severity ${known} because …`);
  return act(incidentId, { kind: 'override-severity', severity: known, because: because.replace(/^because\s+/i, '') });
};

const fix: Verb = ({ incidentId, rest }) => {
  const minutes = /^(\d+(?:\.\d+)?)\s*(?:m|min|mins|minutes?)?$/i.exec(rest)?.[1];
  if (minutes === undefined) return unclear('Say in how many minutes the fix is there, less than 5: fix 4');
  return act(incidentId, { kind: 'declare-fix', seconds: Math.round(Number(minutes) * 60) });
};

/** The beginning of the plan's hash may be given, so that no other plan is approved than the one that was read. */
const approve: Verb = ({ incidentId, rest }) => {
  const deed: Deed = { kind: 'approve-rollback', planHash: null };
  if (rest === '') return act(incidentId, deed);
  if (!/^[0-9a-f]{6,64}$/i.test(rest)) return unclear(`"${rest}" is not the beginning of a plan's hash.`);
  return { kind: 'do', incidentId, deed, plan: rest.toLowerCase() };
};

const abort: Verb = ({ incidentId, rest }) =>
  act(incidentId, { kind: 'abort-rollback', because: rest === '' ? 'no reason given' : rest });

const VERBS: Readonly<Record<string, Verb>> = {
  help: () => ({ kind: 'help' }),
  list: () => ({ kind: 'list' }),
  handover: () => ({ kind: 'handover' }),
  show: ({ incidentId, rest }) => (rest === '' ? { kind: 'show', incidentId } : noSuchId(rest)),
  ack: bare({ kind: 'acknowledge' }),
  command: bare({ kind: 'take-command' }),
  severity,
  fix,
  approve,
  abort,
  start: worded('The reason', (because) => ({ kind: 'request-rollback', because })),
  update: worded('The text', (text) => ({ kind: 'write-update', text })),
  note: worded('The text', (text) => ({ kind: 'add-note', text })),
  dismiss: worded('The reason', (because) => ({ kind: 'dismiss', because })),
  resolve: worded('The reason', (because) => ({ kind: 'resolve', because })),
  publish: bare({ kind: 'approve-publication' }),
};

const OTHER_NAMES: Readonly<Record<string, string>> = {
  acknowledge: 'ack',
  take: 'command',
  rollback: 'start',
  '?': 'help',
};

const noSuchId = (text: string): Ask => unclear(`"${text}" is not the id of an incident (INC-YYYYMMDD-HHMMSS).`);

/** What stands behind `/incident`. */
export function readCommandLine(text: string): Ask {
  const [verb, rest] = split(plain(text));
  const name = verb.toLowerCase();
  if (name === '') return { kind: 'help' };
  const known = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : name;
  const read = known !== undefined && Object.hasOwn(VERBS, known) ? VERBS[known] : undefined;
  if (read === undefined) return unclear(`I do not know "${verb}".`);
  const [first, others] = split(rest);
  if (INCIDENT_ID.test(first)) return read({ incidentId: first.toUpperCase(), rest: others });
  return LIKE_AN_ID.test(first) ? noSuchId(first) : read({ incidentId: null, rest });
}

/** The first word and what follows it. */
function split(text: string): readonly [string, string] {
  const [, first = '', rest = ''] = /^(\S*)\s*([\s\S]*)$/.exec(text.trim()) ?? [];
  return [first, rest];
}

const ENTITIES: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&amp;': '&' };

/** As it was typed: Slack escapes what its own markup is made of. */
const plain = (text: string): string => clean(text).replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity] ?? entity);
