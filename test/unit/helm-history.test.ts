import fc from 'fast-check';
import { leftBehind, originOf, parseHistory, type Revision } from '../../src/rollback/providers/helm/history.ts';
import { digestOf, factsOf, objectsOf } from '../../src/rollback/providers/helm/manifest.ts';
import { candidatesOf } from '../../src/rollback/providers/helm/pick-target.ts';

/** As helm 4.1.4 prints it. */
const RECORDED = `[
 {"revision":1,"updated":"2026-11-23T18:33:31.494102202Z","status":"superseded","chart":"shop-1.2.3","app_version":"4.5","description":"Install complete"},
 {"revision":2,"updated":"2026-11-23T18:33:31.644458022+01:00","status":"superseded","chart":"shop-1.2.3","app_version":"4.5","description":"Upgrade complete"},
 {"revision":3,"updated":"2026-11-23T18:33:31.777205958Z","status":"failed","chart":"shop-1.2.3","app_version":"4.5","description":"Upgrade \\"shop\\" failed: timed out"},
 {"revision":4,"updated":"2026-11-23T18:33:31.983524335Z","status":"deployed","chart":"shop-1.2.3","app_version":"4.5","description":"Rollback to 2"}]
`;

type Row = readonly [description: string, status?: string];
const made = (rows: readonly Row[], first = 1): readonly Revision[] =>
  rows.map(([description, status = 'superseded'], index) => ({
    number: first + index,
    updated: null,
    status: index === rows.length - 1 ? 'deployed' : status,
    chart: 'shop-1.0.0',
    appVersion: '1',
    description,
  }));
const targets = (rows: readonly Row[], first = 1): readonly number[] => {
  const history = made(rows, first);
  return candidatesOf(history.at(-1)!, history).map(({ revision }) => revision.number);
};
const UP: Row = ['Upgrade complete'];

it('reads what helm history prints', () => {
  const history = parseHistory(RECORDED)!;
  expect(history.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
  expect(history[1]).toEqual({
    number: 2,
    updated: '2026-11-23T17:33:31.644Z',
    status: 'superseded',
    chart: 'shop-1.2.3',
    appVersion: '4.5',
    description: 'Upgrade complete',
  });
  expect(originOf(history[3]!, history)).toBe(2);
});

it.each(['', 'null', '{}', '[1]', '[{"revision":0}]', '[{"revision":"1"}]', 'Error: release: not found'])(
  'does not take %j for a history',
  (text) => {
    expect(parseHistory(text)).toBeNull();
  },
);

describe('the revisions to go back to', () => {
  it.each<[string, readonly Row[], readonly number[]]>([
    ['the newest first', [UP, UP, UP], [2, 1]],
    ['none that failed', [UP, UP, ['Upgrade "shop" failed: x', 'failed'], UP], [2, 1]],
    ['none that is newer than what runs', [UP, UP, UP, ['Rollback to 1']], []],
    ['none that somebody went back from', [UP, UP, UP, ['Rollback to 2'], UP], [2, 1]],
    ['the original of what repeats it', [UP, UP, UP, ['Rollback to 1'], UP], [1, 2]],
    ['through a chain', [UP, UP, ['Rollback to 1'], UP, ['Rollback to 3'], UP], [1]],
    ['one that was gone back to again is no longer left', [UP, UP, ['Rollback to 1'], ['Rollback to 2'], UP], [2, 1]],
  ])('%s', (_, rows, expected) => {
    expect(targets(rows)).toEqual(expected);
  });

  it('knows the age of a revision whose original has fallen out of the history', () => {
    expect(targets([UP, UP, ['Rollback to 2'], UP], 5)).toEqual([7, 5]);
    expect(targets([UP, UP, ['Rollback to 2']], 5)).toEqual([]);
  });

  it('however often it is done, each is older than what runs, and it comes to an end', () => {
    const row = fc.oneof(fc.constant(null), fc.nat(20));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 12 }), (choices) => {
        const rows: Row[] = choices.map((to, index) =>
          to === null || index === 0 ? UP : [`Rollback to ${1 + (to % index)}`],
        );
        for (let times = 0; times <= choices.length; times += 1) {
          const history = made(rows);
          const live = history.at(-1)!;
          const left = leftBehind(history);
          const [next] = candidatesOf(live, history);
          if (next === undefined) return;
          expect(next.origin).toBeLessThan(originOf(live, history));
          expect(left.has(next.origin)).toBe(false);
          rows.push([`Rollback to ${next.revision.number}`]);
        }
        throw new Error('it went round and round');
      }),
    );
  });
});

describe('a manifest', () => {
  const MANIFEST = `---
# Source: shop/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    spec:
      initContainers: [{name: migrate, image: "shop-migrate:v1"}]
      containers: [{name: app, image: "shop:v1"}, {name: log, image: "fluent:3"}]
      volumes: [{name: s, secret: {secretName: s, defaultMode: 0640}}]
---
# only a comment
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Secret, metadata: {name: s, namespace: other}, stringData: {on: "yes", at: 2026-01-01}}
`;

  it('is read as Helm reads it: YAML 1.1, lists flat', () => {
    const objects = objectsOf(MANIFEST)!;
    expect(objects.map(({ kind }) => kind)).toEqual(['Deployment', 'Secret']);
    expect(JSON.stringify(objects)).toContain('"defaultMode":416');
    expect(JSON.stringify(objects)).toContain('"at":"2026-01-01"');
  });

  it('leaves its digest, images and names, and no secret', () => {
    const facts = factsOf(MANIFEST, 'shop', [])!;
    expect(facts).toEqual({
      digest: digestOf(`\n${MANIFEST}\n`),
      images: ['shop-migrate:v1', 'shop:v1', 'fluent:3'],
      names: ['Deployment shop/shop', 'Secret other/s'],
      owner: null,
    });
  });

  it('is unreadable when it is no list of objects', () => {
    expect(objectsOf('a: [')).toBeNull();
    expect(objectsOf('just: data')).toBeNull();
    expect(objectsOf('')).toEqual([]);
  });
});
