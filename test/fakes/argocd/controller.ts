import type { FakeApplication, FakeOperationState, FakeVersion } from './objects.ts';
import { labelOf } from './objects.ts';

/** What tests arrange for; read anew in every round. */
export interface World {
  readonly now: () => number;
  /** Versions (see `labelOf`) whose pods never become healthy. */
  readonly bad: ReadonlySet<string>;
  /** Set: syncs wait in Running, as in a closed window. */
  syncWindowClosed: boolean;
  /** Set: the next operation ends like this. */
  nextEnds: { readonly phase: 'Failed' | 'Error'; readonly message: string } | null;
  /** Set: after an operation nothing is compared until somebody asks with `refresh`. */
  comparesOnlyWhenAsked: boolean;
  /** Rounds that an operation stays in Running. */
  roundsRunning: number;
}

const KEPT_BY_DEFAULT = 10;

export const timeOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

export const versionOf = ({ revision, revisions, source, sources }: FakeVersion): FakeVersion => ({
  ...(revision === undefined ? {} : { revision }),
  ...(revisions === undefined ? {} : { revisions }),
  ...(source === undefined ? {} : { source }),
  ...(sources === undefined ? {} : { sources }),
});

const record = (app: FakeApplication, state: FakeOperationState, now: number): void => {
  const { history } = app.status;
  history.push({
    id: (history.at(-1)?.id ?? -1) + 1,
    ...versionOf(state.syncResult ?? {}),
    deployedAt: timeOf(now),
    deployStartedAt: state.startedAt,
    initiatedBy: state.operation.initiatedBy,
  });
  history.splice(0, Math.max(0, history.length - (app.spec.revisionHistoryLimit ?? KEPT_BY_DEFAULT)));
};

const started = (app: FakeApplication, world: World): void => {
  const operation = app.operation!;
  app.status.operationState = {
    operation,
    phase: 'Running',
    message: 'waiting for completion',
    startedAt: timeOf(world.now()),
    syncResult: versionOf(operation.sync),
  };
};

const ended = (app: FakeApplication, state: FakeOperationState, world: World): void => {
  const { dryRun, resources } = state.operation.sync;
  const name = app.metadata.name;
  const result = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name };
  const ends = world.nextEnds;
  world.nextEnds = null;
  state.finishedAt = timeOf(world.now());
  delete app.operation;
  if (ends !== null) {
    Object.assign(state, ends);
    state.syncResult!.resources = [{ ...result, status: 'SyncFailed', message: 'admission webhook denied it' }];
    return;
  }
  state.phase = 'Succeeded';
  state.message = dryRun === true ? 'successfully synced (dry run)' : 'successfully synced (all tasks run)';
  state.syncResult!.resources = [{ ...result, status: 'Synced', message: 'deployment.apps configured' }];
  if (dryRun !== true && resources === undefined) record(app, state, world.now());
};

/** Compares with the cluster: only this brings sync status and health up to date. */
export const refresh = (app: FakeApplication, world: World): void => {
  const { status } = app;
  const newest = status.history.at(-1);
  const before = status.health.status;
  const firstLook = (status.reconciledAt ?? '') < (status.operationState?.finishedAt ?? '');
  status.reconciledAt = timeOf(world.now());
  if (newest === undefined) return;
  const isBad = world.bad.has(labelOf(newest));
  const settled = isBad ? 'Degraded' : 'Healthy';
  const health = firstLook && before !== settled ? 'Progressing' : settled;
  status.health = { status: health };
  status.sync.status = newest.revision === app.spec.source?.targetRevision ? 'Synced' : 'OutOfSync';
  const message = isBad ? 'Deployment "checkout" exceeded its progress deadline' : undefined;
  status.resources = [
    { kind: 'Service', namespace: 'shop', name: 'checkout', health: { status: 'Healthy' } },
    {
      kind: 'Deployment',
      namespace: 'shop',
      name: 'checkout',
      health: { status: health, ...(message === undefined ? {} : { message }) },
    },
  ];
};

const rounds = new WeakMap<FakeOperationState, number>();

/** One round of the application controller. */
export const round = (app: FakeApplication, world: World): void => {
  const state = app.status.operationState;
  if (app.operation !== undefined && state === undefined) {
    started(app, world);
    return;
  }
  if (state?.phase === 'Running') {
    if (world.syncWindowClosed) {
      state.message = 'Sync operation blocked by sync window';
      return;
    }
    const run = (rounds.get(state) ?? 0) + 1;
    rounds.set(state, run);
    if (run >= world.roundsRunning) ended(app, state, world);
    return;
  }
  if (!world.comparesOnlyWhenAsked) refresh(app, world);
};
