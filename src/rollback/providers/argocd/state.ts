import { ms } from '../../../domain/time.ts';
import type { Application, HistoryEntry, Initiator, Operation, OperationState, Versioned } from './objects.ts';
import { digestOf, revisionsOf, sourcesOf } from './version.ts';

/** Argo CD keeps the history oldest first; entries without a source (of before 0.12) cannot be rolled back to. */
export const historyOf = (application: Application): readonly HistoryEntry[] =>
  (application.status?.history ?? [])
    .filter((entry) => sourcesOf(entry).length > 0 && revisionsOf(entry).length > 0)
    .sort((a, b) => a.id - b.id);

/** A sync that was asked for: which version, by whom, and how it went. */
export interface Sync {
  readonly version: Versioned;
  readonly digest: string;
  readonly dryRun: boolean;
  readonly initiator: Initiator | null;
  /** Null while no controller has taken it. */
  readonly state: OperationState | null;
}

const syncOf = (operation: Operation, state: OperationState | null): Sync => {
  const result = state?.syncResult;
  // The result holds the concrete revision; the request may only name a branch.
  const version = result != null && revisionsOf(result).length > 0 ? result : (operation.sync ?? {});
  const dryRun = operation.sync?.dryRun === true;
  return { version, digest: digestOf(version), dryRun, initiator: operation.initiatedBy ?? null, state };
};

const ENDED = ['Succeeded', 'Failed', 'Error'];

/** The operation that holds the Application's only slot, or null. */
export const runningOf = ({ operation, status }: Application): Sync | null => {
  const state = status?.operationState ?? null;
  if (state !== null && !ENDED.includes(state.phase)) return syncOf(state.operation, state);
  return operation == null ? null : syncOf(operation, null);
};

/** The last operation that ended, or null. */
export const endedOf = ({ status }: Application): (Sync & { readonly state: OperationState }) | null => {
  const state = status?.operationState;
  if (state == null || !ENDED.includes(state.phase)) return null;
  return { ...syncOf(state.operation, state), state };
};

/** What the cluster holds as far as Argo CD knows. */
export interface Live {
  readonly version: Versioned;
  readonly digest: string;
  /** Its history entry; null for a sync that did not get as far as one: failed, or only of some resources. */
  readonly entry: HistoryEntry | null;
  readonly since: string;
}

/** The first entry of the same version: when it was made, however often it was gone back to. */
export const firstOf = (history: readonly HistoryEntry[], digest: string): HistoryEntry | undefined =>
  history.find((entry) => digestOf(entry) === digest);

const sinceOf = (entry: HistoryEntry): string => entry.deployStartedAt ?? entry.deployedAt;

/** The newest entry, unless a later sync to something else broke off half-way: then that is what people suffer from. */
export const liveOf = (application: Application): Live | null => {
  const history = historyOf(application);
  const newest = history.at(-1);
  const ended = endedOf(application);
  const madeAt = (digest: string, otherwise: string): string => {
    const first = firstOf(history, digest);
    return first === undefined ? otherwise : sinceOf(first);
  };
  const differs = ended !== null && !ended.dryRun && (newest === undefined || ended.digest !== digestOf(newest));
  if (differs && (newest === undefined || ms(ended.state.startedAt) > ms(newest.deployedAt))) {
    const { version, digest, state } = ended;
    return { version, digest, entry: null, since: madeAt(digest, state.startedAt) };
  }
  if (newest === undefined) return null;
  const digest = digestOf(newest);
  return { version: newest, digest, entry: newest, since: madeAt(digest, sinceOf(newest)) };
};

/** `alice`, `automated sync`, or that nobody can say. */
export const whoOf = (initiator: Initiator | null | undefined): string => {
  if (initiator?.automated === true) return 'automated sync';
  const name = initiator?.username ?? '';
  return name === '' ? 'somebody' : name;
};
