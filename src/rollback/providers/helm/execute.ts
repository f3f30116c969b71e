import type { JsonObject } from '../../../domain/json.ts';
import { iso, type Instant } from '../../../domain/time.ts';
import type { Execution } from '../../ports.ts';
import type { Revision } from './history.ts';
import type { HelmPin } from './pin.ts';
import type { Site } from './site.ts';
import { refusalOf, standing } from './standing.ts';

/** What `execute` leaves for `observe`. */
export interface Receipt {
  /** When helm was started by us; null when we found it on the way. */
  readonly startedAt: Instant | null;
}

export const fromReceipt = (stored: JsonObject): Receipt => ({
  startedAt: typeof stored['startedAt'] === 'string' ? stored['startedAt'] : null,
});

const receiptOf = (startedAt: number | null, revision: number): JsonObject => ({
  startedAt: startedAt === null ? null : iso(startedAt),
  revision,
});

/** Helm's own default; it counts the new revision. Fewer would drop revisions that nobody asked to drop. */
const HELM_HISTORY_MAX = 10;

/** Helm gives up a little before the step does, so that the verdict is helm's: "failed", with what was not ready. */
const helmTimeout = (timeoutSeconds: number): number =>
  Math.max(1, timeoutSeconds - Math.min(15, Math.ceil(timeoutSeconds / 10)));

const begin = async (
  site: Site,
  pin: HelmPin,
  history: readonly Revision[],
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<Execution> => {
  const historyMax = site.step.historyMax ?? Math.max(HELM_HISTORY_MAX, history.length + 1);
  const flags = { timeoutSeconds: helmTimeout(timeoutSeconds), historyMax };
  const told = await site.helm.rollback(site.step, pin.toRevision, flags, signal);
  if (told.kind === 'failed') return told;
  if (told.kind === 'not-found') return { kind: 'refused', refusal: 'not-found', message: told.message };
  if (signal.aborted) {
    return { kind: 'failed', failure: { kind: 'unreachable', message: 'Stopped before helm was started' } };
  }
  const fault = await site.runner.start(pin.id, told.value);
  if (fault !== null) return { kind: 'failed', failure: { kind: 'rejected', message: fault } };
  return { kind: 'accepted', receipt: receiptOf(site.now(), pin.fromRevision + 1) };
};

/**
 * Starts `helm rollback` and does not wait for it. Looks first: at what this process has running, and then at the
 * history, which knows of a rollback that was begun before a crash.
 */
export const execute = async (
  site: Site,
  pin: HelmPin,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<Execution> => {
  const run = site.runner.look(pin.id);
  if (run !== null) return { kind: 'accepted', receipt: receiptOf(run.startedAt, pin.fromRevision + 1) };
  const stands = await standing(site, pin, signal);
  switch (stands.kind) {
    case 'at-from':
      return await begin(site, pin, stands.history, timeoutSeconds, signal);
    case 'at-to': {
      const message = `Revision ${stands.revision.number} has the content of revision ${pin.toRevision} already`;
      return { kind: 'already-there', receipt: receiptOf(null, stands.revision.number), message };
    }
    case 'on-the-way':
      return { kind: 'accepted', receipt: receiptOf(null, stands.revision.number) };
    case 'elsewhere':
    case 'gone':
      return refusalOf(stands);
    case 'failed':
      return stands;
  }
};
