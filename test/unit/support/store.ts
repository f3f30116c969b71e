import type { IncidentState } from '../../../src/domain/incident/state.ts';
import type { Tally } from '../../../src/domain/incident/tally.ts';
import { timersOf } from '../../../src/domain/incident/timers.ts';
import type { ChannelName, EffectIntent } from '../../../src/domain/view.ts';
import type { Database, Trx } from '../../../src/store/database.ts';
import { openDatabase } from '../../../src/store/database.ts';
import type { LoadedIncident } from '../../../src/store/incidents.ts';
import { saveIncident } from '../../../src/store/incidents.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { testDatabase } from '../../harness/database.ts';
import type { Incident } from './incident.ts';

export interface TestStore {
  readonly db: Database;
  transaction<T>(work: (trx: Trx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A migrated database of its own, without the job queue. */
export async function openTestStore(): Promise<TestStore> {
  const database = await testDatabase();
  const opened = openDatabase(database.connection);
  const { db } = opened;
  await migrate(db);
  return {
    db,
    transaction: (work) => db.transaction().execute(work),
    close: async () => {
      await opened.close();
      await database.drop();
    },
  };
}

interface Extras {
  /** What of it is stored already; the rest of its events is new. */
  readonly before?: LoadedIncident | null;
  readonly id?: string;
  readonly effects?: readonly EffectIntent[];
  readonly tallies?: readonly Tally[];
}

/** Stores an incident that was made in memory, or what it became since `before`. */
export async function persist(trx: Trx, incident: Incident, extras: Extras = {}): Promise<LoadedIncident> {
  const before = extras.before ?? null;
  const after: IncidentState = incident.must;
  await saveIncident(trx, {
    before,
    after,
    events: incident.stored.slice(before?.head.seq ?? 0),
    timers: timersOf(after, incident.policy),
    timersMoved: true,
    effects: extras.effects ?? [],
    tallies: extras.tallies ?? [],
    now: incident.now,
  });
  return { state: after, head: { seq: after.version, hash: incident.stored.at(-1)!.hash } };
}

export const intentOf = (incidentId: string, seq: number, channel: ChannelName, kind: string): EffectIntent => ({
  id: `${incidentId}:${seq}:${channel}:${kind}`,
  incidentId,
  channel,
  kind,
  urgent: true,
  message: `${kind} ${seq}`,
  data: {},
  replaces: kind === 'refresh' ? 'message' : null,
});
