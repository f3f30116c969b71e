import { CHANNELS, type ChannelName } from '../../src/domain/view.ts';
import { readLedger, reviveEffects } from '../../src/store/effects.ts';
import { readTimeline } from '../../src/store/timeline.ts';
import { table } from '../chaos/table.ts';
import { differences } from './under-fire/compare.ts';
import { callsTo, FAULTS, type NamedFault } from './under-fire/faults.ts';
import { comeBack } from './under-fire/servers.ts';
import { effectsOf } from './under-fire/script.ts';
import { startWorld, type World } from './under-fire/world.ts';

const AT_ONCE = 2;

let world: World;
let rounds = 0;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Several incidents at once tell everything through these channels. Returns how the ledger and the servers differ then. */
const round = async (channels: readonly ChannelName[]): Promise<readonly string[]> => {
  rounds += 1;
  const ids = Array.from({ length: AT_ONCE }, (_, i) => `INC-20350101-${String(rounds).padStart(6, '0')}-${i}`);
  for (const id of ids) await world.open(id, effectsOf(id, channels));
  await world.settle(ids);
  const found = await Promise.all(ids.map((id) => differences(world, id, effectsOf(id, channels))));
  return found.flat();
};

/** How many calls a round makes when nothing is broken. Asked again when the machine was too busy to answer in time. */
const callsInPeace = async (): Promise<readonly number[]> => {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const failed = world.failures.length;
    const before = CHANNELS.map((channel) => callsTo(world.servers, channel));
    expect(await round(CHANNELS)).toEqual([]);
    if (world.failures.length === failed)
      return CHANNELS.map((channel, i) => callsTo(world.servers, channel) - before[i]!);
  }
  throw new Error(`no round without a failure; last: ${JSON.stringify(world.failures.at(-1))}`);
};

interface Case {
  readonly fault: NamedFault;
  readonly call: number;
}

/** Every fault at every call that a round makes. */
const casesOf = (channel: ChannelName, calls: number): readonly Case[] =>
  FAULTS[channel].flatMap((fault) => Array.from({ length: calls }, (_, call) => ({ fault, call })));

test('a fault at every call of every channel: nothing is lost, nothing doubled, and all in order', async () => {
  const calls = await callsInPeace();
  const cases = new Map(CHANNELS.map((channel, i) => [channel, casesOf(channel, calls[i]!)]));

  const broken: string[] = [];
  const injected = new Map<ChannelName, number>(CHANNELS.map((channel) => [channel, 0]));
  const most = Math.max(...[...cases.values()].map((all) => all.length));
  for (let i = 0; i < most; i += 1) {
    const now = CHANNELS.filter((channel) => cases.get(channel)![i] !== undefined);
    const names = now.map((channel) => {
      const { fault, call } = cases.get(channel)![i]!;
      fault.arm(world.servers, call);
      injected.set(channel, injected.get(channel)! + fault.count);
      return `${channel} ${fault.name} at call ${call}`;
    });
    const found = await round(now);
    const unused = now.filter((channel) => world.servers[channel].pending() > 0);
    broken.push(...found.map((difference) => `${names.join(', ')}: ${difference}`));
    broken.push(...unused.map((channel) => `${names.join(', ')}: the fault of ${channel} hit nothing`));
  }

  const numbers = {
    rounds,
    incidents: rounds * AT_ONCE,
    'faults injected': [...injected.values()].reduce((sum, n) => sum + n, 0),
    ...Object.fromEntries([...injected].map(([channel, n]) => [`  ${channel} (${FAULTS[channel].length} kinds)`, n])),
    'attempts that failed': world.failures.length,
    'attempts of which nobody knew the end': world.failures.filter(({ failure }) => failure.kind === 'ambiguous')
      .length,
    'mails that arrived again, as the same mail': world.servers.email.mails.length - distinctMails(),
    'differences between ledger and servers': broken.length,
  };
  process.stdout.write(table('Channels under fire', numbers));
  expect(broken).toEqual([]);
  expect(numbers['faults injected']).toBeGreaterThan(300);
}, 300_000);

