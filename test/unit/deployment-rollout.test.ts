import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/domain/json.ts';
import { DEPLOYMENT } from '../../src/rollback/providers/deployment/kind.ts';
import { rolloutStatus } from '../../src/rollback/providers/deployment/rollout-status.ts';
import { failureOfThrown } from '../../src/rollback/providers/kubernetes/failure.ts';
import type { Condition, Deployment, Pod, ReplicaSet } from '../../src/rollback/providers/kubernetes/objects.ts';
import { ownersOf } from '../../src/rollback/providers/kubernetes/owner.ts';
import { pickTarget, revisionsOf } from '../../src/rollback/providers/kubernetes/pick-target.ts';
import { podTroubles } from '../../src/rollback/providers/kubernetes/pod-trouble.ts';
import { referencesOf } from '../../src/rollback/providers/kubernetes/references.ts';
import { selectorText } from '../../src/rollback/providers/kubernetes/requests.ts';
import {
  imagesOf,
  sameTemplate,
  sameVersion,
  templateDigest,
  withoutHash,
} from '../../src/rollback/providers/kubernetes/template.ts';

const UID = 'deployment-uid';
const ACCEPTED = Date.parse('2026-11-23T12:00:05.700Z');

const template = (image: string, labels: JsonObject = {}): JsonObject => ({
  metadata: { labels: { app: 'checkout', ...labels } },
  spec: { containers: [{ name: 'app', image }] },
});

const deployment = (image: string, more: { spec?: object; status?: object; generation?: number } = {}): Deployment => ({
  metadata: { uid: UID, generation: more.generation ?? 1 },
  spec: { replicas: 3, selector: {}, template: template(image), ...more.spec },
  status: { observedGeneration: 1, ...more.status },
});

/** Made in the order of its minutes, whatever its revision is now. */
const replicaSet = (revision: number, image: string, minute = revision, owner = UID): ReplicaSet => ({
  metadata: {
    uid: `uid-${image}`,
    creationTimestamp: `2026-11-23T10:${String(minute).padStart(2, '0')}:00Z`,
    labels: { 'pod-template-hash': `hash-${image}` },
    annotations: { 'deployment.kubernetes.io/revision': String(revision) },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout', uid: owner, controller: true }],
  },
  spec: { template: template(image, { 'pod-template-hash': `hash-${image}` }) },
});

const pick = (
  live: Deployment,
  sets: readonly ReplicaSet[],
  bad: readonly string[] = [],
): ReturnType<typeof pickTarget> => pickTarget(live, revisionsOf(DEPLOYMENT, UID, sets), bad);

const targetImage = (picked: ReturnType<typeof pickTarget>): readonly string[] | null =>
  picked.kind === 'target' ? imagesOf(picked.target.template) : null;

describe('picking the target', () => {
  const history = [replicaSet(1, 'v1'), replicaSet(2, 'v2'), replicaSet(10, 'v10')];

  it('takes the highest lower number, by value and not by text', () => {
    expect(targetImage(pick(deployment('v10'), history))).toEqual(['v2']);
  });

  it('never takes a newer revision than the live one', () => {
    expect(targetImage(pick(deployment('v2'), history))).toEqual(['v1']);
  });

  it('leaves out what another controller owns, and what carries no revision', () => {
    const unnumbered = { ...replicaSet(1, 'odd'), metadata: { ...replicaSet(1, 'odd').metadata, annotations: {} } };
    const sets = [replicaSet(3, 'v3'), replicaSet(2, 'foreign', 2, 'another-uid'), unnumbered];
    expect(pick(deployment('v3'), sets)).toMatchObject({ kind: 'refused', refusal: 'no-older-version' });
  });

  it.each([['v2'], ['r2'], ['uid-v2'], ['hash-v2']])('passes over a bad version known as %s', (bad) => {
    expect(targetImage(pick(deployment('v10'), history, [bad]))).toEqual(['v1']);
  });

  it('refuses when all were bad', () => {
    expect(pick(deployment('v10'), history, ['v1', 'v2'])).toMatchObject({ refusal: 'target-was-bad' });
  });

  it('is already there when the live version is older than the bad one that it replaced', () => {
    const undone = [replicaSet(0, 'v0', 0), replicaSet(3, 'v1', 1), replicaSet(2, 'v2', 2)];
    expect(pick(deployment('v1'), undone, ['v2'])).toMatchObject({ kind: 'already-there', current: { number: 3 } });
  });

  it('is not already there when the live version came after the bad one', () => {
    expect(targetImage(pick(deployment('v10'), history, ['v2']))).toEqual(['v1']);
  });

  it('counts every revision as older while the controller has not seen the live template', () => {
    const unseen = deployment('v1', { generation: 2 });
    expect(targetImage(pick(unseen, history))).toEqual(['v10']);
  });
});

