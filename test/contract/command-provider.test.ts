import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '../../src/domain/json.ts';
import type { PinnedTarget, StepConfig } from '../../src/domain/plan.ts';
import { iso } from '../../src/domain/time.ts';
import type { Execution, Observation, Resolution, RollbackProvider } from '../../src/rollback/ports.ts';
import { createCommandProvider } from '../../src/rollback/providers/command/index.ts';

let directory: string;
let tool: string;
let provider: RollbackProvider;

/** What a deployment tool of the SRE's own could look like; every call leaves a line in the trace. */
const TOOL = `#!/bin/sh
here=$(dirname "$0")
echo "$* key=$FIREBREAK_IDEMPOTENCY_KEY from=$FIREBREAK_FROM to=$FIREBREAK_TO" >> $here/trace
[ -f "$here/$1.sh" ] && . "$here/$1.sh"
exit 0
`;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'command-test-'));
  tool = join(directory, 'tool');
  await writeFile(tool, TOOL);
  await chmod(tool, 0o755);
  provider = newProcess();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Another process of ours, or the same one after a restart: it knows of nothing that runs. */
const newProcess = (): RollbackProvider =>
  createCommandProvider({ commands: [tool, 'sh'], environment: ['PGPASSWORD', 'PGHOST'], environmentSource: SOURCE });
const SOURCE = { PATH: process.env['PATH'], PGPASSWORD: 'letmein-123', PGHOST: 'db', UNNAMED: 'ours' };

/** What a command of the tool does from now on. */
const does = (command: string, script: string): Promise<void> => writeFile(join(directory, `${command}.sh`), script);
const trace = async (): Promise<readonly string[]> =>
  (await readFile(join(directory, 'trace'), 'utf8').catch(() => ''))
    .trim()
    .split('\n')
    .filter((line) => line !== '');
const calls = async (): Promise<readonly string[]> => (await trace()).map((line) => line.split(' ')[0]!);

const stepOf = (more: JsonObject = {}, timeoutSeconds = 60): StepConfig => ({
  name: 'back',
  provider: 'command',
  timeoutSeconds,
  onFailure: 'stop',
  with: { execute: [tool, 'execute'], to: 'v1', from: 'v2', ...more },
});
const signal = (): AbortSignal => AbortSignal.timeout(20_000);

const resolve = (step: StepConfig, context: object = {}): Promise<Resolution> =>
  provider.resolve(step, { badVersions: [], now: iso(Date.now()), ...context }, signal());
const resolved = async (step: StepConfig): Promise<PinnedTarget> => {
  const resolution = await resolve(step);
  if (resolution.kind !== 'target') throw new Error(`not resolved: ${JSON.stringify(resolution)}`);
  return resolution.target;
};
type Attempt = { readonly first: boolean };
const execute = (step: StepConfig, target: PinnedTarget, by = provider, attempt?: Attempt): Promise<Execution> =>
  by.execute(step, target, signal(), attempt);
const observe = (step: StepConfig, target: PinnedTarget, receipt: JsonObject = {}, by = provider) =>
  by.observe(step, target, receipt, iso(Date.now()), signal());
const ended = async (step: StepConfig, target: PinnedTarget, by = provider): Promise<Observation> => {
  for (;;) {
    const seen = await observe(step, target, {}, by);
    if (seen.kind !== 'progressing') return seen;
    await delay(10);
  }
};
const called = async (command: string): Promise<void> => {
  while (!(await calls()).includes(command)) await delay(10);
};

