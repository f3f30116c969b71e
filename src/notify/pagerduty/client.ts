import { Agent } from 'node:https';
import { change, event } from '@pagerduty/pdjs';
import type { Failure } from '../../domain/failure.ts';
import { oneLine, shorten } from '../text.ts';
import type { AlertEvent, ChangeEvent } from './messages.ts';

export interface PagerDutyClientOptions {
  /** A host, with a port if need be: pdjs speaks https only. */
  readonly server: string;
  readonly timeoutMs: number;
  /** What a status or a thrown error means. */
  readonly classify: (statusOrError: unknown, retryAfter?: string | null) => Failure;
}

type Sent =
  { readonly kind: 'accepted'; readonly status: string } | { readonly kind: 'failed'; readonly failure: Failure };

export type Request =
  { readonly type: 'event'; readonly data: AlertEvent } | { readonly type: 'change'; readonly data: ChangeEvent };

export type Send = (request: Request, signal: AbortSignal) => Promise<Sent>;

/** Sends one event, once: waiting and trying again is the job queue's, which survives a restart and knows urgency. */
export const createSend = (options: PagerDutyClientOptions): Send => {
  const agent = new Agent({ keepAlive: false });
  return async (request, signal) => {
    const done = new AbortController();
    const config = oneTry(agent, AbortSignal.any([signal, done.signal, AbortSignal.timeout(options.timeoutMs)]));
    try {
      const response = await post(request, { ...config, server: options.server });
      return judge(response.status, response.headers.get('retry-after'), response.data, options.classify);
    } catch (error) {
      return { kind: 'failed', failure: ofThrown(error, options.classify) };
    } finally {
      // Lets go of the connection of an answer that nobody read to its end.
      done.abort();
    }
  };
};

type EventParameters = Parameters<typeof event>[0];
type RequestOptions = Omit<EventParameters, 'data'>;

// The typings ask for a payload with every action and for every field of a change; the API does not.
const post = (request: Request, config: RequestOptions) =>
  request.type === 'event'
    ? event({ ...config, data: request.data as EventParameters['data'] })
    : change({ ...config, data: request.data as Parameters<typeof change>[0]['data'] });

class SecondTry extends Error {}

/**
 * pdjs' own `requestTimeout` is a timer that cancels nothing, and on a 429 it sleeps and asks again three times, hard
 * coded. So: a signal for the time, and an agent that is handed out once. What is not named by pdjs goes to node-fetch,
 * which takes an agent, and a limit for the size of the answer.
 */
const oneTry = (agent: Agent, signal: AbortSignal): RequestOptions => {
  let tries = 0;
  const once = (): Agent => {
    tries += 1;
    if (tries > 1) throw new SecondTry('PagerDuty answered HTTP 429');
    return agent;
  };
  const nodeFetch = { agent: once, size: 64 * 1024 };
  return { ...nodeFetch, signal, redirect: 'error', requestTimeout: 0, retryTimeout: 0 };
};

const ofThrown = (error: unknown, classify: PagerDutyClientOptions['classify']): Failure => {
  if (error instanceof SecondTry)
    return { ...classify(429), message: 'PagerDuty: HTTP 429, too many events for this key' };
  const type = (error as { type?: unknown } | null)?.type;
  if (type === 'no-redirect') return { kind: 'rejected', message: 'PagerDuty: a redirect, which is not followed' };
  // pdjs keeps the status to itself here. It may have been a 202, and to send again with the same key is harmless.
  if (type === 'invalid-json') return { kind: 'ambiguous', message: 'PagerDuty: the answer is not JSON' };
  if (type === 'aborted') return { kind: 'ambiguous', message: 'PagerDuty: no complete answer in time' };
  const failure = classify(error);
  return { ...failure, message: `PagerDuty: ${failure.message}` };
};

const judge = (
  status: number,
  retryAfter: string | null,
  body: unknown,
  classify: PagerDutyClientOptions['classify'],
): Sent => {
  const { status: word, message, errors } = (body ?? {}) as Record<string, unknown>;
  if (status === 202) return { kind: 'accepted', status: typeof word === 'string' ? shorten(word, 100) : 'accepted' };
  const said = [message, ...(Array.isArray(errors) ? (errors as unknown[]) : [])].filter((t) => typeof t === 'string');
  const failure = classify(status, retryAfter);
  const detail = said.length > 0 ? `: ${oneLine(said.join('; '))}` : '';
  return { kind: 'failed', failure: { ...failure, message: shorten(`PagerDuty: ${failure.message}${detail}`, 300) } };
};
