import type { JsonObject } from '../../../domain/json.ts';

/** Everything that carrying out and recognising a rollback needs. */
export interface ArgocdPin {
  readonly application: string;
  /** As the step names it: null for Argo CD's own. */
  readonly namespace: string | null;
  readonly uid: string;
  /** The history entry to go back to, and what it holds: an id alone would follow whatever gets that id. */
  readonly historyId: number;
  readonly digest: string;
  readonly fromDigest: string;
  /**
   * Where the history and the operations stood when the plan was made. Whatever is newer came after it: the endpoint
   * takes no mark of ours, so this is how a rollback that we began before a crash is recognised.
   */
  readonly newestId: number;
  readonly operationStartedAt: string | null;
}

export const toPin = (pin: ArgocdPin): JsonObject => ({ ...pin });

const TEXTS = ['application', 'uid', 'digest', 'fromDigest'] as const;
const NUMBERS = ['historyId', 'newestId'] as const;
const TEXTS_OR_NULL = ['namespace', 'operationStartedAt'] as const;

/** The pin as it was stored. Throws when it was not made by this provider: that is a fault of ours. */
export const fromPin = (stored: JsonObject): ArgocdPin => {
  const wrong =
    TEXTS.find((field) => typeof stored[field] !== 'string') ??
    NUMBERS.find((field) => typeof stored[field] !== 'number') ??
    TEXTS_OR_NULL.find((field) => stored[field] !== null && typeof stored[field] !== 'string');
  if (wrong !== undefined) throw new TypeError(`Not the pin of an Application: ${wrong} is missing`);
  return stored as unknown as ArgocdPin;
};
