import { createHmac } from 'node:crypto';

/**
 * `v1=` and the hex HMAC-SHA256 of `{timestamp}.{raw body}`, as in every webhook that Firebreak sends. The timestamp is
 * signed so that a receiver can refuse an old request that somebody recorded.
 */
export const sign = (secret: string, timestamp: string, body: string): string =>
  `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
