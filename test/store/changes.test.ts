import { changeStore } from '../../src/app/changes.ts';
import type { Commander } from '../../src/app/commander.ts';
import type { Change } from '../../src/domain/change.ts';
import { iso } from '../../src/domain/time.ts';
import type { ChangeStore } from '../../src/ingest/ports.ts';
import { lockIncident, readIncident } from '../../src/store/incidents.ts';
import { listChanges } from '../../src/store/lists.ts';
import { verifyTimeline } from '../../src/store/timeline.ts';
import type { Core } from '../harness/core.ts';
import { raw, startCore } from '../harness/core.ts';
import { MINUTE, SECOND, policyWith, service } from '../unit/support/incident.ts';

/** Changes, on their way to the incidents that they concern. */
let core: Core;
let changes: ChangeStore;
beforeAll(async () => {
  core = await startCore({
    policy: policyWith({}, { services: { shop: service(null, { dependsOn: ['orders-db'] }), other: service(null) } }),
  });
  changes = changeStore(core.store, core.commander, () => Promise.resolve(core.policy));
});
afterAll(() => core.close());

let environments = 0;
/** A new incident of `shop` in an environment that no other test has. */
async function open(severity = 'critical'): Promise<{ id: string; environment: string }> {
  const environment = `e${(environments += 1)}`;
  await core.deliver(raw('ShopDown', { service: 'shop', labels: { severity, env: environment } }));
  await core.settle();
  const found = (await core.incidents()).find((incident) => incident.environment === environment);
  return { id: found!.id, environment };
}

const change = (id: string, environment: string | null, more: Partial<Change> = {}): Change => ({
  ...{ id, service: 'shop', environment, kind: 'deployment', version: 'v2', previousVersion: 'v1' },
  ...{ startedAt: iso(core.clock.at), finishedAt: null, by: 'ci', url: null, evidence: {} },
  ...more,
});

const state = async (id: string) => (await readIncident(core.store.db, id))!.state;
const told = async (id: string): Promise<string[]> =>
  (await core.timeline(id)).flatMap((event) => (event.type === 'change-noticed' ? [event.data.id] : []));

test('an incident hears of a change of its service, and of one that it depends on; others do not', async () => {
  const { id, environment } = await open();
  await changes.saveChange(change('own', environment), core.clock.at);
  await changes.saveChange(change('db', null, { service: 'orders-db' }), core.clock.at);
  await changes.saveChange(change('other', environment, { service: 'other' }), core.clock.at);
  await changes.saveChange(change('elsewhere', 'e-none'), core.clock.at);
  expect(await told(id)).toEqual(['own', 'db']);
  expect(await verifyTimeline(core.store.db, id)).toBeNull();
});

test('is told once, however often and by however many it is delivered at once', async () => {
  const { id, environment } = await open();
  const running = change('c', environment);
  const through = { ...running, finishedAt: iso(core.clock.at) };
  await Promise.all(Array.from({ length: 8 }, (_, i) => changes.saveChange(i % 2 ? running : through, core.clock.at)));
  await changes.saveChange(through, core.clock.at);
  expect(await told(id)).toEqual(['c']);
  expect(await verifyTimeline(core.store.db, id)).toBeNull();
});

test('a crash between storing and telling leaves neither; told again it is stored and told', async () => {
  const { id, environment } = await open();
  const dying: Commander = {
    ...core.commander,
    apply: async (...args) => {
      await core.commander.apply(...args);
      throw new Error('killed');
    },
  };
  const deadly = changeStore(core.store, dying, () => Promise.resolve(core.policy));
  await expect(deadly.saveChange(change('crash', environment), core.clock.at)).rejects.toThrow('killed');
  expect((await listChanges(core.store.db, 'shop', 500)).map((each) => each.id)).not.toContain('crash');
  expect(await told(id)).toEqual([]);
  expect(await changes.saveChange(change('crash', environment), core.clock.at)).toBe('new');
  expect(await told(id)).toEqual(['crash']);
});

test('after the restoration the change that was tested and staged is the fix, and the incident is resolved by it', async () => {
  const { id, environment } = await open();
  core.clock.at += MINUTE;
  await core.deliver(
    raw('ShopDown', {
      ...{ service: 'shop', labels: { severity: 'critical', env: environment } },
      endsAt: core.clock.at,
    }),
  );
  await core.settle();
  expect((await state(id)).status).toBe('mitigated');
  core.clock.at += MINUTE;
  const evidence = { tests: 'https://ci.example.com/9', staging: 'passed' };
  const fix = change('fix', environment, { version: 'v3', evidence });
  await changes.saveChange(fix, core.clock.at);
  expect(await state(id)).toMatchObject({ status: 'mitigated', fixDeployedAt: null });
  core.clock.at += MINUTE;
  await changes.saveChange({ ...fix, finishedAt: iso(core.clock.at) }, core.clock.at);
  expect(await state(id)).toMatchObject({ status: 'resolved', fixDeployedAt: iso(core.clock.at) });
  expect(await told(id)).toEqual(['fix']);
});

test('while the incident is locked a change waits for it, and both are there', async () => {
  const { id, environment } = await open();
  let release: () => void = () => undefined;
  const holding = new Promise<void>((resolve) => (release = resolve));
  let locked: () => void = () => undefined;
  const isLocked = new Promise<void>((resolve) => (locked = resolve));
  const held = core.store.transaction(async ({ trx }) => {
    await lockIncident(trx, id);
    locked();
    await holding;
  });
  await isLocked;
  const saving = changes.saveChange(change('waiting', environment), core.clock.at);
  core.clock.at += SECOND;
  release();
  await held;
  expect(await saving).toBe('new');
  expect(await told(id)).toEqual(['waiting']);
});
