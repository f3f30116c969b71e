import { createHash } from 'node:crypto';
import type { FirebreakProcess } from '../harness/firebreak.ts';
import { eventually } from '../harness/firebreak.ts';
import type { Outside } from './outside.ts';
import { deploymentStep, NAMESPACE, pathOfDeployment, Started, startOutside, startWith } from './outside.ts';
import type { Incident } from './reading.ts';
import { courseOf, incidentOf, incidents, timelineOf } from './reading.ts';

/** One service a case, so that no case stands in another one's way. Each has a Deployment of its name unless told. */
const rolledBack = (deployments: readonly string[], more: object = {}) => ({
  rollback: { steps: deployments.map(deploymentStep), ...more },
});
const SERVICES = {
  payments: rolledBack(['payments'], { mode: 'approve' }),
  invoices: rolledBack(['invoices'], { mode: 'approve' }),
  reports: rolledBack(['reports'], { mode: 'shadow' }),
  archive: rolledBack(['archive'], { mode: 'off' }),
  cart: rolledBack(['cart']),
  wishlist: rolledBack(['wishlist']),
  orders: rolledBack(['orders']),
  vouchers: rolledBack(['vouchers'], { mode: 'approve' }),
  depot: rolledBack(['depot-worker', 'depot-api']),
  stock: rolledBack(['stock-worker', 'stock-api']),
  catalog: rolledBack(['catalog']),
  frontend: { ...rolledBack(['frontend']), dependsOn: ['gateway'] },
  search: rolledBack(['search']),
  website: rolledBack(['storefront']),
  mobile: rolledBack(['storefront']),
  legacy: { owner: 'nobody' },
};

const DEPLOYMENTS = [
  ...['payments', 'invoices', 'reports', 'archive', 'cart', 'wishlist', 'orders', 'stock-worker', 'stock-api'],
  ...['vouchers', 'depot-worker', 'depot-api', 'frontend', 'search', 'storefront'],
];
/** Released once, three hours ago: nothing that an incident of today could be blamed on. */
const OLD_DEPLOYMENT = 'catalog';

const MINUTE = 60_000;
const P1_HOLD_SECONDS = 4;

const started = new Started();
let outside: Outside;
let firebreak: FirebreakProcess;

beforeAll(async () => {
  outside = await startOutside(started, () => Date.now() - 180 * MINUTE);
  const { cluster } = outside;
  await release(OLD_DEPLOYMENT, 1);
  await release(OLD_DEPLOYMENT, 2);
  // Each release takes a minute of the cluster's clock. It ends some minutes behind ours, for those that tests make.
  cluster.advance(Date.now() - cluster.now() - (2 * DEPLOYMENTS.length + 10) * MINUTE);
  for (const name of DEPLOYMENTS) {
    await release(name, 1);
    await release(name, 2);
  }
  const automation = { holdSeconds: { P0: 0, P1: P1_HOLD_SECONDS } };
  firebreak = await startWith(started, outside, { automation, services: SERVICES });
}, 60_000);

afterAll(() => started.stop());

const release = (name: string, version: number) =>
  outside.cluster.deploy({ namespace: NAMESPACE, name, image: `shop/${name}:v${version}` });

const imageOf = (name: string): string =>
  outside.cluster.deployment(NAMESPACE, name).spec.template.spec.containers[0]!.image;

const patchesOf = (name: string) => outside.cluster.patches.filter((patch) => patch.path === pathOfDeployment(name));

interface Trouble {
  readonly service: string;
  /** 95 is a P0, 35 a P1. */
  readonly usersAffected?: number;
  readonly environment?: string;
}

/** An alert as Alertmanager delivers it. */
function alertOf(
  { service, usersAffected = 95, environment = 'production' }: Trouble,
  startsAt: string,
  ended = false,
) {
  const labels = { alertname: 'Errors', service, environment, severity: 'critical' };
  return {
    status: ended ? 'resolved' : 'firing',
    labels,
    annotations: { summary: `${service} fails`, users_affected_percent: String(usersAffected) },
    startsAt,
    endsAt: ended ? new Date().toISOString() : '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus.example.com/graph',
    fingerprint: createHash('sha256').update(JSON.stringify(labels)).digest('hex').slice(0, 16),
  };
}

