import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BackgroundRun } from '../../src/rollback/providers/process/background.ts';
import { environmentOf, secretsIn } from '../../src/rollback/providers/process/environment.ts';
import type { Invocation } from '../../src/rollback/providers/process/group.ts';
import { createProcessRunner, type ProcessRunner } from '../../src/rollback/providers/process/index.ts';
import { redact, redactTail } from '../../src/rollback/providers/process/redact.ts';

const shell = (script: string, more: Partial<Invocation> = {}): Invocation => ({
  argv: ['/bin/sh', '-c', script],
  env: { PATH: process.env['PATH'] ?? '' },
  timeoutMs: 10_000,
  ...more,
});
const signal = (): AbortSignal => AbortSignal.timeout(20_000);

let directory: string;
let runner: ProcessRunner;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'process-test-'));
  runner = createProcessRunner({ graceMs: 100, maxOutputBytes: 1_000 });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const pidIn = async (name: string): Promise<number> => {
  for (;;) {
    const text = await readFile(join(directory, name), 'utf8').catch(() => '');
    if (text.endsWith('\n')) return Number(text);
    await delay(5);
  }
};
const gone = async (pid: number): Promise<boolean> => {
  for (let waited = 0; waited < 5_000 && isAlive(pid); waited += 10) await delay(10);
  return !isAlive(pid);
};
const ended = async (id: string): Promise<BackgroundRun> => {
  for (;;) {
    const run = runner.look(id);
    if (run?.ended != null) return run;
    await delay(5);
  }
};

