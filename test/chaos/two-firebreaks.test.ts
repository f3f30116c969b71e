import { setTimeout as sleep } from 'node:timers/promises';
import { testDatabase, urlOf } from '../harness/database.ts';
import {
  removeDirectory,
  startFirebreakProcess,
  temporaryDirectory,
  type FirebreakProcess,
} from '../harness/firebreak.ts';
import { audit } from './audit.ts';
import { inDatabase, readIncidents, settled } from './inspect.ts';
import { endLeftovers } from './processes.ts';
import { chaosSeed, seeded } from './random.ts';
import { table } from './table.ts';
import { Traffic } from './traffic.ts';
import { startWorld, watch, type World } from './world.ts';

const SERVICES = 40;
const SENDERS = 4;
const PLANNED = ['planned-0', 'planned-1', 'planned-2'];

type TestDatabase = Awaited<ReturnType<typeof testDatabase>>;

let directories: string[];
let database: TestDatabase;
let world: World;

beforeEach(async () => {
  directories = [await temporaryDirectory(), await temporaryDirectory()];
  database = await testDatabase();
  world = await startWorld(PLANNED);
});

afterEach(async () => {
  for (const directory of directories) await endLeftovers(directory);
  await world.stop();
  await database.drop();
  for (const directory of directories) await removeDirectory(directory);
});

const startBoth = (): Promise<FirebreakProcess[]> =>
  Promise.all(
    directories.map((directory) =>
      startFirebreakProcess({
        directory,
        config: world.config,
        env: world.env,
        databaseUrl: urlOf(database.connection),
      }),
    ),
  );

/** As a pair of Alertmanagers does it: every delivery to both at once. */
function pairTraffic(both: readonly FirebreakProcess[]): Traffic {
  return new Traffic({
    random: seeded(chaosSeed()),
    urls: () => both.map(({ url }) => url),
    isBack: (service) => world.isBack(service),
  });
}

/** Sends until every service that is allowed has come up. */
async function send(traffic: Traffic, services: number): Promise<void> {
  const load = new AbortController();
  const sending = traffic.run(SENDERS, load.signal);
  const deadline = Date.now() + 60_000;
  while (traffic.services.length < services && Date.now() < deadline) await sleep(20);
  load.abort();
  await sending;
  await traffic.finish();
}

const print = (title: string, numbers: Readonly<Record<string, number>>): void => {
  process.stdout.write(table(title, numbers));
};

test('the same alerts at two Firebreaks on one database: one incident, one page, one announcement, one rollback each', async () => {
  const both = await startBoth();
  for (const service of PLANNED) await world.deployBad(service);
  const traffic = pairTraffic(both);
  traffic.allow(SERVICES, PLANNED);
  await send(traffic, SERVICES + PLANNED.length);
  const { broken, numbers, incidents } = await inDatabase(database.connection, async (db) => {
    await settled(db, 120_000);
    await traffic.resolve(({ planned }) => planned);
    await settled(db, 120_000);
    return { ...(await audit(world, traffic, db)), incidents: await readIncidents(db) };
  });
  const codes = await Promise.all(both.map((firebreak) => firebreak.stop()));

  print('two Firebreaks', numbers);
  expect(broken).toEqual([]);
  expect(incidents).toHaveLength(traffic.services.length);
  // Nobody died, so nothing had to be said twice.
  expect(numbers['triggers repeated and folded']).toBe(0);
  expect(numbers['pages']).toBe(incidents.filter(({ receipts }) => receipts['pagerduty']?.['trigger']).length);
  expect(world.cluster.patches).toHaveLength(PLANNED.length);
  expect(codes).toEqual([0, 0]);
}, 300_000);

test('one of two Firebreaks is killed in the middle of its work: the other finishes it', async () => {
  const both = await startBoth();
  const traffic = pairTraffic(both);
  traffic.allow(SERVICES);
  let pages = SERVICES / 4;
  let death: Promise<void> | null = null;
  // In the very moment in which a page arrives, which may be its own: the effect is then cut off between intent and receipt.
  const disarm = watch(world.pagerduty.requests, () => {
    if ((pages -= 1) === 0) death = both[0]!.kill();
  });
  await send(traffic, SERVICES);
  const { broken, numbers } = await inDatabase(database.connection, async (db) => {
    await settled(db, 200_000);
    return audit(world, traffic, db);
  });
  disarm();
  const code = await both[1]!.stop();

  print('two Firebreaks, one killed', numbers);
  expect(death).not.toBeNull();
  expect(broken).toEqual([]);
  expect(code).toBe(0);
}, 300_000);
