import type { ChangeStore } from '../ingest/ports.ts';
import { markIncidentsDirty } from '../store/keys.ts';
import { saveChange } from '../store/changes.ts';
import type { Store } from '../store/store.ts';

/** A change that comes late may be the suspect that a decision lacked: its service's incidents are looked at again. */
export const changeStore = (store: Store): ChangeStore => ({
  saveChange: (change, receivedAt) =>
    store.transaction(async ({ trx }) => {
      const outcome = await saveChange(trx, change, receivedAt);
      if (outcome !== 'unchanged') await markIncidentsDirty(trx, change.service);
      return outcome;
    }),
});
