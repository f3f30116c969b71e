import type { JsonObject } from '../../../domain/json.ts';
import type { Instant } from '../../../domain/time.ts';

/**
 * Everything that carrying out and recognising a rollback needs. The templates themselves are in it, so that nothing
 * depends on the cluster still remembering them: the history limit may remove them in between.
 */
export interface WorkloadPin {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** Of the workload: one that was made anew under the same name is another one. */
  readonly uid: string;
  /** Marks the pods of the target version; empty when no revision stood for it. */
  readonly hash: string;
  readonly template: JsonObject;
  readonly fromHash: string;
  readonly fromDigest: string;
  /** For a person who undoes the rollback. */
  readonly fromTemplate: JsonObject;
}

export const toPin = (pin: WorkloadPin): JsonObject => ({ ...pin });

const TEXTS = ['cluster', 'namespace', 'name', 'uid', 'hash', 'fromHash', 'fromDigest'] as const;
const OBJECTS = ['template', 'fromTemplate'] as const;

/** The pin as it was stored. Throws when it was not made by this provider: that is a fault of ours. */
export const fromPin = (stored: JsonObject): WorkloadPin => {
  const wrong =
    TEXTS.find((field) => typeof stored[field] !== 'string') ??
    OBJECTS.find((field) => typeof stored[field] !== 'object');
  if (wrong !== undefined) throw new TypeError(`Not the pin of a workload: ${wrong} is missing`);
  return stored as unknown as WorkloadPin;
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