describe('a rollback by a command', () => {
  it('is checked, started once, followed and verified, each with the key and both versions', async () => {
    const step = stepOf({ check: [tool, 'check', '--all'], verify: [tool, 'verify'] });
    const target = await resolved(step);
    await expect(provider.rehearse(step, target, signal())).resolves.toMatchObject({ kind: 'would-work' });
    await expect(execute(step, target)).resolves.toMatchObject({ kind: 'accepted' });
    await expect(ended(step, target)).resolves.toMatchObject({ kind: 'done', message: 'It succeeded (verified)' });
    expect(await calls()).toEqual(['check', 'execute', 'verify']);
    const keys = (await trace()).map((line) => / key=(.+)$/.exec(line)?.[1]);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[\w-]{36} from=v2 to=v1$/);
  });

  it('does not wait for the command: it is observed', async () => {
    await does('execute', 'echo half way; sleep 0.5; echo there');
    const step = stepOf();
    const target = await resolved(step);
    await execute(step, target);
    await delay(200);
    await expect(observe(step, target)).resolves.toMatchObject({
      kind: 'progressing',
      message: 'It is running: half way',
    });
    await expect(ended(step, target)).resolves.toMatchObject({ kind: 'done', progress: { output: 'half way\nthere' } });
  });

  it('is not started a second time by a second call', async () => {
    const step = stepOf();
    const target = await resolved(step);
    await Promise.all([execute(step, target), execute(step, target)]);
    await ended(step, target);
    await expect(execute(step, target)).resolves.toMatchObject({ kind: 'accepted' });
    expect(await calls()).toEqual(['execute']);
  });

  it('is started again by another plan of the same step', async () => {
    const step = stepOf();
    for (const target of [await resolved(step), await resolved(step)]) {
      await execute(step, target);
      await ended(step, target);
    }
    expect(await calls()).toEqual(['execute', 'execute']);
  });

  it('fails with the exit code and the last line', async () => {
    await does('execute', 'echo beginning; echo "no such version" >&2; exit 7');
    const step = stepOf();
    const target = await resolved(step);
    await execute(step, target);
    await expect(ended(step, target)).resolves.toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(/execute .* ended with exit code 7: no such version/),
    });
  });

  it('fails when the command ends well and verify does not pass', async () => {
    await does('verify', 'echo "still v2"; exit 1');
    const step = stepOf({ verify: [tool, 'verify'] });
    const target = await resolved(step);
    await execute(step, target);
    await expect(ended(step, target)).resolves.toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('still v2'),
    });
  });

  it('goes on verifying while verify says "not yet"', async () => {
    await does('verify', 'exit 10');
    const step = stepOf({ verify: [tool, 'verify'] });
    const target = await resolved(step);
    await execute(step, target);
    while (!(await calls()).includes('verify')) await observe(step, target);
    await expect(observe(step, target)).resolves.toMatchObject({ kind: 'progressing' });
    await does('verify', 'exit 0');
    await expect(ended(step, target)).resolves.toMatchObject({ kind: 'done' });
  });

  it('is killed at the timeout of the step, and how far it came is unknown', async () => {
    await does('execute', 'sleep 60');
    const step = stepOf({}, 1);
    const target = await resolved(step);
    await execute(step, target);
    await expect(ended(step, target)).resolves.toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(/within 1 s and was killed; how far it came is unknown$/),
    });
  });

  it('gets named variables and none other, and shows no password', async () => {
    await does('execute', 'env; echo "password: $PGPASSWORD"; exit 1');
    const step = stepOf({ env: ['PGPASSWORD'], set: { MODE: 'careful' } });
    const target = await resolved(step);
    await execute(step, target);
    const seen = await ended(step, target);
    const output = 'progress' in seen ? JSON.stringify(seen.progress['output']) : '';
    expect(output).toContain('MODE=careful');
    expect(output).toContain('PGPASSWORD=[secret]');
    expect(JSON.stringify(seen)).not.toMatch(/letmein|PGHOST|UNNAMED/);
  });

  it('says that a program is missing, and has started nothing', async () => {
    await rm(tool);
    const step = stepOf();
    await expect(execute(step, await resolved(step))).resolves.toMatchObject({
      kind: 'failed',
      failure: { kind: 'rejected', message: expect.stringContaining('no such program') },
    });
  });

  it('is refused by a check that says no, with its last line', async () => {
    await does('check', 'echo "v1 was deleted from the registry"; exit 3');
    const step = stepOf({ check: [tool, 'check'] });
    await expect(provider.rehearse(step, await resolved(step), signal())).resolves.toMatchObject({
      kind: 'refused',
      refusal: 'unsupported',
      message: expect.stringContaining('v1 was deleted from the registry'),
    });
  });

  it('does not run a program that was taken off the list after the plan was made', async () => {
    const step = stepOf({ check: [tool, 'check'] });
    const target = await resolved(step);
    const strict = createCommandProvider({ commands: [] });
    await expect(strict.rehearse(step, target, signal())).resolves.toMatchObject({ kind: 'failed' });
    await expect(execute(step, target, strict, { first: true })).resolves.toMatchObject({ kind: 'failed' });
    expect(await calls()).toEqual([]);
  });
});

