import type { Answer } from './answer.ts';
import { comeAgain, errorAnswer } from './answer.ts';
import type { AcceptedDelivery, DeliveryWriter } from './delivery-writer.ts';
import { Overloaded } from './delivery-writer.ts';
import type { Delivery, IngestMetrics, Log, RejectedAlert, Source } from './ports.ts';
import type { DeliveryContent, ReadDelivery, ReadOptions } from './read-delivery.ts';

export interface Received {
  readonly deliveryId: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
}

export interface AlertEndpointOptions {
  readonly source: Source;
  readonly read: (body: unknown, options: ReadOptions) => ReadDelivery;
  readonly correlation: ReadOptions['correlation'];
  readonly writer: DeliveryWriter;
  readonly metrics: IngestMetrics;
  readonly log: Log;
}

/** Takes a delivery of alerts: reads it, makes it durable, and only then says so. */
export class AlertEndpoint {
  readonly #options: AlertEndpointOptions;

  constructor(options: AlertEndpointOptions) {
    this.#options = options;
  }

  async answer(body: unknown, { deliveryId, receivedAt }: Received): Promise<Answer> {
    const { correlation, source } = this.#options;
    const content = this.#options.read(body, { correlation, receivedAt });
    if (content.kind === 'unreadable') {
      return errorAnswer({ status: statusOf(content.problem.code), outcome: 'unreadable', ...content.problem });
    }
    const { alerts, heartbeats, rejected } = content;
    const delivery: Delivery = { id: deliveryId, source, receivedAt, alerts, heartbeats, rejected };
    if (rejected.length > 0) this.#logRejected(delivery);
    const result = await writeDelivery(this.#options.writer, delivery);
    if ('status' in result) return result;
    this.#countAlerts(delivery);
    return answerOf(delivery, content, result);
  }

  #countAlerts({ alerts }: Delivery): void {
    let firing = 0;
    for (const { alert } of alerts) if (alert.status === 'firing') firing += 1;
    this.#options.metrics.alerts(this.#options.source, firing, alerts.length - firing);
  }

  #logRejected({ id, source, alerts, rejected }: Delivery): void {
    const [first] = rejected;
    this.#options.log.warn(
      { deliveryId: id, source, rejected: rejected.length, readable: alerts.length, field: first?.field },
      `alerts could not be read: ${first?.message ?? ''}`,
    );
  }
}

/** Makes the delivery durable, or says how to answer when it could not be. */
export async function writeDelivery(writer: DeliveryWriter, delivery: Delivery): Promise<AcceptedDelivery | Answer> {
  try {
    return await writer.accept(delivery);
  } catch (error) {
    if (error instanceof Overloaded) return comeAgain('overloaded', `Overloaded: ${error.message}`);
    // The writer has logged it. What the store says is not for the sender.
    return comeAgain('store-unavailable', 'The store cannot take the delivery now');
  }
}

function answerOf({ id, rejected }: Delivery, { sent }: DeliveryContent, result: AcceptedDelivery): Answer {
  const shown = rejected.map(({ index, field, message }) => ({ index, field, message }));
  const [first] = rejected;
  if (first !== undefined && rejected.length === sent) return noneReadable(first, sent, shown);
  return {
    status: 200,
    outcome: result.fromMemory ? 'repeated' : 'stored',
    body: JSON.stringify({
      deliveryId: id,
      accepted: result.accepted,
      duplicates: result.duplicates,
      rejected: shown,
    }),
  };
}

function noneReadable(first: RejectedAlert, sent: number, rejected: readonly object[]): Answer {
  const which = sent === 1 ? 'The alert cannot be read' : `None of the ${sent} alerts can be read; the first`;
  const message = `${which}: ${first.field} ${first.message}`;
  const error = { status: 400, outcome: 'unreadable', code: 'no-readable-alert', message, field: first.field } as const;
  return errorAnswer(error, { rejected });
}

const statusOf = (code: string): number => (code === 'too-many-alerts' ? 413 : 400);
