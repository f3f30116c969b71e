import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeploymentObject } from '../fakes/kubernetes/index.ts';
import { deploymentStep, NAMESPACE } from './outside.ts';
import type { Lookout, Shop, Trouble } from './shop.ts';
import { APART, inState, LONG_AGO, openShop, rolledBack } from './shop.ts';

type More = Partial<Trouble> | undefined;

/** What about a target keeps it from being rolled back, and what then is said. */
interface Row {
  readonly when: string;
  readonly service: string;
  readonly rail: string;
  readonly because: RegExp;
  /** `blocked`: for the service that the rail is to stop. */
  readonly policy?: (name: string, blocked: boolean) => object;
  /** Brings the circumstance about. */
  readonly there: (name: string) => Promise<More>;
  /** The same without it; a release like any other unless told. */
  readonly absent?: (name: string) => Promise<More>;
  /** The Deployment that is watched, where it does not have the service's name. */
  readonly deployment?: (name: string) => string;
  readonly namespace?: (name: string) => string;
  /** What has been rolled back there before the rail stops it. */
  readonly before?: number;
  readonly after?: () => Promise<void>;
}

/** Version 1 again, as `kubectl rollout undo` brings it back. */
const wentBack = async (name: string): Promise<void> => {
  await shop.release(name, 1, { minutesAgo: LONG_AGO });
  await shop.release(name, 2, { minutesAgo: 30 });
  await shop.release(name, 1);
};

const edited = async (name: string, change: (object: DeploymentObject) => void): Promise<void> => {
  shop.outside.cluster.edit('deployments', NAMESPACE, name, (object) => {
    change(object as DeploymentObject);
  });
  await shop.outside.cluster.settled();
};

const stocked = async (name: string): Promise<More> => {
  await shop.stock(name);
  return undefined;
};

/** Where the target itself cannot say that it was changed, CI/CD does. */
const toldOf = async (name: string, environment = 'production'): Promise<void> => {
  await at.tell({ id: `deploy-${name}-${environment}`, service: name, version: 'next', environment });
};

/** Rolled back in another environment's incident before. */
const rolledBackBefore = async (name: string): Promise<void> => {
  await shop.stock(name);
  await at.raise({ service: name, environment: 'production-us' }, inState('validating'));
};

