import type { Capture } from '../../src/rollback/ports.ts';
import { type Bench, NS, startBench } from './kubernetes-support.ts';

describe.each(['deployments', 'statefulsets', 'daemonsets'] as const)('what a rollback of %s destroys', (resource) => {
  let bench: Bench;
  const captured = async (wait = AbortSignal.timeout(10_000)): Promise<Capture> =>
    await bench.provider.capture!(bench.step, await bench.resolved(), wait);
  const texts = ({ items }: Capture, kind: string): string[] =>
    items.filter((item) => item.kind === kind).map(({ text }) => text);

  beforeEach(async () => {
    bench = await startBench(resource);
    await bench.deploy('shop:v1');
  });
  afterEach(async () => {
    await bench.stop();
  });

  const failing = async (): Promise<void> => {
    bench.cluster.behave('shop:v2', 'out-of-memory');
    bench.cluster.logs('shop:v2', { current: 'starting\n', previous: 'heap is full\nkilled\n' });
    await bench.deploy('shop:v2');
  };

  it('is saved of the version that is left: logs, those before the restart, states and events', async () => {
    await failing();
    const capture = await captured();
    expect(texts(capture, 'logs')).toEqual(['starting\n']);
    expect(texts(capture, 'previous-logs')).toEqual(['heap is full\nkilled\n']);
    expect(texts(capture, 'pod-states').join()).toMatch(
      /not ready[^]*waiting CrashLoopBackOff[^]*3 restarts; before that terminated OOMKilled with exit code 137/,
    );
    expect(texts(capture, 'events').join()).toContain('Back-off restarting failed container');
    expect(capture.items[0]!.name).toBe('pods of r2');
    expect(capture.missing).toEqual([]);
  });

  it('does not ask for a previous container where none was restarted', async () => {
    await bench.deploy('shop:v2');
    const capture = await captured();
    expect(texts(capture, 'logs')).toEqual(Array(3).fill('shop:v2 started\n'));
    expect(bench.cluster.requests.filter(({ query }) => query['previous'] === 'true')).toEqual([]);
  });

  it('keeps the end of a long log', async () => {
    bench.cluster.logs('shop:v2', { current: `${'early\n'.repeat(150)}${'x'.repeat(9_000)}\nlast words\n` });
    await bench.deploy('shop:v2');
    const [log] = (await captured()).items.filter(({ kind }) => kind === 'logs');
    expect(log).toMatchObject({ truncated: true, text: expect.stringMatching(/last words\n$/) });
    expect(log!.text).toHaveLength(8_000);
    const [asked] = bench.cluster.requests.filter(({ path }) => path.endsWith('/log'));
    expect(asked!.query).toMatchObject({ tailLines: '200', container: 'app' });
  });

  it('says what could not be read, and saves the rest', async () => {
    await failing();
    bench.cluster.failNext({ path: /\/log$/, status: 403, times: 2 });
    const capture = await captured();
    expect(capture.missing).toHaveLength(2);
    expect(capture.missing.join()).toMatch(/logs of pod checkout-\S+ container app: Kubernetes answered 403/);
    expect(texts(capture, 'pod-states')).toHaveLength(1);
  });

  it('ends with the signal and gives what it has by then', async () => {
    await failing();
    bench.cluster.failNext({ path: /\/log$/, hang: true, times: 9 });
    const started = Date.now();
    const capture = await captured(AbortSignal.timeout(1_500));
    expect(Date.now() - started).toBeLessThan(4_000);
    expect(texts(capture, 'pod-states')).toHaveLength(1);
    expect(texts(capture, 'logs')).toEqual([]);
    expect(capture.missing.join()).toContain('did not answer in time');
  });

  it('never throws: with the workload gone and everything refused it says so', async () => {
    await bench.deploy('shop:v2');
    const target = await bench.resolved();
    bench.cluster.failNext({ status: 500, times: 50 });
    const capture = await bench.provider.capture!(bench.step, target, AbortSignal.timeout(5_000));
    expect(capture.items).toEqual([]);
    expect(capture.missing).toHaveLength(2);
  });
});

it('takes the worst five pods first and names the others', async () => {
  const bench = await startBench('deployments');
  try {
    await bench.deploy('shop:v1', { replicas: 7 });
    await bench.deploy('shop:v2');
    const broken = bench.cluster.list('pods', NS).at(-1)!.metadata.name;
    bench.cluster.freeze('controllers');
    bench.cluster.edit('pods', NS, broken, ({ status }) => {
      status!['conditions'] = [{ type: 'Ready', status: 'False' }];
    });
    const { items, missing } = await bench.provider.capture!(
      bench.step,
      await bench.resolved(),
      AbortSignal.timeout(9_000),
    );
    const logs = items.filter(({ kind }) => kind === 'logs');
    expect(logs).toHaveLength(5);
    expect(logs[0]!.name).toBe(`pod ${broken} container app`);
    expect(missing).toEqual([expect.stringMatching(/^logs and events of 2 more pods: /)]);
  } finally {
    await bench.stop();
  }
});