describe('a program that is waited for', () => {
  it('gives its exit code and what it wrote to both streams', async () => {
    const run = await runner.run(shell('echo out; echo err >&2; exit 3'), signal());
    expect(run).toMatchObject({ kind: 'exited', code: 3, stdout: 'out\n' });
    expect(run).toHaveProperty('output', expect.stringContaining('err'));
  });

  it('is run without a shell: no argument is read as code', async () => {
    const argv = ['echo', '$(id)', '; id', '`id`', '*'];
    const run = await runner.run({ ...shell(''), argv }, signal());
    expect(run).toMatchObject({ stdout: '$(id) ; id `id` *\n' });
  });

  it('has nothing to read: a program that asks does not wait for an answer', async () => {
    await expect(runner.run(shell('read answer; echo "got $?"'), signal())).resolves.toMatchObject({
      stdout: 'got 1\n',
    });
  });

  it('gets the variables that it was given, and no other', async () => {
    process.env['PROCESS_TEST_SECRET'] = 'from our own environment';
    const run = await runner.run(shell('env', { env: { PATH: '/usr/bin:/bin', ONE: '1' } }), signal());
    delete process.env['PROCESS_TEST_SECRET'];
    const lines = (run.kind === 'exited' ? run.stdout : '').trim().split('\n');
    const names = lines
      .map((line) => line.split('=')[0])
      .filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name!));
    expect(names.toSorted()).toEqual(['ONE', 'PATH']);
  });

  it('runs in the directory that was named', async () => {
    await expect(runner.run(shell('pwd', { cwd: directory }), signal())).resolves.toMatchObject({
      stdout: `${directory}\n`,
    });
  });

  it('is killed with its whole group when its time is over, also children that ignore SIGTERM', async () => {
    const script = `trap '' TERM; (trap '' TERM; sh -c 'echo $PPID' > ${directory}/pid; sleep 60) & wait; sleep 60`;
    const running = runner.run(shell(script, { timeoutMs: 300 }), signal());
    const pid = await pidIn('pid');
    expect(isAlive(pid)).toBe(true);
    await expect(running).resolves.toMatchObject({ kind: 'timed-out' });
    await expect(gone(pid)).resolves.toBe(true);
  });

  it('may clean up on SIGTERM, and write while it does', async () => {
    const patient = createProcessRunner({ graceMs: 5_000 });
    const script = `trap 'echo cleaning up; echo $$ > ${directory}/trace; exit 0' TERM; while :; do sleep 0.05; done`;
    await patient.run(shell(script, { timeoutMs: 400 }), signal());
    await expect(pidIn('trace')).resolves.toBeGreaterThan(1);
  });

  it('is given up at once when the caller has no more time', async () => {
    const before = Date.now();
    const run = await runner.run(shell('sleep 60'), AbortSignal.timeout(100));
    expect(run.kind).toBe('timed-out');
    expect(Date.now() - before).toBeLessThan(2_000);
  });

  it('is not started at all when the caller is gone already', async () => {
    const run = await runner.run(shell(`echo ran > ${directory}/trace`), AbortSignal.abort());
    expect(run.kind).toBe('not-started');
    await expect(readFile(join(directory, 'trace'), 'utf8')).rejects.toThrow('ENOENT');
  });

  it('does not wait for a grandchild that holds its output open', async () => {
    const before = Date.now();
    const run = await runner.run(shell('(sleep 60 &) ; echo done'), signal());
    expect(run).toMatchObject({ kind: 'exited', code: 0, stdout: 'done\n' });
    expect(Date.now() - before).toBeLessThan(5_000);
  });

  it('says so when the program or the directory is not there', async () => {
    const missing = { ...shell(''), argv: ['/no/such/program'] };
    await expect(runner.run(missing, signal())).resolves.toEqual({
      kind: 'not-started',
      message: '/no/such/program did not start: no such program or directory',
    });
    await expect(runner.run(shell('true', { cwd: '/no/such' }), signal())).resolves.toMatchObject({
      kind: 'not-started',
    });
    const impossible = { ...shell(''), argv: ['echo', 'a\0b'] };
    await expect(runner.run(impossible, signal())).resolves.toMatchObject({ kind: 'not-started' });
  });

  it('tells a program that was killed from one that failed', async () => {
    await expect(runner.run(shell('kill -9 $$'), signal())).resolves.toMatchObject({ kind: 'killed', by: 'SIGKILL' });
  });

  it('keeps the end of what it wrote, whole lines only', async () => {
    const run = await runner.run(shell('i=0; while [ $i -lt 500 ]; do echo "line $i"; i=$((i+1)); done'), signal());
    const text = run.kind === 'exited' ? run.stdout : '';
    expect(text.length).toBeLessThanOrEqual(1_000);
    expect(text).toMatch(/^line \d+\n/);
    expect(text).toMatch(/line 499\n$/);
  });

  it('gives all of the output and unchanged to us, where we read it', async () => {
    const script = 'i=0; while [ $i -lt 500 ]; do echo "password=x$i"; i=$((i+1)); done';
    const run = await runner.run(shell(script), signal(), { raw: true });
    const text = run.kind === 'exited' ? run.stdout : '';
    expect(text.split('\n')).toHaveLength(501);
    expect(text).toContain('password=x0\n');
    expect(run).toHaveProperty('output', '');
  });
});

