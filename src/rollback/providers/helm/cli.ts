import type { Failure } from '../../../domain/failure.ts';
import { type Ended, endText, failureOf } from '../process/ended.ts';
import { type Environment, environmentOf } from '../process/environment.ts';
import type { Invocation } from '../process/group.ts';
import type { ProcessRunner } from '../process/index.ts';
import type { ClusterConfig } from '../kubernetes/kubeconfig.ts';
import { parseHistory, type Revision } from './history.ts';

export type Told<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'not-found'; readonly message: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** The release that is asked about. */
export interface Release {
  readonly namespace: string;
  readonly release: string;
}

/** The helm program, for one cluster. */
export interface HelmCli {
  history(of: Release, signal: AbortSignal): Promise<Told<readonly Revision[]>>;
  /** Holds the release's Secrets: it is to be looked at and not kept. */
  manifest(of: Release, revision: number, signal: AbortSignal): Promise<Told<string>>;
  /** Whether helm applied a revision by server-side apply; only that can meet conflicts with other writers. */
  appliedByServer(of: Release, revision: number, signal: AbortSignal): Promise<Told<boolean>>;
  /** How to roll back and wait for the result: the flags differ between the major versions of helm. */
  rollback(of: Release, to: number, how: RollbackFlags, signal: AbortSignal): Promise<Told<Invocation>>;
}

export interface RollbackFlags {
  /** Helm's own patience with each of: the hooks before, the objects, the hooks after. */
  readonly timeoutSeconds: number;
  readonly historyMax: number;
}

export interface HelmOptions {
  readonly path: string;
  readonly runner: ProcessRunner;
  readonly environment: Environment;
  /** Variables that a credential plugin or helm's storage driver needs. */
  readonly passed: readonly string[];
}

const HELM_VARIABLES = [
  'KUBERNETES_SERVICE_HOST',
  'KUBERNETES_SERVICE_PORT',
  'HELM_CACHE_HOME',
  'HELM_CONFIG_HOME',
  'HELM_DATA_HOME',
  'HELM_DRIVER',
  'HELM_DRIVER_SQL_CONNECTION_STRING',
  'HTTPS_PROXY',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
] as const;

const ASK_TIMEOUT_MS = 9_500;
/** As many as helm itself shows at most. */
const HISTORY = '256';

/** A kubeconfig of our own environment counts only where none is configured and we are not to use the pod's account. */
const variablesFor = (cluster: ClusterConfig, passed: readonly string[]): readonly string[] => [
  ...HELM_VARIABLES,
  ...(cluster.kubeconfig === undefined && cluster.context !== undefined ? ['KUBECONFIG'] : []),
  ...passed,
];

const placeFlags = (cluster: ClusterConfig, namespace: string): readonly string[] => [
  '--namespace',
  namespace,
  ...(cluster.kubeconfig === undefined ? [] : ['--kubeconfig', cluster.kubeconfig]),
  ...(cluster.context === undefined ? [] : ['--kube-context', cluster.context]),
];

const KINDS: readonly (readonly [RegExp, Failure['kind']])[] = [
  [/forbidden|unauthorized|provide credentials/i, 'unauthorized'],
  [/no such file|context .* does not exist|x509|unknown flag|invalid configuration/i, 'rejected'],
  [/connection refused|no such host|no route to host|network is unreachable/i, 'unreachable'],
];

const toldOf = (command: string, ended: Ended): Told<string> => {
  if (ended.kind === 'exited' && ended.code === 0) return { kind: 'ok', value: ended.stdout };
  const failure = failureOf(command, ended);
  if (ended.kind !== 'exited') return { kind: 'failed', failure };
  if (/release: not found/i.test(ended.output)) return { kind: 'not-found', message: endText(command, ended) };
  const kind = KINDS.find(([pattern]) => pattern.test(ended.output))?.[1] ?? failure.kind;
  return { kind: 'failed', failure: { ...failure, kind } };
};

const unreadable = (what: string): Told<never> => ({
  kind: 'failed',
  failure: { kind: 'rejected', message: `The answer of ${what} could not be read` },
});

/** `v4.1.4` and `v3.19.0+g…`. */
const majorIn = (text: string): number => Number(/^v?(\d+)\./.exec(text.trim())?.[1] ?? Number.NaN);

export const createHelm = (options: HelmOptions, cluster: ClusterConfig): HelmCli => {
  let major: number | null = null;

  const invocation = (args: readonly string[], timeoutMs: number): Invocation => ({
    argv: [options.path, ...args],
    env: environmentOf(options.environment, variablesFor(cluster, options.passed), {}),
    timeoutMs,
  });
  const ask = async (command: string, args: readonly string[], signal: AbortSignal): Promise<Told<string>> =>
    toldOf(`helm ${command}`, await options.runner.run(invocation(args, ASK_TIMEOUT_MS), signal, { raw: true }));
  const majorVersion = async (signal: AbortSignal): Promise<Told<number>> => {
    if (major !== null) return { kind: 'ok', value: major };
    const told = await ask('version', ['version', '--template', '{{.Version}}'], signal);
    if (told.kind !== 'ok') return told;
    const found = majorIn(told.value);
    if (Number.isNaN(found)) return unreadable('helm version');
    major = found;
    return { kind: 'ok', value: found };
  };

  return {
    async history({ namespace, release }, signal) {
      const args = ['history', release, '--output', 'json', '--max', HISTORY, ...placeFlags(cluster, namespace)];
      const told = await ask('history', args, signal);
      if (told.kind !== 'ok') return told;
      const value = parseHistory(told.value);
      return value === null ? unreadable('helm history') : { kind: 'ok', value };
    },
    manifest: ({ namespace, release }, revision, signal) =>
      ask(
        'get manifest',
        ['get', 'manifest', release, '--revision', String(revision), ...placeFlags(cluster, namespace)],
        signal,
      ),
    async appliedByServer({ namespace, release }, revision, signal) {
      const version = await majorVersion(signal);
      if (version.kind !== 'ok') return version;
      if (version.value < 4) return { kind: 'ok', value: false };
      const place = placeFlags(cluster, namespace);
      const args = ['get', 'metadata', release, '--revision', String(revision), '--output', 'json', ...place];
      const told = await ask('get metadata', args, signal);
      return told.kind === 'ok' ? { kind: 'ok', value: /"applyMethod":\s*"ssa"/.test(told.value) } : told;
    },
    async rollback({ namespace, release }, to, { timeoutSeconds, historyMax }, signal) {
      const version = await majorVersion(signal);
      if (version.kind !== 'ok') return version;
      // Helm 4 reads a bare --wait as "wait for the hooks"; Helm 3 does not know the value.
      const wait = version.value >= 4 ? '--wait=watcher' : '--wait';
      const limits = ['--timeout', `${timeoutSeconds}s`, '--history-max', String(historyMax)];
      const args = ['rollback', release, String(to), wait, ...limits, ...placeFlags(cluster, namespace)];
      // Each of its three waits has the whole timeout. A helm that is killed leaves "pending-rollback" behind, so this
      // is only for one that hangs.
      return { kind: 'ok', value: invocation(args, (3 * timeoutSeconds + 30) * 1000) };
    },
  };
};
