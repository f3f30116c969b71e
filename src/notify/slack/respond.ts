import type { AxiosInstance } from 'axios';
import type { Failure } from '../../domain/failure.ts';
import { clean, oneLine } from '../text.ts';
import type { ModalOrigin } from './actions.ts';
import type { Answer } from './answers.ts';
import type { ModalName } from './asks.ts';
import type { Call, SlackClientOptions } from './client.ts';
import { openSlack } from './client.ts';
import { modalOf } from './modals.ts';

export interface RespondOptions extends SlackClientOptions {
  /** Made by the house's factory: a deadline, no redirects, every status an answer. */
  readonly http: AxiosInstance;
}

/** Whom an answer is for, and the ways to them. */
export interface Addressee {
  readonly userId: string;
  readonly channelId: string | null;
  readonly threadTs: string | null;
  /** Works five times in 30 minutes. */
  readonly responseUrl: string | null;
}

/** Answers that only the one who asked can see. What goes wrong comes back classified; null: it is out. */
export interface Responder {
  tell(to: Addressee, answer: Answer, signal: AbortSignal): Promise<Failure | null>;
  /** Within three seconds of the press that asked for it. */
  openModal(triggerId: string, name: ModalName, origin: ModalOrigin, signal: AbortSignal): Promise<Failure | null>;
}

export function createResponder(options: RespondOptions): Responder {
  return {
    async tell(to, answer, signal) {
      if (to.responseUrl !== null && isSlackAddress(to.responseUrl, options.apiUrl)) {
        const failure = await postBack(options, to.responseUrl, answer, signal);
        if (failure === null || to.channelId === null) return failure;
      }
      return to.channelId === null
        ? { kind: 'rejected', message: 'Slack: no way to answer' }
        : postEphemeral(openSlack(options, signal), { ...to, channelId: to.channelId }, answer);
    },
    async openModal(triggerId, name, origin, signal) {
      const call = openSlack(options, signal);
      const opened = await call((web) => web.views.open({ trigger_id: triggerId, view: modalOf(name, origin) }));
      return opened.ok ? null : opened.failure;
    },
  };
}

const SLACK_HOSTS: ReadonlySet<string> = new Set(['hooks.slack.com', 'hooks.slack-gov.com']);

/** Answers go to Slack and nowhere else, whatever a request says. */
function isSlackAddress(address: string, apiUrl: string | undefined): boolean {
  const url = URL.parse(address);
  if (url === null) return false;
  if (url.protocol === 'https:' && SLACK_HOSTS.has(url.host)) return true;
  return apiUrl !== undefined && url.origin === URL.parse(apiUrl)?.origin;
}

async function postBack(
  { http, classify }: RespondOptions,
  url: string,
  answer: Answer,
  signal: AbortSignal,
): Promise<Failure | null> {
  try {
    const response = await http.post<unknown>(url, { ...ephemeral(answer), replace_original: false }, { signal });
    return response.status >= 200 && response.status < 300 ? null : classify(response.status);
  } catch (error) {
    return classify(error);
  }
}

/** What Slack shows to one person, as the answer to a request or at its address. */
export const ephemeral = ({ text, blocks }: Answer) => ({ response_type: 'ephemeral', text, blocks }) as const;

async function postEphemeral(
  call: Call,
  to: Addressee & { readonly channelId: string },
  { text, blocks }: Answer,
): Promise<Failure | null> {
  const thread = to.threadTs === null ? {} : { thread_ts: to.threadTs };
  const message = { channel: to.channelId, user: to.userId, text, blocks, parse: 'none' as const, ...thread };
  const posted = await call((web) => web.chat.postEphemeral({ ...message, link_names: false }));
  return posted.ok ? null : posted.failure;
}

/** Why a form was not taken, under its input. */
export const formRefusal = (blockId: string, why: string) =>
  ({ response_action: 'errors', errors: { [blockId]: oneLine(clean(why)) } }) as const;
