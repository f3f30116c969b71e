import type { Command } from '../domain/incident/commands.ts';
import { timersOf } from '../domain/incident/timers.ts';
import type { IncidentStatus } from '../domain/incident/state.ts';
import type { Policy } from '../domain/policy.ts';
import type { Clock } from '../domain/time.ts';
import { lockIncident } from '../store/incidents.ts';
import { markDirty } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { DueTimer } from '../store/timers.ts';
import { findDueTimers, nextTimerAt, setTimer, takeTimer } from '../store/timers.ts';
import type { Next } from '../timers/loop.ts';
import type { Around } from './around.ts';
import { lookAround } from './around.ts';
import type { Commander, EffectivePolicy } from './commander.ts';
import { followUpJob } from './commander.ts';
import { tendStorm } from './storms.ts';

export interface TimerDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly commander: Commander;
  readonly policy: EffectivePolicy;
}

/** Looked up at once; each is fired in a transaction of its own. */
const BATCH = 20;

/** Fires what is due. A timer leaves the table in the transaction that does what it asks for, so none is lost. */
export async function fireDueTimers(deps: TimerDeps): Promise<Next> {
  const policy = await deps.policy();
  const due = await findDueTimers(deps.store.db, deps.clock.now(), BATCH);
  const failures: unknown[] = [];
  for (const timer of due) await fire(deps, timer, policy).catch((error: unknown) => failures.push(error));
  // One that cannot be fired must not hold up those behind it; the loop tells of it and comes again.
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} of ${due.length} timers could not be fired`);
  if (due.length === BATCH) return 'again';
  const next = await nextTimerAt(deps.store.db);
  return next === null ? 'idle' : { at: next };
}

async function fire({ store, commander, clock }: TimerDeps, timer: DueTimer, policy: Policy): Promise<void> {
  const { incidentId, name } = timer;
  await store.transaction(async (uow) => {
    // The incident first, as everywhere: whoever writes it holds it and goes for its timers then.
    const before = await lockIncident(uow.trx, incidentId);
    if (!(await takeTimer(uow.trx, timer)) || before === null) return;
    if (wakesRollback(timer)) await uow.enqueue([{ name: 'rollback', data: { v: 1, incidentId } }]);
    if (name === 'follow-up') await uow.enqueue([followUpJob(incidentId)]);
    if (name === 'reassess' && canChange(before.state.status)) await markDirty(uow.trx, [before.state.correlationKey]);
    if (name === 'storm') return tendStorm(uow, { commander, policy, now: clock.now() }, before);
    const around = looksAround(timer) ? await lookAround(uow.trx, before.state, false, clock.now()) : NOTHING_AROUND;
    const commands: readonly Command[] = [...around.holds, ...around.releases, { kind: 'fire-timer', name }];
    const after = await commander.apply(uow, incidentId, before, commands, policy);
    // It may have become early meanwhile (a longer monitoring window): what the state still waits for stays set.
    const still = timersOf(after, policy).find((each) => each.name === name && each.due > timer.due);
    if (still !== undefined) await setTimer(uow.trx, incidentId, name, still.due);
  });
}

const NOTHING_AROUND: Around = { holds: [], releases: [] };

const looksAround = ({ name }: DueTimer): boolean => name === 'look-around' || name === 'quiet-end';

/** Once restored, its severity and stance stand. */
const canChange = (status: IncidentStatus): boolean => status === 'open' || status === 'acknowledged';

const wakesRollback = ({ name }: DueTimer): boolean => name.startsWith('rollback-') && name !== 'rollback-approval';
