import type { EventData, EventType } from '../../../src/domain/incident/events.ts';
import type { IncidentState } from '../../../src/domain/incident/state.ts';
import { iso } from '../../../src/domain/time.ts';
import { saveChange } from '../../../src/store/changes.ts';
import { readIncident } from '../../../src/store/incidents.ts';
import { nextDirtyAt } from '../../../src/store/keys.ts';
import { nextTimerAt } from '../../../src/store/timers.ts';
import type { Core } from '../../harness/core.ts';
import { raw } from '../../harness/core.ts';
import { MINUTE } from './incident.ts';

/** Several incidents of one core, each by the service that it is of. */
export interface Around {
  readonly core: Core;
  /** An alert that says that nearly all users suffer: a P0. Fires from now, unless it has ended. */
  p0(service: string, changes?: Parameters<typeof raw>[1]): object;
  p2(service: string, changes?: Parameters<typeof raw>[1]): object;
  /** The newest incident of a service. */
  of(service: string): Promise<IncidentState>;
  /** The data of its events of a type. */
  said<T extends EventType>(service: string, type: T): Promise<readonly EventData[T][]>;
  pages(service: string): Promise<readonly string[]>;
  /** Delivers and looks. */
  fires(...alerts: readonly object[]): Promise<void>;
  /** Time passes; timers and looks that come due meanwhile happen. */
  pass(ms: number): Promise<void>;
  changed(id: string, service: string): Promise<void>;
}

/** When the next timer or look is due. */
async function next({ store }: Core): Promise<number> {
  const [timer, look] = await Promise.all([nextTimerAt(store.db), nextDirtyAt(store.db)]);
  return Math.min(timer ?? Infinity, look ?? Infinity);
}

export function around(core: Core): Around {
  const state = async (service: string): Promise<IncidentState> => {
    const found = (await core.incidents()).find((incident) => incident.service === service);
    if (found === undefined) throw new Error(`no incident of ${service}`);
    return (await readIncident(core.store.db, found.id))!.state;
  };
  const alert = (name: string, service: string, annotations: object, changes: Parameters<typeof raw>[1] = {}): object =>
    raw(name, {
      service,
      startsAt: core.clock.at - 1_000,
      ...changes,
      annotations: { ...annotations, ...changes.annotations },
    });
  const self: Around = {
    core,
    p0: (service, changes) => alert('Down', service, { users_affected_percent: '95' }, changes),
    p2: (service, changes) => alert('Slow', service, {}, changes),
    of: state,
    async said(service, type) {
      const events = await core.timeline((await state(service)).id);
      return events.filter((event) => event.type === type).map((event) => event.data as never);
    },
    pages: async (service) => (await self.said(service, 'page-requested')).map(({ reason }) => reason),
    async fires(...alerts) {
      await core.deliver(...alerts);
      await core.settle();
    },
    async pass(ms) {
      const end = core.clock.at + ms;
      for (let at = await next(core); at <= end; at = await next(core)) {
        core.clock.at = Math.max(core.clock.at, at);
        await core.fire();
        await core.look();
      }
      core.clock.at = Math.max(core.clock.at, end);
    },
    async changed(id, service) {
      await saveChange(
        core.store.db,
        {
          ...{ id, service, environment: 'production', kind: 'deployment', version: 'r42', previousVersion: 'r41' },
          startedAt: iso(core.clock.at - 5 * MINUTE),
          finishedAt: null,
          by: 'ci',
          url: null,
          evidence: {},
        },
        core.clock.at - 5 * MINUTE,
      );
    },
  };
  return self;
}
