import { NAMESPACE } from './outside.ts';
import type { Incident } from './reading.ts';
import type { Lookout, Shop, Trouble } from './shop.ts';
import { APART, inState, isHeld, LONG_AGO, openShop, recklessRules, rolledBack } from './shop.ts';

type More = Partial<Trouble>;

/**
 * Why a change is not undone. Where the circumstance is there, the shipped rules hold; and where rules do not, the rail
 * stops it. Where it is not there, the same alert has the service rolled back.
 */
interface Row {
  readonly when: string;
  readonly service: string;
  /** The shipped rule that holds; null: it wants to roll back, and only the rail is in the way. */
  readonly rule: string | null;
  readonly rail: string;
  readonly because: RegExp;
  readonly policy?: (name: string) => object;
  readonly there: (name: string, at: Lookout) => Promise<More | undefined>;
  readonly absent?: (name: string, at: Lookout) => Promise<More | undefined>;
}

const ROWS: readonly Row[] = [
  {
    when: 'nothing changed recently',
    service: 'catalog',
    rule: 'every-change-acquitted',
    rail: 'recent-change',
    because: /^no change to undo: not catalog-\w+ r2, since it began 120 min before the onset$/,
    there: async (name) => {
      await shop.release(name, 1, { minutesAgo: LONG_AGO });
      await shop.release(name, 2, { minutesAgo: LONG_AGO - 60 });
      return undefined;
    },
  },
  {
    when: 'the old pods fail like the new ones',
    service: 'search',
    rule: 'every-change-acquitted',
    rail: 'recent-change',
    because:
      /^no change to undo: not search-\w+ r2, since old and new pods fail alike: .*CrashLoopBackOff.*; .*CrashLoopBackOff/,
    there: async (name) => {
      await halfWay(name);
      const { cluster } = shop.outside;
      cluster.behave(`shop/${name}:v1`, 'crash-loop');
      const old = cluster.list('pods', NAMESPACE).find((pod) => JSON.stringify(pod).includes(`"shop/${name}:v1"`))!;
      cluster.remove('pods', NAMESPACE, old.metadata.name);
      await cluster.settled();
      return undefined;
    },
    absent: async (name) => {
      await halfWay(name);
      return undefined;
    },
  },
  {
    when: 'a change of its configuration is newer than the deployment',
    service: 'pricing',
    rule: 'cannot-be-undone',
    rail: 'suspect-is-cause',
    because:
      /^the suspect is a config change \(limits-pricing-\w+\), which going back to an older version does not undo$/,
    there: async (name, at) => {
      await shop.stock(name, { minutesAgo: 10 });
      await at.tell({ id: `limits-${name}`, service: name, kind: 'config', minutesAgo: 1 });
      return undefined;
    },
    absent: async (name) => {
      await shop.stock(name, { minutesAgo: 10 });
      return undefined;
    },
  },
  {
    when: 'two changes came so close that nothing tells them apart',
    service: 'basket',
    rule: 'several-suspects',
    rail: 'suspect-is-cause',
    because: /^basket-\w+ r2 and flag-basket-\w+ could each have caused it: a person must choose$/,
    there: async (name, at) => {
      await shop.stock(name);
      await at.tell({ id: `flag-${name}`, service: name, kind: 'flag', minutesAgo: 2 });
      return undefined;
    },
  },
  {
    when: 'what it depends on is broken',
    service: 'orders',
    rule: 'every-change-acquitted',
    rail: 'recent-change',
    because:
      /^no change to undo: not orders-\w+ r2, since orders-\w+-database is in trouble: INC-[\d-]+ is open on orders-\w+-database$/,
    policy: (name) => rolledBack([name], {}, { dependsOn: [`${name}-database`] }),
    there: async (name, at) => {
      await at.raise({ service: `${name}-database`, minutesAgo: 1 }, ({ decision }) => decision !== null);
      await shop.stock(name);
      return undefined;
    },
  },
  {
    when: 'somebody is changing it since the trouble began',
    service: 'payments',
    rule: 'somebody-is-at-work',
    rail: 'change-under-way',
    because: /^deployment hotfix-payments-\w+ began \d+ s after the onset: somebody is at work on it$/,
    there: async (name, at) => {
      await shop.stock(name, { minutesAgo: 5 });
      await at.tell({ id: `hotfix-${name}`, service: name, version: 'v3', minutesAgo: 1 });
      return { minutesAgo: 2 };
    },
    absent: async (name) => {
      await shop.stock(name, { minutesAgo: 5 });
      return { minutesAgo: 2 };
    },
  },
  {
    when: 'only a service that it depends on has changed, and nobody knows whether that one suffers',
    service: 'frontend',
    rule: 'dependency-not-known-to-suffer',
    rail: 'plan-missing',
    because: /^no rollback plan is written for frontend-\w+-gateway$/,
    policy: (name) => rolledBack([name], {}, { dependsOn: [`${name}-gateway`] }),
    there: async (name, at) => {
      await shop.stock(name, { minutesAgo: LONG_AGO - 60 });
      await at.tell({ id: `deploy-${name}`, service: `${name}-gateway`, version: '77' });
      return undefined;
    },
  },
  {
    when: 'the version that is suspected does not run any more',
    service: 'mail',
    rule: null,
    rail: 'suspect-is-cause',
    because: /^r9 does not run any more$/,
    there: async (name, at) => {
      await shop.stock(name, { minutesAgo: LONG_AGO - 60 });
      await at.tell({ id: `deploy-${name}`, service: name, version: 'r9', previousVersion: 'r2', minutesAgo: 1 });
      return undefined;
    },
  },
];

