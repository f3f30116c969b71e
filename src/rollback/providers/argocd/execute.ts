import type { Failure } from '../../../domain/failure.ts';
import type { Execution } from '../../ports.ts';
import type { Application } from './objects.ts';
import type { ArgocdPin } from './pin.ts';
import { unread } from './resolve.ts';
import { describeSync, obstacleOf, postRollback, readApplication, refused, type Refused, type Site } from './site.ts';
import { type Standing, standingOf } from './standing.ts';
import { historyOf } from './state.ts';
import { digestOf } from './version.ts';

type Failed = { readonly kind: 'failed'; readonly failure: Failure };
type Look = Standing | Failed;

const failed = (kind: Failure['kind'], message: string): Failed => ({ kind: 'failed', failure: { kind, message } });

const accepted = (historyId: number): Execution => ({ kind: 'accepted', receipt: { historyId } });

/** The entry of the pinned version: under its id or, should the history have been rewritten, wherever it stands now. */
export const entryIdOf = (application: Application, pin: ArgocdPin): number | null => {
  const same = historyOf(application).filter((entry) => digestOf(entry) === pin.digest);
  return (same.find(({ id }) => id === pin.historyId) ?? same.at(-1))?.id ?? null;
};

const GONE = refused('no-older-version', 'The history does not hold the target version any more');

/** What the standing means for somebody who wants to act; null when the way is free. */
const conclude = (look: Look, pin: ArgocdPin): Execution | null => {
  switch (look.kind) {
    case 'at-from':
      return null;
    // Whether it went well is for `observe` to say: a rollback that failed is not begun a second time.
    case 'under-way':
    case 'broke-off':
      return accepted(pin.historyId);
    case 'at-to': {
      const message = 'The target version is already in place';
      return { kind: 'already-there', receipt: { historyId: look.entry.id }, message };
    }
    case 'busy':
      // Not a no: its end is waited for, and then looked at again, as long as the step has time.
      return failed('server', `Argo CD runs another operation: ${describeSync(look.sync)}`);
    case 'refused':
    case 'failed':
      return look;
  }
};

/** Argo CD gives one code for all of these. */
const declined = (message: string): Refused | null => {
  if (/auto-sync is enabled/i.test(message)) return refused('owned-by-another', message);
  if (/application is deleting/i.test(message)) return refused('not-found', message);
  if (/does not have deployment with id/i.test(message)) return GONE;
  if (/cannot rollback to revision deployed with/i.test(message)) return refused('unsupported', message);
  return null;
};

const isBusy = (message: string): boolean => /another operation is already in progress/i.test(message);

/** Puts the rollback in Argo CD's queue. Looks first, so that repeating it after a crash begins nothing twice. */
export const execute = async (site: Site, pin: ArgocdPin, signal: AbortSignal): Promise<Execution> => {
  const before = await readApplication(site, signal);
  if (before.kind === 'failed') return before;
  if (before.kind !== 'ok') return unread(before);
  const concluded = conclude(standingOf(before.body, pin), pin);
  if (concluded !== null) return concluded;
  const obstacle = obstacleOf(before.body);
  if (obstacle !== null) return obstacle;
  const historyId = entryIdOf(before.body, pin);
  if (historyId === null) return GONE;

  const answer = await postRollback(site, historyId, false, signal);
  if (answer.kind === 'ok') return accepted(historyId);
  if (answer.kind === 'not-found') return unread(answer);
  if (answer.kind === 'failed') return mayHaveHappened(answer.failure) ? settle(site, pin, answer, signal) : answer;
  // Somebody was faster: possibly our own request, sent again by something in between.
  const busy = failed('server', `Argo CD: ${answer.message}`);
  return (
    declined(answer.message) ??
    (await settle(site, pin, isBusy(answer.message) ? busy : rejected(answer.message), signal))
  );
};

const rejected = (message: string): Failed => failed('rejected', `Argo CD declined: ${message}`);

/** A failure after which the operation may be in the queue all the same. */
const mayHaveHappened = (failure: Failure): boolean => failure.kind === 'ambiguous' || failure.kind === 'server';

/** Asks before anyone retries: the answer to a request that took effect can be lost on the way. */
const settle = async (site: Site, pin: ArgocdPin, otherwise: Failed, signal: AbortSignal): Promise<Execution> => {
  const now = await readApplication(site, signal);
  if (now.kind !== 'ok') return otherwise;
  const standing = standingOf(now.body, pin);
  const ours = standing.kind === 'under-way' || standing.kind === 'at-to' || standing.kind === 'broke-off';
  return ours ? accepted(pin.historyId) : otherwise;
};