describe('what it goes back to', () => {
  it('is said by the resolve command', async () => {
    await does('resolve', `echo noise; echo '{"from": "v9", "to": "v8", "since": "2026-01-02T03:04:05Z"}'`);
    const target = await resolved(stepOf({ resolve: [tool, 'resolve'] }));
    expect(target.from).toEqual({ version: 'v9', identity: 'v9', images: [], since: '2026-01-02T03:04:05.000Z' });
    expect(target.to.version).toBe('v8');
  });

  it('can be there already', async () => {
    await does('resolve', `echo '{"from": "v8", "to": "v8"}'`);
    await expect(resolve(stepOf({ resolve: [tool, 'resolve'] }))).resolves.toMatchObject({ kind: 'already-there' });
  });

  it('is never guessed', async () => {
    const step = stepOf({ resolve: [tool, 'resolve'] });
    await does('resolve', 'echo "previous"');
    await expect(resolve(step)).resolves.toMatchObject({ kind: 'failed', failure: { kind: 'rejected' } });
    await does('resolve', 'echo "registry is down" >&2; exit 1');
    await expect(resolve(step)).resolves.toMatchObject({
      kind: 'failed',
      failure: { kind: 'server', message: expect.stringContaining('registry is down') },
    });
  });

  it('is not what was found bad in this incident', async () => {
    await expect(resolve(stepOf(), { badVersions: ['v1'] })).resolves.toMatchObject({
      kind: 'refused',
      refusal: 'target-was-bad',
    });
  });

  it('locks the same thing for every step that names it, and warns of what cannot be told', async () => {
    const one = await resolved(stepOf());
    const two = await resolved({ ...stepOf({ from: 'v3', to: 'v2' }), name: 'other' });
    expect(one.key).toBe(two.key);
    expect((await resolved(stepOf({ target: 'flags/checkout' }))).key).toBe('command/flags/checkout');
    expect(one.warnings.join()).toMatch(/no check.*no status command/);
  });
});

describe('after a restart', () => {
  const step = (): StepConfig => stepOf({ status: [tool, 'status'] });

  /** Planned and begun by one process, which then dies. */
  const cutOff = async (of: StepConfig): Promise<PinnedTarget> => {
    await does('execute', 'sleep 0.2');
    await does('status', 'exit 12');
    const target = await resolved(of);
    await execute(of, target);
    await called('execute');
    provider = newProcess();
    return target;
  };

  it.each([
    ['running, by its exit code', 'exit 10', 'progressing'],
    ['running, by its JSON', `echo '{"state": "running", "message": "2 of 3"}'`, 'progressing'],
    ['done', 'exit 0', 'done'],
    ['failed', 'echo "broke at 2"; exit 11', 'failed'],
    ['not started', 'exit 12', 'failed'],
    ['unreadable', 'echo "no connection"; exit 1', 'unreadable'],
  ])('the status command says: %s', async (_, script, kind) => {
    const target = await cutOff(step());
    await does('status', script);
    await expect(observe(step(), target, { id: 'x' })).resolves.toMatchObject({ kind });
  });

  it.each([
    ['running', 'exit 10', 'accepted', 1],
    ['done', 'exit 0', 'already-there', 1],
    ['failed', 'exit 11', 'accepted', 1],
    ['not started', 'exit 12', 'accepted', 2],
    ['unreadable', 'exit 1', 'failed', 1],
  ])('a repeated execute asks first: %s', async (_, script, kind, times) => {
    const target = await cutOff(step());
    await does('status', script);
    await expect(execute(step(), target)).resolves.toMatchObject({ kind });
    await delay(100);
    expect((await calls()).filter((call) => call === 'execute')).toHaveLength(times);
  });

  it('asks with the key of the first attempt', async () => {
    const target = await cutOff(step());
    await does('status', 'exit 10');
    await observe(step(), target, {});
    const keys = (await trace()).map((line) => / key=(\S+)/.exec(line)?.[1]);
    expect(new Set(keys).size).toBe(1);
  });

  it('verifies what the status command calls done', async () => {
    const verified = stepOf({ status: [tool, 'status'], verify: [tool, 'verify'] });
    const target = await cutOff(verified);
    await does('status', 'exit 0');
    await does('verify', 'exit 1');
    await expect(observe(verified, target)).resolves.toMatchObject({ kind: 'failed' });
  });

  it('without a status command: how far it came is unknown, and it is never run twice', async () => {
    const blind = stepOf();
    const target = await cutOff(blind);
    const unknown = expect.stringContaining('how far it came is unknown');
    await expect(execute(blind, target)).resolves.toMatchObject({
      kind: 'failed',
      failure: { kind: 'rejected', message: unknown },
    });
    await expect(observe(blind, target, { id: 'x' })).resolves.toMatchObject({ kind: 'failed', message: unknown });
    expect(await calls()).toEqual(['execute']);
  });

  it('without a status command: the caller can say that nobody has begun', async () => {
    const blind = stepOf();
    const target = await resolved(blind);
    const other = newProcess();
    await expect(execute(blind, target, other, { first: true })).resolves.toMatchObject({ kind: 'accepted' });
    await ended(blind, target, other);
    await expect(execute(blind, target, newProcess(), { first: false })).resolves.toMatchObject({ kind: 'failed' });
    expect(await calls()).toEqual(['execute']);
  });
});

