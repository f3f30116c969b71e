import type { JsonObject } from '../../../domain/json.ts';
import type { PinnedTarget } from '../../../domain/plan.ts';

/** Everything that carrying out and recognising a rollback needs. */
export interface HelmPin {
  /** Belongs to this plan alone. */
  readonly id: string;
  readonly cluster: string;
  readonly kubeContext: string | null;
  readonly namespace: string;
  readonly release: string;
  /** The newest revision when the plan was made: any newer one is somebody else's, or what became of this plan. */
  readonly fromRevision: number;
  readonly toRevision: number;
  readonly fromDigest: string;
  readonly toDigest: string;
}

export const toPin = (pin: HelmPin): JsonObject => ({ ...pin });

const TEXTS = ['id', 'cluster', 'namespace', 'release', 'fromDigest', 'toDigest'] as const;
const NUMBERS = ['fromRevision', 'toRevision'] as const;

/** The pin as it was stored. Throws when it was not made by this provider: that is a fault of ours. */
export const fromPin = ({ pin }: PinnedTarget): HelmPin => {
  const wrong =
    TEXTS.find((field) => typeof pin[field] !== 'string') ??
    // Revision 0 would be "the previous one" to helm.
    NUMBERS.find((field) => typeof pin[field] !== 'number' || !(pin[field] >= 1));
  if (wrong !== undefined) throw new TypeError(`Not the pin of a Helm release: ${wrong} is missing`);
  return pin as unknown as HelmPin;
};
