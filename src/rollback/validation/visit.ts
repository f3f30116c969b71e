import type { ProbeDeps, Scope } from './ports.ts';
import { within } from './within.ts';

/** One request may take this long; a sample is due every 10 s. */
const REQUEST_MS = 5_000;

export interface Answered {
  readonly status: number;
  readonly body: string;
  readonly setCookies: readonly string[];
}

/** Not answered: the other side did not. Not asked: we gave up, or cannot ask, which says nothing about the other side. */
export type Visit =
  | { readonly kind: 'answered'; readonly answer: Answered }
  | { readonly kind: 'not-answered'; readonly why: string }
  | { readonly kind: 'not-asked'; readonly why: string };

export async function visit(
  { http, classify }: ProbeDeps,
  request: { readonly method: string; readonly url: URL; readonly cookies: string },
  signal: AbortSignal,
  timeoutMs = REQUEST_MS,
): Promise<Visit> {
  const { method, url, cookies } = request;
  const headers = { Accept: '*/*', ...(cookies === '' ? {} : { Cookie: cookies }) };
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const ended = (): Visit =>
    signal.aborted
      ? { kind: 'not-asked', why: 'there was no time left' }
      : { kind: 'not-answered', why: `no answer in ${timeoutMs / 1000} s` };
  try {
    const send = () => http.request({ method, url: url.href, headers, responseType: 'text', signal: bounded });
    const response = await within(send, bounded);
    return response === null ? ended() : { kind: 'answered', answer: read(response) };
  } catch (error) {
    if (bounded.aborted) return ended();
    const { kind, message } = classify(error);
    return { kind: kind === 'rejected' ? 'not-asked' : 'not-answered', why: message };
  }
}

function read({ status, data, headers }: Awaited<ReturnType<ProbeDeps['http']['request']>>): Answered {
  const given = (headers as Readonly<Record<string, unknown>>)['set-cookie'];
  const lines: readonly unknown[] = Array.isArray(given) ? given : [given];
  const setCookies = lines.filter((line) => typeof line === 'string');
  return { status, body: typeof data === 'string' ? data : '', setCookies };
}

/** The address with `$service` and `$environment` filled, so that a value cannot reach beyond its place in it. */
export function addressOf(template: string, scope: Scope): { readonly url: URL } | { readonly wrong: string } {
  const named = Array.from(template.matchAll(PLACEHOLDER), ([, name]) => name as keyof Scope);
  const unusable = named.find((name) => !isUsable(scope[name]));
  if (unusable !== undefined) return { wrong: `$${unusable} is not known, or cannot stand in an address` };
  const filled = template.replaceAll(PLACEHOLDER, (_, name: keyof Scope) => encodeURIComponent(scope[name] ?? ''));
  const url = URL.parse(filled);
  return url === null ? { wrong: `${filled} is no address` } : { url };
}

const PLACEHOLDER = /\$(service|environment)(?!\w)/g;

/** Encoding makes every text harmless but `.` and `..`, which are steps in a path. */
const isUsable = (value: string | null): value is string =>
  value !== null && value.isWellFormed() && !/^\.*$/.test(value);
