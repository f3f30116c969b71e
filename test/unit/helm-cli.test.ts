import type { Ended } from '../../src/rollback/providers/process/ended.ts';
import type { Invocation } from '../../src/rollback/providers/process/group.ts';
import type { ProcessRunner } from '../../src/rollback/providers/process/index.ts';
import { createHelm, type HelmCli } from '../../src/rollback/providers/helm/cli.ts';
import type { ClusterConfig } from '../../src/rollback/providers/kubernetes/kubeconfig.ts';

const RELEASE = { namespace: 'shop', release: 'checkout' };
const FLAGS = { timeoutSeconds: 60, historyMax: 10 };
const signal = (): AbortSignal => AbortSignal.timeout(1_000);
const said = (stdout: string): Ended => ({ kind: 'exited', code: 0, stdout, output: '' });
const error = (output: string): Ended => ({ kind: 'exited', code: 1, stdout: '', output });

const helmThat = (
  answers: (args: readonly string[]) => Ended,
  cluster: ClusterConfig = {},
): { readonly helm: HelmCli; readonly ran: Invocation[] } => {
  const ran: Invocation[] = [];
  const runner: ProcessRunner = {
    run: (invocation) => {
      ran.push(invocation);
      return Promise.resolve(answers(invocation.argv.slice(1)));
    },
    start: () => Promise.resolve(null),
    look: () => null,
  };
  const environment = { PATH: '/bin', KUBECONFIG: '/ours', AWS_PROFILE: 'eu', DATABASE: 'postgres://…' };
  return { ran, helm: createHelm({ path: 'helm', runner, environment, passed: ['AWS_PROFILE'] }, cluster) };
};

describe('the rollback command', () => {
  const commandOf = async (version: string, cluster: ClusterConfig = {}): Promise<Invocation> => {
    const told = await helmThat(() => said(version), cluster).helm.rollback(RELEASE, 7, FLAGS, signal());
    if (told.kind !== 'ok') throw new Error(JSON.stringify(told));
    return told.value;
  };

  it('waits for the pods with the words of each major version', async () => {
    const common = ['--timeout', '60s', '--history-max', '10', '--namespace', 'shop'];
    const four = await commandOf('v4.1.4');
    expect(four.argv).toEqual(['helm', 'rollback', 'checkout', '7', '--wait=watcher', ...common]);
    const three = await commandOf('v3.19.0+g3d8990f');
    expect(three.argv).toEqual(['helm', 'rollback', 'checkout', '7', '--wait', ...common]);
  });

  it('has time for all three waits of helm before it is killed: that would leave it pending', async () => {
    expect((await commandOf('v4.1.4')).timeoutMs).toBeGreaterThan(3 * 60_000);
  });

  it('goes to the cluster of the step, with named variables only', async () => {
    const place = { kubeconfig: '/etc/kube', context: 'eu-1' };
    const command = await commandOf('v4.1.4', place);
    expect(command.argv.slice(-4)).toEqual(['--kubeconfig', '/etc/kube', '--kube-context', 'eu-1']);
    expect(command.env).toEqual({ PATH: '/bin', AWS_PROFILE: 'eu' });
    expect((await commandOf('v4.1.4', { context: 'eu-1' })).env).toHaveProperty('KUBECONFIG', '/ours');
  });

  it('is not guessed when helm does not say its version', async () => {
    const told = await helmThat(() => said('dev')).helm.rollback(RELEASE, 7, FLAGS, signal());
    expect(told).toMatchObject({ kind: 'failed', failure: { kind: 'rejected' } });
  });

  it('asks for the version once, and again when that failed', async () => {
    let broken = true;
    const { helm, ran } = helmThat(() => (broken ? error('Error: boom') : said('v4.1.4')));
    await expect(helm.rollback(RELEASE, 7, FLAGS, signal())).resolves.toMatchObject({ kind: 'failed' });
    broken = false;
    await helm.rollback(RELEASE, 7, FLAGS, signal());
    await helm.rollback(RELEASE, 7, FLAGS, signal());
    expect(ran).toHaveLength(2);
  });
});

it.each([
  ['Error: kubernetes cluster unreachable: Get "https://x": dial tcp: connect: connection refused', 'unreachable'],
  ['Error: query: failed: secrets is forbidden: User "x" cannot list resource', 'unauthorized'],
  ['Error: kubernetes cluster unreachable: the server has asked for the client to provide credentials', 'unauthorized'],
  ['Error: kubernetes cluster unreachable: context "x" does not exist', 'rejected'],
  ['Error: kubernetes cluster unreachable: stat /x: no such file or directory', 'rejected'],
  ['Error: etcdserver: request timed out', 'server'],
])('%s is %s', async (output, kind) => {
  const told = await helmThat(() => error(output)).helm.history(RELEASE, signal());
  expect(told).toMatchObject({ kind: 'failed', failure: { kind } });
});

it('tells a release that is not there from one that cannot be asked for', async () => {
  const none = helmThat(() => error('Error: release: not found')).helm;
  await expect(none.history(RELEASE, signal())).resolves.toMatchObject({ kind: 'not-found' });
  const odd = helmThat(() => said('WARNING: kubeconfig is group-readable')).helm;
  await expect(odd.history(RELEASE, signal())).resolves.toMatchObject({ kind: 'failed' });
});

it('knows by whom the server is told of fields: helm 3 never applies on the server', async () => {
  const applied = (version: string, metadata: string): Promise<unknown> =>
    helmThat((args) => said(args[0] === 'version' ? version : metadata)).helm.appliedByServer(RELEASE, 7, signal());
  await expect(applied('v4.1.4', '{"applyMethod":"ssa"}')).resolves.toEqual({ kind: 'ok', value: true });
  await expect(applied('v4.1.4', '{"applyMethod":"csa"}')).resolves.toEqual({ kind: 'ok', value: false });
  await expect(applied('v3.19.0', '')).resolves.toEqual({ kind: 'ok', value: false });
});
