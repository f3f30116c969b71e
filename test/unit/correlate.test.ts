import { CORE_START, raw } from '../harness/core.ts';
import { fixture } from './ingest-support.ts';
import { alert, core, count, ended, mine, one, service, types, useCore } from './support/correlation.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const since = CORE_START - MINUTE;
useCore();

test('duplicates from an HA pair are one incident with one alert', async () => {
  const results = await Promise.all([core.deliver(alert('A')), core.deliver(alert('A'))]);
  await core.settle();
  await core.deliver(alert('A'));
  await core.settle();
  expect(results.map((r) => r.accepted).sort()).toEqual([0, 1]);
  const incident = await one();
  expect(incident.alertCounts).toEqual({ firing: 1, resolved: 0 });
  expect(await count(incident.id, 'alerts-joined')).toBe(1);
});

test('repeats add nothing to the timeline', async () => {
  await core.deliver(alert('A'));
  await core.settle();
  const before = (await one()).version;
  for (let i = 0; i < 5; i += 1) {
    core.clock.at += 5 * MINUTE;
    expect(await core.deliver(alert('A'))).toMatchObject({ accepted: 0, duplicates: 1 });
    await core.settle();
  }
  expect((await one()).version).toBe(before);
});

test('other words of the same alert are no second joining', async () => {
  await core.deliver(alert('A', { annotations: { summary: '5 %' } }));
  await core.settle();
  await core.deliver(alert('A', { annotations: { summary: '7 %' } }));
  await core.settle();
  expect(await count((await one()).id, 'alerts-joined')).toBe(1);
});

test('an alert that fires again while its end is watched reopens its incident', async () => {
  await core.deliver(alert('A', { startsAt: since }));
  await core.settle();
  await core.deliver(alert('A', ended(core.clock.at, { startsAt: since })));
  await core.settle();
  expect((await one()).status).toBe('resolved');
  core.clock.at += 23 * HOUR;
  await core.deliver(alert('A', { startsAt: core.clock.at }));
  await core.settle();
  const incident = await one();
  expect(incident.status).toBe('open');
  expect(await count(incident.id, 'incident-reopened')).toBe(1);
});

test('after the monitoring window it opens another one', async () => {
  await core.deliver(alert('A', { startsAt: since }));
  await core.settle();
  await core.deliver(alert('A', ended(core.clock.at, { startsAt: since })));
  await core.settle();
  core.clock.at += 25 * HOUR;
  await core.fire();
  expect((await one()).status).toBe('closed');
  await core.deliver(alert('A', { startsAt: core.clock.at }));
  await core.settle();
  expect((await mine()).map((incident) => incident.status).sort()).toEqual(['closed', 'open']);
});

test('another alert of the service after the end is another incident', async () => {
  await core.deliver(alert('A', { startsAt: since }));
  await core.settle();
  await core.deliver(alert('A', ended(core.clock.at, { startsAt: since })));
  await core.settle();
  await core.deliver(alert('B'));
  await core.settle();
  expect((await mine()).map((i) => [i.alertNames, i.status])).toEqual(
    expect.arrayContaining([
      [['A'], 'resolved'],
      [['B'], 'open'],
    ]),
  );
});

test('a resolve that overtakes its firing still leaves the incident on record, over', async () => {
  await core.deliver(alert('A', ended(core.clock.at, { startsAt: since })));
  await core.settle();
  expect(await mine()).toEqual([]);
  await core.deliver(alert('A', { startsAt: since }));
  await core.settle();
  const incident = await one();
  expect(incident).toMatchObject({ status: 'resolved', alertNames: ['A'], alertCounts: { firing: 0, resolved: 1 } });
  expect(await types(incident.id)).toEqual(expect.arrayContaining(['severity-decided', 'incident-resolved']));
});

