import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkRules } from '../../src/triage/check-rules.ts';
import { readRuleFiles } from '../../src/triage/files.ts';
import type { RuleFile } from '../../src/triage/rule-file.ts';
import { createRuleStore, RulesError, type ReloadOutcome, type RuleStore } from '../../src/triage/store.ts';

const rule = (severity: string) =>
  JSON.stringify({
    rules: [
      {
        name: 'r',
        conditions: { all: [{ fact: 'alertCount', operator: 'greaterThan', value: 0 }] },
        event: { type: 'severity', params: { severity, because: 'b' } },
      },
    ],
  });

const logged: string[] = [];
const log = {
  info: (_fields: object, message: string) => void logged.push(`info ${message}`),
  error: (_fields: object, message: string) => void logged.push(`error ${message}`),
};
let now = 0;
const clock = { now: () => now };
const open: RuleStore[] = [];

beforeEach(() => {
  logged.length = 0;
  now = 1000;
});
afterEach(() => {
  for (const store of open.splice(0)) store.close();
});

async function storeOver(files: { current: RuleFile[] | Error }, outcomes: ReloadOutcome[] = []) {
  const store = await createRuleStore({
    directory: 'rules',
    declaredFacts: [],
    clock,
    log,
    watch: false,
    onReload: (outcome) => outcomes.push(outcome),
    readFiles: async () => {
      if (files.current instanceof Error) throw files.current;
      return files.current;
    },
  });
  open.push(store);
  return store;
}
const one = (text: string): RuleFile[] => [{ path: 'severity/a.json', text }];

test('a bad set at the start is an error that says everything', async () => {
  const files = { current: one('{"rules":[{"name":1}]}') };
  await expect(storeOver(files)).rejects.toThrow(RulesError);
  await expect(storeOver(files)).rejects.toThrow(/severity\/a\.json: \/rules\/0: "conditions" is missing/);
  await expect(storeOver({ current: new Error('ENOENT: no such directory') })).rejects.toThrow(/ENOENT/);
});

test('a bad file never replaces a good set, and mending it does', async () => {
  const files: { current: RuleFile[] | Error } = { current: one(rule('P0')) };
  const outcomes: ReloadOutcome[] = [];
  const store = await storeOver(files, outcomes);
  const good = store.current();
  now = 2000;
  files.current = one('{');
  const refused = await store.reload();
  expect(refused).toMatchObject({ ok: false, at: 2000, hash: good.hash });
  expect(refused.problems).toHaveLength(1);
  expect(store.current()).toBe(good);

  await store.reload();
  expect(outcomes.map(({ ok }) => ok)).toEqual([true, false]);
  expect(logged).toEqual(['error rules refused: the earlier ones stay in force']);

  for (const gone of [new Error('gone'), []]) {
    files.current = gone;
    expect((await store.reload()).ok).toBe(false);
    expect(store.current()).toBe(good);
  }
  now = 3000;
  files.current = one(rule('P1'));
  expect(await store.reload()).toMatchObject({ ok: true, at: 3000, problems: [] });
  expect(store.current().hash).not.toBe(good.hash);
  expect(store.lastReload().hash).toBe(store.current().hash);
});

test('going back to the earlier good files is a good reload', async () => {
  const files = { current: one(rule('P0')) };
  const store = await storeOver(files);
  files.current = one('{');
  expect((await store.reload()).ok).toBe(false);
  files.current = one(rule('P0'));
  expect((await store.reload()).ok).toBe(true);
});