describe('templates', () => {
  const RESTARTED = { 'kubectl.kubernetes.io/restartedAt': 'today' };
  const annotated = (annotations: JsonObject): JsonObject => ({
    ...template('v1'),
    metadata: { labels: { app: 'checkout' }, annotations },
  });

  it('are equal whatever their hash label, null fields and empty lists', () => {
    const other = { ...template('v1', { 'pod-template-hash': 'x' }) };
    expect(sameTemplate(template('v1'), other)).toBe(true);
    expect(
      sameTemplate(template('v1'), {
        ...other,
        metadata: { ...(other['metadata'] as JsonObject), creationTimestamp: null },
      }),
    ).toBe(true);
    expect(sameTemplate({ spec: { containers: [], volumes: [] } }, { spec: {} })).toBe(true);
  });

  it('differ by an empty object, which means something', () => {
    expect(
      sameTemplate({ spec: { volumes: [{ name: 'a', emptyDir: {} }] } }, { spec: { volumes: [{ name: 'a' }] } }),
    ).toBe(false);
  });

  it('differ by the order of a list, and by an annotation', () => {
    expect(sameTemplate({ spec: { args: ['a', 'b'] } }, { spec: { args: ['b', 'a'] } })).toBe(false);
    expect(sameTemplate(template('v1'), annotated(RESTARTED))).toBe(false);
  });

  it('are one version when only the time of a restart differs', () => {
    expect(sameVersion(template('v1'), annotated(RESTARTED))).toBe(true);
    expect(sameVersion(template('v1'), annotated({ ...RESTARTED, other: 'x' }))).toBe(false);
  });

  it('have a digest that depends on the content and not on the order of keys', () => {
    const shuffled = (value: Json): Json => {
      if (Array.isArray(value)) return value.map(shuffled);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, inner]) => [key, shuffled(inner as Json)]),
      );
    };
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (content) => {
        const one = { spec: content as JsonObject };
        const other = shuffled(one) as JsonObject;
        expect(templateDigest(other)).toBe(templateDigest(one));
        expect(sameTemplate(one, other)).toBe(true);
      }),
    );
  });

  it('lose only the hash label', () => {
    expect(withoutHash(template('v1', { 'pod-template-hash': 'x' }))).toEqual(template('v1'));
    expect(withoutHash(template('v1'))).toEqual(template('v1'));
  });
});

describe('the status of a rollout', () => {
  const FULL = { replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 };
  const deadlineAt = (lastUpdateTime: string): { conditions: Condition[] } => ({
    conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', lastUpdateTime }],
  });
  const statusOf = (status: object, spec: object = {}, generation = 1): ReturnType<typeof rolloutStatus> =>
    rolloutStatus(deployment('v1', { status, spec }), generation, ACCEPTED);

  it.each([
    ['done', 'everything is there', FULL, {}],
    ['progressing', 'too few are updated', { ...FULL, updatedReplicas: 2, replicas: 2 }, {}],
    ['progressing', 'an old one is left', { ...FULL, replicas: 4 }, {}],
    ['progressing', 'one is not available', { ...FULL, availableReplicas: 2 }, {}],
    ['progressing', 'an autoscaler asked for more', FULL, { replicas: 5 }],
    ['done', 'an autoscaler asked for fewer, and the surplus is of the target version', FULL, { replicas: 2 }],
    ['done', 'none are wanted', {}, { replicas: 0 }],
    ['progressing', 'nothing is reported yet', {}, {}],
  ])('is %s when %s', (kind, _, status, spec) => {
    expect(statusOf(status, spec).kind).toBe(kind);
  });

  it('is progressing, whatever the numbers, until the controller has seen our generation', () => {
    expect(statusOf(FULL, {}, 2).kind).toBe('progressing');
  });

  it.each([
    ['2026-11-23T11:59:00Z', 'progressing'],
    // The very second of our PATCH: a deadline of ours cannot be over yet.
    ['2026-11-23T12:00:05Z', 'progressing'],
    ['2026-11-23T12:00:06Z', 'failed'],
  ])('judges a deadline that passed at %s as %s', (at, kind) => {
    expect(statusOf({ ...FULL, availableReplicas: 2, ...deadlineAt(at) }).kind).toBe(kind);
  });

  it('is done even though the deadline passed, once the pods are there', () => {
    expect(statusOf({ ...FULL, ...deadlineAt('2026-11-23T12:10:00Z') }).kind).toBe('done');
  });

  it('says that pods cannot even be made, and that somebody paused', () => {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' }];
    const { message } = statusOf({ conditions }, { paused: true });
    expect(message).toContain('exceeded quota');
    expect(message).toContain('paused');
  });

  it('is done exactly when enough pods are updated, none is left over and all are available', () => {
    const count = fc.nat({ max: 4 });
    fc.assert(
      fc.property(count, count, count, count, (replicas, total, updated, available) => {
        const status = { replicas: total, updatedReplicas: updated, availableReplicas: available };
        const expected = updated >= replicas && total <= updated && available >= updated;
        expect(statusOf(status, { replicas }).kind === 'done').toBe(expected);
      }),
    );
  });
});

