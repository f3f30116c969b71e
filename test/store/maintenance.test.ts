import type { Maintenance } from '../../src/app/maintenance.ts';
import { createMaintenance } from '../../src/app/maintenance.ts';
import type { MaintenanceWindow } from '../../src/domain/maintenance.ts';
import { windowFor } from '../../src/domain/maintenance.ts';
import { iso } from '../../src/domain/time.ts';
import type { Core } from '../harness/core.ts';
import { startCore } from '../harness/core.ts';
import type { Around } from '../unit/support/around.ts';
import { around } from '../unit/support/around.ts';
import { HOUR, MINUTE, NOON, plannedStep, policyWith, service } from '../unit/support/incident.ts';

const actor = { name: 'ada', via: 'api' };
let core: Core;
let here: Around;
let maintenance: Maintenance;
let n = 0;
/** Every test has a service of its own. */
let name = '';

beforeAll(async () => {
  core = await startCore();
  here = around(core);
  maintenance = createMaintenance(core);
});
afterAll(() => core.close());
beforeEach(() => {
  n += 1;
  name = `service-${n}`;
  core.clock.at += 3 * HOUR;
  core.policy = policyWith({}, { services: { [name]: service({ mode: null, steps: [plannedStep(name).config] }) } });
});

const announce = (
  minutes: number,
  changes: Partial<Parameters<Maintenance['add']>[0]> = {},
): Promise<MaintenanceWindow> =>
  maintenance.add(
    {
      service: name,
      environment: null,
      from: iso(core.clock.at),
      until: iso(core.clock.at + minutes * MINUTE),
      because: 'new disks',
      ...changes,
    },
    actor,
  );
const quiet = async () => (await here.of(name)).quiet;
const resolved = (): object => here.p0(name, { endsAt: core.clock.at });

test('what opens in a window is recorded and says why it is quiet; a P0, too', async () => {
  const { until } = await announce(30);
  await here.fires(here.p0(name));
  expect(await here.of(name)).toMatchObject({
    severity: 'P0',
    status: 'open',
    page: null,
    quiet: [{ kind: 'maintenance', because: 'new disks (ada)', until }],
    clocks: { acknowledge: { state: 'running' } },
  });
});

test('at the end of the window what still fires pages, at that moment and once', async () => {
  const { until } = await announce(30);
  await here.fires(here.p0(name));
  await here.pass(30 * MINUTE - 1_000);
  expect(await here.pages(name)).toEqual([]);
  await here.pass(1_000);
  expect(iso(core.clock.at)).toBe(until);
  expect(await here.pages(name)).toEqual(['first-page']);
  expect(await quiet()).toEqual([]);
  await here.pass(5 * MINUTE);
  expect(await here.pages(name)).toEqual(['first-page']);
});

test('what has ended by then wakes nobody', async () => {
  await announce(30);
  await here.fires(here.p0(name));
  await here.fires(resolved());
  await here.pass(31 * MINUTE);
  expect(await here.pages(name)).toEqual([]);
  expect(await quiet()).toEqual([]);
});

test('automation does not roll back in it, and decides anew after it', async () => {
  await here.changed(`d-${n}`, name);
  await announce(20);
  await here.fires(here.p0(name));
  expect((await here.of(name)).rollback).toMatchObject({ stage: 'stopped', stoppedBy: 'maintenance' });
  expect((await here.said(name, 'rollback-stopped'))[0]?.because).toContain('new disks');
  await here.pass(20 * MINUTE + 2_000);
  expect((await here.of(name)).rollback).toMatchObject({ stage: 'requested' });
});

test('a window that is ended early lets go of it at once', async () => {
  const { id } = await announce(60);
  await here.fires(here.p0(name));
  await here.pass(5 * MINUTE);
  expect(await maintenance.end(id, { name: 'bob', via: 'api' })).toMatchObject({
    endedBy: 'bob',
    endedAt: iso(core.clock.at),
  });
  await core.fire();
  expect(await here.pages(name)).toEqual(['first-page']);
  // A second word on it changes nothing.
  core.clock.at += MINUTE;
  expect((await maintenance.end(id, actor))?.endedBy).toBe('bob');
});

