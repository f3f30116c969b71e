import { fakeBackend, incident, startApi } from '../contract/api-support.ts';
import type { RunningApi } from '../contract/api-support.ts';
import { run } from './cli-support.ts';
import type { Ran } from './cli-support.ts';
import { opened } from './support/incident.ts';

/** Diagnosis, fix and learning on the command line, against the API itself. */
const ID = 'INC-20240115-143215';
let api: RunningApi;

beforeEach(async () => {
  const backend = fakeBackend();
  // A timeline from its first event, as the checklist needs one.
  const { events } = opened('P1');
  api = await startApi({}, { ...backend, timeline: (id) => Promise.resolve(backend.incidents.has(id) ? events : []) });
});
afterEach(() => api.stop());

const ask = (...argv: string[]): Promise<Ran> =>
  run(argv, {
    env: { FIREBREAK_URL: api.url, FIREBREAK_TOKEN: 'responder-token' },
    files: { '-': 'from standard input' },
  });
const state = () => api.backend.incidents.get(ID)!;

test('evidence is added, with a text from standard input, and listed', async () => {
  expect((await ask('incidents', 'add-evidence', ID, 'link', 'graph', '--link', 'https://x.example/1')).code).toBe(0);
  expect((await ask('incidents', 'add-evidence', ID, 'log', 'app', '--text', '-')).code).toBe(0);
  expect((await ask('incidents', 'add-evidence', ID, 'metric', 'errors', '--query', 'up')).code).toBe(0);
  expect(state().evidence.map(({ kind, by, text, url, query }) => [kind, by, text, url, query])).toEqual([
    ['link', 'ann', null, 'https://x.example/1', null],
    ['log', 'ann', 'from standard input', null, null],
    ['metric', 'ann', null, null, 'up'],
  ]);
  const { code, out } = await ask('incidents', 'evidence', ID);
  expect(code).toBe(0);
  expect(out).toMatch(/^ID +KIND +AT \(UTC\) +BY +WHAT +RESULT\nalert:alertmanager\/CheckoutDown +alert /);
  const wrong = await ask('incidents', 'add-evidence', ID, 'guess', 'x', '--text', 'y');
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('kind: expected one of link') as string });
});

test('a root cause is proposed and judged', async () => {
  const { code, out } = await ask('incidents', 'cause', ID, 'capacity', 'too few pods', '--confidence', '0.7');
  expect(code).toBe(0);
  expect(out).toContain('cause      H1 proposed: capacity, 70 % sure: too few pods');
  await ask('incidents', 'judge', ID, 'H1', 'confirmed', '--because', 'reproduced');
  expect(state().rootCauses).toMatchObject([{ state: 'confirmed' }]);
  expect((await ask('incidents', 'cause', ID, 'capacity', 'x', '--confidence', 'very')).code).toBe(2);
  expect((await ask('incidents', 'cause', ID, 'capacity', 'x')).code).toBe(2);
  expect((await ask('incidents', 'judge', ID, 'H9', 'confirmed', '--because', 'x')).code).toBe(1);
});

test('what blocks is said and cleared', async () => {
  expect((await ask('incidents', 'block', ID, 'the vendor sleeps')).out).toContain('blocked    B1: the vendor sleeps');
  expect((await ask('incidents', 'unblock', ID, 'B1')).out).not.toContain('blocked');
});

test('the checklist is shown phase by phase, and ticked', async () => {
  const { out } = await ask('incidents', 'checklist', ID);
  expect(out).toContain('Detection and triage\n[x]  detected ');
  expect(out).toMatch(/\[ \] {2}runbook-updated +Runbook updated/);
  expect((await ask('incidents', 'tick', ID, 'runbook-updated')).code).toBe(0);
  expect(Object.keys(state().ticked)).toEqual(['runbook-updated']);
  await ask('incidents', 'tick', ID, 'runbook-updated', '--undo');
  expect(state().ticked).toEqual({});
  const proved = await ask('incidents', 'tick', ID, 'incident-opened', '--undo');
  expect(proved).toMatchObject({ code: 1, err: expect.stringContaining('is proved by event 1') as string });
});

test('the timeline questions are answered', async () => {
  const { code, out } = await ask('incidents', 'diagnosis', ID);
  expect(code).toBe(0);
  expect(out).toContain('What changed before?\n  no change is known\n');
  expect(out).toMatch(/How fast did it escalate\?\n {2}P1 {2}30 s after the onset {2}it is P1\n/);
  expect(out).toMatch(/What triggered detection\?\n {2}CheckoutDown {2}30 s after the onset {2}in time\n/);
});

