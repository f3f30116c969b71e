import type { IncomingHttpHeaders } from 'node:http';
import type { Received } from './alert-endpoint.ts';
import { writeDelivery } from './alert-endpoint.ts';
import type { Answer } from './answer.ts';
import { comeAgain, errorAnswer } from './answer.ts';
import { readChange } from './changes.ts';
import type { DeliveryWriter } from './delivery-writer.ts';
import { late, within } from './in-time.ts';
import type { PagerDutyNotice } from './pagerduty.ts';
import { readPagerDutyWebhook } from './pagerduty.ts';
import type { ChangeStore, Delivery, DeliveryOutcome, IngestMetrics, Log, PageNewsSink } from './ports.ts';
import type { ReadOptions } from './read-delivery.ts';

export interface PagerDutyEndpointOptions {
  readonly correlation: ReadOptions['correlation'];
  readonly writer: DeliveryWriter;
  readonly pageNews: PageNewsSink;
  readonly metrics: IngestMetrics;
  readonly log: Log;
}

/** PagerDuty waits 5 s, comes again four times in 20 minutes, and gives up on an address that fails it three times. */
const ANSWER_WITHIN_MS = 4_200;

/** Takes news from PagerDuty: of our own pages, or of incidents that others raised there. */
export class PagerDutyEndpoint {
  readonly #options: PagerDutyEndpointOptions;

  constructor(options: PagerDutyEndpointOptions) {
    this.#options = options;
  }

  async answer(body: unknown, received: Received, headers: IncomingHttpHeaders): Promise<Answer> {
    const { correlation, log } = this.#options;
    const notice = readPagerDutyWebhook(body, { correlation, receivedAt: received.receivedAt });
    switch (notice.kind) {
      case 'unreadable':
        return errorAnswer({ status: 400, outcome: 'unreadable', ...notice.problem });
      case 'ignored':
        return noted(received, 'ignored');
      case 'page-news':
        return this.#apply(notice, received, headers);
      case 'alert':
        return this.#write({ ...empty(received), alerts: [notice.observed] }, received);
      case 'rejected':
        log.warn({ deliveryId: received.deliveryId, field: notice.rejected.field }, 'a PagerDuty event cannot be read');
        return this.#write({ ...empty(received), rejected: [notice.rejected] }, received);
    }
  }

  async #apply(
    notice: Extract<PagerDutyNotice, { kind: 'page-news' }>,
    received: Received,
    headers: IncomingHttpHeaders,
  ): Promise<Answer> {
    try {
      const applied = this.#options.pageNews.apply(noticeIdsOf(notice, received, headers), notice.news, notice.at);
      const outcome = await within(ANSWER_WITHIN_MS, applied);
      if (outcome === late) return comeAgain('store-unavailable', 'The store did not take the news in time');
      return noted(received, outcome === 'seen' ? 'repeated' : 'stored');
    } catch (error) {
      this.#options.log.error({ err: error, incidentId: notice.news.incidentId }, 'news of a page could not be stored');
      return comeAgain('store-unavailable', 'The store cannot take the news now');
    }
  }

  async #write(delivery: Delivery, received: Received): Promise<Answer> {
    const result = await within(ANSWER_WITHIN_MS, writeDelivery(this.#options.writer, delivery));
    // It may be committed yet: then it is a repeat when it comes again.
    if (result === late) return comeAgain('overloaded', 'The store did not take the alert in time');
    if ('status' in result) return result;
    const firing = delivery.alerts.filter(({ alert }) => alert.status === 'firing').length;
    this.#options.metrics.alerts('pagerduty', firing, delivery.alerts.length - firing);
    return noted(received, result.fromMemory ? 'repeated' : 'stored');
  }
}

/**
 * The header stays the same over retries, but nobody signs it: whoever has recorded a request could send it again under another
 * one. The event's own id is signed. Without either there is nothing to recognise a repeat by.
 */
function noticeIdsOf(
  notice: { readonly eventId: string },
  received: Received,
  headers: IncomingHttpHeaders,
): readonly [string, ...string[]] {
  const header = headers['x-webhook-id'];
  const named = typeof header === 'string' && header !== '' ? [header.slice(0, 256)] : [];
  const [first = received.deliveryId, ...others] = [
    ...named,
    ...(notice.eventId === '' ? [] : [`event ${notice.eventId}`]),
  ];
  return [first, ...others];
}

const empty = ({ deliveryId, receivedAt }: Received): Delivery => ({
  id: deliveryId,
  source: 'pagerduty',
  receivedAt,
  alerts: [],
  heartbeats: [],
  rejected: [],
});

const noted = ({ deliveryId }: Received, outcome: DeliveryOutcome): Answer => ({
  status: 202,
  outcome,
  body: JSON.stringify({ deliveryId }),
});

/** Takes word of a change from CI/CD. */
export class ChangeEndpoint {
  readonly #changes: ChangeStore;
  readonly #log: Log;

  constructor(changes: ChangeStore, log: Log) {
    this.#changes = changes;
    this.#log = log;
  }

  async answer(body: unknown, received: Received): Promise<Answer> {
    const read = readChange(body);
    if (read.kind === 'unreadable') return errorAnswer({ status: 400, outcome: 'unreadable', ...read.problem });
    try {
      const outcome = await this.#changes.saveChange(read.change, received.receivedAt);
      return noted(received, outcome === 'unchanged' ? 'repeated' : 'stored');
    } catch (error) {
      this.#log.error({ err: error, changeId: read.change.id }, 'a change could not be stored');
      return comeAgain('store-unavailable', 'The store cannot take the change now');
    }
  }
}
