import type { Command } from '../domain/incident/commands.ts';
import { isInMaintenance } from '../domain/incident/paging.ts';
import type { Quiet } from '../domain/incident/process-events.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import { quietUntil } from '../domain/incident/told.ts';
import type { MaintenanceSubject } from '../domain/maintenance.ts';
import { endOf, windowFor } from '../domain/maintenance.ts';
import { iso, ms } from '../domain/time.ts';
import type { Trx } from '../store/database.ts';
import { readIncident } from '../store/incidents.ts';
import { holdingWindows } from '../store/maintenance.ts';
import { currentStorm } from '../store/storms.ts';

/**
 * What stands around an incident changes without its alerts: windows of maintenance begin and end, a storm passes, the
 * incident that has the page for it is acknowledged or over. What follows from it is asked for here, wherever an incident is
 * looked at under its lock, and when a timer says that there is something to see.
 */
export interface Around {
  /** To be applied before the news of its alerts: it must not wake anybody for what is held back. */
  readonly holds: readonly Command[];
  /** To be applied after them: nobody has to be woken for what the news ended. */
  readonly releases: readonly Command[];
}

/** `comesBack`: the news reopens it. */
export async function lookAround(trx: Trx, state: IncidentState, comesBack: boolean, now: number): Promise<Around> {
  const maintenance = await maintenanceOf(trx, state, comesBack, now);
  const holds = maintenance?.kind === 'set-quiet' ? [maintenance] : [];
  const cleared = maintenance?.kind === 'clear-quiet' ? [maintenance] : [];
  const releases = [...cleared, ...silenceOver(state, now), ...(await stormOver(trx, state))];
  return { holds, releases: [...releases, ...(await ofLinked(trx, state))] };
}

async function maintenanceOf(
  trx: Trx,
  state: IncidentState,
  comesBack: boolean,
  now: number,
): Promise<Extract<Command, { kind: 'set-quiet' | 'clear-quiet' }> | null> {
  const { service, environment, openedAt, reopenedAt, status } = state;
  const isHeld = isInMaintenance(state);
  const mayBeHeld = comesBack || status === 'open' || status === 'acknowledged' || status === 'mitigated';
  if (!isHeld && !mayBeHeld) return null;
  const since = comesBack ? now : Math.max(ms(openedAt), reopenedAt === null ? 0 : ms(reopenedAt));
  const quiet = await maintenanceFor(trx, { service, environment, since, isHeld }, now);
  if (quiet !== null) return { kind: 'set-quiet', quiet };
  return isHeld ? { kind: 'clear-quiet', of: 'maintenance', because: 'the maintenance window is over' } : null;
}

/** Null: no window holds it back. */
export async function maintenanceFor(trx: Trx, subject: MaintenanceSubject, now: number): Promise<Quiet | null> {
  const window = windowFor(await holdingWindows(trx, now), subject, now);
  if (window === null) return null;
  return { kind: 'maintenance', because: `${window.because} (${window.by})`, until: iso(endOf(window)) };
}

/** It has ended, as far as was known when Alertmanager answered last: it must not hold for as long as that is down. */
function silenceOver({ quiet }: IncidentState, now: number): readonly Command[] {
  const silence = quiet.find(({ kind }) => kind === 'silenced');
  const until = silence === undefined ? null : quietUntil(silence);
  if (until === null || now < until) return [];
  return [
    { kind: 'clear-quiet', of: 'silenced', because: 'the silence was to end, and Alertmanager has not said more' },
  ];
}

async function stormOver(trx: Trx, { id, quiet }: IncidentState): Promise<readonly Command[]> {
  if (!quiet.some(({ kind }) => kind === 'storm')) return [];
  const storm = await currentStorm(trx);
  if (storm === null) return [{ kind: 'clear-quiet', of: 'storm', because: 'the storm is over' }];
  return storm.head === id ? [{ kind: 'clear-quiet', of: 'storm', because: 'it tells of the storm from now on' }] : [];
}

/** Whoever accepts the page of the one is at work on both. When that one is over, this one needs a page of its own. */
async function ofLinked(trx: Trx, { linkedTo, status }: IncidentState): Promise<readonly Command[]> {
  const other = linkedTo === null ? null : ((await readIncident(trx, linkedTo))?.state ?? null);
  if (other === null) return [];
  const goesOn = other.status === 'open' || other.status === 'acknowledged';
  if (!goesOn) return [{ kind: 'unlink', because: `${other.id} is ${other.status}, and this is not` }];
  const { acknowledgedBy } = other;
  if (acknowledgedBy === null || status !== 'open') return [];
  return [{ kind: 'acknowledge', by: acknowledgedBy, via: other.id }];
}
