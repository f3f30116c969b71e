import type { Prometheus } from '../../src/clients/prometheus.ts';
import { iso } from '../../src/domain/time.ts';
import { listActions } from '../../src/store/learning.ts';
import { readIncident } from '../../src/store/incidents.ts';
import type { Core } from '../harness/core.ts';
import { CORE_START, raw, startCore } from '../harness/core.ts';
import { HOUR, MINUTE, policyWith, service } from '../unit/support/incident.ts';

const DAY = 24 * HOUR;
const said = { by: 'ada', via: 'api' };

/** The error ratio as Prometheus would give it: none where it cannot be asked. */
let errorRatio: ((at: number) => number) | null = () => 0.001;
const prometheus: Prometheus = {
  query: (_promql, at) =>
    Promise.resolve(
      errorRatio === null
        ? { kind: 'failed', failure: { kind: 'unreachable', message: 'refused' } }
        : { kind: 'value', value: errorRatio(at), warnings: [] },
    ),
  queryRange: (_promql, from, to, stepMs) => {
    const values = Array.from({ length: Math.floor((to - from) / stepMs) + 1 }, (_, i) => ({
      at: from + i * stepMs,
      value: 0.001,
    }));
    return Promise.resolve({ kind: 'series', values, dropped: 0, warnings: [] });
  },
  firingAlerts: () => Promise.resolve({ kind: 'alerts', alerts: [] }),
  activeAt: () => Promise.resolve(null),
};

let core: Core;
beforeAll(async () => {
  const recovery = {
    ...{ health: [], errorRatio: 'errors{service="$service"}', latencyP95: null, requestsPerSecond: null },
    ...{ errorRatioByVersion: null, latencyP95ByVersion: null, sloErrorRatio: null, scrapeSeconds: 15 },
    ...{ settleSeconds: null, journeys: [] },
  };
  const services = { shop: service(null, { recovery }), blind: service(null) };
  core = await startCore({ policy: policyWith({}, { services }), prometheus });
});
afterAll(() => core.close());
beforeEach(() => {
  errorRatio = () => 0.001;
});

let environments = 0;
const nextEnvironment = (): string => `e${(environments += 1)}`;

interface Opened {
  readonly id: string;
  readonly environment: string;
  /** Its alert resolves. */
  end(): Promise<void>;
}

async function open(environment: string, of = 'shop', alert = 'ShopDown'): Promise<Opened> {
  const startsAt = core.clock.at - MINUTE;
  const labels = { severity: 'critical', env: environment };
  await core.deliver(raw(alert, { service: of, labels, startsAt }));
  await core.settle();
  const isIt = ({ status }: { status: string }) => status === 'open';
  const found = (await core.incidents()).find((each) => each.environment === environment && isIt(each));
  return {
    id: found!.id,
    environment,
    end: async () => {
      core.clock.at += MINUTE;
      await core.deliver(raw(alert, { service: of, labels, startsAt, endsAt: core.clock.at }));
      await core.settle();
    },
  };
}

const state = async (id: string) => (await readIncident(core.store.db, id))!.state;
const fixed = (id: string, stage: 'deployed' | 'unnecessary') =>
  core.commander.handle(id, [
    { kind: 'record-fix', stage, at: iso(core.clock.at), url: null, version: null, text: null, ...said },
  ]);

/** Over, closed to new alerts of its key, and forgotten by the window of monitoring. */
async function past(environment: string, of = 'shop', alert = 'ShopDown'): Promise<string> {
  const opened = await open(environment, of, alert);
  await opened.end();
  await fixed(opened.id, 'unnecessary');
  await core.commander.handle(opened.id, [
    { kind: 'add-action', action: 'Add a pool alert', of: 'technical', owner: 'ben', dueAt: null, ...said },
    { kind: 'record-root-cause', category: 'capacity', summary: 'x', confidence: 1, evidence: [], ...said },
  ]);
  core.clock.at += 2 * DAY;
  await core.fire();
  return opened.id;
}