const ROWS: readonly Row[] = [
  {
    when: 'it runs the version already that it would go back to',
    service: 'cart',
    rail: 'already-there',
    because: /^every target runs the version that it would go back to$/,
    there: async (name) => {
      await rolledBackBefore(name);
      await toldOf(name);
      return undefined;
    },
    before: 1,
  },
  {
    when: 'the only older version was found bad',
    service: 'wishlist',
    rail: 'target-unresolved',
    because: /^step wishlist-blocked: target-was-bad: Every older revision was found bad in this incident: r2$/,
    there: async (name) => {
      await rolledBackBefore(name);
      await shop.release(name, 3);
      const { cluster } = shop.outside;
      const first = cluster
        .list('replicasets', NAMESPACE)
        .find((set) => JSON.stringify(set).includes(`"shop/${name}:v1"`))!;
      cluster.remove('replicasets', NAMESPACE, first.metadata.name);
      return undefined;
    },
    before: 1,
  },
  {
    when: 'somebody has gone back already',
    service: 'search',
    rail: 'target-unresolved',
    because: /^step search-blocked: r2 was made after r3, which runs now: somebody has gone back already$/,
    there: async (name) => {
      await wentBack(name);
      await toldOf(name);
      return undefined;
    },
  },
  {
    when: 'somebody has paused it',
    service: 'mail',
    rail: 'target-unresolved',
    because: /^step mail-blocked: paused: /,
    there: async (name) => {
      await shop.stock(name);
      await edited(name, ({ spec }) => {
        spec.paused = true;
      });
      await toldOf(name);
      return undefined;
    },
  },
  {
    when: 'there is no older version',
    service: 'fresh',
    rail: 'target-unresolved',
    because: /^step fresh-blocked: no-older-version: /,
    there: async (name) => {
      await shop.release(name, 1);
      await toldOf(name);
      return undefined;
    },
  },
  {
    when: 'the server would not accept the change',
    service: 'stock',
    rail: 'rehearsal',
    because: /^step stock-blocked: .*injected/,
    there: async (name) => {
      await shop.stock(name);
      shop.outside.cluster.failNext({ method: 'PATCH', path: new RegExp(`/${name}$`), status: 403, times: 100 });
      return undefined;
    },
  },
  {
    when: 'the quota has no room for its pods',
    service: 'reports',
    rail: 'capacity',
    because: /^step reports-blocked: no-capacity: ResourceQuota team: .* of pods .*3 of 3/,
    policy: (name) => ({ rollback: { steps: [deploymentStep(name, { namespace: name })] } }),
    namespace: (name) => name,
    there: async (name) => {
      await shop.stock(name, { namespace: name });
      const pods = { pods: '3' };
      const metadata = { namespace: name, name: 'team' };
      shop.outside.cluster.create('resourcequotas', {
        metadata,
        spec: { hard: pods },
        status: { hard: pods, used: pods },
      });
      return undefined;
    },
    absent: async (name) => {
      await shop.stock(name, { namespace: name });
      return undefined;
    },
  },
  {
    when: 'Argo CD keeps it as it is',
    service: 'catalog',
    rail: 'gitops-owner',
    because: /^step catalog-blocked: owned-by-another: Owned by Argo CD application "storefront" \(.*tracking-id\)/,
    policy: (name, blocked) => ({
      rollback: { steps: [deploymentStep(name, blocked ? {} : { allowOwner: ['argocd'] })] },
    }),
    there: async (name) => ownedByArgo(name),
    // It may be changed all the same where the plan says so.
    absent: async (name) => ownedByArgo(name),
  },
  {
    when: 'a migration came with it and nobody says that the older version can work with it',
    service: 'invoices',
    rail: 'database',
    because:
      /^migration schema-invoices-blocked came with this version, and nobody has said that the older one can work/,
    there: async (name) => {
      await shop.stock(name);
      await at.tell({ id: `schema-${name}`, service: name, kind: 'migration', minutesAgo: 30 });
      return undefined;
    },
    absent: async (name) => {
      await shop.stock(name);
      const evidence = { backwardCompatible: true };
      await at.tell({ id: `schema-${name}`, service: name, kind: 'migration', minutesAgo: 30, evidence });
      return undefined;
    },
  },
  {
    when: 'the gate before it says that the data does not fit',
    service: 'ledger',
    rail: 'database',
    because: /^step schema: incompatible-data: .*column ledger\.total is gone/,
    policy: (name, blocked) => ({ rollback: { steps: [gate(blocked ? 'no' : 'yes', name), deploymentStep(name)] } }),
    there: stocked,
  },
  {
    when: 'a step of it destroys data',
    service: 'archive',
    rail: 'needs-person',
    because: /^step restore: needs-person: Destructive: automation never does this by itself$/,
    policy: (name, blocked) => ({ rollback: { steps: [restore(blocked, name), deploymentStep(name)] } }),
    there: stocked,
  },
  {
    when: 'another incident is at the same target',
    service: 'website',
    rail: 'target-busy',
    because: /^INC-[\d-]+ is rolling kubernetes\/eu-1\/shop\/deployment\/website-blocked-shared back$/,
    policy: (name) => rolledBack([`${name}-shared`]),
    deployment: (name) => `${name}-shared`,
    there: async (name) => {
      await shop.stock(`${name}-shared`);
      shop.outside.cluster.freeze('pods');
      await at.raise({ service: `${name}-twin` }, ({ rollback }) => rollback?.steps[0]?.state === 'accepted');
      await toldOf(name);
      return undefined;
    },
    absent: async (name) => stocked(`${name}-shared`),
    after: async () => {
      shop.outside.cluster.release('pods');
    },
    before: 1,
  },
  {
    when: 'no plan is written for it',
    service: 'legacy',
    rail: 'plan-missing',
    because: /^no rollback plan is written for legacy-blocked$/,
    policy: (name, blocked) => (blocked ? { owner: 'nobody' } : rolledBack([name])),
    there: async (name) => {
      await shop.stock(name);
      await toldOf(name);
      return undefined;
    },
  },
];

async function ownedByArgo(name: string): Promise<undefined> {
  const annotations = { 'argocd.argoproj.io/tracking-id': `storefront:apps/Deployment:${NAMESPACE}/${name}` };
  await shop.stock(name, { annotations });
  await toldOf(name);
  return undefined;
}

let tool = '';
const TOOL = `#!/bin/sh
[ "$1" = no ] && { echo 'column ledger.total is gone'; exit 1; }
exit 0
`;
/** The same command at the same thing is the same target: each service has a database of its own. */
const gate = (answer: string, database: string): object => ({
  name: 'schema',
  provider: 'command',
  with: { gate: true, check: [tool, answer, database] },
});
const restore = (destructive: boolean, database: string): object => ({
  name: 'restore',
  provider: 'command',
  with: { check: [tool, 'yes', database], execute: [tool, 'yes', database], to: 'backup', destructive },
});

const blockedOf = ({ service }: Row): string => `${service}-blocked`;
const freeOf = ({ service }: Row): string => `${service}-free`;

let shop: Shop;
let at: Lookout;

