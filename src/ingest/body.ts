import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Answer } from './answer.ts';
import { errorAnswer, unsupported } from './answer.ts';
import { positionOfJsonError } from './json-position.ts';

export type ReadBody =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  /** The sender went away: there is nobody to answer. */
  | { readonly kind: 'aborted' };

/** Whether the sender says that it sends more than that. */
export const announcesMore = (headers: IncomingHttpHeaders, limit: number): boolean =>
  Number(headers['content-length'] ?? 0) > limit;

/** Reads the body, or stops as soon as it is larger than the limit. Never rejects. */
export function readBody(request: IncomingMessage, limit: number): Promise<ReadBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        request.pause();
        resolve({ kind: 'too-large' });
      } else chunks.push(chunk);
    });
    request.on('end', () => {
      const [first] = chunks;
      resolve({ kind: 'read', bytes: chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks) });
    });
    request.on('error', () => {
      resolve({ kind: 'aborted' });
    });
    request.on('close', () => {
      resolve({ kind: 'aborted' });
    });
  });
}

const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;
const JSON_TYPE = /^application\/(?:json|[\w.!#$&^-]+\+json)\s*(?:;(.*))?$/i;
const UTF_8 = /^\s*charset\s*=\s*"?utf-?8"?\s*$/i;

/** Null when the body is said to be JSON in UTF-8, as it is. */
export function problemOfType(headers: IncomingHttpHeaders): Answer | null {
  const type = headers['content-type'];
  // By far the most frequent, so it is not taken apart.
  if (type !== 'application/json') {
    const match = JSON_TYPE.exec(type ?? '');
    if (match === null) return unsupported('Content-Type must be application/json');
    const charset = (match[1] ?? '').split(';').find((parameter) => /^\s*charset\s*=/i.test(parameter));
    if (charset !== undefined && !UTF_8.test(charset)) return unsupported('The charset must be utf-8');
  }
  return problemOfEncoding(headers);
}

/** The same for what may come as a form, too. */
export const problemOfFormType = (headers: IncomingHttpHeaders): Answer | null =>
  FORM_TYPE.test(headers['content-type'] ?? '') ? problemOfEncoding(headers) : problemOfType(headers);

function problemOfEncoding(headers: IncomingHttpHeaders): Answer | null {
  const encoding = headers['content-encoding'] ?? 'identity';
  return encoding.toLowerCase() === 'identity' ? null : unsupported('Content-Encoding is not supported');
}

export type ParsedBody =
  { readonly kind: 'parsed'; readonly value: unknown } | { readonly kind: 'unreadable'; readonly answer: Answer };

export function parseJson(bytes: Buffer): ParsedBody {
  if (!isUtf8(bytes)) return unreadable('invalid-utf8', 'The body is not valid UTF-8');
  const text = bytes.toString('utf8');
  try {
    return { kind: 'parsed', value: JSON.parse(text.startsWith('\u{FEFF}') ? text.slice(1) : text) as unknown };
  } catch {
    return unreadable('invalid-json', `The body is not valid JSON: ${positionOfJsonError(text)}`);
  }
}

/** A form's fields, the first of each name; JSON where that was said. */
export function parseForm(bytes: Buffer, headers: IncomingHttpHeaders): ParsedBody {
  if (!FORM_TYPE.test(headers['content-type'] ?? '')) return parseJson(bytes);
  if (!isUtf8(bytes)) return unreadable('invalid-utf8', 'The body is not valid UTF-8');
  const fields = new URLSearchParams(bytes.toString('utf8'));
  return { kind: 'parsed', value: Object.fromEntries([...fields].reverse()) };
}

const unreadable = (code: string, message: string): ParsedBody => ({
  kind: 'unreadable',
  answer: errorAnswer({ status: 400, outcome: 'unreadable', code, message, field: '' }),
});