describe('a gate', () => {
  const gate = (): StepConfig => ({ ...stepOf(), with: { check: [tool, 'check'], gate: true } });

  it('only checks, before and again when its turn comes, and is done at once', async () => {
    const target = await resolved(gate());
    await expect(provider.rehearse(gate(), target, signal())).resolves.toMatchObject({ kind: 'would-work' });
    const execution = await execute(gate(), target);
    if (execution.kind !== 'accepted') throw new Error(JSON.stringify(execution));
    await expect(observe(gate(), target, execution.receipt)).resolves.toMatchObject({ kind: 'done' });
    expect(await calls()).toEqual(['check', 'check']);
  });

  it('that stays closed says that the data does not fit', async () => {
    await does('check', 'echo "N-1 does not know column shipped_at"; exit 1');
    const target = await resolved(gate());
    const refusal = {
      kind: 'refused',
      refusal: 'incompatible-data',
      message: expect.stringContaining('does not know column shipped_at'),
    };
    await expect(provider.rehearse(gate(), target, signal())).resolves.toMatchObject(refusal);
    await expect(execute(gate(), target)).resolves.toMatchObject(refusal);
  });

  it('that does not answer is not open', async () => {
    await does('check', 'sleep 60');
    const target = await resolved(gate());
    const rehearsal = await provider.rehearse(gate(), target, AbortSignal.timeout(200));
    expect(rehearsal).toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
  });
});

describe('a destructive step', () => {
  const destructive = (): StepConfig => stepOf({ destructive: true, check: [tool, 'check'] });

  it('is never planned by automation', async () => {
    for (const context of [{}, { person: false }]) {
      await expect(resolve(destructive(), context)).resolves.toMatchObject({
        kind: 'refused',
        refusal: 'needs-person',
      });
    }
    expect(await calls()).toEqual([]);
  });

  it('is planned for a person, with a warning', async () => {
    const resolution = await resolve(destructive(), { person: true });
    expect(resolution).toMatchObject({
      kind: 'target',
      target: { warnings: ['Destructive: data is lost', expect.anything()] },
    });
  });
});

describe('the way back', () => {
  it('is a run of its own, by the undo command', async () => {
    const step = stepOf({ undo: [tool, 'undo'], verify: [tool, 'verify'] });
    const target = await resolved(step);
    await execute(step, target);
    await ended(step, target);
    const back = await provider.undo(step, target, signal());
    if (back.kind !== 'target') throw new Error(JSON.stringify(back));
    await execute(step, back.target);
    await expect(ended(step, back.target)).resolves.toMatchObject({ kind: 'done' });
    const lines = await trace();
    expect(lines.at(-1)).toMatch(/^undo key=\S+ from=v1 to=v2$/);
    expect(lines.at(-1)).not.toContain(target.pin['id'] as string);
  });

  it('is refused where the step has none', async () => {
    const step = stepOf();
    await expect(provider.undo(step, await resolved(step), signal())).resolves.toMatchObject({ kind: 'refused' });
  });
});

describe('the configuration of a step', () => {
  const fault = (input: JsonObject): string | null => {
    const found = provider.checkConfig({ ...stepOf(), with: input });
    return found === null ? null : `${found.field}: ${found.message}`;
  };

  it.each<[string, () => JsonObject, RegExp]>([
    ['a text instead of arguments', () => ({ execute: `${tool} x`, to: 'v1' }), /^execute: .*no shell/],
    [
      'a program that is not allowed',
      () => ({ execute: ['/bin/rm'], to: 'v1' }),
      /^execute: program "\/bin\/rm" is not/,
    ],
    [
      'a way around the list',
      () => ({ execute: [`${tool}/../tool`], to: 'v1' }),
      /^execute: program .* is not allowed/,
    ],
    ['a variable that is not allowed', () => ({ execute: [tool], to: 'v1', env: ['UNNAMED'] }), /^env: .*UNNAMED/],
    ['a variable of ours', () => ({ execute: [tool], to: 'v1', set: { FIREBREAK_TO: 'x' } }), /^set: FIREBREAK_TO/],
    ['no target', () => ({ execute: [tool] }), /^to: say what it goes back to/],
    ['nothing to do', () => ({ to: 'v1' }), /^execute: is missing/],
    ['a gate that changes something', () => ({ gate: true, check: [tool], execute: [tool] }), /^execute: a gate only/],
    ['a gate without a question', () => ({ gate: true }), /^check: a gate needs/],
    ['destructive without a check', () => ({ execute: [tool], to: 'v1', destructive: true }), /^check: a destructive/],
    ['a relative directory', () => ({ execute: [tool], to: 'v1', cwd: 'here' }), /^cwd: must be an absolute/],
    ['a field that nobody knows', () => ({ execute: [tool], to: 'v1', shell: true }), /^shell: unknown/],
  ])('%s is refused', (_, input, message) => {
    expect(fault(input())).toMatch(message);
  });

  it('allows nothing unless something is allowed', () => {
    const none = createCommandProvider({ commands: [] });
    expect(none.checkConfig(stepOf())?.message).toContain('none is');
    expect(provider.checkConfig(stepOf())).toBeNull();
    expect(provider.describe(stepOf())).toBe(`Command ${tool} execute`);
  });
});
