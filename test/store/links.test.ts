import { advanceKey } from '../../src/app/advance.ts';
import { createCommander } from '../../src/app/commander.ts';
import { sharedBy } from '../../src/domain/sharing.ts';
import type { Core } from '../harness/core.ts';
import { startCore } from '../harness/core.ts';
import type { Around } from '../unit/support/around.ts';
import { around } from '../unit/support/around.ts';
import { HOUR, MINUTE, policyWith, service } from '../unit/support/incident.ts';

const ada = { by: 'ada', via: 'api' } as const;
const policy = policyWith(
  {},
  {
    services: Object.fromEntries(
      Array.from({ length: 60 }, (_, n) => [
        [`shop-${n}`, service(null, { dependsOn: [`db-${n}`] })] as const,
        [`cart-${n}`, service(null, { dependsOn: [`db-${n}`] })] as const,
        [`db-${n}`, service(null)] as const,
        [`far-${n}`, service(null)] as const,
      ]).flat(),
    ),
  },
);

let core: Core;
let here: Around;
let n = 0;
/** Services of this test alone. */
const name = (of: string): string => `${of}-${n}`;

beforeAll(async () => {
  core = await startCore({ policy });
  here = around(core);
});
afterAll(() => core.close());
beforeEach(() => {
  n += 1;
  core.clock.at += HOUR;
});

test.each([
  ['that depends on the same', 'shop', 'cart', 'both depend on db'],
  ['that it depends on', 'shop', 'db', 'shop-1 depends on db'],
  ['that depends on it', 'db', 'shop', 'shop'],
])('a P0 of a service %s has the page of the first', async (_how, first, second, why) => {
  await here.fires(here.p0(name(first)));
  core.clock.at += MINUTE;
  await here.fires(here.p0(name(second)));
  const [one, two] = [await here.of(name(first)), await here.of(name(second))];
  expect(await here.pages(name(first))).toEqual(['first-page']);
  expect(await here.pages(name(second))).toEqual([]);
  expect(two).toMatchObject({ severity: 'P0', linkedTo: one.id, page: null });
  expect(one.links).toEqual([two.id]);
  const [linked] = await here.said(name(second), 'incident-linked');
  expect(linked?.because).toContain(why.replace('-1', `-${n}`).replace(/db$/, `db-${n}`));
  expect(await here.said(name(first), 'link-noted')).toMatchObject([{ from: two.id, service: name(second) }]);
});

test('a P0 that suspects the same change as another one has its page, whatever its service', async () => {
  const other = {
    ...policy,
    services: { ...policy.services, [name('far')]: service(null, { dependsOn: [name('db')] }) },
  };
  core.policy = other;
  await here.changed(`d-${n}`, name('db'));
  await here.fires(here.p0(name('db')));
  await here.fires(here.p0(name('far')));
  const [linked] = await here.said(name('far'), 'incident-linked');
  expect(linked?.because).toContain(`d-${n}`);
  core.policy = policy;
});

test.each([
  ['shares nothing with it', 'far', MINUTE],
  ['comes later than two minutes after it', 'cart', 2 * MINUTE + 1],
])('a P0 that %s pages by itself', async (_why, other, later) => {
  await here.fires(here.p0(name('shop')));
  core.clock.at += later;
  await here.fires(here.p0(name(other)));
  expect(await here.pages(name(other))).toEqual(['first-page']);
  expect((await here.of(name(other))).linkedTo).toBeNull();
});

test('so does one of another environment, and one whose sharer was never paged', async () => {
  await here.fires(here.p0(name('shop'), { labels: { env: 'eu' } }));
  await here.fires(here.p0(name('cart'), { labels: { env: 'us' } }));
  expect(await here.pages(name('cart'))).toEqual(['first-page']);
  await here.fires(here.p2(name('far')));
  await here.fires(here.p0(name('db')));
  expect(await here.pages(name('db'))).toHaveLength(1);
});

test('one that rises to P0 has the page of the first, too', async () => {
  await here.fires(here.p2(name('cart')));
  core.clock.at += HOUR;
  await here.fires(here.p0(name('shop')));
  await here.fires(here.p0(name('cart')));
  expect(await here.of(name('cart'))).toMatchObject({ severity: 'P0', linkedTo: (await here.of(name('shop'))).id });
  expect(await here.pages(name('cart'))).toEqual([]);
});

test('a third one is linked to the first, not to the second', async () => {
  await here.fires(here.p0(name('db')));
  await here.fires(here.p0(name('shop')));
  await here.fires(here.p0(name('cart')));
  const { id, links } = await here.of(name('db'));
  expect(links).toHaveLength(2);
  expect((await here.of(name('cart'))).linkedTo).toBe(id);
});

