import type { JsonObject } from '../../../domain/json.ts';

/** Everything that carrying out and recognising a rollback needs, besides the ends that stand in the target itself. */
export interface WebhookPin {
  readonly endpoint: string;
  readonly target: string | null;
  /** The same in every request about this one rollback, and in none about another. */
  readonly key: string;
}

export const toPin = (pin: WebhookPin): JsonObject => ({ ...pin });

/** The pin as it was stored. Throws when it was not made by this provider: that is a fault of ours. */
export const fromPin = (stored: JsonObject): WebhookPin => {
  const { endpoint, target, key } = stored;
  const complete =
    typeof endpoint === 'string' && typeof key === 'string' && (target === null || typeof target === 'string');
  if (!complete) throw new TypeError('Not the pin of a rollback webhook');
  return { endpoint, target, key };
};

/** Where to ask for the state: `statusUrl` if the endpoint gave one of its own. */
export const toReceipt = (statusUrl: string | null): JsonObject => (statusUrl === null ? {} : { statusUrl });

export const fromReceipt = (stored: JsonObject): string | null =>
  typeof stored['statusUrl'] === 'string' ? stored['statusUrl'] : null;
