import { createCommander } from '../../../src/app/commander.ts';
import { runLane, type LaneDeps } from '../../../src/app/lanes.ts';
import type { Failure } from '../../../src/domain/failure.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import { CHANNELS, type EffectIntent } from '../../../src/domain/view.ts';
import { unfinishedLanes } from '../../../src/store/effects.ts';
import { openStore, type Store } from '../../../src/store/store.ts';
import { testDatabase } from '../../harness/database.ts';
import { assessmentOf, Incident, newsOf, openingOf, policyWith } from '../../unit/support/incident.ts';
import { persist } from '../../unit/support/store.ts';
import { channelsTo, comeBack, startServers, stopServers, trustIn, type MovedClock, type Servers } from './servers.ts';

/** One attempt at an effect that failed. */
export interface FailedAttempt {
  readonly effectId: string;
  readonly failure: Failure;
}

/** The real lanes and ledger on a real PostgreSQL, five servers to deliver to, and a clock that is moved. */
export interface World {
  readonly store: Store;
  readonly servers: Servers;
  readonly clock: MovedClock;
  readonly failures: readonly FailedAttempt[];
  /** Opens an incident that has this to tell. */
  open(incidentId: string, effects: readonly EffectIntent[]): Promise<void>;
  /** Tries once what is to be done for these incidents, and returns whether there was something. */
  attempt(incidentIds: readonly string[]): Promise<boolean>;
  /** Delivers until nothing is left to do for these incidents. After each attempt, servers that were down are there again. */
  settle(incidentIds: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Longer than any wait that a server asks for. */
const PAUSE_MS = 61_000;
const MOST_PASSES = 20;
const quiet = Object.fromEntries(CHANNELS.map((channel) => [channel, 'only what the test wants told is told']));
const silent = { warn: () => undefined, error: () => undefined };

export const startWorld = async (): Promise<World> => {
  const database = await testDatabase();
  const options = { lateFiringMs: 300_000, refreshMs: 60_000, exclusive: false, log: silent };
  const store = await openStore(database.connection, options);
  const clock: MovedClock = {
    at: Date.UTC(2035, 0, 1),
    now() {
      return this.at;
    },
  };
  const servers = await startServers(clock);
  const distrust = trustIn(servers);
  const failures: FailedAttempt[] = [];
  const deps = lanesOf(store, servers, clock, failures);

  const attempt = async (incidentIds: readonly string[]): Promise<boolean> => {
    const lanes = (await unfinishedLanes(store.db)).filter((lane) => incidentIds.includes(lane.incidentId));
    const ends = await Promise.allSettled(lanes.map((lane) => runLane(deps, lane)));
    for (const end of ends) if (end.status === 'rejected' && !isRetryLater(end.reason)) throw end.reason;
    return lanes.length > 0;
  };

  return {
    store,
    servers,
    clock,
    failures,
    open: async (incidentId, effects) => {
      const incident = new NamedIncident(incidentId, clock.now());
      await store.transaction((uow) => persist(uow.trx, incident, { effects }));
    },
    attempt,
    settle: async (incidentIds) => {
      for (let pass = 0; pass < MOST_PASSES; pass += 1) {
        if (!(await attempt(incidentIds))) return;
        await comeBack(servers);
        clock.at += PAUSE_MS;
      }
      throw new Error(`not settled after ${MOST_PASSES} passes; last: ${JSON.stringify(failures.slice(-5))}`);
    },
    close: async () => {
      distrust();
      await stopServers(servers);
      await store.close();
      await database.drop();
    },
  };
};

const lanesOf = (store: Store, servers: Servers, clock: MovedClock, failures: FailedAttempt[]): LaneDeps => {
  const policy = (): Promise<Policy> => Promise.resolve(policyWith());
  const log = (details: object): void => {
    const { effectId, failure } = details as FailedAttempt;
    failures.push({ effectId, failure });
  };
  return {
    store,
    clock,
    policy,
    commander: createCommander(store, clock, policy, { quiet, hasWebhooks: true }),
    channels: channelsTo(servers, clock),
    publicUrl: 'https://firebreak.example.com',
    log: { warn: log, error: log },
  };
};

const isRetryLater = (reason: unknown): boolean => reason instanceof Error && reason.name === 'RetryLater';

/** A P1 of a service of its own. */
class NamedIncident extends Incident {
  override readonly id: string;

  constructor(id: string, now: number) {
    super(policyWith());
    this.id = id;
    this.now = now;
    const opening = openingOf({ service: `shop-${id}`, correlationKey: id });
    this.do({ kind: 'open', opening, news: newsOf({ firing: 1 }, ['CheckoutDown']) });
    this.do({ kind: 'assess', assessment: assessmentOf('P1') });
  }
}
