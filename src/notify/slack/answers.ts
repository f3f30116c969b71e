import type { KnownBlock } from '@slack/web-api';
import type { IncidentView, Offers } from '../../domain/view.ts';
import { clean, oneLine, shorten, slackText } from '../text.ts';
import { buttonsOf } from './buttons.ts';
import { lineBlock, stateBlocks } from './messages.ts';

/** What one person reads who asked for something. */
export interface Answer {
  readonly text: string;
  readonly blocks: KnownBlock[];
}

const TEXT = 3_000;
const CHUNK = 2_900;
const MOST_BLOCKS = 45;
const LISTED = 20;

/** Plain text of any length: what does not fit is said to be missing. */
export function answerOf(text: string): Answer {
  const said = clean(text).trim() || '-';
  const chunks = chunksOf(said);
  const shown =
    chunks.length > MOST_BLOCKS ? [...chunks.slice(0, MOST_BLOCKS - 1), '… and more than Slack shows'] : chunks;
  return { text: slackText(oneLine(said), TEXT), blocks: shown.map((chunk) => lineBlock(chunk)) };
}

/** Cut at line ends, so that no block is longer than Slack takes, also after escaping. */
function chunksOf(text: string): readonly string[] {
  const chunks: string[] = [];
  let chunk = '';
  for (const line of text.split('\n').map((each) => shorten(each, CHUNK / 5))) {
    // An escaped character is five at most.
    if (chunk !== '' && chunk.length + 1 + line.length > CHUNK / 5) {
      chunks.push(chunk);
      chunk = line;
    } else chunk = chunk === '' ? line : `${chunk}\n${line}`;
  }
  return [...chunks, chunk];
}

/** How an incident stands, in a line. */
export function stateLine(incident: IncidentView): string {
  const { id, severity, service, status, acknowledgedBy, firing, total, rollback } = incident;
  const who = acknowledgedBy === null ? 'not acknowledged' : `acknowledged by ${acknowledgedBy}`;
  const state = status === 'open' || status === 'acknowledged' ? `${status}, ${who}` : status;
  const line = `${id}: ${severity} on ${service ?? 'unknown service'}, ${state}, ${firing} of ${total} alerts firing.`;
  return oneLine(rollback === null ? line : `${line} ${rollback}.`);
}

export function listAnswer(incidents: readonly IncidentView[]): Answer {
  if (incidents.length === 0) return answerOf('No incident is open.');
  const lines = incidents.slice(0, LISTED).map((each) => `• ${stateLine(each)}`);
  const more = incidents.length > LISTED ? [`and ${incidents.length - LISTED} more`] : [];
  return answerOf([...lines, ...more].join('\n'));
}

export const showAnswer = (incident: IncidentView, offers: Offers): Answer => ({
  text: slackText(stateLine(incident), TEXT),
  blocks: [...stateBlocks(incident), ...buttonsOf(incident, offers)],
});

export const HELP = answerOf(
  [
    'What I understand:',
    '/incident list',
    '/incident show ID',
    '/incident ack ID',
    '/incident command ID',
    '/incident severity ID P1 because …, or severity ID release',
    '/incident fix ID 4 (minutes, less than 5: the rollback waits for it, once)',
    '/incident approve ID, abort ID reason, start ID reason (the rollback)',
    '/incident update ID text',
    '/incident note ID text',
    '/incident dismiss ID reason (a false alarm)',
    '/incident resolve ID reason',
    '/incident publish ID (to the status page, where that awaits approval)',
    '/incident handover',
    'Where only one open incident has its message in this channel, ID may be left out.',
  ].join('\n'),
);