beforeAll(async () => {
  shop = await openShop();
  tool = join(shop.outside.directory, 'database-tool');
  await writeFile(tool, TOOL);
  await chmod(tool, 0o755);
  const planOf = (row: Row, name: string, blocked: boolean) => row.policy?.(name, blocked) ?? rolledBack([name]);
  const services = Object.fromEntries([
    ...ROWS.flatMap((row) => [
      [blockedOf(row), planOf(row, blockedOf(row), true)],
      [freeOf(row), planOf(row, freeOf(row), false)],
    ]),
    ['website-blocked-twin', rolledBack(['website-blocked-shared'])],
    ['archive-kept', { rollback: { steps: [restore(true, 'archive-kept'), deploymentStep('archive-kept')] } }],
    ['depot', rolledBack(['depot-worker', 'depot-api'])],
    ['delivery', rolledBack(['delivery-worker', 'delivery-api'])],
  ]);
  const automation = { ...APART, cooldownSeconds: 0 };
  at = await shop.look({ automation, commands: { allowed: [tool] }, services });
});

afterAll(() => shop.stop());

describe.each(ROWS)('when $when', (row) => {
  const { rail, because, deployment = (name: string) => name, namespace = () => NAMESPACE, before = 0 } = row;
  const patched = (name: string) => shop.patches(deployment(name), namespace(name)).length;

  afterEach(() => row.after?.());

  it(`the rail ${rail} stops it, and says so`, async () => {
    const name = blockedOf(row);
    const more = await row.there(name);
    const incident = await at.raise({ service: name, ...more }, inState('stopped'));
    expect(incident.decision).toMatchObject({ action: 'roll-back', rule: 'p0-roll-back' });
    expect(await at.event(incident, 'rollback-stopped')).toMatchObject({
      rail,
      because: expect.stringMatching(because),
      completed: [],
    });
    expect(await at.types(incident)).not.toContain('rollback-planned');
    expect(patched(name)).toBe(before);
    expect((await at.command(incident, 'resolve')).status).toBe(200);
  });

  it('and when not, it is rolled back once', async () => {
    const name = freeOf(row);
    const more = await (row.absent ?? stocked)(name);
    const incident = await at.raise({ service: name, ...more }, inState('validating'));
    expect(incident.rollback!.steps.every(({ state }) => state === 'done')).toBe(true);
    expect(patched(name)).toBe(1);
    expect(shop.image(deployment(name), namespace(name))).toBe(`shop/${deployment(name)}:v1`);
    expect((await at.command(incident, 'resolve')).status).toBe(200);
  });
});

it('what automation never does, a person may start', async () => {
  await shop.stock('archive-kept');
  const incident = await at.raise({ service: 'archive-kept' }, inState('stopped'));
  expect(incident.rollback!.stoppedBy).toBe('needs-person');
  const answer = await at.command(incident, 'rollback/start', { because: 'the backup of noon is good' });
  expect(answer.status).toBe(200);
  await at.until(incident, inState('validating'));
  expect(await at.event(incident, 'rollback-requested')).toMatchObject({
    by: 'local',
    because: 'local asked for it via api: the backup of noon is good',
  });
  expect(shop.patches('archive-kept')).toHaveLength(1);
});

describe('a plan of two steps', () => {
  const bothReleased = async (service: string): Promise<void> => {
    await shop.stock(`${service}-worker`);
    await shop.stock(`${service}-api`);
  };

  it('is carried out in their order', async () => {
    await bothReleased('delivery');
    await at.raise({ service: 'delivery' }, inState('validating'));
    expect([shop.image('delivery-worker'), shop.image('delivery-api')]).toEqual([
      'shop/delivery-worker:v1',
      'shop/delivery-api:v1',
    ]);
    const changed = shop.outside.cluster.patches.map(({ path }) => path.split('/').at(-1)!);
    expect(changed.filter((name) => name.startsWith('delivery-'))).toEqual(['delivery-worker', 'delivery-api']);
  });

  it('stops where the second one fails, says what was done, and wakes somebody', async () => {
    const { cluster } = shop.outside;
    await bothReleased('depot');
    cluster.freeze('pods');
    const begun = await at.raise({ service: 'depot' }, ({ rollback }) => rollback?.steps[0]?.state === 'accepted');
    await shop.release('depot-api', 3);
    cluster.release('pods');
    const incident = await at.until(begun, inState('stopped'));
    expect(await at.event(incident, 'rollback-stopped')).toMatchObject({
      rail: 'step-failed',
      because: expect.stringMatching(/^step depot-api: changed-meanwhile: /),
      completed: ['depot-worker'],
    });
    expect(incident.rollback!.steps.map(({ state }) => state)).toEqual(['done', 'diverged']);
    expect([shop.patches('depot-worker').length, shop.patches('depot-api').length]).toEqual([1, 0]);
    expect(shop.image('depot-api')).toBe('shop/depot-api:v3');
  });
});