test('a late resolve ends what it is about, and a late firing does not bring it back', async () => {
  await core.deliver(alert('A', { startsAt: since }));
  await core.settle();
  core.clock.at += 3 * HOUR;
  await core.deliver(alert('A', ended(core.clock.at - HOUR, { startsAt: since })));
  await core.settle();
  expect((await one()).status).toBe('resolved');
  expect(await core.deliver(alert('A', { startsAt: since }))).toMatchObject({ accepted: 0 });
  await core.settle();
  expect((await one()).status).toBe('resolved');
});

test('a late resolve of an earlier occurrence does not end the present one', async () => {
  await core.deliver(alert('A', { startsAt: since }));
  await core.settle();
  await core.deliver(alert('A', ended(since - HOUR, { startsAt: since - 2 * HOUR })));
  await core.settle();
  expect((await one()).status).toBe('open');
});

test('replicas are one alert: it joins once, and ends when the last of them says so', async () => {
  const replica = (name: string, endsAt?: number) =>
    alert('A', { startsAt: since, labels: { replica: name }, ...(endsAt === undefined ? {} : { endsAt }) });
  await core.deliver(replica('a'));
  await core.settle();
  await core.deliver(replica('b'));
  await core.settle();
  expect((await one()).alertCounts).toEqual({ firing: 1, resolved: 0 });
  expect(await count((await one()).id, 'alerts-joined')).toBe(1);
  await core.deliver(replica('a', core.clock.at));
  await core.settle();
  expect((await one()).status).toBe('open');
  expect(await count((await one()).id, 'alerts-resolved')).toBe(0);
  await core.deliver(replica('b', core.clock.at));
  await core.settle();
  expect(await one()).toMatchObject({ status: 'resolved', alertCounts: { firing: 0, resolved: 1 } });
});

test('alerts without a service never share an incident with another alert name', async () => {
  const names = [`X-${service}`, `Y-${service}`];
  const instance = (name: string, host: string) => raw(name, { service: null, labels: { instance: host } });
  await core.deliver(...names.flatMap((name) => [instance(name, '1'), instance(name, '2')]));
  await core.settle();
  const found = (await core.incidents()).filter((incident) => incident.alertNames.some((n) => names.includes(n)));
  expect(found.map((incident) => [incident.alertNames, incident.alertCounts.firing])).toEqual(
    expect.arrayContaining(names.map((name) => [[name], 2])),
  );
  expect(found).toHaveLength(2);
});

test('a Watchdog is a heartbeat and no incident', async () => {
  const before = (await core.incidents()).length;
  expect(await core.deliver(raw('Watchdog', { service }))).toMatchObject({ accepted: 0, duplicates: 0 });
  await core.settle();
  expect((await core.incidents()).length).toBe(before);
});

test('nothing is inferred from an alert that a group does not mention', async () => {
  const body = fixture('firing-truncated') as { alerts: readonly { labels: object }[]; truncatedAlerts: number };
  expect(body.truncatedAlerts).toBeGreaterThan(0);
  const [known] = body.alerts;
  const here = (changes: object) => ({
    ...known,
    fingerprint: undefined,
    labels: { ...known!.labels, service, ...changes },
  });
  await core.deliver(here({}), here({ pod: 'api-2' }));
  await core.settle();
  core.clock.at += HOUR;
  await core.deliver(here({}));
  await core.settle();
  expect((await one()).alertCounts).toEqual({ firing: 2, resolved: 0 });
});

test('two incidents that open in one second: the second has a suffix', async () => {
  core.clock.at = Math.ceil(core.clock.at / 1000) * 1000 + MINUTE;
  await core.deliver(alert('A'), raw('A', { service: `${service}-b` }));
  await core.look();
  const ids = (await core.incidents()).filter((i) => i.service?.startsWith(service)).map((i) => i.id);
  const [shorter, longer] = ids.sort((a, b) => a.length - b.length);
  expect(shorter).toMatch(/^INC-\d{8}-\d{6}$/);
  expect(longer).toBe(`${shorter!}-2`);
});
