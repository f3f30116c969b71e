import {
  ErrorCode,
  LogLevel,
  WebClient,
  type WebAPIHTTPError,
  type WebAPIPlatformError,
  type WebAPIRateLimitedError,
} from '@slack/web-api';
import type { Failure, FailureKind } from '../../domain/failure.ts';
import { oneLine, shorten } from '../text.ts';
import { EVENT_TYPE } from './messages.ts';

export interface SlackClientOptions {
  /** The bot token. Asked for at each delivery, so it is revealed late and may rotate. */
  readonly token: () => string;
  readonly apiUrl?: string;
  readonly timeoutMs: number;
  /** What a status or a thrown error means. */
  readonly classify: (statusOrError: unknown, retryAfter?: string | null) => Failure;
}

export type Called<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** Calls Slack once; what goes wrong comes back classified. */
export type Call = <T>(method: (web: WebClient) => Promise<T>) => Promise<Called<T>>;

// The failures come back classified and are logged once, by whoever asked.
const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  setName: () => undefined,
  getLevel: () => LogLevel.ERROR,
};

/**
 * A client for one delivery: the library takes token and abort signal only at construction. Its retries are off,
 * because the job queue's survive a restart.
 */
export const openSlack = (options: SlackClientOptions, signal: AbortSignal): Call => {
  let last: Seen = { status: 0, error: null };
  const web = new WebClient(options.token(), {
    ...(options.apiUrl === undefined ? {} : { slackApiUrl: options.apiUrl }),
    allowAbsoluteUrls: false,
    timeout: options.timeoutMs,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: silent,
    fetch: async (url, init) => {
      const signals = init?.signal ? [signal, init.signal] : [signal];
      try {
        const response = await fetch(url, { ...init, signal: AbortSignal.any(signals) });
        last = { status: response.status, error: null };
        return response;
      } catch (error) {
        last = { status: 0, error };
        throw error;
      }
    },
  });
  return async (method) => {
    last = { status: 0, error: null };
    try {
      return { ok: true, value: await method(web) };
    } catch (error) {
      const failure = failureOf(error, last, options.classify);
      return { ok: false, failure: { ...failure, message: shorten(`Slack: ${failure.message}`, 300) } };
    }
  };
};

/** What came of the last request, before the library put it into its own words. */
interface Seen {
  readonly status: number;
  readonly error: unknown;
}

const failureOf = (error: unknown, last: Seen, classify: SlackClientOptions['classify']): Failure => {
  const code = (error as { code?: unknown } | null)?.code;
  if (code === ErrorCode.RateLimitedError) return classify(429, String((error as WebAPIRateLimitedError).retryAfter));
  // Without a wait that it can read the library throws a plain error.
  if (last.status === 429) return classify(429);
  if (code === ErrorCode.HTTPError) {
    const { statusCode, headers } = error as WebAPIHTTPError;
    return classify(statusCode, headers['retry-after']);
  }
  return code === ErrorCode.PlatformError
    ? ofWord((error as WebAPIPlatformError).data.error)
    : classify(last.error ?? error);
};

/** Slack says no with HTTP 200 and a word. What is not here will be refused again: a channel, a block, a right amiss. */
const WORDS: Readonly<Record<string, FailureKind>> = {
  ratelimited: 'rate-limited',
  rate_limited: 'rate-limited',
  message_limit_exceeded: 'rate-limited',
  service_unavailable: 'server',
  request_timeout: 'server',
  // Slack's documentation: some aspect of the operation may have succeeded.
  internal_error: 'ambiguous',
  fatal_error: 'ambiguous',
  invalid_auth: 'unauthorized',
  not_authed: 'unauthorized',
  account_inactive: 'unauthorized',
  token_expired: 'unauthorized',
  token_revoked: 'unauthorized',
  missing_scope: 'unauthorized',
  no_permission: 'unauthorized',
  access_denied: 'unauthorized',
  ekm_access_denied: 'unauthorized',
  org_login_required: 'unauthorized',
  not_allowed_token_type: 'unauthorized',
};

const ofWord = (word: unknown): Failure => {
  // The library passes on as the word whatever was not JSON: a proxy's page, and nobody knows what Slack did.
  if (typeof word !== 'string' || !/^[a-z][a-z0-9_]{1,80}$/.test(word)) {
    return { kind: 'ambiguous', message: `the answer is not Slack's: ${shorten(oneLine(String(word)), 80)}` };
  }
  return { kind: WORDS[word] ?? 'rejected', message: word };
};

interface Page {
  readonly messages?: { ts?: string; metadata?: { event_type?: string; event_payload?: object } }[];
  readonly response_metadata?: { next_cursor?: string };
}

const PAGE = 200;
const MOST_PAGES = 10;

export interface Place {
  readonly channel: string;
  /** The thread, or null for the channel itself. */
  readonly thread: string | null;
  /** Not before this moment, in Slack's seconds. */
  readonly oldest: string;
}

/** The timestamp of the message that carries the effect, or null if there is none among the newest 2,000. */
export const findMessage = async (call: Call, place: Place, effectId: string): Promise<Called<string | null>> => {
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const read = await call((web) => readPage(web, place, cursor));
    if (!read.ok) return read;
    const found = read.value.messages?.find(
      ({ metadata }) => metadata?.event_type === EVENT_TYPE && payloadId(metadata.event_payload) === effectId,
    );
    if (found?.ts !== undefined) return { ok: true, value: found.ts };
    cursor = read.value.response_metadata?.next_cursor;
    if (cursor === undefined || cursor === '') break;
  }
  return { ok: true, value: null };
};

const payloadId = (payload: object | undefined): unknown => (payload as { effect_id?: unknown } | undefined)?.effect_id;

const readPage = (web: WebClient, { channel, thread, oldest }: Place, cursor: string | undefined): Promise<Page> => {
  const page = {
    channel,
    oldest,
    limit: PAGE,
    include_all_metadata: true,
    ...(cursor === undefined ? {} : { cursor }),
  };
  return thread === null ? web.conversations.history(page) : web.conversations.replies({ ...page, ts: thread });
};
