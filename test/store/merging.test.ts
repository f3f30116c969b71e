import { mergeIncidents } from '../../src/app/merging.ts';
import { CommandRefused } from '../../src/domain/incident/commands.ts';
import { incidentsOfService } from '../../src/store/learning.ts';
import type { Core } from '../harness/core.ts';
import { startCore } from '../harness/core.ts';
import type { Around } from '../unit/support/around.ts';
import { around } from '../unit/support/around.ts';
import { HOUR, MINUTE } from '../unit/support/incident.ts';

const actor = { name: 'ada', via: 'api' };
let core: Core;
let here: Around;
let n = 0;
const name = (of: string): string => `${of}-${n}`;

beforeAll(async () => {
  core = await startCore();
  here = around(core);
});
afterAll(() => core.close());
beforeEach(() => {
  n += 1;
  core.clock.at += HOUR;
});

const merge = async (from: string, into: string): Promise<void> => {
  const deps = { ...core, policy: () => Promise.resolve(core.policy) };
  const [part, target] = [await here.of(name(from)), await here.of(name(into))];
  await mergeIncidents(deps, part.id, target.id, actor, 'the same database');
};
const two = async (from: 'p0' | 'p2' = 'p2', into: 'p0' | 'p2' = 'p0'): Promise<void> => {
  await here.fires(here[into](name('shop')));
  core.clock.at += 5 * MINUTE;
  await here.fires(here[from](name('cart')));
};
const ended = (of: string, p: 'p0' | 'p2'): object => here[p](name(of), { endsAt: core.clock.at });

test('both are told in one commit, and what is merged is over', async () => {
  await two();
  await merge('cart', 'shop');
  const [cart, shop] = [await here.of(name('cart')), await here.of(name('shop'))];
  expect(cart).toMatchObject({ status: 'closed', mergedInto: shop.id, clocks: { restore: { state: 'cancelled' } } });
  expect(shop).toMatchObject({ status: 'open', absorbed: [cart.id] });
  expect(await here.said(name('shop'), 'incident-absorbed')).toMatchObject([{ from: cart.id, by: 'ada' }]);
  await merge('cart', 'shop');
  expect(await here.said(name('shop'), 'incident-absorbed')).toHaveLength(1);
});

test('one that is restored has come back with what still fires', async () => {
  await here.fires(here.p0(name('shop')));
  core.clock.at += 5 * MINUTE;
  await here.fires(ended('shop', 'p0'), here.p2(name('cart')));
  expect((await here.of(name('shop'))).status).toBe('mitigated');
  await merge('cart', 'shop');
  await here.pass(MINUTE);
  expect(await here.of(name('shop'))).toMatchObject({ status: 'open', alertCounts: { firing: 1 } });
});

test('the gate of its service asks about both, until the one that goes on is closed', async () => {
  await two();
  await merge('cart', 'shop');
  const [cart, shop] = [await here.of(name('cart')), await here.of(name('shop'))];
  const concerned = async (): Promise<readonly string[]> =>
    (await incidentsOfService(core.store.db, name('cart'))).map(({ id }) => id).toSorted();
  expect(await concerned()).toEqual([cart.id, shop.id].toSorted());
  await core.commander.handle(shop.id, [{ kind: 'dismiss', because: 'a test', by: 'ada', via: 'api' }]);
  expect(await concerned()).toEqual([]);
});

test('what is refused changes neither', async () => {
  await two('p0', 'p2');
  await expect(merge('cart', 'shop')).rejects.toThrow(CommandRefused);
  expect((await here.of(name('cart'))).status).toBe('open');
  expect((await here.of(name('shop'))).absorbed).toEqual([]);
});

test('no chain, no circle, and nothing that is not there', async () => {
  await two('p2', 'p2');
  await here.fires(here.p2(name('far')));
  await merge('cart', 'shop');
  await expect(merge('shop', 'far')).rejects.toThrow('is merged into');
  await expect(merge('shop', 'cart')).rejects.toThrow('is merged into');
  await expect(merge('far', 'cart')).rejects.toThrow('is closed');
  await expect(merge('far', 'far')).rejects.toMatchObject({ code: 'invalid' });
  const deps = { ...core, policy: () => Promise.resolve(core.policy) };
  const { id } = await here.of(name('far'));
  await expect(mergeIncidents(deps, id, 'INC-0', actor, 'x')).rejects.toMatchObject({ code: 'invalid', field: 'into' });
  await expect(mergeIncidents(deps, 'INC-0', id, actor, 'x')).rejects.toMatchObject({ code: 'not-found' });
});

test('merged both ways at the same moment, one of them wins and nobody waits for ever', async () => {
  for (let round = 0; round < 5; round += 1) {
    n += 1;
    await two('p2', 'p2');
    const results = await Promise.allSettled([merge('cart', 'shop'), merge('shop', 'cart')]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const statuses = [(await here.of(name('cart'))).status, (await here.of(name('shop'))).status];
    expect(statuses.toSorted()).toEqual(['closed', 'open']);
  }
});

test('the target is not over while alerts of the merged one fire, and is when they are gone', async () => {
  await two('p2', 'p2');
  await merge('cart', 'shop');
  await core.fire();
  await core.settle();
  expect((await here.of(name('shop'))).alertCounts.firing).toBe(2);
  await here.fires(ended('shop', 'p2'));
  expect(await here.of(name('shop'))).toMatchObject({ status: 'open', alertCounts: { firing: 1 } });
  core.clock.at += MINUTE;
  await here.fires(ended('cart', 'p2'));
  expect(await here.of(name('shop'))).toMatchObject({ status: 'resolved', alertCounts: { firing: 0 } });
});

test('new alerts of the merged one open an incident that is linked at once, shows where it went and wakes nobody', async () => {
  await two();
  await merge('cart', 'shop');
  await here.fires(here.p0(name('cart')));
  const [cart, shop] = [await here.of(name('cart')), await here.of(name('shop'))];
  expect(cart).toMatchObject({ severity: 'P0', status: 'open', linkedTo: shop.id, page: null });
  expect(shop.links).toEqual([cart.id]);
  expect((await here.said(name('cart'), 'incident-linked'))[0]?.because).toContain(`is merged into ${shop.id}`);
});

test('when the target is over and they still fire, somebody is woken', async () => {
  await two();
  await merge('cart', 'shop');
  await here.fires(here.p0(name('cart')));
  const { id } = await here.of(name('shop'));
  await core.commander.handle(id, [{ kind: 'resolve', by: 'ada', via: 'api', because: 'fixed' }]);
  await core.fire();
  expect(await here.of(name('cart'))).toMatchObject({ linkedTo: null, page: { reason: 'first-page' } });
  // And what opens after that is an incident of its own.
  await here.fires(ended('cart', 'p0'), ended('cart', 'p2'));
  core.clock.at += 25 * HOUR;
  await core.fire();
  await here.fires(here.p2(name('cart')));
  expect((await here.of(name('cart'))).linkedTo).toBeNull();
});
