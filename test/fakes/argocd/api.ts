import type { Answer, RecordedRequest } from '../faults.ts';
import type { FakeApplication } from './objects.ts';
import { refresh, versionOf, type World } from './controller.ts';

/** gRPC codes, and the HTTP status that the gateway makes of each. */
const CODES = { InvalidArgument: [3, 400], NotFound: [5, 404], PermissionDenied: [7, 403] } as const;
const MORE_CODES = { FailedPrecondition: [9, 400], Unauthenticated: [16, 401] } as const;
const GRPC = { ...CODES, ...MORE_CODES };

interface Api {
  readonly token: string;
  readonly username: string;
  readonly controlNamespace: string;
  readonly applications: FakeApplication[];
  readonly world: World;
  /** Actions that the token's policy does not allow. */
  readonly forbidden: ReadonlySet<string>;
}

class Refusal extends Error {
  readonly code: keyof typeof GRPC;
  constructor(code: keyof typeof GRPC, message: string) {
    super(message);
    this.code = code;
  }
}

const fail = (code: keyof typeof GRPC, message: string): never => {
  throw new Refusal(code, message);
};

/** Where the real gateway ignores what it does not know, the fake refuses it: such a field would be a slip of ours. */
const knownOnly = (names: Iterable<string>, known: readonly string[]): void => {
  for (const name of names) if (!known.includes(name)) fail('InvalidArgument', `unknown field "${name}"`);
};

interface Scope {
  readonly action: string;
  readonly name: string;
  readonly appNamespace?: string | undefined;
  readonly project?: string | undefined;
}

/** Without a project it does not tell whether there is such an application. */
const find = (api: Api, { action, name, appNamespace, project }: Scope): FakeApplication => {
  const namespace = appNamespace ?? api.controlNamespace;
  const app = api.applications.find((one) => one.metadata.name === name && one.metadata.namespace === namespace);
  if (api.forbidden.has(action)) return fail('PermissionDenied', 'permission denied');
  if (app === undefined || (project !== undefined && app.spec.project !== project)) {
    if (project === undefined) return fail('PermissionDenied', 'permission denied');
    return fail('NotFound', `applications.argoproj.io "${name}" not found`);
  }
  return app;
};

interface RollbackBody {
  readonly name?: string;
  readonly id?: number;
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly appNamespace?: string;
  readonly project?: string;
}

const BUSY = 'error setting app operation: rpc error: code = FailedPrecondition desc = ';

const rollback = (api: Api, name: string, body: RollbackBody): FakeApplication => {
  knownOnly(Object.keys(body), ['name', 'id', 'dryRun', 'prune', 'appNamespace', 'project']);
  if (body.id !== undefined && typeof body.id !== 'number') {
    fail('InvalidArgument', 'json: cannot unmarshal string into Go struct field ApplicationRollbackRequest.id');
  }
  const app = find(api, { action: 'sync', name, appNamespace: body.appNamespace, project: body.project });
  if (app.metadata.deletionTimestamp !== undefined) fail('FailedPrecondition', 'application is deleting');
  const automated = app.spec.syncPolicy?.automated;
  if (automated !== undefined && automated.enabled !== false) {
    fail('FailedPrecondition', 'rollback cannot be initiated when auto-sync is enabled');
  }
  const entry = app.status.history.find(({ id }) => id === (body.id ?? 0));
  if (entry === undefined) {
    const qualified = `${app.metadata.namespace}/${name}`;
    return fail('InvalidArgument', `application ${qualified} does not have deployment with id ${body.id ?? 0}`);
  }
  if (app.operation !== undefined) fail('FailedPrecondition', `${BUSY}another operation is already in progress`);
  app.operation = {
    sync: { ...versionOf(entry), dryRun: body.dryRun ?? false, prune: body.prune ?? false },
    initiatedBy: { username: api.username },
  };
  delete app.status.operationState;
  return app;
};

const get = (api: Api, name: string, query: URLSearchParams): FakeApplication => {
  knownOnly(query.keys(), ['appNamespace', 'project', 'refresh']);
  const app = find(api, scoped('get', name, query));
  if (query.get('refresh') !== null) refresh(app, api.world);
  return app;
};

const scoped = (action: string, name: string, query: URLSearchParams): Scope => ({
  action,
  name,
  appNamespace: query.get('appNamespace') ?? undefined,
  project: query.get('project') ?? undefined,
});

const route = (api: Api, { method, path, query, raw }: RecordedRequest): object => {
  const [, name = '', below = ''] = /^\/api\/v1\/applications\/([^/]+)(\/\w+)?$/.exec(path) ?? [];
  if (method === 'GET' && name !== '' && below === '') return get(api, name, query);
  if (method === 'GET' && below === '/syncwindows') {
    knownOnly(query.keys(), ['appNamespace', 'project']);
    find(api, scoped('get', name, query));
    return { activeWindows: [], assignedWindows: [], canSync: !api.world.syncWindowClosed };
  }
  if (method === 'POST' && below === '/rollback') return rollback(api, name, JSON.parse(raw) as RollbackBody);
  if (method === 'GET' && path === '/api/v1/session/userinfo') {
    return { loggedIn: true, username: api.username, iss: 'argocd' };
  }
  const can = /^\/api\/v1\/account\/can-i\/applications\/(\w+)\/.+$/.exec(path);
  if (method === 'GET' && can !== null) return { value: api.forbidden.has(can[1]!) ? 'no' : 'yes' };
  return fail('NotFound', 'Not Found');
};

const errorBody = (code: keyof typeof GRPC, message: string): Answer => ({
  status: GRPC[code][1],
  body: { error: message, code: GRPC[code][0], message },
});

/** Answers as the gateway does: content type before credentials, credentials before everything else. */
export const answer = (api: Api, request: RecordedRequest): Answer => {
  const { method, headers } = request;
  if (method !== 'GET' && (headers['content-type'] ?? '').toLowerCase() !== 'application/json') {
    return { status: 415, body: 'Invalid content type\n' };
  }
  const { authorization } = headers;
  // It tells anybody that it does not know them.
  if (request.path === '/api/v1/session/userinfo' && authorization !== `Bearer ${api.token}`) {
    return { status: 200, body: { loggedIn: false } };
  }
  if (authorization === undefined) return errorBody('Unauthenticated', 'no session information');
  if (authorization !== `Bearer ${api.token}`) {
    return errorBody('Unauthenticated', 'invalid session: signature is invalid');
  }
  try {
    return { status: 200, body: route(api, request) };
  } catch (error) {
    if (error instanceof Refusal) return errorBody(error.code, error.message);
    throw error;
  }
};