async function deliver(alert: ReturnType<typeof alertOf>): Promise<void> {
  const { status } = alert;
  const body = { version: '4', status, receiver: 'firebreak', groupKey: '{}', truncatedAlerts: 0, alerts: [alert] };
  const answer = await firebreak.post('/webhooks/alertmanager', body);
  expect(answer.status).toBe(200);
}

/** Raises the alarm and gives the incident as soon as it is `good`. */
async function raise(trouble: Trouble, good: (incident: Incident) => boolean): Promise<Incident> {
  const { service, environment = 'production' } = trouble;
  await deliver(alertOf(trouble, new Date().toISOString()));
  const find = async (): Promise<Incident | undefined> => {
    const all = await incidents(firebreak, `?service=${service}`);
    const one = all.find((incident) => incident.environment === environment);
    return one && incidentOf(firebreak, one.id);
  };
  return (await eventually(find, (incident) => incident !== undefined && good(incident)))!;
}

const until = (id: string, good: (incident: Incident) => boolean): Promise<Incident> =>
  eventually(() => incidentOf(firebreak, id), good);

const inState =
  (state: string) =>
  ({ rollback }: Incident): boolean =>
    rollback?.state === state;

/** Resolves the alert of an incident, as its end is heard of. */
const recover = (trouble: Trouble, { startedAt }: Incident): Promise<void> =>
  deliver(alertOf(trouble, startedAt, true));

const stoppedEvent = async ({ id }: Incident) =>
  (await timelineOf(firebreak, id)).find(({ type }) => type === 'rollback-stopped')?.data;

const typesOf = async ({ id }: Incident): Promise<readonly string[]> =>
  courseOf(await timelineOf(firebreak, id)).map(({ type }) => type);

const pagesOf = ({ id }: Incident) => outside.pagerduty.alerts.filter(({ dedupKey }) => dedupKey === `firebreak-${id}`);

const approve = ({ id }: Incident, planHash: string): Promise<Response> =>
  firebreak.post(`/api/v1/incidents/${id}/rollback/approve`, { planHash });

const abort = ({ id }: Incident): Promise<Response> =>
  firebreak.post(`/api/v1/incidents/${id}/rollback/abort`, { because: 'the fix is out already' });

const codeOf = async (answer: Response): Promise<string> =>
  ((await answer.json()) as { error: { code: string } }).error.code;

async function automation(change: { mode?: string; killSwitch?: boolean }): Promise<void> {
  const answer = await firebreak.post('/api/v1/automation', change);
  expect(answer.status).toBe(200);
  await expect(answer.json()).resolves.toMatchObject({ ...change, changedBy: 'local' });
}

