import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createFront, listen, stop, type Front } from '../faults.ts';
import { answer } from './api.ts';
import { round, timeOf, type World } from './controller.ts';
import type { FakeApplication, FakeInitiator, FakeOperation, FakeSource, FakeVersion } from './objects.ts';

export type { FakeApplication, FakeSource } from './objects.ts';

interface SyncOptions {
  readonly by?: FakeInitiator;
  readonly source?: FakeSource;
  readonly version?: FakeVersion;
  readonly resources?: { kind: string; name: string }[];
  /** How the operation ends, unless well. */
  readonly ends?: World['nextEnds'];
  /** The controller's clock moves on by this before. */
  readonly afterMs?: number;
}

export interface FakeArgocd extends Pick<Front, 'requests' | 'misbehave'> {
  readonly url: string;
  readonly token: string;
  readonly world: World & { readonly bad: Set<string> };
  readonly forbidden: Set<string>;
  create(name: string, more?: { namespace?: string; project?: string; limit?: number }): FakeApplication;
  application(name: string): FakeApplication;
  remove(name: string): void;
  /** Requests a sync and leaves it to the controller. */
  begin(name: string, revision: string, options?: SyncOptions): void;
  /** A sync from beginning to end, with the health that follows. */
  sync(name: string, revision: string, options?: SyncOptions): void;
  now(): number;
  advance(ms: number): void;
  /** One round of the controllers, a second later. */
  step(rounds?: number): void;
  stop(): Promise<void>;
}

export const SOURCE: FakeSource = { repoURL: 'https://git.example.com/shop', path: 'checkout', targetRevision: 'main' };

/** Rounds after which nothing moves any more. */
const SETTLED = 6;

/**
 * Argo CD's API server and application controller, by their source: what they refuse and in which order, an operation
 * that is requested, run, and recorded, health that is stale until the next comparison. Time stands still between steps.
 */
export const startArgocd = async (): Promise<FakeArgocd> => {
  let now = Date.UTC(2026, 10, 23, 12);
  const applications: FakeApplication[] = [];
  const forbidden = new Set<string>();
  const token = 'argocd-token';
  const world = {
    now: () => now,
    bad: new Set<string>(),
    syncWindowClosed: false,
    nextEnds: null,
    comparesOnlyWhenAsked: false,
    roundsRunning: 1,
  } as FakeArgocd['world'];
  const api = { token, username: 'firebreak', controlNamespace: 'argocd', applications, world, forbidden };
  const front = createFront((request) => {
    const said = answer(api, request);
    return { ...said, headers: { date: new Date(now).toUTCString(), ...said.headers } };
  });
  const server = createServer(front.listener);
  const host = await listen(server);

  const application = (name: string): FakeApplication => applications.find((app) => app.metadata.name === name)!;
  const step = (times = 1): void => {
    for (let i = 0; i < times; i += 1) {
      now += 1000;
      for (const app of applications) round(app, world);
    }
  };
  const begin: FakeArgocd['begin'] = (name, revision, options = {}) => {
    now += options.afterMs ?? 60_000;
    const version = options.version ?? { revision, source: options.source ?? SOURCE };
    const resources = options.resources === undefined ? {} : { resources: options.resources };
    const operation: FakeOperation = {
      sync: { ...version, ...resources },
      initiatedBy: options.by ?? { username: 'alice' },
    };
    const app = application(name);
    app.operation = operation;
    delete app.status.operationState;
    world.nextEnds = options.ends ?? null;
  };

  return {
    ...front,
    url: `http://${host}`,
    token,
    world,
    forbidden,
    application,
    create: (name, { namespace = 'argocd', project = 'shop', limit } = {}) => {
      const app: FakeApplication = {
        metadata: { name, namespace, uid: randomUUID() },
        spec: { project, source: SOURCE, ...(limit === undefined ? {} : { revisionHistoryLimit: limit }) },
        status: {
          history: [],
          sync: { status: 'OutOfSync' },
          health: { status: 'Missing' },
          resources: [],
          summary: {},
          reconciledAt: timeOf(now),
        },
      };
      applications.push(app);
      return app;
    },
    remove: (name) => {
      applications.splice(applications.indexOf(application(name)), 1);
    },
    begin,
    sync: (name, revision, options) => {
      begin(name, revision, options);
      step(SETTLED);
    },
    now: () => now,
    advance: (ms) => {
      now += ms;
    },
    step,
    stop: () => stop(server),
  };
};