describe('a repeat', () => {
  test('is recognised after the opening, with what is still open of the earlier one', async () => {
    const environment = nextEnvironment();
    const first = await past(environment);
    const again = await open(environment);
    expect(again.id).not.toBe(first);
    expect((await state(again.id)).recurrence).toBeNull();
    await core.follow();
    expect((await state(again.id)).recurrence).toEqual({
      why: 'same-alerts',
      of: [first],
      days: 60,
      openActions: [{ incidentId: first, id: 'A1', action: 'Add a pool alert', owner: 'ben', dueAt: null }],
    });
    await core.follow();
    const types = (await core.timeline(again.id)).filter(({ type }) => type === 'recurrence-recognised');
    expect(types).toHaveLength(1);
  });

  test('is of the same cause once that is known', async () => {
    const environment = nextEnvironment();
    const first = await past(environment, 'shop', 'Slow');
    const again = await open(environment, 'shop', 'Down');
    await core.follow();
    expect((await state(again.id)).recurrence).toMatchObject({ why: 'same-service', of: [first] });
    await core.commander.handle(again.id, [
      { kind: 'record-root-cause', category: 'capacity', summary: 'y', confidence: 0.5, evidence: [], ...said },
    ]);
    await core.follow();
    expect((await state(again.id)).recurrence).toMatchObject({ why: 'same-cause', of: [first] });
  });

  test('is of no false alarm', async () => {
    const environment = nextEnvironment();
    const first = await open(environment);
    await first.end();
    await core.commander.handle(first.id, [{ kind: 'dismiss', because: 'a broken probe', ...said }]);
    core.clock.at += 2 * DAY;
    const again = await open(environment);
    await core.follow();
    expect((await state(again.id)).recurrence).toBeNull();
  });

  test('is of nothing older than the window', async () => {
    const environment = nextEnvironment();
    await past(environment);
    core.clock.at += 61 * DAY;
    const again = await open(environment);
    await core.follow();
    expect((await state(again.id)).recurrence).toBeNull();
  });
});

describe('a fix that went out', () => {
  async function deployed(of = 'shop'): Promise<string> {
    const opened = await open(nextEnvironment(), of);
    await opened.end();
    await fixed(opened.id, 'deployed');
    await core.follow();
    return opened.id;
  }
  /** Minutes go by, one by one, with everything that is due in them. */
  async function wait(minutes: number): Promise<void> {
    for (let i = 0; i < minutes; i += 1) {
      core.clock.at += MINUTE;
      await core.fire();
      await core.follow();
    }
  }

  test('is validated five minutes later, when its metrics are as usual', async () => {
    const id = await deployed();
    await wait(4);
    expect((await state(id)).fixValidatedAt).toBeNull();
    await wait(1);
    expect((await state(id)).fixValidatedAt).toBe(iso(core.clock.at));
    expect((await state(id)).fixSteps.at(-1)).toMatchObject({
      ...{ stage: 'validated', by: 'firebreak' },
      text: expect.stringContaining('errorRatio') as string,
    });
  });

  test('is not while they are not, nor while nobody answers; it is when they are', async () => {
    errorRatio = () => 0.4;
    const id = await deployed();
    await wait(8);
    errorRatio = null;
    await wait(8);
    expect((await state(id)).fixValidatedAt).toBeNull();
    errorRatio = () => 0.001;
    await wait(2);
    expect((await state(id)).fixValidatedAt).not.toBeNull();
  });

  test('is left to people where it is not measured, or does not get well in an hour', async () => {
    errorRatio = () => 0.4;
    const bad = await deployed();
    const blind = await deployed('blind');
    await wait(70);
    errorRatio = () => 0.001;
    await wait(5);
    expect([(await state(bad)).fixValidatedAt, (await state(blind)).fixValidatedAt]).toEqual([null, null]);
  });
});

test('the numbers that decided stand in the timeline as evidence, with their queries', async () => {
  errorRatio = () => 0.6;
  const { id } = await open(nextEnvironment());
  expect((await state(id)).evidence).toEqual([
    {
      ...{ id: 'E1', kind: 'metric', title: 'errorRatio', query: 'errors{service="shop"}', by: 'firebreak' },
      result: { kind: 'value', value: 0.6, at: expect.any(String) as string },
      ...{ url: null, text: null, at: iso(core.clock.at) },
    },
  ]);
});

test('action items of all incidents are one list, what is due first first', async () => {
  const { id } = await open(nextEnvironment());
  const add = (action: string, dueAt: number | null, owner: string | null) =>
    core.commander.handle(id, [
      { kind: 'add-action', action, of: 'process', owner, dueAt: dueAt === null ? null : iso(dueAt), ...said },
    ]);
  await add('later', CORE_START + 900 * DAY, 'list-cy');
  await add('sooner', CORE_START + 1 * DAY, 'list-cy');
  await add('some day', null, 'list-cy');
  const list = (more: Partial<Parameters<typeof listActions>[1]>) =>
    listActions(core.store.db, { status: [], owner: 'list-cy', overdue: false, limit: 100, ...more }, core.clock.at);
  expect((await list({})).map(({ action, overdue }) => [action, overdue])).toEqual([
    ['sooner', true],
    ['later', false],
    ['some day', false],
  ]);
  expect(await list({ overdue: true })).toMatchObject([
    { incidentId: id, id: 'A2', action: 'sooner', service: 'shop', severity: expect.any(String) as string },
  ]);
  await core.commander.handle(id, [{ kind: 'change-action', id: 'A2', status: 'done', ...said }]);
  expect((await list({ status: ['done'] })).map(({ id: item }) => item)).toEqual(['A2']);
  expect(await list({ overdue: true })).toEqual([]);
  expect(await list({ limit: 1 })).toHaveLength(1);
});