/** The new pods crash, so the rollout has stopped with both versions side by side. */
async function halfWay(name: string): Promise<void> {
  shop.outside.cluster.behave(`shop/${name}:v2`, 'crash-loop');
  await shop.stock(name);
}

const CASES = ['fine', 'held', 'stopped'] as const;
const nameOf = ({ service }: Row, which: (typeof CASES)[number]): string => `${service}-${which}`;

let shop: Shop;
let careful: Lookout;
let reckless: Lookout;

beforeAll(async () => {
  shop = await openShop();
  const services = Object.fromEntries(
    ROWS.flatMap((row) =>
      CASES.map((which) => nameOf(row, which)).map((name) => [name, row.policy?.(name) ?? rolledBack([name])]),
    ),
  );
  const config = { automation: APART, services };
  [careful, reckless] = await Promise.all([
    shop.look(config),
    shop.look(config, { rules: await recklessRules(shop.outside.directory) }),
  ]);
});

afterAll(() => shop.stop());

describe.each(ROWS)('when $when', (row) => {
  it(row.rule === null ? 'the rail stops it' : 'the rules hold it, and say why', async () => {
    const name = nameOf(row, 'held');
    const more = await row.there(name, careful);
    const incident = await careful.raise({ service: name, ...more }, row.rule === null ? inState('stopped') : isHeld);
    if (row.rule === null) {
      expect(await careful.event(incident, 'rollback-stopped')).toMatchObject(stopOf(row));
    } else {
      expect(await careful.event(incident, 'rollback-decided')).toMatchObject({ action: 'hold', rule: row.rule });
      expect(await careful.types(incident)).not.toContain('rollback-requested');
    }
    expect(shop.patches(name)).toEqual([]);
    await over(careful, incident);
  });

  it('the rail stops it whatever the rules say', async () => {
    const name = nameOf(row, 'stopped');
    const more = await row.there(name, reckless);
    const incident = await reckless.raise({ service: name, ...more }, inState('stopped'));
    expect(await reckless.event(incident, 'rollback-stopped')).toMatchObject(stopOf(row));
    expect(shop.patches(name)).toEqual([]);
    await over(reckless, incident);
  });

  it('and when not, it is rolled back once', async () => {
    const name = nameOf(row, 'fine');
    const more = await (row.absent ?? fine)(name, careful);
    const incident = await careful.raise({ service: name, ...more }, inState('validating'));
    expect(incident.decision).toMatchObject({ action: 'roll-back', rule: 'p0-roll-back' });
    expect(shop.patches(name)).toHaveLength(1);
    expect(shop.image(name)).toBe(`shop/${name}:v1`);
    await over(careful, incident);
  });
});

const fine = async (name: string): Promise<undefined> => {
  await shop.stock(name);
  return undefined;
};

/** Nobody looks after it any more. */
const over = async (at: Lookout, incident: Incident): Promise<void> => {
  expect((await at.command(incident, 'resolve')).status).toBe(200);
};

const stopOf = ({ rail, because }: Row) => ({ rail, because: expect.stringMatching(because), completed: [] });

it('nothing else was changed in the cluster', () => {
  const changed = shop.outside.cluster.patches.map(({ path }) => path.split('/').at(-1));
  expect(changed.toSorted()).toEqual(ROWS.map((row) => nameOf(row, 'fine')).toSorted());
});
