import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { createFront, listen, stop, type Answer, type Front, type RecordedRequest } from './faults.ts';

interface Body {
  readonly version: number;
  readonly action: 'resolve' | 'check' | 'execute' | 'status' | 'undo';
  readonly step: string;
  readonly target: string | null;
  readonly parameters: Record<string, unknown>;
  readonly badVersions?: readonly string[];
  readonly from?: { readonly version: string };
  readonly to?: { readonly version: string };
}

interface Rollback {
  readonly to: string;
  state: 'running' | 'done' | 'failed';
  message: string;
}

export interface FakeRollbackWebhook extends Pick<Front, 'requests'> {
  readonly url: string;
  /** What was deployed, the oldest first. */
  readonly deployed: string[];
  readonly live: string;
  readonly rollbacks: ReadonlyMap<string, Rollback>;
  /** How often a rollback was begun, whatever was asked. */
  readonly begun: number;
  readonly actions: readonly Body['action'][];
  /** Answers `execute` with 202, and is at work until `finish`. */
  asynchronous: boolean;
  /** What stands as statusUrl in the answer to `execute`. */
  statusUrl: string | null;
  finish(state: 'done' | 'failed', message?: string): void;
  forgetEverything(): void;
  /** The next answer to this action is this instead, and nothing is done. */
  answerWith(action: Body['action'], answer: Answer): void;
  /** The request that comes after the next one with this action misbehaves. */
  misbehaveAfter(action: Body['action'], how: Parameters<Front['misbehave']>[0]): void;
  misbehave: Front['misbehave'];
  stop(): Promise<void>;
}

const MOST_SKEW_S = 300;

const isSigned = ({ headers, raw }: RecordedRequest, secret: string): boolean => {
  const timestamp = String(headers['x-firebreak-timestamp'] ?? '');
  const expected = Buffer.from(`v1=${createHmac('sha256', secret).update(`${timestamp}.${raw}`).digest('hex')}`);
  const given = Buffer.from(String(headers['x-firebreak-signature'] ?? ''));
  return /^\d{10}$/.test(timestamp) && given.length === expected.length && timingSafeEqual(given, expected);
};

const yes = (body: object): Answer => ({ status: 200, body });
const no = (refusal: string, message: string): Answer => ({
  status: 409,
  body: { state: 'refused', refusal, message },
});

/** A team's rollback endpoint, written as docs/rollback-webhook.md tells to: signed, not old, each key once. */
export const startRollbackWebhook = async (options: {
  readonly secret: string;
  readonly now: () => number;
}): Promise<FakeRollbackWebhook> => {
  const deployed: string[] = [];
  const rollbacks = new Map<string, Rollback>();
  const actions: Body['action'][] = [];
  const instead = new Map<Body['action'], Answer>();
  const after = new Map<Body['action'], Parameters<Front['misbehave']>[0]>();
  let begun = 0;
  const fake = { asynchronous: false, statusUrl: null as string | null };
  const live = (): string => deployed.at(-1) ?? '';

  const resolve = ({ badVersions = [] }: Body): Answer => {
    const to = deployed.findLast((version) => version !== live() && !badVersions.includes(version));
    if (to === undefined) return no('no-older-version', 'nothing older was kept');
    return yes({ state: 'target', from: { version: live() }, to: { version: to, since: '2026-11-20T10:00:00+01:00' } });
  };
  const undo = ({ from, to }: Body): Answer => {
    if (live() === from?.version) return yes({ state: 'already-there', from: to, to: from });
    if (live() !== to?.version) return no('changed-meanwhile', `${live()} runs now`);
    return yes({ state: 'target', from: { version: to.version }, to: { version: from?.version } });
  };
  const told = ({ state, message }: Rollback): Answer =>
    yes({
      state,
      message,
      progress: { live: live() },
      ...(fake.statusUrl === null ? {} : { statusUrl: fake.statusUrl }),
    });
  const execute = ({ from, to }: Body, key: string): Answer => {
    const known = rollbacks.get(key);
    if (known !== undefined) return told(known);
    if (live() !== from?.version) return no('changed-meanwhile', `${live()} runs now`);
    begun += 1;
    const rollback: Rollback = { to: to?.version ?? '', state: 'running', message: '' };
    rollbacks.set(key, rollback);
    if (!fake.asynchronous) finish(rollback, 'done');
    return { ...told(rollback), status: fake.asynchronous ? 202 : 200 };
  };
  const finish = (rollback: Rollback, state: 'done' | 'failed', message = ''): void => {
    if (state === 'done' && rollback.state !== 'done') deployed.push(rollback.to);
    Object.assign(rollback, { state, message });
  };
  const act = (body: Body, key: string): Answer => {
    switch (body.action) {
      case 'resolve':
        return resolve(body);
      case 'check':
        return live() === body.from?.version
          ? yes({ state: 'would-work' })
          : no('changed-meanwhile', `${live()} runs now`);
      case 'undo':
        return undo(body);
      case 'status': {
        const rollback = rollbacks.get(key);
        return rollback === undefined ? { status: 404, body: {} } : told(rollback);
      }
      case 'execute':
        return execute(body, key);
    }
  };

  const front = createFront((request): Answer => {
    const { method, headers, raw } = request;
    if (method !== 'POST' || headers['content-type'] !== 'application/json') return { status: 415, body: '' };
    const age = Math.abs(options.now() / 1000 - Number(headers['x-firebreak-timestamp']));
    if (!isSigned(request, options.secret) || age > MOST_SKEW_S) return { status: 401, body: { error: 'signature' } };
    const body = JSON.parse(raw) as Body;
    const key = String(headers['idempotency-key'] ?? '');
    actions.push(body.action);
    if (key === '' && body.action !== 'resolve') return { status: 400, body: { error: 'no Idempotency-Key' } };
    const fault = after.get(body.action);
    after.delete(body.action);
    if (fault !== undefined) front.misbehave(fault);
    const other = instead.get(body.action);
    instead.delete(body.action);
    return other ?? act(body, key);
  });
  const server = createServer(front.listener);
  const host = await listen(server);

  return {
    get asynchronous() {
      return fake.asynchronous;
    },
    set asynchronous(on: boolean) {
      fake.asynchronous = on;
    },
    get statusUrl() {
      return fake.statusUrl;
    },
    set statusUrl(url: string | null) {
      fake.statusUrl = url;
    },
    requests: front.requests,
    misbehave: (how) => {
      front.misbehave(how);
    },
    url: `http://${host}/rollback`,
    deployed,
    rollbacks,
    actions,
    get live() {
      return live();
    },
    get begun() {
      return begun;
    },
    finish: (state: 'done' | 'failed', message?: string) => {
      for (const rollback of rollbacks.values()) if (rollback.state === 'running') finish(rollback, state, message);
    },
    forgetEverything: () => {
      rollbacks.clear();
    },
    answerWith: (action: Body['action'], answer: Answer) => {
      instead.set(action, answer);
    },
    misbehaveAfter: (action: Body['action'], how: Parameters<Front['misbehave']>[0]) => {
      after.set(action, how);
    },
    stop: () => stop(server),
  };
};