describe('when the first is over', () => {
  test.each([
    ['its alerts have resolved', () => here.fires(here.p0(name('shop'), { endsAt: core.clock.at }))],
    ['a person resolved it', () => act({ kind: 'resolve', ...ada, because: 'fixed' })],
    ['it was a false alarm', () => act({ kind: 'dismiss', ...ada, because: 'the probe was wrong' })],
    ['it was merged', () => act({ kind: 'merge', ...ada, into: 'INC-1', because: 'the same' })],
  ])('because %s, the linked one pages at once, and once', async (_how, end) => {
    await here.fires(here.p0(name('shop')));
    await here.fires(here.p0(name('cart')));
    core.clock.at += MINUTE;
    await end();
    await core.fire();
    expect(await here.pages(name('cart'))).toEqual(['first-page']);
    expect((await here.of(name('cart'))).linkedTo).toBeNull();
    await here.pass(MINUTE);
    expect(await here.pages(name('cart'))).toEqual(['first-page']);
  });

  test('and the linked one, too, nobody is woken', async () => {
    await here.fires(here.p0(name('shop')));
    await here.fires(here.p0(name('cart')));
    await here.fires(here.p0(name('cart'), { endsAt: core.clock.at }));
    await here.fires(here.p0(name('shop'), { endsAt: core.clock.at }));
    await here.pass(MINUTE);
    expect(await here.pages(name('cart'))).toEqual([]);
  });

  test('and nobody told of it, the next look finds it', async () => {
    await here.fires(here.p0(name('shop')));
    await here.fires(here.p0(name('cart')));
    await act({ kind: 'resolve', ...ada, because: 'fixed' });
    await here.fires(here.p0(name('cart'), { labels: { pod: 'b' } }));
    expect(await here.pages(name('cart'))).toEqual(['first-page']);
  });
});

test('whoever accepts the page of the first is at work on both', async () => {
  await here.fires(here.p0(name('shop')));
  await here.fires(here.p0(name('cart')));
  await act({ kind: 'acknowledge', ...ada });
  await core.fire();
  const { status, acknowledgedBy, clocks } = await here.of(name('cart'));
  expect({ status, acknowledgedBy }).toEqual({ status: 'acknowledged', acknowledgedBy: 'ada' });
  expect(clocks.acknowledge?.state).toBe('met');
});

test('two that commit at the same moment: one pages and the other is linked to it, on any replica', async () => {
  for (let round = 0; round < 8; round += 1) {
    n += 1;
    core.clock.at += HOUR;
    await core.deliver(here.p0(name('shop')), here.p0(name('cart')), here.p0(name('db')));
    const keys = [await core.claim(), await core.claim(), await core.claim()];
    // Another replica has a commander of its own.
    const policies = () => Promise.resolve(core.policy);
    const other = {
      ...core.advance,
      commander: createCommander(core.store, core.clock, policies, { quiet: {}, hasWebhooks: false }),
    };
    await Promise.all(keys.map((key, i) => advanceKey(i % 2 === 0 ? core.advance : other, key!)));
    await core.settle();
    const all = await Promise.all(['shop', 'cart', 'db'].map((each) => here.of(name(each))));
    const paged = all.filter(({ page }) => page !== null);
    expect(paged).toHaveLength(1);
    expect(all.filter(({ linkedTo }) => linkedTo === paged[0]?.id)).toHaveLength(2);
    expect(paged[0]?.links.toSorted()).toEqual(
      all
        .filter(({ page }) => page === null)
        .map(({ id }) => id)
        .toSorted(),
    );
  }
});

describe('two incidents share', () => {
  const at = (of: string | null, suspectId: string | null = null, environment: string | null = 'production') => ({
    service: of === null ? null : name(of),
    environment,
    suspectId,
  });
  test.each([
    [at(null, 'd1'), at(null, 'd1', 'eu'), true],
    [at(null, 'd1'), at(null, 'd2'), false],
    [at(null), at(null), false],
    [at('shop'), at('shop'), true],
    [at('shop'), at('shop', null, 'eu'), false],
    [at('shop'), at('far'), false],
    [{ ...at('shop'), service: 'constructor' }, { ...at('far'), service: 'toString' }, false],
  ])('%j and %j: %j', (a, b, shared) => {
    expect(sharedBy(a, b, policy) !== null).toBe(shared);
    expect(sharedBy(b, a, policy) !== null).toBe(shared);
  });
});

const act = async (command: Parameters<Core['commander']['handle']>[1][number]): Promise<void> => {
  await core.commander.handle((await here.of(name('shop'))).id, [command]);
};
