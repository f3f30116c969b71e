import type { Handover, HandoverWindow } from '../domain/handover.ts';
import { handoverOf } from '../domain/handover.ts';
import type { MaintenanceWindow } from '../domain/maintenance.ts';
import type { Clock } from '../domain/time.ts';
import type { Settings } from '../settings/types.ts';
import { overdueActions, unclosedIncidents } from '../store/handover.ts';
import { listWindows } from '../store/maintenance.ts';
import { readAutomation } from '../store/rollbacks.ts';
import type { Store } from '../store/store.ts';
import type { EffectivePolicy } from './commander.ts';

export interface HandoverDeps {
  readonly store: Store;
  readonly policy: EffectivePolicy;
  readonly clock: Clock;
  /** Why nothing is sent; null when everything is. */
  readonly silent: string | null;
}

const INCIDENTS = 1_000;
const ACTIONS = 200;
const WINDOWS = 50;

/** What the next person on call must know, as it stands now. */
export async function readHandover({ store, policy, clock, silent }: HandoverDeps): Promise<Handover> {
  const { db } = store;
  const now = clock.now();
  const [{ automation, monitoringSeconds }, { changedBy, changedAt }, states, overdue, windows] = await Promise.all([
    policy(),
    readAutomation(db),
    unclosedIncidents(db, INCIDENTS),
    overdueActions(db, now, ACTIONS),
    listWindows(db, now, false, WINDOWS),
  ]);
  return handoverOf({
    automation: { mode: automation.mode, killSwitch: automation.killSwitch, changedBy, changedAt },
    ...{ silent, states, monitoringSeconds, now },
    overdueActions: overdue,
    maintenance: windows.map(windowOf),
  });
}

/** Why nothing leaves this process; null when everything does. */
export const silence = ({ sandboxReason, notifications }: Settings): string | null =>
  sandboxReason ?? (notifications === 'observe' ? 'notifications: observe' : null);

function windowOf({ service, environment, from, until, because, by }: MaintenanceWindow): HandoverWindow {
  const what = [...(service === null ? [] : [service]), ...(environment === null ? [] : [`in ${environment}`])].join(
    ' ',
  );
  return { what, from, until, because, by };
}
