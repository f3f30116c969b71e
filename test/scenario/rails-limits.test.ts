import type { Incident } from './reading.ts';
import type { Lookout, Shop } from './shop.ts';
import { APART, inState, MINUTE, openShop, rolledBack } from './shop.ts';

/** The rails that look beyond one service, each in an installation of its own. */
let shop: Shop;

beforeAll(async () => {
  shop = await openShop();
});

afterAll(() => shop.stop());

const planned = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, rolledBack([name])]));

/** One Firebreak for the tests of a `describe`, and a release just now of each of its services. */
function installation(config: { readonly automation: object; readonly services: object }): () => Lookout {
  let at: Lookout;
  beforeAll(async () => {
    for (const [name, { rollback }] of Object.entries(config.services as Record<string, { rollback?: object }>)) {
      if (rollback !== undefined) await shop.stock(name);
    }
    at = await shop.look(config);
  });
  afterAll(() => at.firebreak.stop());
  return () => at;
}

const stopOf = (at: Lookout, incident: Incident) => at.event(incident, 'rollback-stopped');

/** A person says that it is over, and its rollback is. */
async function over(at: Lookout, incident: Incident): Promise<void> {
  expect((await at.command(incident, 'resolve', { because: 'seen to' })).status).toBe(200);
  await at.until(incident, inState('finished'));
}

describe('as it is shipped', () => {
  const one = installation({ automation: {}, services: planned('cart', 'orders', 'mail', 'search') });

  it('rolls one service back at once, the next when that is over, and no fourth in an hour', async () => {
    const at = one();
    const cart = await at.raise({ service: 'cart' }, inState('validating'));
    const orders = await at.raise({ service: 'orders' }, inState('stopped'));
    expect(await stopOf(at, orders)).toMatchObject({
      rail: 'blast-radius',
      because: `cart (${cart.id}) is being rolled back; 1 at once is the limit`,
    });
    expect([shop.patches('cart').length, shop.patches('orders').length]).toEqual([1, 0]);

    await over(at, cart);
    await over(at, await at.raise({ service: 'mail' }, inState('validating')));
    expect(shop.patches('mail')).toHaveLength(1);
    // The third of the hour, although automation had stopped it: a person's decision counts, and is not stopped.
    expect((await at.command(orders, 'rollback/start')).status).toBe(200);
    await at.until(orders, inState('validating'));
    await over(at, orders);
    expect(shop.patches('orders')).toHaveLength(1);

    const search = await at.raise({ service: 'search' }, inState('stopped'));
    expect(await stopOf(at, search)).toMatchObject({
      rail: 'blast-radius',
      because: '3 rollbacks in the last hour; 3 is the limit',
    });
    expect(shop.patches('search')).toEqual([]);
  });

  it('rolls a service back once an hour', async () => {
    const at = one();
    await shop.release('mail', 3);
    const first = (await at.raise({ service: 'mail' }, () => true)).id;
    const again = await at.raise({ service: 'mail', environment: 'production-eu' }, inState('stopped'));
    expect(await stopOf(at, again)).toMatchObject({
      rail: 'cooldown',
      because: expect.stringMatching(/^INC-[\d-]+ rolled mail back at \d{4}-/),
    });
    expect((await stopOf(at, again))!['because']).toContain(first);
    expect(shop.patches('mail')).toHaveLength(1);
    expect(shop.image('mail')).toBe('shop/mail:v3');
  });
});

describe('with wider limits', () => {
  const one = installation({
    automation: { ...APART, cooldownSeconds: 0 },
    services: planned('basket', 'prices', 'stock', 'gifts', 'news'),
  });

  it('rolls back as many as there are', async () => {
    const at = one();
    for (const service of ['basket', 'prices', 'stock', 'gifts']) {
      await at.raise({ service }, inState('validating'));
      expect(shop.patches(service)).toHaveLength(1);
    }
  });

  it('rolls a service back again', async () => {
    const at = one();
    await over(at, await at.raise({ service: 'news' }, inState('validating')));
    await shop.release('news', 3);
    await at.raise({ service: 'news', environment: 'production-eu' }, inState('validating'));
    expect(shop.patches('news')).toHaveLength(2);
    expect(shop.image('news')).toBe('shop/news:v1');
  });
});