describe('dead letters', () => {
  const ID = 'INC-20350601-120000';
  const deadOf = async (id: string) =>
    (await readLedger(world.store.db, { dead: true }, 1_000)).filter(({ incidentId }) => incidentId === id);
  const retry = (ids: readonly string[] | 'all') =>
    world.store.transaction((uow) => reviveEffects(uow.trx, ids, world.clock.now()));

  test('a night and a day of silence: everything is given up, shown, and delivered in order when it is asked for', async () => {
    const { servers, clock } = world;
    const down = (): void => {
      for (const channel of ['pagerduty', 'pagerduty-notes', 'slack', 'statuspage', 'webhook'] as const) {
        servers[channel].misbehave({ mode: 'down' });
      }
      servers.email.misbehave({ at: 'greeting', how: 'down' });
    };
    // What only makes sense after what was given up is skipped.
    const skipped = ['pagerduty acknowledge', 'pagerduty resolve', 'slack refresh'];
    const effects = effectsOf(ID).filter(({ channel, kind }) => !skipped.includes(`${channel} ${kind}`));
    down();
    await world.open(ID, effectsOf(ID));
    for (let hour = 0; hour < 30 && (await world.attempt([ID])); hour += 1) clock.at += 3_600_000;

    const dead = await deadOf(ID);
    expect(dead.map(({ id }) => id)).toEqual(effects.map(({ id }) => id));
    expect(
      dead.every(({ status, result }) => status === 'dead' && JSON.stringify(result).includes('unreachable')),
    ).toBe(true);
    expect((await failuresTold(ID)).sort()).toEqual(effects.map(({ id }) => id).sort());

    await comeBack(servers);
    // A retry that meets another fault is as patient as a first try.
    for (const channel of ['pagerduty', 'pagerduty-notes', 'slack', 'statuspage', 'webhook'] as const) {
      servers[channel].misbehave({ mode: 'drop-after-apply' });
    }
    expect(new Set((await retry('all')).map(({ channel }) => channel)).size).toBe(CHANNELS.length);
    await world.settle([ID]);
    expect(await differences(world, ID, effects)).toEqual([]);
    expect(await deadOf(ID)).toEqual([]);
  });

  test('what is refused for good is given up at once, and what follows goes on; by its id it is sent again', async () => {
    const id = `${ID}-2`;
    const { servers } = world;
    servers.pagerduty.misbehave({
      mode: 'status',
      status: 400,
      body: { status: 'invalid event', message: 'no such key' },
    });
    servers['pagerduty-notes'].misbehave({
      mode: 'status',
      status: 403,
      body: { error: { message: 'read-only key' } },
    });
    servers.slack.sayNo('chat.postMessage', 'channel_not_found');
    servers.email.misbehave({ at: 'sender', how: 'refuse', code: 553, message: 'not your address' });
    servers.statuspage.misbehave({ mode: 'status', status: 422, body: { error: 'no such component' } });
    servers.webhook.misbehave({ mode: 'status', status: 404 });
    await world.open(id, effectsOf(id));
    await world.settle([id]);

    const dead = await deadOf(id);
    expect(dead.map(({ channel, kind, status, attempts }) => [channel, kind, status, attempts])).toEqual(
      CHANNELS.map((channel) => [channel, effectsOf(id, [channel])[0]!.kind, 'failed', 1]),
    );
    for (const said of [
      'no such key',
      'read-only key',
      'channel_not_found',
      'not your address',
      'no such component',
      'HTTP 404',
    ]) {
      expect(JSON.stringify(dead.map(({ result }) => result))).toContain(said);
    }
    expect((await failuresTold(id)).sort()).toEqual(dead.map((effect) => effect.id).sort());

    await retry(dead.map((effect) => effect.id));
    await world.settle([id]);
    expect(await deadOf(id)).toEqual([]);
    const first = (await readLedger(world.store.db, { incidentId: id }, 100)).filter((row) =>
      dead.some((d) => d.id === row.id),
    );
    expect(first.map(({ status }) => status)).toEqual(CHANNELS.map(() => 'delivered'));
  });
});

const failuresTold = async (incidentId: string): Promise<string[]> =>
  (await readTimeline(world.store.db, incidentId)).flatMap((event) =>
    event.type === 'notification-failed' ? [event.data.effectId] : [],
  );

const distinctMails = (): number => new Set(world.servers.email.mails.map(({ parsed }) => parsed.messageId)).size;
