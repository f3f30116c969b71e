import { setTimeout as sleep } from 'node:timers/promises';
import {
  eventually,
  removeDirectory,
  startFirebreakProcess,
  temporaryDirectory,
  type FirebreakProcess,
} from '../harness/firebreak.ts';
import { audit } from './audit.ts';
import { connectionOf, inDatabase, readAlerts, settled } from './inspect.ts';
import { endLeftovers, freeze, postmasterOf, signal } from './processes.ts';
import { chaosSeed, seeded } from './random.ts';
import { table } from './table.ts';
import { post, Traffic, type Answer } from './traffic.ts';
import { startWorld, type World } from './world.ts';

const KILLS = 12;
const SENDERS = 4;
const NEW_SERVICES = 4;

let directory: string;
let world: World;

beforeEach(async () => {
  directory = await temporaryDirectory();
  world = await startWorld([]);
});

afterEach(async () => {
  await endLeftovers(directory);
  await world.stop();
  await removeDirectory(directory);
});

const start = (): Promise<FirebreakProcess> =>
  startFirebreakProcess({ directory, config: world.config, env: world.env });

test(`kill -9 of PostgreSQL ${KILLS} times under load: Firebreak goes on by itself and loses nothing`, async () => {
  const random = seeded(chaosSeed());
  const firebreak = await start();
  const traffic = new Traffic({ random, urls: () => [firebreak.url], isBack: () => false });
  const load = new AbortController();
  const sending = traffic.run(SENDERS, load.signal);
  let whileDown = 0;
  try {
    for (let kill = 0; kill < KILLS; kill += 1) {
      traffic.allow(NEW_SERVICES);
      await sleep(random.between(50, 600));
      const postmaster = await runningPostmaster();
      signal(postmaster, 'SIGKILL');
      // In every third the next one comes up and stands still: a time that is long, and surely without a store.
      if (kill % 3 === 0) whileDown += await refusedWhileHeld(firebreak, postmaster, kill);
      await acceptsAgain(traffic);
    }
  } finally {
    load.abort();
    await sending;
  }
  await traffic.finish();
  const { broken, numbers } = await inDatabase(await connectionOf(directory), async (db) => {
    await settled(db, 120_000);
    return audit(world, traffic, db);
  });
  const code = await firebreak.stop();

  process.stdout.write(
    table(`kill -9 of PostgreSQL, CHAOS_SEED=${random.seed}`, {
      kills: KILLS,
      'refused while it was surely down': whileDown,
      ...Object.fromEntries([...traffic.answers].map(([name, n]) => [`answers ${name}`, n])),
      ...numbers,
    }),
  );
  expect(broken).toEqual([]);
  expect(traffic.answers.get('none') ?? 0).toBe(0);
  expect(whileDown).toBeGreaterThan(0);
  expect(code).toBe(0);
}, 420_000);

const runningPostmaster = async (): Promise<number> =>
  (await eventually(
    () => postmasterOf(directory),
    (pid) => pid !== null,
  ))!;

/** Stops the next postmaster as it starts, and asks meanwhile. Nothing new may get a 2xx. Returns how many were refused. */
async function refusedWhileHeld(firebreak: FirebreakProcess, former: number, kill: number): Promise<number> {
  const next = (await eventually(
    () => postmasterOf(directory),
    (pid) => pid !== null && pid !== former,
  ))!;
  const release = freeze(next);
  try {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => post(firebreak.url, deliveryOf(`held-${kill}-${i}`))),
    );
    expect(answers.map(({ status }: Answer) => status)).toEqual(answers.map(() => 503));
    return answers.length;
  } finally {
    release();
  }
}

const deliveryOf = (name: string): string =>
  JSON.stringify({
    version: '4',
    alerts: [{ status: 'firing', labels: { alertname: name, severity: 'info' }, startsAt: new Date().toISOString() }],
  });

/** The senders go on all the time: something new of theirs is accepted. */
async function acceptsAgain(traffic: Traffic): Promise<void> {
  const news = Promise.withResolvers<boolean>();
  traffic.onAccepted((isNews) => {
    if (isNews) news.resolve(true);
  });
  const accepted = await Promise.race([news.promise, sleep(60_000, false, { ref: false })]);
  traffic.onAccepted(() => undefined);
  if (!accepted) throw new Error('nothing new is accepted a minute after the server was killed');
}

test('a server that stands still fills the queue: 503 + Retry-After, and nothing that got a 2xx is lost', async () => {
  const firebreak = await start();
  const [deliveries, alertsEach] = [260, 100]; // more than the 20,000 rows that may wait
  const bodyOf = (i: number): string =>
    JSON.stringify({
      version: '4',
      alerts: Array.from({ length: alertsEach }, (_, j) => ({
        status: 'firing',
        labels: { alertname: `Storm${i}x${j}`, service: `storm-${i % 5}`, severity: 'info' },
        startsAt: '2026-01-01T00:00:00Z',
      })),
    });
  await post(firebreak.url, bodyOf(0));
  const release = freeze(await runningPostmaster());
  const answered: (Answer | null)[] = Array.from({ length: deliveries }, () => null);
  const all = Promise.all(
    answered.map(async (_, i) => {
      answered[i] = await post(firebreak.url, bodyOf(i + 1));
    }),
  );
  try {
    await eventually(
      async () => answered.filter((answer) => answer?.code === 'overloaded').length,
      (overloaded) => overloaded > 0,
    );
    expect(answered.filter((answer) => answer?.status === 200)).toEqual([]);
  } finally {
    release();
  }
  await all;
  const refused = answered.flatMap((answer, i) => (answer?.status === 200 ? [] : [i]));
  expect(refused.length).toBeLessThan(deliveries);
  for (const i of refused) expect(await accepted(firebreak, bodyOf(i + 1))).toBe(200);

  const stored = await inDatabase(await connectionOf(directory), async (db) => {
    await settled(db, 120_000);
    return new Set((await readAlerts(db)).map(({ name }) => name));
  });
  expect(stored.size).toBe((deliveries + 1) * alertsEach);
  await firebreak.stop();
}, 240_000);

const accepted = async (firebreak: FirebreakProcess, body: string): Promise<number> =>
  (
    await eventually(
      () => post(firebreak.url, body),
      ({ status }) => status === 200,
    )
  ).status;
