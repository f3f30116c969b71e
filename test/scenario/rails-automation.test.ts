import type { DeploymentObject } from '../fakes/kubernetes/index.ts';
import { eventually } from '../harness/firebreak.ts';
import { NAMESPACE, pathOfDeployment } from './outside.ts';
import type { Incident } from './reading.ts';
import type { Lookout, Shop } from './shop.ts';
import { APART, inState, isHeld, LONG_AGO, openShop, rolledBack } from './shop.ts';

const HOLD_SECONDS = 4;
const EXPIRES_SECONDS = 10;
const WATCH_SECONDS = 5;

/** Nothing is measured, so there is nothing to wait for before the first sample. */
const AT_ONCE = { recovery: { settleSeconds: 0 } };
const SERVICES = {
  bank: rolledBack(['bank']),
  payments: rolledBack(['payments'], { mode: 'approve' }),
  invoices: rolledBack(['invoices'], { mode: 'approve' }),
  letters: rolledBack(['letters'], { mode: 'approve' }),
  reports: rolledBack(['reports'], { mode: 'shadow' }),
  archive: rolledBack(['archive'], { mode: 'off' }),
  cart: rolledBack(['cart']),
  wishlist: rolledBack(['wishlist']),
  pricing: rolledBack(['pricing']),
  stocks: rolledBack(['stocks']),
  orders: rolledBack(['orders']),
  vouchers: rolledBack(['vouchers'], { mode: 'approve' }),
  depot: rolledBack(['depot-worker', 'depot-api']),
  warehouse: rolledBack(['warehouse-worker', 'warehouse-api']),
  catalog: rolledBack(['catalog']),
  search: rolledBack(['search'], {}, AT_ONCE),
  website: rolledBack(['website'], {}, AT_ONCE),
};
const OLD = 'catalog';
const DEPLOYMENTS = [
  ...['bank', 'payments', 'invoices', 'letters', 'reports', 'archive', 'cart', 'wishlist', 'pricing', 'stocks'],
  ...['orders', 'vouchers', 'depot-worker', 'depot-api', 'warehouse-worker', 'warehouse-api', 'search', 'website'],
];

let shop: Shop;
let at: Lookout;
/** Their verdict takes three samples at the pace of a P0: they are proved while the other tests run. */
const proving = new Map<string, Promise<Incident>>();
let drift: Promise<unknown>;

beforeAll(async () => {
  shop = await openShop();
  await shop.stock(OLD, { minutesAgo: LONG_AGO - 60 });
  for (const name of DEPLOYMENTS) await shop.stock(name);
  const automation = {
    ...APART,
    holdSeconds: { P0: 0, P1: HOLD_SECONDS },
    approvalExpiresSeconds: EXPIRES_SECONDS,
    watchSeconds: WATCH_SECONDS,
  };
  at = await shop.look({ automation, services: SERVICES });
  for (const service of ['search', 'website']) {
    const incident = await at.raise({ service }, inState('validating'));
    await at.recover({ service }, incident);
    proving.set(service, later(at.until(incident, inState('finished'), 60_000)));
  }
  drift = later(proving.get('website')!.then(driftOf));
});

/** Awaited by the test that it is for: if it fails, it fails there. */
function later<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}

afterAll(() => shop.stop());

const accepted = ({ rollback }: Incident): boolean => rollback?.steps[0]?.state === 'accepted';
const approve = (incident: Incident, planHash = incident.rollback!.planHash) =>
  at.command(incident, 'rollback/approve', { planHash });
const abort = (incident: Incident) => at.command(incident, 'rollback/abort', { because: 'the fix is out already' });
const codeOf = async (answer: Response): Promise<string> =>
  ((await answer.json()) as { error: { code: string } }).error.code;
const stopOf = (incident: Incident) => at.event(incident, 'rollback-stopped');
const countOf = async (incident: Incident, type: string): Promise<number> =>
  (await at.types(incident)).filter((each) => each === type).length;

describe('mode auto', () => {
  it('rolls back by itself, once', async () => {
    const incident = await at.raise({ service: 'bank' }, inState('validating'));
    expect(incident.rollback).toMatchObject({ mode: 'auto', requestedBy: 'rules', approvedBy: null });
    expect(shop.patches('bank')).toHaveLength(1);
    expect(shop.image('bank')).toBe('shop/bank:v1');
  });
});

