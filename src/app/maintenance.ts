import type { Actor } from '../api/ports.ts';
import { CommandRefused } from '../domain/incident/commands.ts';
import type { MaintenanceWindow } from '../domain/maintenance.ts';
import type { Clock } from '../domain/time.ts';
import { ms } from '../domain/time.ts';
import type { Trx } from '../store/database.ts';
import type { NewWindow } from '../store/maintenance.ts';
import { addWindow, endWindow, listWindows, readWindow } from '../store/maintenance.ts';
import { incidentsOf } from '../store/relations.ts';
import type { Store } from '../store/store.ts';
import { setTimers } from '../store/timers.ts';

export interface Maintenance {
  list(withPast: boolean, limit: number): Promise<readonly MaintenanceWindow[]>;
  /** Throws CommandRefused. */
  add(window: Omit<NewWindow, 'by'>, actor: Actor): Promise<MaintenanceWindow>;
  /** Before its time. Null: there is none of this id. One that is over stays as it is. */
  end(id: number, actor: Actor): Promise<MaintenanceWindow | null>;
}

/** Many incidents are looked at one after another. */
const APART_MS = 20;

/** Announced work. What it holds back or lets go is looked at by the timers of the incidents concerned, at once. */
export function createMaintenance({ store, clock }: { readonly store: Store; readonly clock: Clock }): Maintenance {
  const lookAtConcerned = async (
    trx: Trx,
    window: Pick<MaintenanceWindow, 'service' | 'environment'>,
  ): Promise<void> => {
    await setTimers(trx, await incidentsOf(trx, window), ['look-around'], clock.now(), APART_MS);
  };
  return {
    list: (withPast, limit) => listWindows(store.db, clock.now(), withPast, limit),
    async add(window, actor) {
      const now = clock.now();
      if (ms(window.until) <= ms(window.from)) throw new CommandRefused('invalid', 'must be after "from"', 'until');
      if (ms(window.until) <= now) throw new CommandRefused('invalid', 'is over already', 'until');
      const id = await store.transaction(async ({ trx }) => {
        if (ms(window.from) <= now) await lookAtConcerned(trx, window);
        return addWindow(trx, { ...window, by: actor.name }, now);
      });
      return must(await readWindow(store.db, id));
    },
    async end(id, actor) {
      const window = await readWindow(store.db, id);
      if (window === null) return null;
      await store.transaction(async ({ trx }) => {
        await lookAtConcerned(trx, window);
        await endWindow(trx, id, actor.name, clock.now());
      });
      return readWindow(store.db, id);
    },
  };
}

function must(window: MaintenanceWindow | null): MaintenanceWindow {
  if (window === null) throw new Error('a maintenance window was written and cannot be read');
  return window;
}