describe('a program in the background', () => {
  it('can be looked at while it runs and after it ended', async () => {
    await expect(runner.start('a', shell('echo begun; sleep 0.3; echo ended; exit 4'))).resolves.toBeNull();
    expect(runner.look('a')).toMatchObject({ ended: null });
    await expect(ended('a')).resolves.toMatchObject({
      output: 'begun\nended\n',
      ended: { kind: 'exited', code: 4, output: 'begun\nended\n' },
    });
  });

  it('is started once an id, also when two ask at the same time', async () => {
    const script = `echo ran >> ${directory}/trace`;
    await Promise.all([runner.start('a', shell(script)), runner.start('a', shell(script))]);
    await ended('a');
    await runner.start('a', shell(script));
    await expect(readFile(join(directory, 'trace'), 'utf8')).resolves.toBe('ran\n');
  });

  it('is not taken for started when it could not be', async () => {
    const missing = { ...shell(''), argv: ['/no/such/program'] };
    await expect(runner.start('a', missing)).resolves.toContain('no such program');
    expect(runner.look('a')).toBeNull();
  });

  it('is killed with its group when its time is over', async () => {
    const script = `(sh -c 'echo $PPID' > ${directory}/pid; sleep 60) & wait`;
    await runner.start('a', shell(script, { timeoutMs: 300 }));
    const pid = await pidIn('pid');
    await expect(ended('a')).resolves.toMatchObject({ ended: { kind: 'timed-out' } });
    await expect(gone(pid)).resolves.toBe(true);
  });

  it('does not fill the disk, and keeps the end of what it wrote', async () => {
    const script = `i=0; while [ $i -lt 40000 ]; do echo "line $i"; i=$((i+1)); done; sleep 1.2; echo last`;
    await runner.start('a', shell(script));
    const { output } = await ended('a');
    expect(output.length).toBeLessThanOrEqual(1_000);
    expect(output).toMatch(/^line \d+\n/);
    expect(output).toMatch(/last\n$/);
  });

  it('goes on when the process that started it dies', async () => {
    const script = `sleep 0.5; echo one; sleep 0.2; echo two >&2; echo survived > ${directory}/trace`;
    const code = `
      const { createProcessRunner } = await import('${new URL('../../src/rollback/providers/process/index.ts', import.meta.url).href}');
      await createProcessRunner().start('a', { argv: ['/bin/sh', '-c', ${JSON.stringify(script)}], env: {}, timeoutMs: 60000 });
      process.kill(process.pid, 'SIGKILL');`;
    const parent = await runner.run(
      { ...shell(''), argv: [process.execPath, '--input-type=module', '-e', code] },
      signal(),
    );
    expect(parent).toMatchObject({ kind: 'killed', by: 'SIGKILL' });
    for (let waited = 0; waited < 3_000; waited += 50) {
      if ((await readFile(join(directory, 'trace'), 'utf8').catch(() => '')) !== '') break;
      await delay(50);
    }
    await expect(readFile(join(directory, 'trace'), 'utf8')).resolves.toBe('survived\n');
  });
});

describe('what is shown', () => {
  it.each([
    ['Authorization: Bearer abc.def-123', 'Authorization: Bearer [secret]'],
    ['password=hunter2 user=me', 'password=[secret] user=me'],
    ['"db_password": "hunter2"', '"db_password": [secret]'],
    ['DB_TOKEN: hunter2', 'DB_TOKEN: [secret]'],
    ['postgres://shop:hunter2@db/shop', 'postgres://shop:[secret]@db/shop'],
    ['psql --password hunter2 -c x', 'psql --password [secret] -c x'],
    ['-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----', '[secret]'],
    ['nothing to hide: 3 tables', 'nothing to hide: 3 tables'],
  ])('%j', (text, shown) => {
    expect(redact(text, [])).toBe(shown);
  });

  it('holds no secret that we know, however it is written, and no remnant of one that was cut', () => {
    expect(redact('the key is s3cr3t-value!', ['s3cr3t-value'])).toBe('the key is [secret]!');
    expect(redactTail('value and the line goes on\nnext', ['s3cr3t-value'])).toBe('next');
    expect(redactTail('cr3t-value', ['s3cr3t-value'])).toBe('');
  });

  it('hides the values of variables that were passed on and are secret by their name', async () => {
    const env = { PATH: '/usr/bin:/bin', PGPASSWORD: 'letmein-123', PGUSER: 'shop' };
    const run = await runner.run(shell('echo "$PGUSER logs in with $PGPASSWORD"', { env }), signal());
    expect(run).toMatchObject({ stdout: 'shop logs in with [secret]\n' });
    expect(secretsIn({ FIREBREAK_IDEMPOTENCY_KEY: 'no secret', API_TOKEN: 'yes' })).toEqual(['yes']);
  });

  it('follows secrets as they rotate', async () => {
    let secret = 'first-value';
    const rotating = createProcessRunner({ secrets: () => [secret] });
    secret = 'second-value';
    await expect(rotating.run(shell('echo second-value'), signal())).resolves.toMatchObject({ stdout: '[secret]\n' });
  });
});

it('passes on the variables that are named, those that nobody can do without, and what is set', () => {
  const source = { PATH: '/bin', HOME: '/root', PGHOST: 'db', FIREBREAK_DATABASE: 'postgres://…' };
  expect(environmentOf(source, ['PGHOST', 'MISSING'], { TO: 'v1' })).toEqual({
    PATH: '/bin',
    HOME: '/root',
    PGHOST: 'db',
    TO: 'v1',
  });
});
