import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readChange } from '../../src/ingest/changes.ts';
import { describeWith } from '../harness/tools.ts';

const guide = await readFile(fileURLToPath(new URL('../../docs/change-senders.md', import.meta.url)), 'utf8');

describeWith(['jq', 'curl'], 'the senders of the guide, run as they stand there', () => {
  let directory: string;
  let server: Server;
  let told: unknown[];
  let answer: number;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'senders-'));
    told = [];
    answer = 202;
    server = createServer((request, response) => {
      void json(request).then((body) => {
        told.push(body);
        response.writeHead(answer).end('{}');
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  });
  afterEach(async () => {
    server.close();
    await rm(directory, { recursive: true });
  });

  /** Runs a script with what it needs to reach us; what it printed. */
  async function run(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const file = join(directory, 'script');
    await writeFile(file, script);
    await chmod(file, 0o755);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { stdout } = await promisify(execFile)('sh', [file, ...args], {
      env: { PATH: process.env['PATH'], USER: 'ada', FIREBREAK_URL: url, FIREBREAK_WEBHOOK_TOKEN: 't', ...env },
    });
    return stdout.trim();
  }
  const changes = () => told.map((body) => readChange(body)).map((read) => (read.kind === 'read' ? read.change : read));

  const curl = /^```sh\n(#!\/bin\/sh\n# firebreak-change .*?)^```$/ms.exec(guide)?.[1] ?? '';

  test('the script tells of a change, and again that it is through', async () => {
    const started = await run(curl, ['checkout', 'production', 'v"43']);
    const evidence = JSON.stringify({ tests: 'passed', staging: '24 h' });
    await run(curl, ['checkout', 'production', 'v"43'], { STARTED_AT: started, EVIDENCE: evidence });
    const [first, second] = changes();
    expect(first).toMatchObject({ service: 'checkout', environment: 'production', version: 'v"43', by: 'ada' });
    expect(first).toMatchObject({ kind: 'deployment', finishedAt: null, startedAt: expect.stringContaining('T') });
    expect(second).toMatchObject({
      ...first,
      finishedAt: expect.stringContaining('T'),
      evidence: JSON.parse(evidence),
    });
  });

  test('the script never stops a deployment', async () => {
    answer = 401;
    await expect(run(curl, ['checkout', 'production', 'v43', 'flag'])).resolves.toContain('T');
    expect(changes()[0]).toMatchObject({ kind: 'flag' });
  });

  test('the step of GitHub Actions tells of a deployment, and the same step after it that it is through', async () => {
    const step = /^ {2}run: \|\n((?: {4}.*\n)+)/m.exec(guide.slice(guide.indexOf('## GitHub Actions')))?.[1] ?? '';
    const environment = join(directory, 'environment');
    const env = {
      ...{ SERVICE: 'checkout', ENVIRONMENT: 'production', CHANGE_ID: 'shop/1/1', RUN_URL: 'https://example.com/1' },
      ...{ GITHUB_SHA: 'abc', GITHUB_ACTOR: 'ada', GITHUB_ENV: environment },
    };
    await run(step, [], env);
    const [, startedAt = ''] = /^STARTED_AT=(.+)$/m.exec(await readFile(environment, 'utf8')) ?? [];
    await run(step, [], { ...env, STARTED_AT: startedAt });
    const [first, second] = changes();
    expect(first).toMatchObject({ id: 'shop/1/1/checkout', version: 'abc', url: 'https://example.com/1' });
    expect(first).toMatchObject({ finishedAt: null, evidence: { tests: 'passed' } });
    expect(second).toMatchObject({ ...first, finishedAt: expect.stringContaining('T') });
  });
});