describe('mode approve', () => {
  it('waits for a person who has seen this very plan, and begins once', async () => {
    const trouble = { service: 'payments' };
    const incident = await raise(trouble, inState('awaiting-approval'));
    const { planHash } = incident.rollback!;
    expect(incident.rollback).toMatchObject({ mode: 'approve', approvedBy: null, startsAt: null });

    const wrong = await approve(incident, '0'.repeat(64));
    expect([wrong.status, await codeOf(wrong)]).toEqual([409, 'conflict']);
    expect((await incidentOf(firebreak, incident.id)).rollback!.state).toBe('awaiting-approval');
    expect(patchesOf('payments')).toEqual([]);

    // Two people at the same moment, and one of them again.
    const answers = await Promise.all([approve(incident, planHash), approve(incident, planHash)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    await until(incident.id, inState('validating'));
    expect((await approve(incident, planHash)).status).toBe(200);
    expect(patchesOf('payments')).toHaveLength(1);
    expect(imageOf('payments')).toBe('shop/payments:v1');

    await recover(trouble, incident);
    const over = await until(incident.id, inState('finished'));
    expect(over).toMatchObject({ status: 'mitigated', rollback: { verdict: 'recovered', approvedBy: 'local' } });
    expect((await typesOf(over)).filter((type) => type === 'rollback-approved')).toHaveLength(1);
    expect(patchesOf('payments')).toHaveLength(1);
  });

  it('changes nothing that somebody else has changed while it waited', async () => {
    const incident = await raise({ service: 'invoices' }, inState('awaiting-approval'));
    await release('invoices', 3);
    expect((await approve(incident, incident.rollback!.planHash)).status).toBe(200);
    const over = await until(incident.id, inState('stopped'));
    expect(over.rollback).toMatchObject({ stoppedBy: 'step-failed', steps: [{ state: 'diverged' }] });
    expect(await stoppedEvent(over)).toMatchObject({
      because: expect.stringContaining('changed-meanwhile'),
      completed: [],
    });
    expect(patchesOf('invoices')).toEqual([]);
    expect(imageOf('invoices')).toBe('shop/invoices:v3');
  });
});

describe('modes shadow and off', () => {
  it('rehearses in shadow, says what it would have done, and does not do it', async () => {
    const incident = await raise({ service: 'reports' }, inState('shadowed'));
    const timeline = await timelineOf(firebreak, incident.id);
    expect(timeline.find(({ type }) => type === 'rollback-shadowed')!.data).toMatchObject({
      summary: 'would have rolled back reports from r2 to r1',
    });
    const asked = outside.cluster.requests.filter(
      ({ method, path }) => method === 'PATCH' && path === pathOfDeployment('reports'),
    );
    expect(asked.map(({ query, status }) => [query['dryRun'], status])).toEqual([['All', 200]]);
    expect(patchesOf('reports')).toEqual([]);
    expect((await approve(incident, incident.rollback!.planHash)).status).toBe(409);
  });

  it('does not even plan when it is off', async () => {
    const incident = await raise({ service: 'archive' }, inState('stopped'));
    expect(await stoppedEvent(incident)).toMatchObject({ rail: 'mode', because: 'automation is off for this service' });
    expect(await typesOf(incident)).not.toContain('rollback-planned');
    expect(patchesOf('archive')).toEqual([]);
  });

  it('is as careful as the whole was told to be at run time', async () => {
    await automation({ mode: 'shadow' });
    try {
      const incident = await raise({ service: 'cart', environment: 'canary' }, inState('shadowed'));
      expect(incident.rollback).toMatchObject({ mode: 'shadow' });
    } finally {
      await automation({ mode: 'auto' });
    }
    expect(patchesOf('cart')).toEqual([]);
  });
});

describe('the hold of a P1', () => {
  it('lets a person stop the rollback, and goes ahead by itself where nobody does', async () => {
    const cart = await raise({ service: 'cart', usersAffected: 35 }, inState('announced'));
    expect(cart.severity).toBe('P1');
    const answer = await abort(cart);
    expect(answer.status).toBe(200);
    expect((await abort(cart)).status).toBe(200);
    expect((await approve(cart, cart.rollback!.planHash)).status).toBe(409);

    // Its hold ends after that of the one that was stopped: when it has begun, the other one would have, too.
    const wishlist = await raise({ service: 'wishlist', usersAffected: 35 }, inState('announced'));
    expect(Date.parse(wishlist.rollback!.startsAt!)).toBeGreaterThan(Date.parse(cart.rollback!.startsAt!));
    const done = await until(wishlist.id, inState('validating'));
    expect(Date.parse(done.rollback!.startedAt!)).toBeGreaterThanOrEqual(Date.parse(wishlist.rollback!.startsAt!));
    expect(patchesOf('wishlist')).toHaveLength(1);

    expect(patchesOf('cart')).toEqual([]);
    const stopped = await incidentOf(firebreak, cart.id);
    expect(stopped.rollback).toMatchObject({ state: 'stopped', stoppedBy: 'aborted' });
    expect(await stoppedEvent(cart)).toMatchObject({
      rail: 'aborted',
      because: 'local aborted it via api: the fix is out already',
      completed: [],
    });
    expect((await typesOf(cart)).filter((type) => type === 'rollback-stopped')).toHaveLength(1);
    // A person did it, so nobody is woken for it.
    expect(pagesOf(cart)).toEqual([]);
  });
});

describe('an abort while a step runs', () => {
  it('lets the step end, records how, and begins no other', async () => {
    const { cluster } = outside;
    cluster.freeze('pods');
    const incident = await raise({ service: 'depot' }, ({ rollback }) => rollback?.steps[0]?.state === 'accepted');
    expect((await abort(incident)).status).toBe(200);
    cluster.release('pods');
    const over = await until(incident.id, ({ rollback }) => rollback?.steps[0]?.state === 'done');
    expect(over.rollback).toMatchObject({ state: 'stopped', stoppedBy: 'aborted', steps: [{}, { state: 'pending' }] });
    expect(await stoppedEvent(over)).toMatchObject({ completed: [] });
    expect([patchesOf('depot-worker').length, patchesOf('depot-api').length]).toEqual([1, 0]);
  });
});

describe('the kill switch', () => {
  afterEach(() => automation({ killSwitch: false }));

  it('stops everything that has not begun, and wakes somebody', async () => {
    await automation({ killSwitch: true });
    const incident = await raise({ service: 'orders', usersAffected: 35 }, inState('stopped'));
    expect(await stoppedEvent(incident)).toMatchObject({ rail: 'kill-switch', because: 'the kill switch is on' });
    expect(patchesOf('orders')).toEqual([]);
    await eventually(
      async () => pagesOf(incident).map(({ summaries }) => summaries),
      (pages) => pages.length > 0,
    );
    expect(pagesOf(incident)).toMatchObject([
      { summaries: [expect.stringContaining('rollback stopped: the kill switch is on')] },
    ]);
  });

  it('is stronger than an approval', async () => {
    const incident = await raise({ service: 'vouchers' }, inState('awaiting-approval'));
    await automation({ killSwitch: true });
    expect((await approve(incident, incident.rollback!.planHash)).status).toBe(200);
    const over = await until(incident.id, inState('stopped'));
    expect(over.rollback).toMatchObject({ stoppedBy: 'kill-switch', approvedBy: 'local', startedAt: null });
    expect(patchesOf('vouchers')).toEqual([]);
  });

  it('stops between two steps, finishes the one that runs, and says how far it came', async () => {
    const { cluster } = outside;
    cluster.freeze('pods');
    const incident = await raise({ service: 'stock' }, ({ rollback }) => rollback?.steps[0]?.state === 'accepted');
    await automation({ killSwitch: true });
    cluster.release('pods');
    await until(incident.id, inState('stopped'));
    expect(await stoppedEvent(incident)).toMatchObject({ rail: 'kill-switch', completed: ['stock-worker'] });
    expect([patchesOf('stock-worker').length, patchesOf('stock-api').length]).toEqual([1, 0]);
    const [worker, api] = (await incidentOf(firebreak, incident.id)).rollback!.steps;
    expect([worker!.state, api!.state]).toEqual(['done', 'pending']);
  });
});

describe('the rails', () => {
  it('leave it to people when nothing changed recently', async () => {
    const incident = await raise({ service: 'catalog' }, ({ decision }) => decision !== null);
    expect(incident).toMatchObject({ severity: 'P0', rollback: null });
    expect(incident.decision).toMatchObject({ action: 'hold', rule: 'no-change-to-undo' });
    expect(await typesOf(incident)).not.toContain('rollback-requested');
    expect(patchesOf('catalog')).toEqual([]);
  });

  it('do not undo a service for the change of another one', async () => {
    const startedAt = new Date().toISOString();
    const change = {
      id: 'deploy-77',
      service: 'gateway',
      environment: 'production',
      kind: 'deployment',
      version: '77',
      startedAt,
    };
    expect((await firebreak.post('/webhooks/changes', change)).status).toBe(202);
    const incident = await raise({ service: 'frontend' }, inState('stopped'));
    expect(await stoppedEvent(incident)).toMatchObject({
      rail: 'recent-change',
      because: 'the suspect change is deploy-77 of gateway, which this plan does not undo',
      evidence: { found: { id: 'deploy-77', service: 'gateway' } },
    });
    expect(patchesOf('frontend')).toEqual([]);
  });

  it('do not guess a plan where none is written', async () => {
    const startedAt = new Date().toISOString();
    const change = { id: 'deploy-78', service: 'legacy', kind: 'deployment', version: '78', startedAt };
    expect((await firebreak.post('/webhooks/changes', change)).status).toBe(202);
    const incident = await raise({ service: 'legacy' }, inState('stopped'));
    expect(await stoppedEvent(incident)).toMatchObject({ rail: 'plan-missing' });
  });

  it('roll a service back once an hour', async () => {
    const trouble = { service: 'search' };
    const first = await raise(trouble, inState('validating'));
    await recover(trouble, first);
    await until(first.id, inState('finished'));
    await release('search', 3);
    const second = await raise({ ...trouble, environment: 'production-eu' }, inState('stopped'));
    expect(await stoppedEvent(second)).toMatchObject({
      rail: 'cooldown',
      because: expect.stringContaining(`${first.id} rolled search back at `),
    });
    expect(patchesOf('search')).toHaveLength(1);
    expect(imageOf('search')).toBe('shop/search:v3');
  });

  it('roll a target back for one incident at a time', async () => {
    const { cluster } = outside;
    cluster.freeze('pods');
    const website = await raise({ service: 'website' }, ({ rollback }) => rollback?.steps[0]?.state === 'accepted');
    const mobile = await raise({ service: 'mobile' }, inState('stopped'));
    expect(await stoppedEvent(mobile)).toMatchObject({
      rail: 'target-busy',
      because: expect.stringContaining(`${website.id} is rolling `),
    });
    cluster.release('pods');
    await until(website.id, inState('validating'));
    await recover({ service: 'website' }, website);
    await until(website.id, inState('finished'));
    expect(patchesOf('storefront')).toHaveLength(1);
    expect(imageOf('storefront')).toBe('shop/storefront:v1');
  });

  it('do not bring back what was left: the version before a rollback is no target for the next one', async () => {
    const change = {
      id: 'deploy-79',
      service: 'mobile',
      kind: 'deployment',
      version: '79',
      startedAt: new Date().toISOString(),
    };
    expect((await firebreak.post('/webhooks/changes', change)).status).toBe(202);
    const incident = await raise({ service: 'mobile', environment: 'production-eu' }, inState('stopped'));
    expect(await stoppedEvent(incident)).toMatchObject({
      rail: 'target-unresolved',
      because: 'step storefront: r2 was made after r3, which runs now: somebody has gone back already',
    });
    expect(imageOf('storefront')).toBe('shop/storefront:v1');
  });

  it('do not undo a deployment for a change that is none', async () => {
    const change = {
      id: 'flag-7',
      service: 'mobile',
      environment: 'production-us',
      kind: 'flag',
      startedAt: new Date().toISOString(),
    };
    expect((await firebreak.post('/webhooks/changes', change)).status).toBe(202);
    const incident = await raise({ service: 'mobile', environment: 'production-us' }, inState('stopped'));
    expect(await stoppedEvent(incident)).toMatchObject({
      rail: 'recent-change',
      because: 'the newest change is a flag change (flag-7), which going back to an older version does not undo',
    });
  });

  it('change nothing in the cluster beyond what was said here', () => {
    const changed = outside.cluster.patches.map(({ path }) => path.split('/').at(-1));
    expect(changed.toSorted()).toEqual([
      'depot-worker',
      'payments',
      'search',
      'stock-worker',
      'storefront',
      'wishlist',
    ]);
  });
});