describe('mode approve', () => {
  it('waits for a person who has seen this very plan, and begins once', async () => {
    const incident = await at.raise({ service: 'payments' }, inState('awaiting-approval'));
    expect(incident.rollback).toMatchObject({ mode: 'approve', approvedBy: null, startsAt: null });

    const wrong = await approve(incident, '0'.repeat(64));
    expect([wrong.status, await codeOf(wrong)]).toEqual([409, 'conflict']);
    expect(shop.patches('payments')).toEqual([]);

    // Two people at the same moment, and one of them again.
    const answers = await Promise.all([approve(incident), approve(incident)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const begun = await at.until(incident, inState('validating'));
    expect((await approve(incident)).status).toBe(200);
    expect(begun.rollback).toMatchObject({ approvedBy: 'local' });
    expect(await countOf(incident, 'rollback-approved')).toBe(1);
    expect(shop.patches('payments')).toHaveLength(1);
    expect(shop.image('payments')).toBe('shop/payments:v1');
  });

  it('changes nothing that somebody else has changed while it waited', async () => {
    const incident = await at.raise({ service: 'invoices' }, inState('awaiting-approval'));
    await shop.release('invoices', 3);
    expect((await approve(incident)).status).toBe(200);
    const over = await at.until(incident, inState('stopped'));
    expect(over.rollback).toMatchObject({ stoppedBy: 'step-failed', steps: [{ state: 'diverged' }] });
    expect(await stopOf(over)).toMatchObject({ because: expect.stringContaining('changed-meanwhile'), completed: [] });
    expect(shop.patches('invoices')).toEqual([]);
    expect(shop.image('invoices')).toBe('shop/invoices:v3');
  });

  it('does not wait for ever, and wakes somebody then', async () => {
    const waiting = await at.raise({ service: 'letters', usersAffected: 35 }, inState('awaiting-approval'));
    const incident = await at.until(waiting, inState('stopped'));
    expect(await stopOf(incident)).toMatchObject({ rail: 'approval-expired', because: 'nobody approved it in time' });
    expect((await approve(waiting)).status).toBe(409);
    await eventually(
      async () => at.pages(incident),
      (pages) => pages.length > 0,
    );
    expect(at.pages(incident)).toEqual([expect.stringContaining('rollback stopped: nobody approved it in time')]);
    expect(shop.patches('letters')).toEqual([]);
  });
});

describe('modes shadow and off', () => {
  it('rehearses in shadow, says what it would have done, and does not do it', async () => {
    const incident = await at.raise({ service: 'reports' }, inState('shadowed'));
    expect(await at.event(incident, 'rollback-shadowed')).toMatchObject({
      summary: 'would have rolled back reports from r2 to r1',
    });
    const asked = shop.outside.cluster.requests.filter(
      ({ method, path, status }) => method === 'PATCH' && path === pathOfDeployment('reports') && status === 200,
    );
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every(({ query }) => query['dryRun'] === 'All')).toBe(true);
    expect(shop.patches('reports')).toEqual([]);
    expect((await approve(incident)).status).toBe(409);
  });

  it('does not even plan when it is off', async () => {
    const incident = await at.raise({ service: 'archive' }, inState('stopped'));
    expect(await stopOf(incident)).toMatchObject({ rail: 'mode', because: 'automation is off for archive' });
    expect(await at.types(incident)).not.toContain('rollback-planned');
    expect(shop.patches('archive')).toEqual([]);
  });

  it('is as careful as the whole was told to be at run time', async () => {
    await at.automation({ mode: 'shadow' });
    try {
      const incident = await at.raise({ service: 'cart', environment: 'canary' }, inState('shadowed'));
      expect(incident.rollback).toMatchObject({ mode: 'shadow' });
    } finally {
      await at.automation({ mode: 'auto' });
    }
    expect(shop.patches('cart')).toEqual([]);
  });
});

describe('the hold of a P1', () => {
  it('lets a person stop the rollback, and goes ahead by itself where nobody does', async () => {
    const cart = await at.raise({ service: 'cart', usersAffected: 35 }, inState('announced'));
    expect(cart.severity).toBe('P1');
    expect((await abort(cart)).status).toBe(200);
    expect((await abort(cart)).status).toBe(200);
    expect((await approve(cart)).status).toBe(409);

    // Its hold ends after that of the one that was stopped: when it has begun, the other one would have, too.
    const wishlist = await at.raise({ service: 'wishlist', usersAffected: 35 }, inState('announced'));
    const { startsAt } = wishlist.rollback!;
    expect(Date.parse(startsAt!)).toBeGreaterThan(Date.parse(cart.rollback!.startsAt!));
    const done = await at.until(wishlist, inState('validating'));
    expect(Date.parse(done.rollback!.startedAt!)).toBeGreaterThanOrEqual(Date.parse(startsAt!));
    expect(shop.patches('wishlist')).toHaveLength(1);

    expect(shop.patches('cart')).toEqual([]);
    expect(await stopOf(cart)).toMatchObject({
      rail: 'aborted',
      because: 'local aborted it via api: the fix is out already',
      completed: [],
    });
    expect(await countOf(cart, 'rollback-stopped')).toBe(1);
    // A person did it, so nobody is woken for it.
    expect(at.pages(cart)).toEqual([]);
  });

  it('waits for a fix that is declared, once, and goes ahead when its time is over', async () => {
    const pricing = await at.raise({ service: 'pricing', usersAffected: 35 }, inState('announced'));
    const before = Date.now();
    expect((await at.command(pricing, 'fix-eta', { seconds: 2 * HOLD_SECONDS })).status).toBe(200);
    const again = await at.command(pricing, 'fix-eta', { minutes: 4 });
    expect([again.status, await codeOf(again)]).toEqual([409, 'conflict']);
    const fix = (await at.event(pricing, 'fix-declared'))!;
    expect(fix).toMatchObject({ by: 'local', via: 'api', seconds: 2 * HOLD_SECONDS });
    expect(Date.parse(fix['until'] as string)).toBeGreaterThanOrEqual(before + 2 * HOLD_SECONDS * 1_000);

    const done = await at.until(pricing, inState('validating'));
    expect(Date.parse(done.rollback!.startedAt!)).toBeGreaterThanOrEqual(Date.parse(fix['until'] as string));
    expect(shop.patches('pricing')).toHaveLength(1);
  });

  it('is over without a change where the fix came in time', async () => {
    const trouble = { service: 'stocks', usersAffected: 35 };
    const stocks = await at.raise(trouble, inState('announced'));
    expect((await at.command(stocks, 'fix-eta', { minutes: 4 })).status).toBe(200);
    await at.recover(trouble, stocks);
    const over = await at.until(stocks, ({ rollback }) => rollback?.verdict != null);
    expect(over).toMatchObject({ status: 'mitigated', rollback: { verdict: 'recovered-without-us' } });
    expect(await stopOf(over)).toMatchObject({
      rail: 'recovered-without-us',
      because: 'it recovered before anything was changed',
    });
    expect(shop.patches('stocks')).toEqual([]);
  });

  it('is not given to a P0, nor for longer than 5 minutes', async () => {
    const bank = await at.raise({ service: 'bank' }, () => true);
    expect((await at.command(bank, 'fix-eta', { minutes: 4 })).status).toBe(409);
    const cart = await at.raise({ service: 'cart', usersAffected: 35 }, () => true);
    expect((await at.command(cart, 'fix-eta', { minutes: 5 })).status).toBe(400);
  });
});

describe('an abort while a step runs', () => {
  it('lets the step end, records how, and begins no other', async () => {
    const { cluster } = shop.outside;
    cluster.freeze('pods');
    const incident = await at.raise({ service: 'depot' }, accepted);
    expect((await abort(incident)).status).toBe(200);
    cluster.release('pods');
    const over = await at.until(incident, ({ rollback }) => rollback?.steps[0]?.state === 'done');
    expect(over.rollback).toMatchObject({ state: 'stopped', stoppedBy: 'aborted', steps: [{}, { state: 'pending' }] });
    expect(await stopOf(over)).toMatchObject({ completed: [] });
    expect([shop.patches('depot-worker').length, shop.patches('depot-api').length]).toEqual([1, 0]);
  });
});

describe('the kill switch', () => {
  afterEach(() => at.automation({ killSwitch: false }));

  it('stops everything that has not begun, and wakes somebody', async () => {
    await at.automation({ killSwitch: true });
    const incident = await at.raise({ service: 'orders', usersAffected: 35 }, inState('stopped'));
    expect(await stopOf(incident)).toMatchObject({ rail: 'kill-switch', because: 'the kill switch is on' });
    expect(shop.patches('orders')).toEqual([]);
    const start = await at.command(incident, 'rollback/start');
    expect([start.status, await codeOf(start)]).toEqual([409, 'conflict']);
    await eventually(
      async () => at.pages(incident),
      (pages) => pages.length > 0,
    );
    expect(at.pages(incident)).toEqual([expect.stringContaining('rollback stopped: the kill switch is on')]);
  });

  it('is stronger than an approval', async () => {
    const incident = await at.raise({ service: 'vouchers' }, inState('awaiting-approval'));
    await at.automation({ killSwitch: true });
    expect((await approve(incident)).status).toBe(200);
    const over = await at.until(incident, inState('stopped'));
    expect(over.rollback).toMatchObject({ stoppedBy: 'kill-switch', approvedBy: 'local', startedAt: null });
    expect(shop.patches('vouchers')).toEqual([]);
  });

  it('stops between two steps, finishes the one that runs, and says how far it came', async () => {
    const { cluster } = shop.outside;
    cluster.freeze('pods');
    const incident = await at.raise({ service: 'warehouse' }, accepted);
    await at.automation({ killSwitch: true });
    cluster.release('pods');
    const over = await at.until(incident, inState('stopped'));
    expect(await stopOf(over)).toMatchObject({ rail: 'kill-switch', completed: ['warehouse-worker'] });
    expect([shop.patches('warehouse-worker').length, shop.patches('warehouse-api').length]).toEqual([1, 0]);
    expect(over.rollback!.steps.map(({ state }) => state)).toEqual(['done', 'pending']);
  });
});

describe("a person's word", () => {
  it('has a service rolled back although nothing changed recently', async () => {
    const incident = await at.raise({ service: OLD }, isHeld);
    expect(shop.patches(OLD)).toEqual([]);
    const because = 'the cache of the new version filled up overnight';
    expect((await at.command(incident, 'rollback/start', { because })).status).toBe(200);
    await at.until(incident, inState('validating'));
    expect(await at.event(incident, 'rollback-requested')).toMatchObject({
      by: 'local',
      because: `local asked for it via api: ${because}`,
    });
    expect(shop.patches(OLD)).toHaveLength(1);
    expect(shop.image(OLD)).toBe(`shop/${OLD}:v1`);
  });

  it('takes a rollback back, to the version that was pinned as "from"', async () => {
    const incident = (await proving.get('search'))!;
    expect(incident).toMatchObject({ status: 'mitigated', rollback: { verdict: 'recovered' } });
    expect(shop.image('search')).toBe('shop/search:v1');
    expect((await at.command(incident, 'rollback/undo', { because: 'it was the database' })).status).toBe(200);
    const undone = await at.until(
      incident,
      ({ rollback }) => rollback!['purpose' as keyof typeof rollback] === 'undo' && rollback!.state === 'validating',
    );
    expect(undone.rollback!.steps).toMatchObject([{ state: 'done', to: 'r2' }]);
    expect(await at.event(incident, 'rollback-requested')).toMatchObject({ purpose: 'undo', by: 'local' });
    expect(shop.image('search')).toBe('shop/search:v2');
    expect(shop.patches('search')).toHaveLength(2);
  });

  it('takes back nothing where nothing was rolled back', async () => {
    const incident = await at.raise({ service: 'archive' }, inState('stopped'));
    const answer = await at.command(incident, 'rollback/undo');
    expect([answer.status, await codeOf(answer)]).toEqual([409, 'conflict']);
  });
});

describe('after the recovery', () => {
  it('says who puts the bad version back, and wakes somebody', async () => {
    const incident = (await proving.get('website'))!;
    await expect(drift).resolves.toMatchObject({
      name: 'website',
      detail: expect.stringMatching(/^argocd-controller changed the pod template at .*; it is now shop\/website:v2$/),
    });
    await eventually(
      async () => at.pages(incident),
      (pages) => pages.some((text) => text.includes('the rollback of website did not stay')),
      10_000,
    );
    // Firebreak does not fight with it.
    expect(shop.patches('website')).toHaveLength(1);
    expect(shop.image('website')).toBe('shop/website:v2');
  });
});

/** In the time of the watch, Git's controller syncs: there, version 2 is what should run. */
async function driftOf(incident: Incident) {
  const { cluster } = shop.outside;
  const put = (version: number): void => {
    cluster.edit('deployments', NAMESPACE, 'website', (object) => {
      (object as DeploymentObject).spec.template.spec.containers[0]!.image = `shop/website:v${version}`;
    });
  };
  put(2);
  const stop = cluster.revertDrift({
    resource: 'deployments',
    namespace: NAMESPACE,
    name: 'website',
    manager: 'argocd-controller',
  });
  put(1);
  try {
    return await eventually(
      () => at.event(incident, 'rollback-reverted'),
      (event) => event !== undefined,
    );
  } finally {
    stop();
  }
}
