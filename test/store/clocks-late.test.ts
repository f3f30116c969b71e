import { fireDueTimers } from '../../src/app/timers.ts';
import { readIncident } from '../../src/store/incidents.ts';
import type { Core } from '../harness/core.ts';
import { raw, startCore } from '../harness/core.ts';
import { HOUR, MINUTE, SECOND } from '../unit/support/incident.ts';

/** Nobody was there, or the clock was set: what fell due meanwhile is caught up once, and says how late. */
let core: Core;
beforeAll(async () => {
  core = await startCore();
});
afterAll(() => core.close());

let services = 0;
/** A P1 that opened now, on a service of its own. */
async function open(): Promise<string> {
  const service = `late-${(services += 1)}`;
  core.clock.at += 2 * HOUR;
  await core.deliver(raw('A', { service, labels: { severity: 'critical' }, startsAt: core.clock.at - MINUTE }));
  await core.settle();
  const incident = (await core.incidents()).find((each) => each.service === service)!;
  expect(incident.severity).toBe('P1');
  return incident.id;
}
const state = async (id: string) => (await readIncident(core.store.db, id))!.state;
const events = async (id: string, ...types: readonly string[]) =>
  (await core.timeline(id)).filter(({ type }) => types.includes(type));
const ON_TIME = ['clock-warned', 'clock-breached', 'status-updated', 'page-requested', 'page-unaccepted'];

test('a process that was down for hours says each thing once, late, and says how late', async () => {
  const id = await open();
  core.clock.at += 3 * HOUR;
  await core.fire();
  const late = (await events(id, 'clock-breached')).map(({ data }) => data);
  expect(late).toEqual([
    expect.objectContaining({ clock: 'update', lateSeconds: 10_500 }),
    expect.objectContaining({ clock: 'acknowledge', lateSeconds: 10_200 }),
    expect.objectContaining({ clock: 'restore', lateSeconds: 9_000 }),
  ]);
  expect(await events(id, 'clock-warned')).toEqual([]);
  const updates = await events(id, 'status-updated');
  expect(updates).toHaveLength(1);
  expect(JSON.stringify(updates[0]!.data)).toContain('This update was due at');
  expect((await events(id, 'page-requested')).map(({ data }) => data)).toMatchObject([
    { reason: 'escalated' },
    { reason: 'escalated' },
  ]);
  const before = await core.timeline(id);
  await core.fire();
  expect(await core.timeline(id)).toEqual(before);
});

test('down over one warning only, the other one still comes in its time', async () => {
  const id = await open();
  core.clock.at += 6 * MINUTE;
  await core.fire();
  expect((await events(id, 'clock-warned')).map(({ data }) => data)).toMatchObject([
    { clock: 'acknowledge', percent: 50, lateSeconds: 60 },
  ]);
  core.clock.at += 2 * MINUTE;
  await core.fire();
  expect((await events(id, 'clock-warned')).map(({ data }) => data).at(-1)).toMatchObject({
    percent: 80,
    lateSeconds: 0,
  });
});

test('a clock that is set back warns of nothing twice, and of nothing that is still to come', async () => {
  const id = await open();
  core.clock.at += 5 * MINUTE;
  await core.fire();
  const told = (await events(id, ...ON_TIME)).length;
  core.clock.at -= HOUR;
  await core.fire();
  expect(await events(id, ...ON_TIME)).toHaveLength(told);
  core.clock.at += HOUR;
  await core.fire();
  expect(await events(id, ...ON_TIME)).toHaveLength(told);
});

test('a clock that was hours ahead and is set right: what fires now opens now, and what resolves now ends now', async () => {
  const service = `ahead-${(services += 1)}`;
  const alert = (name: string, changes: Parameters<typeof raw>[1] = {}): object =>
    raw(name, { service, startsAt: core.clock.at - MINUTE, ...changes });
  const here = async () => (await core.incidents()).filter((each) => each.service === service);
  core.clock.at += 9 * HOUR;
  await core.deliver(alert('A'));
  await core.look();
  expect(await here()).toMatchObject([{ alertNames: ['A'] }]);
  core.clock.at -= 3 * HOUR;
  await core.deliver(alert('B'));
  await core.look();
  expect(await here()).toMatchObject([{ alertNames: ['A', 'B'] }]);
  // So that those after it come later than this.
  core.clock.at += 3 * HOUR;
});

test('what a sender with a fast clock says of its beginning began when it was heard of: changes before that count', async () => {
  const service = `fast-${(services += 1)}`;
  const { at } = core.clock;
  await core.deliver(raw('A', { service, labels: { severity: 'critical' }, startsAt: at + 30 * 24 * HOUR }));
  await core.settle();
  const [incident] = (await core.incidents()).filter((each) => each.service === service);
  expect(incident?.onset).toEqual({ at: incident?.openedAt, source: 'starts-at' });
});

test('several replicas that come back at once say each thing once', async () => {
  const ids = [await open(), await open(), await open()];
  core.clock.at += 4 * HOUR;
  const deps = { ...core.advance, policy: () => Promise.resolve(core.policy) };
  await Promise.all(Array.from({ length: 3 }, () => fireDueTimers(deps)));
  await core.fire();
  for (const id of ids) {
    expect(await events(id, 'status-updated')).toHaveLength(1);
    const breached = (await events(id, 'clock-breached')).map(({ data }) => (data as { clock: string }).clock);
    expect(breached.sort()).toEqual(['acknowledge', 'restore', 'update']);
  }
});

test('an announcement that is really out stops the clock of the first update; updates then come by themselves', async () => {
  const id = await open();
  core.clock.at += 3 * SECOND;
  await core.commander.handle(id, [
    {
      kind: 'report-effect',
      effect: { effectId: `${id}:1:slack:announce`, channel: 'slack', kind: 'announce' },
      outcome: { kind: 'sent', receipt: { ts: '1' }, latencyMs: 3_000 },
    },
  ]);
  expect((await state(id)).clocks.update?.state).toBe('met');
  core.clock.at += HOUR;
  await core.fire();
  core.clock.at += HOUR;
  await core.fire();
  const updates = await events(id, 'status-updated');
  expect(updates.map(({ data }) => (data as { by: string | null }).by)).toEqual([null, null]);
});
