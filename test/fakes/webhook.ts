import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { createFront, listen, stop, type FaultControls, type RecordedRequest } from './faults.ts';

interface ReceivedWebhook {
  readonly idempotencyKey: string;
  readonly timestamp: number;
  readonly body: Record<string, unknown>;
}

export interface FakeWebhook extends FaultControls {
  readonly url: string;
  /** What was accepted, each idempotency key once, as a careful receiver would do it. */
  readonly received: readonly ReceivedWebhook[];
  stop(): Promise<void>;
}

/** A receiver of outbound webhooks that verifies as its own documentation would tell it: 401 on a wrong signature. */
export const startWebhook = async ({ secret }: { readonly secret: string }): Promise<FakeWebhook> => {
  const received: ReceivedWebhook[] = [];
  const front = createFront((request) => {
    if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json')
      return { status: 415, body: '' };
    if (!isSigned(request, secret)) return { status: 401, body: { error: 'the signature is wrong' } };
    const idempotencyKey = String(request.headers['idempotency-key'] ?? '');
    if (idempotencyKey === '') return { status: 400, body: { error: 'no Idempotency-Key' } };
    if (!received.some((r) => r.idempotencyKey === idempotencyKey)) {
      const body = JSON.parse(request.raw) as Record<string, unknown>;
      received.push({ idempotencyKey, timestamp: Number(request.headers['x-firebreak-timestamp']), body });
    }
    return { status: 200, body: {} };
  });
  const server = createServer(front.listener);
  const host = await listen(server, front);
  return { ...front, url: `http://${host}/hook`, received, stop: () => stop(server) };
};

const isSigned = ({ headers, raw }: RecordedRequest, secret: string): boolean => {
  const timestamp = String(headers['x-firebreak-timestamp'] ?? '');
  const expected = Buffer.from(`v1=${createHmac('sha256', secret).update(`${timestamp}.${raw}`).digest('hex')}`);
  const given = Buffer.from(String(headers['x-firebreak-signature'] ?? ''));
  return /^\d{10}$/.test(timestamp) && given.length === expected.length && timingSafeEqual(given, expected);
};
