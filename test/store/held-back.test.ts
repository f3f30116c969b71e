import { createMaintenance } from '../../src/app/maintenance.ts';
import { iso } from '../../src/domain/time.ts';
import { readLedger } from '../../src/store/effects.ts';
import type { Core } from '../harness/core.ts';
import { startCore } from '../harness/core.ts';
import type { Around } from '../unit/support/around.ts';
import { around } from '../unit/support/around.ts';
import { MINUTE, policyWith, service } from '../unit/support/incident.ts';

/** What leaves, or does not, for incidents whose messages are held back: read from the ledger. */
let core: Core;
let here: Around;

beforeEach(async () => {
  const services = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`service-${i}`, service(null)]));
  const { communication } = policyWith();
  const policy = policyWith({}, { services, communication: { ...communication, statuspage: 'automatic' } });
  core = await startCore({ policy });
  here = around(core);
});
afterEach(() => core.close());

const p1 = (name: string, changes: Parameters<Around['p0']>[1] = {}): object =>
  here.p0(name, { ...changes, annotations: { users_affected_percent: '30' } });
const sent = async (name: string): Promise<readonly string[]> =>
  (await readLedger(core.store.db, { incidentId: (await here.of(name)).id }, 1_000)).map(
    ({ channel, kind }) => `${channel} ${kind}`,
  );
const announce = (minutes: number) =>
  createMaintenance(core).add(
    {
      ...{ service: 'service-0', environment: null, because: 'new disks' },
      from: iso(core.clock.at),
      until: iso(core.clock.at + minutes * MINUTE),
    },
    { name: 'ada', via: 'api' },
  );

describe('maintenance', () => {
  test.each([
    ['P0', () => here.p0('service-0'), ['pagerduty trigger', 'slack announce', 'statuspage publish']],
    ['P1', () => p1('service-0'), ['slack announce', 'statuspage publish']],
    ['P2', () => here.p2('service-0'), ['email opened']],
  ])('nothing leaves for a %s, and at its end what should have', async (_severity, alert, expected) => {
    await announce(20);
    await here.fires(alert());
    await here.pass(20 * MINUTE - 1);
    expect(await sent('service-0')).toEqual([]);
    await here.pass(1);
    expect(await sent('service-0')).toEqual(expect.arrayContaining(expected));
  });

  test('nothing leaves for what ends in it, before or after its end', async () => {
    await announce(20);
    await here.fires(p1('service-0'));
    await here.fires(p1('service-0', { endsAt: core.clock.at }));
    await here.pass(30 * MINUTE);
    expect(await sent('service-0')).toEqual([]);
  });
});

describe('silenced', () => {
  const silence = async (name: string): Promise<void> => {
    const quiet = { kind: 'silenced', because: 'known', until: null } as const;
    await core.commander.handle((await here.of(name)).id, [{ kind: 'set-quiet', quiet }]);
  };

  test('updates and warnings stop, the message says so, and it is not over', async () => {
    await here.fires(p1('service-1'));
    await silence('service-1');
    const before = (await sent('service-1')).length;
    await here.pass(3 * 60 * MINUTE);
    expect(await here.of('service-1')).toMatchObject({ status: 'open', quiet: [{ kind: 'silenced' }] });
    expect(await here.said('service-1', 'status-updated')).toEqual([]);
    expect(await here.said('service-1', 'clock-warned')).toEqual([]);
    expect((await here.of('service-1')).clocks.restore?.state).toBe('breached');
    expect((await sent('service-1')).slice(before).filter((each) => each !== 'slack refresh')).toEqual([]);
  });

  test('a silence that was to end does not hold for as long as Alertmanager cannot be asked', async () => {
    await here.fires(p1('service-1'));
    await here.pass(1_000);
    const quiet = { kind: 'silenced', because: 'known', until: iso(core.clock.at + 30 * MINUTE) } as const;
    await core.commander.handle((await here.of('service-1')).id, [{ kind: 'set-quiet', quiet }]);
    await here.pass(40 * MINUTE - 1);
    expect((await here.of('service-1')).quiet).toHaveLength(1);
    await here.pass(1);
    expect((await here.of('service-1')).quiet).toEqual([]);
    expect(await here.pages('service-1')).toEqual(['escalated']);
  });

  test('a P0 in it pages all the same', async () => {
    await here.fires(here.p2('service-1'));
    await silence('service-1');
    await here.fires(here.p0('service-1'));
    expect(await sent('service-1')).toContain('pagerduty trigger');
  });
});

describe('a storm', () => {
  const loud = 10;
  const all = Array.from({ length: 25 }, (_, i) => `service-${i}`);
  test('nothing leaves for those held back, also when it is over and nobody reminds of them; the head tells of it', async () => {
    await here.fires(...all.map((name) => p1(name)));
    await here.pass(15 * MINUTE);
    const held = (await core.incidents()).filter(({ toldAt }) => toldAt === null);
    expect(held).toHaveLength(all.length - loud);
    for (const { service: name, quiet, clocks } of held) {
      expect(quiet).toEqual([]);
      expect(clocks.acknowledge?.state).toBe('breached');
      expect(await sent(name!)).toEqual([]);
    }
    const heads = (await core.incidents()).filter(({ storm }) => storm !== null);
    expect(heads).toMatchObject([{ storm: { incidents: all.length, over: { stillFiring: all.length - loud } } }]);
  });

  test('one of them is heard of when there is news of it after the storm', async () => {
    await here.fires(...all.map((name) => p1(name)));
    await here.pass(3 * MINUTE);
    const { id, service: name } = (await core.incidents()).find(({ toldAt }) => toldAt === null)!;
    await core.commander.handle(id, [{ kind: 'acknowledge', by: 'ada', via: 'api' }]);
    expect(await sent(name!)).toContain('slack announce');
  });
});