test('the fix, its stages and its version', async () => {
  const { out } = await ask('incidents', 'fix', ID, 'linked', 'v43', '--link', 'https://git.example.com/7');
  expect(out).toContain('fix        linked  2024-01-15 14:40:00  v43  https://git.example.com/7');
  expect((await ask('incidents', 'fix', ID, 'validated')).code).toBe(1);
  expect((await ask('incidents', 'fix', ID, 'shipped')).code).toBe(2);
});

test('the post-mortem is written, published and reviewed', async () => {
  api.backend.incidents.set(ID, incident({ status: 'resolved', resolvedAt: '2024-01-15T14:39:00.000Z' }));
  await ask('incidents', 'write', ID, 'takeaways', '-');
  expect(state().sections.takeaways).toMatchObject({ text: 'from standard input', by: 'ann', version: 1 });
  expect((await ask('incidents', 'publish-report', ID)).out).toContain('review     due 2024-02-14 14:40:00');
  expect((await ask('incidents', 'review', ID, 'it works')).out).toContain('review     held');
});

test('action items are added, changed and listed', async () => {
  const { out } = await ask('actions', 'add', ID, 'A test', '--owner', 'ben', '--due', '2024-01-14');
  expect(out).toContain('actions    A1 open: A test (ben, due 2024-01-14 23:59:59)');
  expect((await ask('actions', '--overdue')).out).toBe(
    [
      'INCIDENT             ITEM  STATUS         OWNER  DUE (UTC)            ACTION',
      `${ID}  A1    open, overdue  ben    2024-01-14 23:59:59  A test`,
      '',
    ].join('\n'),
  );
  await ask('actions', 'set', ID, 'A1', '--status', 'done', '--owner', '-', '--due', '-');
  expect(state().actions).toMatchObject([{ status: 'done', owner: null, dueAt: null }]);
  expect((await ask('actions', 'list', '--status', 'open')).out).toBe('No action items.\n');
  expect(JSON.parse((await ask('actions', 'list', '--owner', 'nobody', '--json')).out)).toMatchObject({ items: [] });
  expect((await ask('actions', 'set', ID, 'A1')).code).toBe(2);
});

test('what it repeats is shown with what is still open of it', async () => {
  const openActions = [{ incidentId: 'INC-1', id: 'A2', action: 'A pool alert', owner: null, dueAt: null }];
  const recurrence = { why: 'same-cause', of: ['INC-1'], days: 60, openActions } as const;
  api.backend.incidents.set(ID, incident({ recurrence }));
  const { out } = await ask('incidents', 'show', ID);
  expect(out).toContain(
    'again      same-cause as INC-1 in 60 days\n           still open: A2 of INC-1: A pool alert\n',
  );
});

describe('gate', () => {
  test('0 and allowed where nothing speaks against it', async () => {
    const { code, out } = await ask('gate', 'search', 'v1');
    expect({ code, out }).toEqual({
      code: 0,
      out: 'allowed  search is not a service of the configuration, and has no incident\n',
    });
  });

  test('1 and the reason where something does', async () => {
    const { code, out } = await ask('gate', 'checkout', 'v43', '--environment', 'production');
    expect(code).toBe(1);
    expect(out).toMatch(/^blocked {2}P1 INC-20240115-143215 is not restored, and is not fixed forward\. Link it/);
    expect(JSON.parse((await ask('gate', 'checkout', 'v43', '--json')).out)).toMatchObject({
      allowed: false,
      incident: ID,
    });
    expect((await ask('gate', 'checkout', 'v43', '--environment', 'staging')).code).toBe(0);
  });

  test('the command that it names links the fix', async () => {
    const { out } = await ask('gate', 'checkout', 'v43');
    const [, command = ''] = /firebreak (incidents fix \S+ linked \S+)/.exec(out) ?? [];
    expect((await ask(...command.split(' '))).code).toBe(0);
    expect((await ask('gate', 'checkout', 'v43')).out).toMatch(/lacks the evidence/);
  });

  test('1 when nobody can be asked, 0 where that was said to mean yes', async () => {
    const away = { env: { FIREBREAK_URL: 'http://127.0.0.1:1' } };
    expect(await run(['gate', 'checkout', 'v43'], away)).toMatchObject({ code: 1 });
    const opened = await run(['gate', 'checkout', 'v43', '--fail-open'], away);
    expect(opened).toMatchObject({ code: 0, out: expect.stringContaining('--fail-open lets it out') as string });
    // A question that is wrong is no outage.
    expect((await ask('gate', 'checkout', ' ', '--fail-open')).code).toBe(2);
  });
});
