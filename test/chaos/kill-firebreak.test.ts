import { setTimeout as sleep } from 'node:timers/promises';
import {
  removeDirectory,
  startFirebreakProcess,
  temporaryDirectory,
  type FirebreakProcess,
} from '../harness/firebreak.ts';
import { audit } from './audit.ts';
import {
  backendsAreGone,
  connectionOf,
  inDatabase,
  readAlerts,
  readEffects,
  readIncidents,
  settled,
} from './inspect.ts';
import { endLeftovers } from './processes.ts';
import { chaosSeed, seeded } from './random.ts';
import { table } from './table.ts';
import { Traffic } from './traffic.ts';
import { startWorld, watch, type Seen, type World } from './world.ts';

type Place = 'pagerduty' | 'slack' | 'kubernetes';

/**
 * When a round kills: at any moment (counted in things that happen); when something new was answered with 2xx; when an effect arrives at its place and
 * has not happened yet; or right after it happened and was answered.
 */
type Aim =
  | { readonly kind: 'any' }
  | { readonly kind: 'answered' }
  | { readonly kind: 'arrives' | 'happened'; readonly at: Place };

/** How far something was that a kill met, of what this very process was at: how many there were of each. */
interface Met {
  /** Sent, and no answer yet. */
  readonly received: number;
  /** Answered with 2xx, and no incident knows of it. */
  readonly committed: number;
  /** In the ledger, or a rollback step that is intended, and not out there. */
  readonly intended: number;
  /** Out there and answered, and the ledger has no receipt. */
  readonly acknowledged: number;
}

const PLACES: readonly Place[] = ['pagerduty', 'slack', 'kubernetes'];
const ROUNDS: readonly Aim[] = [
  ...Array.from({ length: 12 }, () => ({ kind: 'any' }) as const),
  ...Array.from({ length: 3 }, () => ({ kind: 'answered' }) as const),
  ...PLACES.flatMap((at) => Array.from({ length: 3 }, () => ({ kind: 'arrives', at }) as const)),
  ...PLACES.flatMap((at) => Array.from({ length: 3 }, () => ({ kind: 'happened', at }) as const)),
];
const SENDERS = 5;
const NEW_SERVICES = 4;
/** What does not come up in this time is not waited for: the round kills all the same. */
const PATIENCE_MS = 10_000;
const random = seeded(chaosSeed());
const aims = random.shuffled(ROUNDS);
const planned = (round: number): string => `planned-${round}`;

let directory: string;
let world: World;

beforeEach(async () => {
  directory = await temporaryDirectory();
  world = await startWorld(aims.map((_, round) => planned(round)).filter((_, round) => hasPlan(round)));
});

afterEach(async () => {
  await endLeftovers(directory);
  await world.stop();
  await removeDirectory(directory);
});

/** Every round that waits for a PATCH has a bad deployment of its own, and some of the others. */
function hasPlan(round: number): boolean {
  const aim = aims[round];
  return (aim !== undefined && 'at' in aim && aim.at === 'kubernetes') || round % 5 === 0;
}

test(`kill -9 of Firebreak at ${ROUNDS.length} moments under load loses nothing and does nothing twice`, async () => {
  const start = (): Promise<FirebreakProcess> =>
    startFirebreakProcess({ directory, config: world.config, env: world.env });
  let firebreak: FirebreakProcess | null = null;
  const traffic = new Traffic({
    random,
    urls: () => (firebreak === null ? [] : [firebreak.url]),
    isBack: (service) => world.isBack(service),
  });
  const rows: Met[] = [];
  for (const [round, aim] of aims.entries()) {
    if (hasPlan(round)) await world.deployBad(planned(round));
    traffic.allow(NEW_SERVICES, hasPlan(round) ? [planned(round)] : []);
    firebreak = await start();
    rows.push(await killAmidLoad(firebreak, aim, traffic));
  }

  firebreak = await start();
  await traffic.finish();
  const connection = await connectionOf(directory);
  const { broken, numbers } = await inDatabase(connection, async (db) => {
    await settled(db, 120_000);
    await traffic.resolve(({ planned: hasRollback, name }) => hasRollback && world.isBack(name));
    await settled(db, 120_000);
    return audit(world, traffic, db);
  });
  const listed = await listedIncidents(firebreak);
  const code = await firebreak.stop();

  const kills = killsByStage(rows);
  process.stdout.write(
    table(`kill -9 of Firebreak, CHAOS_SEED=${random.seed}`, { rounds: rows.length, ...kills, ...numbers }),
  );
  expect(broken).toEqual([]);
  expect(listed).toBe(numbers['incidents']);
  expect(code).toBe(0);
  expect(Object.entries(kills).filter(([, n]) => n === 0)).toEqual([]);
  expect(rows.length).toBeGreaterThanOrEqual(30);
}, 900_000);

/** Sends until the aim comes up, and kills in that very moment. */
async function killAmidLoad(firebreak: FirebreakProcess, aim: Aim, traffic: Traffic): Promise<Met> {
  const struck = Promise.withResolvers<Strike>();
  const before: Before = { at: Date.now(), seen: world.seen(), accepted: namesOf(traffic) };
  const load = new AbortController();
  const strike = (): void => {
    if (load.signal.aborted) return;
    const death = firebreak.kill();
    load.abort();
    struck.resolve({ death, seen: world.seen(), received: traffic.unanswered });
  };
  const disarm = arm(aim, traffic, strike);
  const sending = traffic.run(SENDERS, load.signal);
  await Promise.race([struck.promise, sleep(PATIENCE_MS, undefined, { ref: false }).then(strike)]);
  const { death, seen, received } = await struck.promise;
  disarm();
  await Promise.all([death, sending]);
  return { received, ...(await remains(before, seen, namesOf(traffic))) };
}