describe('what holds pods up', () => {
  const waiting = (reason: string, more: object = {}): Pod => ({
    metadata: more,
    status: { containerStatuses: [{ name: 'app', state: { waiting: { reason, message: 'why' } } }] },
  });

  it('is counted by reason, the most frequent first', () => {
    const pods = [waiting('ErrImagePull'), waiting('CrashLoopBackOff'), waiting('CrashLoopBackOff')];
    expect(podTroubles(pods)).toEqual([
      { reason: 'CrashLoopBackOff', pods: 2, said: 'app: why' },
      { reason: 'ErrImagePull', pods: 1, said: 'app: why' },
    ]);
  });

  it('is not what passes by itself, nor a pod that is going', () => {
    expect(
      podTroubles([waiting('ContainerCreating'), waiting('CrashLoopBackOff', { deletionTimestamp: 'now' })]),
    ).toEqual([]);
  });

  it('is found in an init container too', () => {
    const pod: Pod = {
      metadata: {},
      status: { initContainerStatuses: waiting('CrashLoopBackOff').status!.containerStatuses! },
    };
    expect(podTroubles([pod])).toHaveLength(1);
  });
});

describe('the owner', () => {
  it('is nobody for a label that every chart sets', () => {
    expect(
      ownersOf({ labels: { 'app.kubernetes.io/instance': 'shop', 'app.kubernetes.io/managed-by': 'kustomize' } }),
    ).toEqual([]);
  });

  it('may be several: what Flux installs by Helm is Flux first', () => {
    const labels = { 'helm.toolkit.fluxcd.io/name': 'shop', 'app.kubernetes.io/managed-by': 'Helm' };
    expect(ownersOf({ labels }).map(({ kind }) => kind)).toEqual(['flux', 'helm']);
  });
});

it('finds each reference of a template once, and needs what one container needs', () => {
  const content = {
    spec: {
      initContainers: [{ env: [{ valueFrom: { secretKeyRef: { name: 'db', optional: true } } }, { value: 'plain' }] }],
      containers: [
        { envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'db' } }] },
        { env: [{ valueFrom: { configMapKeyRef: { name: 'flags', optional: true } } }] },
      ],
      volumes: [
        { name: 'a', configMap: { name: 'settings' } },
        { name: 'b', secret: { secretName: 'tls' } },
        { name: 'c', projected: { sources: [{ configMap: { name: 'ca' } }, { serviceAccountToken: { path: 't' } }] } },
        { name: 'd', emptyDir: {} },
      ],
      imagePullSecrets: [{ name: 'registry' }],
    },
  };
  expect(referencesOf(content)).toEqual([
    { kind: 'Secret', name: 'db', optional: false },
    { kind: 'ConfigMap', name: 'settings', optional: false },
    { kind: 'ConfigMap', name: 'flags', optional: true },
    { kind: 'Secret', name: 'tls', optional: false },
    { kind: 'ConfigMap', name: 'ca', optional: false },
    { kind: 'Secret', name: 'registry', optional: false },
  ]);
});

it('writes a selector as a query takes it', () => {
  const matchExpressions = [
    { key: 'tier', operator: 'In', values: ['web', 'api'] },
    { key: 'canary', operator: 'NotIn', values: ['yes'] },
    { key: 'team', operator: 'Exists' },
    { key: 'legacy', operator: 'DoesNotExist' },
  ];
  expect(selectorText({ matchLabels: { app: 'checkout' }, matchExpressions })).toBe(
    'app=checkout,tier in (web,api),canary notin (yes),team,!legacy',
  );
});

it.each([
  ['unreachable', 'ECONNREFUSED'],
  ['unreachable', 'ENOTFOUND'],
  ['unreachable', 'UND_ERR_CONNECT_TIMEOUT'],
  ['rejected', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['rejected', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['ambiguous', 'ECONNRESET'],
  ['ambiguous', 'UND_ERR_SOCKET'],
])('is %s after %s, however deep fetch hid it', (kind, code) => {
  const cause = Object.assign(new Error('why'), { code });
  expect(failureOfThrown(new TypeError('fetch failed', { cause }))).toMatchObject({ kind });
});
