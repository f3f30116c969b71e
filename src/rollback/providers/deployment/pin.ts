import type { JsonObject } from '../../../domain/json.ts';
import type { Instant } from '../../../domain/time.ts';

/**
 * Everything that carrying out and recognising a rollback needs. The template itself is in it, so that neither depends
 * on the old ReplicaSet still being listed: the history limit may remove it in between.
 */
export interface DeploymentPin {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly deploymentUid: string;
  readonly replicaSetUid: string;
  readonly hash: string;
  readonly template: JsonObject;
  readonly fromDigest: string;
  /** For a person who undoes the rollback: its ReplicaSet may be gone by then. */
  readonly fromTemplate: JsonObject;
}

export const toPin = (pin: DeploymentPin): JsonObject => ({ ...pin });

const TEXTS = ['cluster', 'namespace', 'name', 'deploymentUid', 'replicaSetUid', 'hash', 'fromDigest'] as const;
const OBJECTS = ['template', 'fromTemplate'] as const;

/** The pin as it was stored. Throws when it was not made by this provider: that is a fault of ours. */
export const fromPin = (stored: JsonObject): DeploymentPin => {
  const wrong =
    TEXTS.find((field) => typeof stored[field] !== 'string') ??
    OBJECTS.find((field) => typeof stored[field] !== 'object');
  if (wrong !== undefined) throw new TypeError(`Not the pin of a Deployment: ${wrong} is missing`);
  return stored as unknown as DeploymentPin;
};

/** What `execute` leaves for `observe`. */
export interface Receipt {
  /** The generation from which on the controller knows of our template. */
  readonly generation: number;
  /** When the server took it, by its own clock; null when nobody can say. */
  readonly acceptedAt: Instant | null;
}

export const toReceipt = (receipt: Receipt): JsonObject => ({ ...receipt });

export const fromReceipt = (stored: JsonObject): Receipt => ({
  generation: typeof stored['generation'] === 'number' ? stored['generation'] : 0,
  acceptedAt: typeof stored['acceptedAt'] === 'string' ? stored['acceptedAt'] : null,
});