/** What there was to see in the moment of the kill. */
interface Strike {
  readonly death: Promise<void>;
  readonly seen: Seen;
  readonly received: number;
}

/** How things stood when the process began. */
interface Before {
  readonly at: number;
  readonly seen: Seen;
  readonly accepted: ReadonlySet<string>;
}

const namesOf = (traffic: Traffic): ReadonlySet<string> => new Set(traffic.accepted.map(({ name }) => name));

/** Sets up what strikes. Returns how to take it away. */
function arm(aim: Aim, traffic: Traffic, strike: () => void): () => void {
  switch (aim.kind) {
    case 'any':
      return armAny(traffic, strike);
    case 'answered': {
      let left = random.between(1, 8);
      traffic.onAccepted((isNews) => {
        if (isNews && (left -= 1) === 0) strike();
      });
      return () => {
        traffic.onAccepted(() => undefined);
      };
    }
    case 'arrives':
      return armArrival(aim.at, strike);
    case 'happened':
      // The fakes answer in the same turn of the event loop in which they record.
      return armEffect(aim.at, () => setImmediate(strike));
  }
}

/** Some number of things after the start, whatever they are, and a moment: a slow machine gets as far as a fast one. */
function armAny(traffic: Traffic, strike: () => void): () => void {
  let left = random.between(1, 150);
  const happen = (): void => {
    if ((left -= 1) === 0) setTimeout(strike, random.between(0, 20));
  };
  traffic.onAccepted(happen);
  const { pagerduty, slack, cluster } = world;
  const ends = [watch(pagerduty.requests, happen), watch(slack.requests, happen), watch(cluster.requests, happen)];
  return () => {
    traffic.onAccepted(() => undefined);
    for (const end of ends) end();
  };
}

function armArrival(at: Place, strike: () => void): () => void {
  let left = at === 'kubernetes' ? 1 : random.between(1, 3);
  const arrive = (isIt: boolean): void => {
    if (isIt && (left -= 1) === 0) strike();
  };
  switch (at) {
    case 'pagerduty':
      return watch(world.pagerduty.requests, ({ raw }) => {
        arrive(raw.includes('"trigger"'));
      });
    case 'slack':
      return watch(world.slack.requests, ({ path }) => {
        arrive(path.endsWith('chat.postMessage'));
      });
    case 'kubernetes':
      return watch(world.cluster.requests, ({ method, query }) => {
        arrive(method === 'PATCH' && query['dryRun'] === undefined);
      });
  }
}

function armEffect(at: Place, strike: () => void): () => void {
  switch (at) {
    case 'pagerduty':
      return watch(world.pagerduty.alerts, strike);
    case 'slack':
      return watch(world.messages(), strike);
    case 'kubernetes':
      return watch(world.cluster.patches, strike);
  }
}

/** What the dead process left in the store, held against what the world had seen when it died. */
async function remains(before: Before, seen: Seen, accepted: ReadonlySet<string>): Promise<Omit<Met, 'received'>> {
  return inDatabase(await connectionOf(directory), async (db) => {
    await backendsAreGone(db);
    const open = (await readEffects(db)).filter(({ status }) => status === 'pending' || status === 'acting');
    // A start takes back whatever was being acted on, so what is being acted on now is this process'.
    const own = open.filter((e) => e.status === 'acting' || e.created_at.getTime() >= before.at);
    const steps = (await readIncidents(db)).flatMap(({ service, rollback }) =>
      (rollback?.steps ?? [])
        .filter(({ state }) => state === 'intended')
        .map((step) => ({ ...step, service: service ?? '' })),
    );
    const news = (name: string): boolean => accepted.has(name) && !before.accepted.has(name);
    const patched = (by: Seen, service: string): boolean => by.patches.has(service);
    return {
      committed: (await readAlerts(db)).filter(({ name, waiting }) => waiting && news(name)).length,
      intended:
        own.filter((effect) => seen.has(effect) === false).length +
        steps.filter((step) => !patched(seen, step.service) && Date.parse(step.intendedAt ?? '') >= before.at).length,
      acknowledged:
        open.filter((effect) => seen.has(effect) === true && before.seen.has(effect) === false).length +
        steps.filter((step) => patched(seen, step.service) && !patched(before.seen, step.service)).length,
    };
  });
}

const killsByStage = (rows: readonly Met[]): Record<string, number> => ({
  'kills when received': rows.filter(({ received }) => received > 0).length,
  'kills when committed': rows.filter(({ committed }) => committed > 0).length,
  'kills when effect intended': rows.filter(({ intended }) => intended > 0).length,
  'kills when effect acknowledged': rows.filter(({ acknowledged }) => acknowledged > 0).length,
});

/** As a user sees them, page by page. */
async function listedIncidents(firebreak: FirebreakProcess): Promise<number> {
  let cursor: string | null = '';
  const ids = new Set<string>();
  while (cursor !== null) {
    const page = (await firebreak.get(`/api/v1/incidents${cursor === '' ? '' : `?cursor=${cursor}`}`)) as {
      items: { id: string }[];
      nextCursor: string | null;
    };
    for (const { id } of page.items) ids.add(id);
    cursor = page.nextCursor;
  }
  return ids.size;
}