describe('on a disk', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'firebreak-rules-'));
    await mkdir(join(directory, 'severity'));
    await writeFile(join(directory, 'severity', 'a.json'), rule('P0'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const until = async (condition: () => boolean) => {
    for (let tries = 0; tries < 200 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(condition()).toBe(true);
  };
  const start = async (over: object) => {
    const store = await createRuleStore({ directory, declaredFacts: [], clock, log, ...over });
    open.push(store);
    return store;
  };

  test('a watcher sees an edited file', async () => {
    const store = await start({ pollMs: 1_000_000, debounceMs: 5 });
    const before = store.current().hash;
    await writeFile(join(directory, 'severity', 'a.json'), rule('P1'));
    await until(() => store.current().hash !== before);
  });

  test('the poll sees a swapped symlink that no watcher tells of, as a ConfigMap is updated', async () => {
    const root = await mkdtemp(join(tmpdir(), 'firebreak-map-'));
    for (const [version, severity] of [
      ['1', 'P0'],
      ['2', 'P1'],
    ] as const) {
      await mkdir(join(root, `..${version}`, 'severity'), { recursive: true });
      await writeFile(join(root, `..${version}`, 'severity', 'a.json'), rule(severity));
    }
    await symlink('..1', join(root, '..data'));
    await symlink(join('..data', 'severity'), join(root, 'severity'));
    const store = await start({ directory: root, pollMs: 10, watcher: () => () => undefined });
    const before = store.current().hash;
    await symlink('..2', join(root, '..new'));
    await rename(join(root, '..new'), join(root, '..data'));
    await until(() => store.current().hash !== before);
    await rm(root, { recursive: true });
  });

  test('many changes at once are one reload', async () => {
    let changed = (): void => undefined;
    let reads = 0;
    const readFiles = async (path: string) => {
      reads++;
      return (await readRuleFiles(path)).rules;
    };
    await start({
      readFiles,
      pollMs: 1_000_000,
      debounceMs: 20,
      watcher: (_: string, on: () => void) => ((changed = on), () => undefined),
    });
    for (let at = 0; at < 50; at++) changed();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(reads).toBe(2);
  });

  test('hidden and foreign files are passed over; a mistyped folder is not', async () => {
    await writeFile(join(directory, 'severity', '.a.json.swp'), 'x');
    await writeFile(join(directory, 'severity', '.b.json'), 'x');
    await writeFile(join(directory, 'severity', 'a.json~'), 'x');
    await mkdir(join(directory, 'notes'));
    await writeFile(join(directory, 'notes', 'x.json'), 'x');
    expect((await checkRules(directory, [], 0)).problems).toEqual([]);
    await mkdir(join(directory, 'rolback'));
    await writeFile(join(directory, 'rolback', 'x.json'), '{"rules":[]}');
    expect((await checkRules(directory, [], 0)).problems).toMatchObject([{ file: 'rolback/x.json' }]);
  });

  test('the folder of routing rules is one of them, and need not be there', async () => {
    expect(await checkRules(directory, [], 0)).toMatchObject({ ok: true, files: 1 });
    await mkdir(join(directory, 'routing'));
    await writeFile(join(directory, 'routing', 'a.json'), 'x');
    expect((await checkRules(directory, [], 0)).problems).toMatchObject([{ file: 'routing/a.json' }]);
    await writeFile(join(directory, 'routing', 'a.json'), '{"rules":[]}');
    expect(await checkRules(directory, [], 0)).toMatchObject({ ok: true, files: 2 });
  });

  test('check runs the tests and tells of facts that nobody gives', async () => {
    await mkdir(join(directory, 'tests'));
    const tests = (facts: object, severity: string) =>
      JSON.stringify({ tests: [{ name: 't', facts, expect: { severity } }] });
    await writeFile(join(directory, 'tests', 'a.json'), tests({ alertCount: 1 }, 'P3'));
    const failed = await checkRules(directory, [], 0);
    expect([failed.ok, failed.tests[0]?.passed]).toEqual([false, false]);
    await writeFile(join(directory, 'tests', 'a.json'), tests({ alertCuont: 1 }, 'P0'));
    const report = await checkRules(directory, [], 0);
    expect(report.problems[0]).toMatchObject({ file: 'tests/a.json', field: '/tests/0/facts/alertCuont' });
    expect(report.problems[0]?.message).toContain('did you mean "alertCount"?');
  });

  test('a directory that is not there is a problem, not a crash', async () => {
    const report = await checkRules(join(directory, 'nowhere'), [], 0);
    expect(report).toMatchObject({ ok: false, ruleSet: null });
  });
});
