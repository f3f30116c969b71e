import type { Application, HistoryEntry } from './objects.ts';
import type { ArgocdPin } from './pin.ts';
import { describeSync, refused, type Refused } from './site.ts';
import { endedOf, historyOf, runningOf, type Sync, whoOf } from './state.ts';
import { digestOf, shortOf } from './version.ts';

/** Where an Application stands, seen from the plan. */
export type Standing =
  /** Nothing happened since the plan was made. */
  | { readonly kind: 'at-from' }
  /** A sync to the target is under way or ended badly: ours from before a crash, or one that does the same. */
  | { readonly kind: 'under-way'; readonly sync: Sync }
  | { readonly kind: 'broke-off'; readonly sync: Sync }
  | { readonly kind: 'at-to'; readonly entry: HistoryEntry }
  /** Somebody else's operation holds the slot; what comes of it is not known yet. */
  | { readonly kind: 'busy'; readonly sync: Sync }
  | Refused;

const changed = (message: string): Refused => refused('changed-meanwhile', message);

const entered = (entry: HistoryEntry, pin: ArgocdPin): Standing =>
  digestOf(entry) === pin.digest
    ? { kind: 'at-to', entry }
    : changed(`${whoOf(entry.initiatedBy)} synced it to ${shortOf(entry)} (#${entry.id}) meanwhile`);

/** A later sync that ended without an entry. To "from" again: then nothing has moved. */
const brokeOff = (sync: Sync, pin: ArgocdPin): Standing => {
  if (sync.digest === pin.digest) return { kind: 'broke-off', sync };
  if (sync.digest === pin.fromDigest) return { kind: 'at-from' };
  return changed(`Meanwhile there was ${describeSync(sync)}, which did not complete`);
};

/** The last sync that ended after the plan was made and, if it is newer than the newest entry, after that too. */
const laterSync = (application: Application, pin: ArgocdPin, newest: HistoryEntry | undefined): Sync | null => {
  const ended = endedOf(application);
  if (ended === null || ended.dryRun || ended.state.startedAt === pin.operationStartedAt) return null;
  const recorded = newest !== undefined && newest.id > pin.newestId && ended.digest === digestOf(newest);
  return recorded && ended.state.phase === 'Succeeded' ? null : ended;
};

const settled = (application: Application, pin: ArgocdPin): Standing => {
  const newest = historyOf(application).at(-1);
  const newestId = newest?.id ?? -1;
  if (newestId < pin.newestId) return changed('Its history was cut back since the plan was made');
  const later = laterSync(application, pin, newest);
  if (newest === undefined || newestId === pin.newestId)
    return later === null ? { kind: 'at-from' } : brokeOff(later, pin);
  const standing = entered(newest, pin);
  if (standing.kind !== 'at-to' || later === null || later.digest === pin.digest) return standing;
  // Newer than the entry, and to something else: it may have changed a part.
  return changed(`Meanwhile there was ${describeSync(later)}, which did not complete`);
};

/** Reads from the Application how far the plan is; every call of `execute` and `observe` begins with it. */
export const standingOf = (application: Application, pin: ArgocdPin): Standing => {
  if ((application.metadata.uid ?? '') !== pin.uid) {
    return changed('The Application was deleted and made anew since the plan was made');
  }
  const running = runningOf(application);
  if (running === null) return settled(application, pin);
  const ours = running.digest === pin.digest && !running.dryRun;
  return ours ? { kind: 'under-way', sync: running } : { kind: 'busy', sync: running };
};