describe('when many services are in trouble at once', () => {
  const one = installation({
    automation: { ...APART, stormServices: 5 },
    services: {
      ...planned('alpha', 'hub'),
      ...Object.fromEntries(['north', 'east', 'south', 'west'].map((name) => [name, { owner: 'nobody' }])),
      ...Object.fromEntries(['red', 'green', 'blue'].map((name) => [name, { dependsOn: ['hub'] }])),
    },
  });

  it('rolls nothing back where they share no suspect', async () => {
    const at = one();
    const others: Incident[] = [];
    for (const service of ['north', 'east', 'south', 'west']) {
      others.push(await at.raise({ service }, ({ decision }) => decision !== null));
    }
    const alpha = await at.raise({ service: 'alpha' }, inState('stopped'));
    expect(await stopOf(at, alpha)).toMatchObject({
      rail: 'blast-radius',
      because: '5 services are in trouble at once and share no single suspect change',
      evidence: { found: { services: expect.arrayContaining(['alpha', 'north', 'east', 'south', 'west']) } },
    });
    expect(shop.patches('alpha')).toEqual([]);
    for (const incident of [...others, alpha]) await at.command(incident, 'resolve');
  });

  it('rolls back what most of them depend on, where that was changed', async () => {
    const at = one();
    await shop.release('hub', 3);
    for (const service of ['red', 'green', 'blue', 'north']) {
      await at.raise({ service, environment: 'production-eu' }, ({ decision }) => decision !== null);
    }
    await at.raise({ service: 'hub', environment: 'production-eu' }, inState('validating'));
    expect(shop.patches('hub')).toHaveLength(1);
    expect(shop.image('hub')).toBe('shop/hub:v2');
  });
});

const windowNow = (more: object = {}) => ({
  name: 'summer sale',
  from: new Date(Date.now() - 60 * MINUTE).toISOString(),
  to: new Date(Date.now() + 60 * MINUTE).toISOString(),
  ...more,
});
const WITHOUT_HOLD = { ...APART, holdSeconds: { P1: 0 } };

describe('in a freeze window', () => {
  const one = installation({
    automation: { ...WITHOUT_HOLD, freezeWindows: [windowNow()] },
    services: planned('shirts', 'shoes'),
  });

  it('leaves a P1 to people', async () => {
    const at = one();
    const shirts = await at.raise({ service: 'shirts', usersAffected: 35 }, inState('stopped'));
    expect(shirts.severity).toBe('P1');
    expect(await stopOf(at, shirts)).toMatchObject({ rail: 'freeze-window', because: 'freeze window "summer sale"' });
    expect(shop.patches('shirts')).toEqual([]);
  });

  it('rolls a P0 back', async () => {
    await one().raise({ service: 'shoes' }, inState('validating'));
    expect(shop.patches('shoes')).toHaveLength(1);
  });
});

describe('in a freeze window for everything', () => {
  const one = installation({
    automation: { ...WITHOUT_HOLD, freezeWindows: [windowNow({ includesP0: true })] },
    services: planned('hats'),
  });

  it('leaves a P0 to people, too', async () => {
    const at = one();
    const hats = await at.raise({ service: 'hats' }, inState('stopped'));
    expect(await stopOf(at, hats)).toMatchObject({ rail: 'freeze-window', because: 'freeze window "summer sale"' });
    expect(shop.patches('hats')).toEqual([]);
  });
});

describe('outside of its freeze windows', () => {
  const past = { to: new Date(Date.now() - MINUTE).toISOString() };
  const one = installation({
    automation: { ...WITHOUT_HOLD, freezeWindows: [windowNow(past)] },
    services: planned('scarves'),
  });

  it('rolls a P1 back', async () => {
    await one().raise({ service: 'scarves', usersAffected: 35 }, inState('validating'));
    expect(shop.patches('scarves')).toHaveLength(1);
  });
});
