import type { Clock } from '../../domain/time.ts';
import type { Channel } from '../ports.ts';
import { postSigned, type WebhookClientOptions } from './client.ts';
import { sign } from '../../domain/webhook-signature.ts';
import { bodyOf } from './messages.ts';

export interface WebhookOptions extends WebhookClientOptions {
  /** Asked for at each delivery, so it is revealed late. */
  readonly secret: () => string;
  readonly clock: Clock;
}

/**
 * Posts the incident, signed, to one endpoint of the user's own. An ambiguous delivery is sent again: the
 * `Idempotency-Key` is the effect's id, by which a receiver knows a repeat.
 */
export const createWebhook = (options: WebhookOptions): Channel => ({
  name: 'webhook',
  deliver: async (effect, context) => {
    const body = bodyOf(effect, context.incident);
    const timestamp = String(Math.floor(options.clock.now() / 1000));
    const headers = {
      'Content-Type': 'application/json',
      'X-Firebreak-Timestamp': timestamp,
      'X-Firebreak-Signature': sign(options.secret(), timestamp, body),
      'Idempotency-Key': effect.id,
    };
    const posted = await postSigned(options, headers, body, context.signal);
    return posted.kind === 'failed' ? posted : { kind: 'delivered', receipt: { status: posted.status } };
  },
});