test('windows that follow each other are one', async () => {
  await announce(10);
  await here.fires(here.p0(name));
  const second = await announce(20, {
    from: iso(core.clock.at + 10 * MINUTE),
    until: iso(core.clock.at + 25 * MINUTE),
  });
  await here.pass(11 * MINUTE);
  expect(await here.pages(name)).toEqual([]);
  expect(await quiet()).toMatchObject([{ until: second.until }]);
  await here.pass(15 * MINUTE);
  expect(await here.pages(name)).toEqual(['first-page']);
});

test('what was open before a window begins is no work of whoever announced it', async () => {
  await here.fires(here.p0(name));
  core.clock.at += MINUTE;
  await announce(30);
  await here.pass(2 * MINUTE);
  expect(await quiet()).toEqual([]);
});

test('a window that was announced late covers what opened since it says it began', async () => {
  await here.fires(here.p2(name));
  core.clock.at += 5 * MINUTE;
  await announce(30, { from: iso(core.clock.at - 10 * MINUTE) });
  await core.fire();
  expect(await quiet()).toMatchObject([{ kind: 'maintenance' }]);
});

test('what comes back in a window is held back, too', async () => {
  await here.fires(here.p0(name));
  await here.fires(resolved());
  core.clock.at += MINUTE;
  await announce(30);
  await here.fires(here.p0(name));
  expect(await here.of(name)).toMatchObject({ status: 'open', page: null, quiet: [{ kind: 'maintenance' }] });
  expect(await here.pages(name)).toEqual(['first-page']);
});

test.each([
  ['its environment', { service: null, environment: 'production' }, true],
  ['another environment', { service: null, environment: 'staging' }, false],
  ['another service', { service: 'nobody' }, false],
  ['its service in another environment', { environment: 'staging' }, false],
])('a window of %s', async (_of, scope, holds) => {
  const { id } = await announce(30, scope);
  await here.fires(here.p2(name));
  expect((await quiet()).length).toBe(holds ? 1 : 0);
  await maintenance.end(id, actor);
});

test('one that could never hold is refused; those to come are listed first, what is over only if asked for', async () => {
  await expect(announce(-1)).rejects.toMatchObject({ code: 'invalid', field: 'until' });
  await expect(announce(0, { from: iso(NOON), until: iso(NOON + HOUR) })).rejects.toThrow('is over already');
  const later = await announce(90, { from: iso(core.clock.at + HOUR) });
  const holds = await announce(30);
  const over = await announce(40);
  await maintenance.end(over.id, actor);
  const [first, second] = await maintenance.list(false, 100);
  expect([first, second]).toMatchObject([{ id: holds.id }, { id: later.id }]);
  expect((await maintenance.list(false, 100)).map(({ id }) => id)).not.toContain(over.id);
  expect((await maintenance.list(true, 100)).map(({ id }) => id)).toContain(over.id);
  expect(await maintenance.end(99_999, actor)).toBeNull();
});

describe('the window for an incident', () => {
  const window = (
    id: number,
    from: number,
    until: number,
    changes: Partial<MaintenanceWindow> = {},
  ): MaintenanceWindow => ({
    ...{ id, service: 'a', environment: null, because: '', by: 'ada', endedAt: null, endedBy: null },
    from: iso(NOON + from),
    until: iso(NOON + until),
    ...changes,
  });
  const subject = { service: 'a', environment: 'production', since: NOON + 5, isHeld: false };
  const at = (windows: readonly MaintenanceWindow[], now: number, held = false) =>
    windowFor(windows, { ...subject, isHeld: held }, NOON + now)?.id ?? null;

  test('holds from its beginning to before its end', () => {
    const one = [window(1, 5, 10)];
    expect([4, 5, 9, 10].map((now) => at(one, now))).toEqual([null, 1, 1, null]);
  });

  test('of several, the one that lasts longest; one that was ended lasts till then', () => {
    const ended = (end: number) => window(3, 0, 40, { endedAt: iso(NOON + end) });
    expect(at([window(1, 0, 20), window(2, 0, 30), ended(35)], 6)).toBe(3);
    expect(at([window(1, 0, 20), window(2, 0, 30), ended(8)], 6)).toBe(2);
    expect(at([window(1, 0, 7), ended(8)], 9)).toBeNull();
  });

  test('covers what was there before it only if that is held back already', () => {
    expect(at([window(1, 6, 20)], 7)).toBeNull();
    expect(at([window(1, 6, 20)], 7, true)).toBe(1);
  });
});
