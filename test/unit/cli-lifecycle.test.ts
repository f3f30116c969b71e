import { incident, startApi } from '../contract/api-support.ts';
import type { RunningApi } from '../contract/api-support.ts';
import { run } from './cli-support.ts';
import type { Ran } from './cli-support.ts';

const ID = 'INC-20240115-143215';
let api: RunningApi;

beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.stop());

const ask = (...argv: string[]): Promise<Ran> =>
  run(argv, { env: { FIREBREAK_URL: api.url, FIREBREAK_TOKEN: 'responder-token' }, files: { '-': 'from a pipe' } });

test.each([
  [['ack', ID], `acknowledge ${ID} by ann via api`],
  [['command', ID], `take-command ${ID} by ann via api`],
  [['severity', ID, 'P0', '--because', 'nobody can pay'], `override-severity ${ID} by ann via api`],
  [['severity', ID, '--release'], `release-severity ${ID} by ann via api`],
  [['impact', ID, '--percent', '40', '--features', 'login, search'], `state-impact ${ID} by ann via api`],
  [['onset', ID, '2024-01-15T14:10:00Z', '--because', 'seen in the logs'], `correct-onset ${ID} by ann via api`],
  [['dismiss', ID, '--because', 'the probe was wrong'], `dismiss ${ID} by ann via api`],
  [['resolve', ID, '--because', 'fixed'], `resolve (fixed) ${ID} by ann via api`],
  [['note', ID, 'looking'], `note (looking) ${ID} by ann via api`],
  [['note', ID, '-'], `note (from a pipe) ${ID} by ann via api`],
])('incidents %j', async (argv, call) => {
  const { code, out, err } = await ask('incidents', ...argv);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(api.backend.calls).toEqual([call]);
  expect(out).toContain(ID);
});

test.each([
  [['hold', ID, '--minutes', '4'], `fix in 240 s ${ID} by ann via api`],
  [['abort', ID, '--because', 'it is the database'], `abort (it is the database) ${ID} by ann via api`],
])('rollback %j', async (argv, call) => {
  expect(await ask('rollback', ...argv)).toMatchObject({ code: 0, err: '' });
  expect(api.backend.calls).toEqual([call]);
});

test('incidents merge and close', async () => {
  api.backend.incidents.set('INC-2', incident({ id: 'INC-2' }));
  expect((await ask('incidents', 'merge', ID, 'INC-2')).out).toContain('merged     into INC-2');
  const resolvedAt = '2024-01-15T15:00:00.000Z';
  api.backend.incidents.set(ID, incident({ status: 'resolved', severity: 'P2', worst: 'P2', resolvedAt }));
  expect((await ask('incidents', 'close', ID)).out).toContain('closed');
});

test('what is stated is what was given', async () => {
  await ask('incidents', 'impact', ID, '--percent', '12.5', '--users', '900', '--experience', 'an empty page');
  expect(api.backend.incidents.get(ID)?.statedImpact).toEqual({
    usersAffectedPercent: 12.5,
    usersAffected: 900,
    errorExperience: 'an empty page',
  });
});

test.each([
  [['severity', ID], 'give a severity, or --release'],
  [['severity', ID, 'P0', '--release'], 'give a severity, or --release'],
  [['severity', ID, 'P0'], '--because is missing'],
  [['impact', ID], 'say something of the impact'],
  [['impact', ID, '--percent', 'many'], '--percent: "many" is not a number'],
  [['onset', ID, 'yesterday', '--because', 'x'], 'expected a time like'],
  [['dismiss', ID], "required option '--because <text>' not specified"],
])('incidents %j is wrong use: %s', async (argv, message) => {
  const { code, err } = await ask('incidents', ...argv);
  expect(code).toBe(2);
  expect(err).toContain(message);
});

test('what the state does not allow is a problem, with the reason', async () => {
  const { code, err } = await ask('incidents', 'close', ID);
  expect({ code, err }).toEqual({ code: 1, err: `firebreak: incident ${ID} is open: resolve it first\n` });
});

test('the sheet says why it is quiet and where it is told of', async () => {
  api.backend.incidents.set(
    ID,
    incident({
      override: { severity: 'P1', by: 'ada', because: 'one customer' },
      quiet: [{ kind: 'maintenance', because: 'new disks (ada)', until: '2024-01-15T15:00:00.000Z' }],
      linkedTo: 'INC-1',
      links: ['INC-3'],
      absorbed: ['INC-4'],
    }),
  );
  const { out } = await ask('incidents', 'show', ID);
  expect(out).toContain('set by     ada, until it is released: one customer');
  expect(out).toContain('quiet      maintenance until 2024-01-15 15:00:00: new disks (ada)');
  expect(out).toContain('linked     to INC-1, which has the page for both');
  expect(out).toContain('pages      for INC-3 as well');
  expect(out).toContain('goes on    for INC-4 as well');
  expect((await ask('incidents')).out).toContain('open, maintenance');
});

describe('maintenance', () => {
  test('add, list and end', async () => {
    expect((await ask('maintenance')).out).toBe('No maintenance is announced.\n');
    const added = await ask('maintenance', 'add', '--service', 'checkout', '--minutes', '30', '--because', 'new disks');
    expect(added).toMatchObject({ code: 0, err: '' });
    expect(added.out).toMatch(
      /^NO {2}STATE {2}SERVICE .*\n1 {3}holds {2}checkout {2}every environment .* new disks \(ann\)\n$/,
    );
    expect((await ask('maintenance', 'list')).out).toBe(added.out);
    expect((await ask('maintenance', 'end', '1')).out).toContain('over');
    expect((await ask('maintenance', 'list', '--past')).out).toContain('over');
    expect(JSON.parse((await ask('maintenance', 'list', '--json')).out)).toMatchObject({ items: [] });
  });

  test.each([
    [['add', '--service', 'a', '--because', 'x'], 2, 'give --until or --minutes'],
    [['add', '--service', 'a', '--minutes', '-3', '--because', 'x'], 2, '--minutes: "-3" is not a number above 0'],
    [['add', '--minutes', '3', '--because', 'x'], 2, 'service: is missing'],
    [['end', '9'], 1, 'There is no maintenance window 9'],
  ])('%j is exit %i: %s', async (argv, code, message) => {
    const ran = await ask('maintenance', ...argv);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(message);
  });
});
