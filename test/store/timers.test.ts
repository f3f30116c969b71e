import { fireDueTimers } from '../../src/app/timers.ts';
import type { Command } from '../../src/domain/incident/commands.ts';
import { timersOf } from '../../src/domain/incident/timers.ts';
import { sql } from '../../src/store/database.ts';
import { readIncident } from '../../src/store/incidents.ts';
import { findDueTimers, nextTimerAt, setTimer, takeTimer } from '../../src/store/timers.ts';
import type { Core } from '../harness/core.ts';
import { raw, startCore } from '../harness/core.ts';
import { HOUR, MINUTE, PLAN_HASH, assessmentOf, planOf, policyWith } from '../unit/support/incident.ts';

let core: Core;
beforeAll(async () => {
  core = await startCore();
});
afterAll(() => core.close());
beforeEach(async () => {
  core.policy = policyWith();
  await sql`delete from timers`.execute(core.store.db);
});

let services = 0;
/** An incident of a service that no other test has; `checkout` where it needs a rollback plan. */
async function open(severity = 'critical', environment = `e${(services += 1)}`): Promise<string> {
  await core.deliver(raw('A', { labels: { severity, env: environment } }));
  await core.settle();
  return (await core.incidents()).find((incident) => incident.environment === environment)!.id;
}

/** But for those that others than the state set. */
const stored = async (id: string) => {
  const { rows } = await sql<{ name: string; due: Date }>`
    select name, due from timers where incident_id = ${id} and name <> 'reassess' order by name`.execute(core.store.db);
  return rows.map((row) => ({ name: row.name, due: row.due.getTime() }));
};
const state = async (id: string) => (await readIncident(core.store.db, id))!.state;
const wanted = async (id: string) =>
  [...timersOf(await state(id), core.policy)].sort((a, b) => (a.name < b.name ? -1 : 1));
const deps = () => ({ ...core.advance, policy: () => Promise.resolve(core.policy) });

test('stand exactly as the state says after every command', async () => {
  const id = await open();
  const commands: readonly Command[] = [
    { kind: 'acknowledge', by: 'ada', via: 'api' },
    { kind: 'assess', assessment: assessmentOf('P1', 'roll-back') },
    { kind: 'plan-rollback', plan: planOf(), planHash: PLAN_HASH, rehearsal: [], suspect: null },
    { kind: 'abort-rollback', by: 'ada', via: 'api', because: 'no' },
    { kind: 'resolve', by: 'ada', via: 'api', because: 'done' },
  ];
  const names: string[] = [];
  for (const command of commands) {
    await core.commander.handle(id, [command]);
    expect(await stored(id)).toEqual(await wanted(id));
    names.push((await stored(id)).map((timer) => timer.name).join(' '));
  }
  expect(names).toEqual([RUNNING, RUNNING, RUNNING.replace(' status', ' rollback-hold status'), RUNNING, 'monitoring']);
});

const RUNNING = 'clock-warning:restore clock-warning:update clock:restore clock:update status-update';

test('the poll of the coordinator is left alone by what else happens', async () => {
  const id = await open();
  await setTimer(core.store.db, id, 'rollback-poll', core.clock.at + HOUR);
  await core.commander.handle(id, [{ kind: 'acknowledge', by: 'ada', via: 'api' }]);
  expect((await stored(id)).map((timer) => timer.name)).toContain('rollback-poll');
});

test('fire when they are due, oldest first, and are gone with what they did', async () => {
  const id = await open();
  await sql`delete from timers where name = 'reassess'`.execute(core.store.db);
  expect(await nextTimerAt(core.store.db)).toBe(Math.min(...(await stored(id)).map(({ due }) => due)));
  await core.fire();
  expect((await state(id)).clocks.acknowledge?.state).toBe('running');
  core.clock.at += 10 * MINUTE;
  await core.fire();
  expect((await state(id)).clocks).toMatchObject({ acknowledge: { state: 'breached' }, restore: { state: 'running' } });
  expect(await stored(id)).toEqual(await wanted(id));
});

test('one transaction that fails takes no timer', async () => {
  const id = await open();
  core.clock.at += 10 * MINUTE;
  const [due] = await findDueTimers(core.store.db, core.clock.at, 10);
  await expect(
    core.store.transaction(async ({ trx }) => {
      expect(await takeTimer(trx, due!)).toBe(true);
      throw new Error('killed');
    }),
  ).rejects.toThrow('killed');
  await core.fire();
  expect((await state(id)).clocks.acknowledge?.state).toBe('breached');
});

test('one that was put off meanwhile is not taken', async () => {
  const id = await open();
  await setTimer(core.store.db, id, 'rollback-poll', core.clock.at);
  const due = (await findDueTimers(core.store.db, core.clock.at, 10)).find((timer) => timer.name === 'rollback-poll')!;
  await setTimer(core.store.db, id, 'rollback-poll', core.clock.at + 1);
  expect(await core.store.transaction(({ trx }) => takeTimer(trx, due))).toBe(false);
});

test('sweeps on several replicas fire each once', async () => {
  const ids = [await open(), await open(), await open()];
  core.clock.at += 11 * MINUTE;
  await Promise.all([fireDueTimers(deps()), fireDueTimers(deps()), fireDueTimers(deps())]);
  for (const id of ids) {
    const breaches = (await core.timeline(id)).filter((event) => event.type === 'clock-breached');
    expect(breaches.filter((event) => event.data.clock === 'acknowledge')).toHaveLength(1);
  }
});

test('a sweep and people who write the same incidents do not lock each other out', async () => {
  const ids = await Promise.all(Array.from({ length: 4 }, () => open()));
  for (let round = 0; round < 5; round += 1) {
    for (const id of ids) await setTimer(core.store.db, id, 'rollback-approval', core.clock.at);
    const note: Command = { kind: 'add-note', by: 'ada', via: 'api', text: 'x' };
    await Promise.all([fireDueTimers(deps()), ...ids.map((id) => core.commander.handle(id, [note]))]);
  }
  for (const id of ids) {
    expect((await core.timeline(id)).filter((event) => event.type === 'note-added')).toHaveLength(5);
  }
});

test('a monitoring window that was made longer after the end is kept to', async () => {
  const id = await open('warning', 'quiet');
  await core.deliver(raw('A', { labels: { severity: 'warning', env: 'quiet' }, endsAt: core.clock.at }));
  await core.settle();
  expect((await state(id)).status).toBe('resolved');
  core.policy = policyWith({}, { monitoringSeconds: 2 * 86_400 });
  core.clock.at += 25 * HOUR;
  await core.fire();
  expect((await state(id)).status).toBe('resolved');
  core.clock.at += 25 * HOUR;
  await core.fire();
  expect((await state(id)).status).toBe('closed');
});
