import { createHash } from 'node:crypto';
import type { Instant } from '../time.ts';
import type { EventType, IncidentEvent, NewEvent } from './events.ts';
import { EVENT_VERSION } from './events.ts';

/** Before the first event of an incident stands this. */
export const GENESIS = '0'.repeat(64);

/** A row of the timeline, exactly as stored. `body` is the text that the hash covers; jsonb would reorder its keys. */
export interface StoredEvent {
  readonly incidentId: string;
  readonly seq: number;
  readonly type: EventType;
  readonly body: string;
  readonly previousHash: string;
  readonly hash: string;
}

interface Body {
  readonly incidentId: string;
  readonly seq: number;
  readonly at: Instant;
  readonly type: EventType;
  readonly version: number;
  readonly data: unknown;
}

export const chainHash = (previousHash: string, body: string): string =>
  createHash('sha256').update(previousHash).update('\n').update(body).digest('hex');

/** Numbers and chains new events behind `head` (seq 0 and GENESIS for a new incident). */
export function chain(
  incidentId: string,
  head: { readonly seq: number; readonly hash: string },
  events: readonly NewEvent[],
  at: Instant,
): readonly StoredEvent[] {
  let previousHash = head.hash;
  return events.map((event, i) => {
    const seq = head.seq + 1 + i;
    const body = textOf({ incidentId, seq, at, type: event.type, version: EVENT_VERSION, data: event.data });
    const hash = chainHash(previousHash, body);
    const stored: StoredEvent = { incidentId, seq, type: event.type, body, previousHash, hash };
    previousHash = hash;
    return stored;
  });
}

/** What people and providers send may hold anything; PostgreSQL's jsonb takes neither NUL nor half a surrogate pair. */
function textOf(body: Body): string {
  const text = JSON.stringify(body);
  return /\\u(0000|d[89a-f])/.test(text) ? JSON.stringify(body, storable) : text;
}

function storable(_name: string, value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [storableText(name), inner as unknown]));
}

const storableText = (text: string): string => text.toWellFormed().replaceAll('\0', '\u{FFFD}');

/** Reads a stored event back. Older versions are upcast here, never rewritten. */
export function parseEvent(stored: StoredEvent): IncidentEvent {
  const body = JSON.parse(stored.body) as Body;
  return { ...body, hash: stored.hash, previousHash: stored.previousHash } as IncidentEvent;
}

export type ChainFault =
  | { readonly kind: 'gap'; readonly seq: number }
  | { readonly kind: 'altered'; readonly seq: number }
  | { readonly kind: 'unlinked'; readonly seq: number };

/** Walks a timeline from its start. Returns the first fault, or null when every event is what was written. */
export function verifyChain(events: readonly StoredEvent[]): ChainFault | null {
  let previousHash = GENESIS;
  for (const [i, event] of events.entries()) {
    if (event.seq !== i + 1) return { kind: 'gap', seq: i + 1 };
    if (event.previousHash !== previousHash) return { kind: 'unlinked', seq: event.seq };
    if (chainHash(previousHash, event.body) !== event.hash || !saysTheSame(event)) {
      return { kind: 'altered', seq: event.seq };
    }
    previousHash = event.hash;
  }
  return null;
}

/** The columns beside the text are for finding it; the hash covers them only through the text. */
function saysTheSame({ incidentId, seq, type, body }: StoredEvent): boolean {
  const written = JSON.parse(body) as Body;
  return written.incidentId === incidentId && written.seq === seq && written.type === type;
}
