import fc from 'fast-check';
import { pickTarget } from '../../src/rollback/providers/argocd/pick-target.ts';
import type { Application, HistoryEntry } from '../../src/rollback/providers/argocd/objects.ts';
import { standingOf } from '../../src/rollback/providers/argocd/standing.ts';
import { digestOf, shortOf, sourcesOf } from '../../src/rollback/providers/argocd/version.ts';

type Source = NonNullable<HistoryEntry['source']>;
const source = (more: Source = {}): Source => ({ repoURL: 'https://git.example.com/shop', path: 'a', ...more });
const entry = (id: number, revision: string): HistoryEntry => ({
  id,
  revision,
  source: source(),
  deployedAt: `2026-11-23T12:${String(id).padStart(2, '0')}:00Z`,
});
const application = (history: readonly HistoryEntry[]): Application => ({
  metadata: { name: 'checkout' },
  spec: {},
  status: { history: [...history] },
});

describe('what a version is', () => {
  test('not the order of fields, nor the branch that led to it', () => {
    const a = { revision: 'r', source: { repoURL: 'x', path: 'a', targetRevision: 'main' } };
    const b = { revision: 'r', source: { path: 'a', targetRevision: 'HEAD', repoURL: 'x' } };
    expect(digestOf(a)).toBe(digestOf(b));
  });

  test.each<[string, object, object]>([
    ['revision', { revision: 'r', source: source() }, { revision: 's', source: source() }],
    ['path', { revision: 'r', source: source() }, { revision: 'r', source: source({ path: 'b' }) }],
    [
      'parameter',
      { revision: 'r', source: source({ helm: { parameters: [{ name: 'tag', value: '1' }] } }) },
      { revision: 'r', source: source({ helm: { parameters: [{ name: 'tag', value: '2' }] } }) },
    ],
    [
      'order of sources',
      { revisions: ['r', 'r'], sources: [source(), source({ path: 'b' })] },
      { revisions: ['r', 'r'], sources: [source({ path: 'b' }), source()] },
    ],
  ])('another %s is another version', (_what, a, b) => {
    expect(digestOf(a)).not.toBe(digestOf(b));
  });

  test('the empty single source of an application with several is none', () => {
    expect(sourcesOf({ source: { repoURL: '' }, sources: [] })).toEqual([]);
    expect(sourcesOf({ source: { repoURL: '' }, sources: [source()] })).toHaveLength(1);
  });

  test('commits are short, chart versions whole', () => {
    expect(shortOf({ revision: 'a'.repeat(40) })).toBe('aaaaaaa');
    expect(shortOf({ revision: '1.20.3' })).toBe('1.20.3');
    expect(shortOf({ revision: '' })).toBe('no revision');
  });
});

test('a failed sync to the target counts only if it came after the plan', () => {
  const history = [entry(1, 'a'), entry(2, 'b')];
  const failed = (startedAt: string): Application => {
    const sync = { revision: 'a', source: source() };
    return {
      ...application(history),
      status: { history, operationState: { operation: { sync }, phase: 'Failed', startedAt, syncResult: sync } },
    };
  };
  const pin = {
    application: 'checkout',
    namespace: null,
    uid: '',
    historyId: 1,
    digest: digestOf(history[0]!),
    fromDigest: digestOf(history[1]!),
    newestId: 2,
    operationStartedAt: '2026-11-23T12:30:00Z',
  };
  expect(standingOf(failed('2026-11-23T12:30:00Z'), pin).kind).toBe('at-from');
  expect(standingOf(failed('2026-11-23T12:31:00Z'), pin).kind).toBe('broke-off');
});

test('the target is never the live version, never a bad one, and the newest of what is left', () => {
  const revisions = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 8 });
  fc.assert(
    fc.property(revisions, fc.subarray(['a', 'b', 'c', 'd']), (deployed, bad) => {
      const pick = pickTarget(application(deployed.map((revision, id) => entry(id, revision))), bad);
      const live = deployed.at(-1);
      const left = deployed.filter((revision) => revision !== live);
      if (pick.kind === 'target') {
        expect(pick.target.revision).toBe(left.findLast((revision) => !bad.includes(revision)));
      } else if (pick.kind === 'already-there') {
        expect(pick.current.revision).toBe(live);
        expect(bad).toContain(left.at(-1));
      } else {
        expect(left.filter((revision) => !bad.includes(revision))).toEqual([]);
      }
    }),
  );
});
