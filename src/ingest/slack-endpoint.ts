import type { Received } from './alert-endpoint.ts';
import type { Answer } from './answer.ts';
import { comeAgain, errorAnswer } from './answer.ts';
import { late, within } from './in-time.ts';
import type { DeliveryOutcome, Log, SlackDesk } from './ports.ts';
import { readSlack } from './slack-request.ts';

/** Slack tells the person that it failed when it has no answer after 3 s. What comes later, nobody sees. */
const ANSWER_WITHIN_MS = 2_700;

/** Takes what people do in Slack: buttons, modals and the command. */
export class SlackEndpoint {
  readonly #desk: SlackDesk;
  readonly #log: Log;

  constructor(desk: SlackDesk, log: Log) {
    this.#desk = desk;
    this.#log = log;
  }

  async answer(body: unknown, { receivedAt }: Received): Promise<Answer> {
    const read = readSlack(body, receivedAt);
    switch (read.kind) {
      case 'unreadable':
        return errorAnswer({ ...read, status: 400, outcome: 'unreadable', code: 'unreadable' });
      case 'challenge':
        return said('ignored', { challenge: read.challenge });
      case 'ignored':
        return said('ignored', null);
      case 'request': {
        const reply = await within(ANSWER_WITHIN_MS, this.#desk.take(read.request));
        if (reply === late) {
          this.#log.error({ user: read.request.user.id }, 'a request of Slack took too long');
          return comeAgain('store-unavailable', 'Too slow just now: nothing can be said of whether it was done');
        }
        return said(reply.outcome, reply.body);
      }
    }
  }
}

/** Slack checks the certificate of an address without a signature. Nothing follows from it. */
export function answerUnsigned(bytes: Buffer): Answer | null {
  return new URLSearchParams(bytes.toString('utf8')).get('ssl_check') === '1' ? said('ignored', null) : null;
}

const said = (outcome: DeliveryOutcome, body: object | null): Answer => ({
  status: 200,
  outcome,
  body: body === null ? '' : JSON.stringify(body),
});
