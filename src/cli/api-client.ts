import type { z } from 'zod';
import { errorAnswer } from './answers.ts';
import { RunFailure, UsageError } from './errors.ts';
import type { CliIo } from './io.ts';

const TIMEOUT_MS = 30_000;
const USUAL_URL = 'http://127.0.0.1:8080';

export interface ApiClient {
  /** Throws UsageError for what the server calls invalid, else RunFailure. */
  get<S extends z.ZodType>(path: string, answer: S): Promise<z.output<S>>;
  post<S extends z.ZodType>(path: string, body: object, answer: S): Promise<z.output<S>>;
  /** An answer that is a file, as it is. */
  file(path: string): Promise<string>;
}

/** The API of a running server: `--url`, else FIREBREAK_URL, else this machine. The token is FIREBREAK_TOKEN. */
export function apiClient(io: CliIo, url: string | undefined): ApiClient {
  const base = baseOf(url ?? presence(io.env['FIREBREAK_URL']) ?? USUAL_URL);
  const token = presence(io.env['FIREBREAK_TOKEN']);
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };

  const askText = async (path: string, init: RequestInit): Promise<string> => {
    const response = await send(base, `${base}/api/v1${path}`, init);
    const text = await response.text();
    if (!response.ok) throw refusal(base, response.status, readJson(text));
    return text;
  };

  const ask = async <S extends z.ZodType>(path: string, init: RequestInit, answer: S): Promise<z.output<S>> => {
    const body = readJson(await askText(path, init));
    const parsed = answer.safeParse(body);
    if (!parsed.success) throw new RunFailure(`${base} does not answer as this version of Firebreak does`);
    return parsed.data;
  };

  return {
    file: (path) => askText(path, { headers: authorization }),
    get: (path, answer) => ask(path, { headers: authorization }, answer),
    post: (path, body, answer) => {
      const headers = { ...authorization, 'content-type': 'application/json' };
      return ask(path, { method: 'POST', headers, body: JSON.stringify(body) }, answer);
    },
  };
}

const presence = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

function baseOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) return url.replace(/\/+$/, '');
  throw new UsageError(`"${url}" is not an address like ${USUAL_URL}`);
}

/** A redirect would carry the token to wherever it points. */
async function send(base: string, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new RunFailure(
      `cannot reach ${base}: ${reasonOf(error)}. Is the server running there? (--url or FIREBREAK_URL says where)`,
    );
  }
}

interface Thrown {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

/** What fetch throws says only "fetch failed"; its cause says why. Looked at by shape, as the runtime made it. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Thrown;
  const { code, message: reason } = (cause ?? {}) as Thrown;
  return (
    ([code, reason, message].find((text) => typeof text === 'string' && text !== '') as string | undefined) ??
    'no answer'
  );
}

function refusal(base: string, status: number, body: unknown): Error {
  const parsed = errorAnswer.safeParse(body);
  if (!parsed.success) return new RunFailure(`${base} answers ${status}, and not as Firebreak does`);
  const { message, field } = parsed.data.error;
  if (status === 400) return new UsageError(field === null ? message : `${field}: ${message}`);
  return new RunFailure(status === 401 ? `${message} (FIREBREAK_TOKEN holds it)` : message);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
