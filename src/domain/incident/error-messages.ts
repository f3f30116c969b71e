import { redact } from '../redact.ts';
import type { IncidentEvent } from './events.ts';

/** An error as it was said, where, and how often. */
export interface ErrorMessage {
  readonly text: string;
  /** The alert or log that says it. */
  readonly from: string;
  readonly count: number;
  readonly eventSeq: number;
}

const ANNOTATIONS = ['error', 'message', 'description', 'summary'];
const ERROR_LINE = /error|exception|\b(fatal|panic|traceback|critical|segfault|oomkilled|refused|time(d )?out)/i;
const MOST_MESSAGES = 30;
const LONGEST = 400;

/** What failed, in the words of alerts and of the logs that were saved: each once, the most frequent first. */
export function errorMessagesOf(events: readonly IncidentEvent[]): readonly ErrorMessage[] {
  const found = new Map<string, ErrorMessage>();
  for (const { text, from, eventSeq } of events.flatMap(saidIn)) {
    const shown = redact(text).slice(0, LONGEST).toWellFormed();
    const key = sameButForNumbers(shown);
    const known = found.get(key);
    found.set(
      key,
      known === undefined ? { text: shown, from, count: 1, eventSeq } : { ...known, count: known.count + 1 },
    );
  }
  return [...found.values()].sort((a, b) => b.count - a.count).slice(0, MOST_MESSAGES);
}

/** The same error at another moment, for another request. */
const sameButForNumbers = (text: string): string => text.replaceAll(/[0-9a-f]{8,}|\d+/gi, '#');

interface Said {
  readonly text: string;
  readonly from: string;
  readonly eventSeq: number;
}

function saidIn(event: IncidentEvent): readonly Said[] {
  const { seq: eventSeq } = event;
  switch (event.type) {
    case 'alerts-joined':
      return event.data.samples.flatMap(({ name, annotations }) => {
        const text = ANNOTATIONS.map((annotation) => annotations[annotation]).find(
          (said) => said !== undefined && said !== '',
        );
        return text === undefined ? [] : [{ text, from: `alert ${name}`, eventSeq }];
      });
    case 'evidence-captured':
      return event.data.items.flatMap(({ kind, name, text }) => linesOf(text, `${kind} of ${name}`, eventSeq));
    case 'evidence-added':
      return event.data.kind === 'log' && event.data.text !== null
        ? linesOf(event.data.text, event.data.title, eventSeq)
        : [];
    default:
      return [];
  }
}

const linesOf = (text: string, from: string, eventSeq: number): readonly Said[] =>
  text
    .split('\n')
    .filter((line) => ERROR_LINE.test(line))
    .map((line) => ({ text: line.trim(), from, eventSeq }));
