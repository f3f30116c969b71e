import type { Quiet } from '../domain/incident/process-events.ts';
import type { Policy } from '../domain/policy.ts';
import type { Severity } from '../domain/severity.ts';
import type { LoadedIncident } from '../store/incidents.ts';
import { lockIncident } from '../store/incidents.ts';
import type { UnitOfWork } from '../store/store.ts';
import type { Storm } from '../store/storms.ts';
import {
  beginStorm,
  currentStorm,
  heldByStorm,
  lockStorm,
  openedSince,
  stormNumbers,
  updateStorm,
} from '../store/storms.ts';
import { setTimer, setTimers } from '../store/timers.ts';
import type { Commander } from './commander.ts';

export interface StormDeps {
  readonly commander: Commander;
  readonly policy: Policy;
  readonly now: number;
}

/** So many in this time are a storm, and people hear of it this often while it lasts. */
const MINUTE_MS = 60_000;
/** It is over when nothing has opened for this long. */
const CALM_MS = 120_000;
/** Those that are heard again are looked at one after another, not all at once. */
const APART_MS = 20;
const SERVICES_NAMED = 200;
const INCIDENTS_NAMED = 50;

interface Joined {
  /** How the incident is held back; null: it is heard. */
  readonly quiet: Quiet | null;
  /** Set when the storm begins with it: what to tell once it is there. */
  readonly begun: Storm | null;
}

/**
 * An incident opens: is it one of too many? Counted in the store, in the gate, so that replicas agree. A P0 is never part of
 * a storm. Takes the head's lock before the storm's, as everybody does.
 */
export async function joinStorm(
  uow: UnitOfWork,
  deps: StormDeps,
  opening: { readonly id: string; readonly severity: Severity },
): Promise<Joined> {
  const { trx } = uow;
  const { now, policy } = deps;
  const known = await currentStorm(trx);
  if (known !== null && now - known.lastAt >= CALM_MS) await endStorm(uow, deps, known.head);
  const going = await lockStorm(trx);
  const begun = going === null ? await beginIfMany(uow, policy, opening, now) : null;
  const storm = going ?? begun;
  if (storm === null) return { quiet: null, begun: null };
  await updateStorm(trx, storm.id, { lastAt: now });
  const isHeard = opening.severity === 'P0' || storm.head === opening.id;
  const because = `one of many that opened within minutes: ${storm.head} tells of all of them`;
  return { quiet: isHeard ? null : { kind: 'storm', because, until: null, head: storm.head }, begun };
}

/** The head is the first of them that still goes on and is no P0: a P0 has its own story to tell. */
async function beginIfMany(
  { trx }: UnitOfWork,
  { communication }: Policy,
  opening: { readonly id: string; readonly severity: Severity },
  now: number,
): Promise<Storm | null> {
  const most = communication.stormIncidents;
  const before = await openedSince(trx, now - MINUTE_MS, most + 1);
  if (before.length + 1 <= most) return null;
  const own = { ...opening, status: 'open', at: now };
  const head = [...before, own].find(({ severity, status }) => severity !== 'P0' && status !== 'closed');
  return head === undefined ? null : beginStorm(trx, head.id, before[0]?.at ?? now, now);
}

/** Tells of it in the head, at once when it begins and then once a minute while it grows. */
export async function tellOfStorm(uow: UnitOfWork, deps: StormDeps, storm: Storm): Promise<void> {
  const head = await lockIncident(uow.trx, storm.head);
  if (head !== null) await grow(uow, deps, head, storm);
}

async function grow(uow: UnitOfWork, { commander, policy, now }: StormDeps, head: LoadedIncident, storm: Storm) {
  const numbers = await stormNumbers(uow.trx, storm.beganAt, SERVICES_NAMED);
  if (numbers.incidents !== storm.told) {
    await commander.apply(uow, storm.head, head, [{ kind: 'grow-storm', ...numbers }], policy);
    await updateStorm(uow.trx, storm.id, { told: numbers.incidents });
  }
  await setTimer(uow.trx, storm.head, 'storm', now + MINUTE_MS);
}

/** The head's timer came: it grew, it is over, or its head is not there any more and another one has to tell. */
export async function tendStorm(uow: UnitOfWork, deps: StormDeps, head: LoadedIncident): Promise<void> {
  const storm = await lockStorm(uow.trx);
  if (storm?.head !== head.state.id) return;
  if (deps.now - storm.lastAt >= CALM_MS) {
    await end(uow, deps, head, storm);
    return;
  }
  if (head.state.status !== 'closed') {
    await grow(uow, deps, head, storm);
    return;
  }
  const others = await heldByStorm(uow.trx, storm.beganAt);
  const next = (others.find(({ fires }) => fires) ?? others[0])?.id;
  if (next === undefined) return end(uow, deps, head, storm);
  await updateStorm(uow.trx, storm.id, { head: next });
  // First it is heard again, then it tells.
  await setTimer(uow.trx, next, 'look-around', deps.now);
  await setTimer(uow.trx, next, 'storm', deps.now + 1);
}

async function endStorm(uow: UnitOfWork, deps: StormDeps, headId: string): Promise<void> {
  const head = await lockIncident(uow.trx, headId);
  const storm = await lockStorm(uow.trx);
  if (head !== null && storm?.head === headId && deps.now - storm.lastAt >= CALM_MS) await end(uow, deps, head, storm);
}

/** What still fires is listed, once, and heard of again from now on. */
async function end(
  uow: UnitOfWork,
  { commander, policy, now }: StormDeps,
  head: LoadedIncident,
  storm: Storm,
): Promise<void> {
  const held = await heldByStorm(uow.trx, storm.beganAt);
  const still = held.filter(({ fires }) => fires).map(({ id }) => id);
  const numbers = await stormNumbers(uow.trx, storm.beganAt, SERVICES_NAMED);
  const over = { stillFiring: still.length, ids: still.slice(0, INCIDENTS_NAMED) };
  await commander.apply(uow, storm.head, head, [{ kind: 'grow-storm', ...numbers, over }], policy);
  await updateStorm(uow.trx, storm.id, { told: numbers.incidents, endedAt: now });
  await setTimers(
    uow.trx,
    held.map(({ id }) => id),
    ['look-around'],
    now,
    APART_MS,
  );
}
