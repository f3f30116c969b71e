import { setTimeout as delay } from 'node:timers/promises';
import type { Failure } from '../../../domain/failure.ts';
import { ms } from '../../../domain/time.ts';
import type { Rehearsal } from '../../ports.ts';
import { send } from './client.ts';
import { entryIdOf } from './execute.ts';
import { brokeOffText } from './health.ts';
import { type Application, canISchema, type OperationState, syncWindowsSchema } from './objects.ts';
import type { ArgocdPin } from './pin.ts';
import { standingStop, unread } from './resolve.ts';
import { pathOf, postRollback, readApplication, refused, scopeOf, type Site } from './site.ts';
import { standingOf } from './standing.ts';
import { endedOf } from './state.ts';

const POLL_MS = 300;
/** A dry run that came to an end this long ago still says what one would say now. */
const DRY_RUN_HOLDS_MS = 10 * 60_000;

const wouldWork = (message: string): Rehearsal => ({ kind: 'would-work', message });

/** Asks Argo CD's own rules. Where it does not answer that question, the rollback itself will. */
const permission = async (site: Site, application: Application, signal: AbortSignal): Promise<Rehearsal | null> => {
  const { step, connection } = site;
  const project = application.spec.project ?? step.project ?? 'default';
  const object = [project, ...(step.namespace === null ? [] : [step.namespace]), step.application];
  const path = `/api/v1/account/can-i/applications/sync/${object.map(encodeURIComponent).join('/')}`;
  const answer = await send(connection, { path, schema: canISchema }, signal);
  if (answer.kind === 'failed' && answer.failure.kind !== 'rejected') return answer;
  if (answer.kind !== 'ok' || answer.body.value !== 'no') return null;
  const message = `The token may not "sync" ${object.join('/')}, which a rollback needs`;
  return { kind: 'failed', failure: { kind: 'unauthorized', message } };
};

/** In a closed window Argo CD takes the rollback and then lets it wait, with the slot taken, until the window is over. */
const syncWindow = async (site: Site, signal: AbortSignal): Promise<Rehearsal | null> => {
  const request = { path: pathOf(site, '/syncwindows'), query: scopeOf(site), schema: syncWindowsSchema };
  const answer = await send(site.connection, request, signal);
  if (answer.kind === 'failed' && answer.failure.kind !== 'rejected') return answer;
  if (answer.kind !== 'ok' || answer.body.canSync !== false) return null;
  return refused('paused', 'A sync window of its project forbids syncing now: the rollback would wait for its end');
};

const verdict = (state: OperationState): Rehearsal =>
  state.phase === 'Succeeded'
    ? wouldWork('Argo CD’s dry run of the rollback succeeded')
    : refused('unsupported', `Argo CD’s dry run of the rollback did not succeed: ${brokeOffText(state)}`);

/** The dry run of this very rollback that ended last. */
const dryRunOf = (application: Application, pin: ArgocdPin): OperationState | null => {
  const ended = endedOf(application);
  return ended !== null && ended.dryRun && ended.digest === pin.digest ? ended.state : null;
};

const isRecent = (state: OperationState, date: string | null): boolean => {
  const age = Date.parse(date ?? '') - ms(state.finishedAt ?? state.startedAt);
  return age <= DRY_RUN_HOLDS_MS;
};

const late: Failure = { kind: 'ambiguous', message: 'Argo CD’s dry run did not end in time' };

const awaitDryRun = async (
  site: Site,
  pin: ArgocdPin,
  before: string | null,
  signal: AbortSignal,
): Promise<Rehearsal> => {
  while (!signal.aborted) {
    const read = await readApplication(site, signal);
    if (read.kind === 'failed') return read;
    if (read.kind !== 'ok') return unread(read);
    const state = dryRunOf(read.body, pin);
    if (state !== null && state.startedAt !== before) return verdict(state);
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  return { kind: 'failed', failure: late };
};

/** An operation like any other: it takes the slot, is shown, and sets off notifications; so only where asked for. */
const dryRun = async (
  site: Site,
  pin: ArgocdPin,
  application: Application,
  date: string | null,
  signal: AbortSignal,
): Promise<Rehearsal> => {
  const known = dryRunOf(application, pin);
  if (known !== null && isRecent(known, date)) return verdict(known);
  const historyId = entryIdOf(application, pin);
  if (historyId === null) return refused('no-older-version', 'The history does not hold the target version any more');
  const answer = await postRollback(site, historyId, true, signal);
  if (answer.kind === 'failed') return answer;
  if (answer.kind !== 'ok') return unread(answer);
  return awaitDryRun(site, pin, known?.startedAt ?? null, signal);
};

const CHECKED = 'Argo CD would take it: the token may sync, no sync window and no other operation is in the way';

/** Asks everything that can be asked without changing anything; the manifests are rendered only in a dry run. */
export const rehearse = async (site: Site, pin: ArgocdPin, signal: AbortSignal): Promise<Rehearsal> => {
  const read = await readApplication(site, signal);
  if (read.kind === 'failed') return read;
  if (read.kind !== 'ok') return unread(read);
  const stop = standingStop(read.body);
  if (stop !== null) return stop;
  const standing = standingOf(read.body, pin);
  if (standing.kind === 'refused') return standing;
  if (standing.kind === 'at-to') return wouldWork('Already at the target version');
  const no = (await permission(site, read.body, signal)) ?? (await syncWindow(site, signal));
  if (no !== null) return no;
  if (site.step.dryRun) return dryRun(site, pin, read.body, read.date, signal);
  if (entryIdOf(read.body, pin) === null) return refused('no-older-version', 'The history lost the target version');
  return wouldWork(`${CHECKED}; manifests were not rendered`);
};
