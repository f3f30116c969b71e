import type { Actor } from '../api/ports.ts';
import { CommandRefused } from '../domain/incident/commands.ts';
import { takeGate } from '../store/gate.ts';
import { lockIncident } from '../store/incidents.ts';
import { markDirty } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { isHeld } from '../domain/incident/told.ts';
import type { Commander, EffectivePolicy } from './commander.ts';

export interface MergeDeps {
  readonly store: Store;
  readonly commander: Commander;
  readonly policy: EffectivePolicy;
}

const GATE_PATIENCE_MS = 5_000;

/**
 * Makes an incident part of another one: both are told, or neither. The two are locked in the order of their ids, and in the
 * gate, where alone others hold two at once. Throws CommandRefused.
 */
export async function mergeIncidents(
  { store, commander, policy }: MergeDeps,
  id: string,
  into: string,
  actor: Actor,
  because: string,
): Promise<void> {
  const effective = await policy();
  await store.transaction(async (uow) => {
    await takeGate(uow.trx, GATE_PATIENCE_MS);
    const first = await lockIncident(uow.trx, id < into ? id : into);
    const second = await lockIncident(uow.trx, id < into ? into : id);
    const [part, target] = id < into ? [first, second] : [second, first];
    if (part === null) throw new CommandRefused('not-found', `no incident ${id}`);
    if (target === null) throw new CommandRefused('invalid', `no incident ${into}`, 'into');
    const { title, service, severity, alertNames, alertCounts: counts, mergedInto } = part.state;
    if (mergedInto === into) return;
    const said = { by: actor.name, via: actor.via };
    const merge = { kind: 'merge', into, because, ...said } as const;
    const heard = !isHeld(part.state, severity);
    const absorb = { kind: 'absorb', from: id, title, service, severity, alertNames, counts, heard, ...said } as const;
    await commander.apply(uow, id, part, [merge], effective);
    await commander.apply(uow, into, target, [absorb], effective);
    // It goes on for the alerts of both from now on. They are counted at once: one that was restored may come back with them.
    await markDirty(uow.trx, [target.state.correlationKey]);
  });
}
