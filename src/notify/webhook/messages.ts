import { createHmac } from 'node:crypto';
import type { EffectIntent, IncidentView } from '../../domain/view.ts';

/** What a receiver gets. Fields may be added; `version` changes only when one changes its meaning. */
export const bodyOf = (effect: EffectIntent, incident: IncidentView): string =>
  JSON.stringify({
    version: 1,
    effectId: effect.id,
    kind: effect.kind,
    incident,
    message: effect.message,
    data: effect.data,
  });

/**
 * `v1=` and the hex HMAC-SHA256 of `{timestamp}.{raw body}`. The timestamp is signed so that a receiver can refuse an
 * old request that somebody recorded.
 */
export const sign = (secret: string, timestamp: string, body: string): string =>
  `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
