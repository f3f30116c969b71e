import type { StoredEvent } from '../../src/domain/incident/chain.ts';
import { GENESIS, chain, chainHash, parseEvent, verifyChain } from '../../src/domain/incident/chain.ts';
import { NOON, allResolved, opened } from './support/incident.ts';
import { iso } from '../../src/domain/time.ts';

const rows = (): readonly StoredEvent[] => {
  const incident = opened('P0', 'roll-back');
  incident.do(allResolved());
  return incident.stored;
};

test('numbers from 1 without gaps, each linked to the one before, over the exact text', () => {
  const stored = rows();
  expect(stored.map((row) => row.seq)).toEqual(stored.map((_, i) => i + 1));
  expect(stored[0]?.previousHash).toBe(GENESIS);
  for (const [i, row] of stored.entries()) {
    expect(row.hash).toBe(chainHash(stored[i - 1]?.hash ?? GENESIS, row.body));
    expect(parseEvent(row)).toMatchObject({ seq: row.seq, type: row.type, version: 1, at: iso(NOON), hash: row.hash });
  }
  expect(verifyChain(stored)).toBeNull();
  expect(verifyChain([])).toBeNull();
});

describe('finds', () => {
  const changed = (index: number, change: Partial<StoredEvent>): readonly StoredEvent[] =>
    rows().map((row, i) => (i === index ? { ...row, ...change } : row));

  test('a changed text', () => {
    const body = rows()[2]!.body.replace('P0', 'P3');
    expect(verifyChain(changed(2, { body }))).toEqual({ kind: 'altered', seq: 3 });
  });

  test('a changed text with a hash that fits it: the next event does not', () => {
    const row = rows()[2]!;
    const body = row.body.replace('P0', 'P3');
    expect(verifyChain(changed(2, { body, hash: chainHash(row.previousHash, body) }))).toEqual({
      kind: 'unlinked',
      seq: 4,
    });
  });

  test.each([
    ['hash', { hash: GENESIS }],
    ['type', { type: 'note-added' }],
    ['incident', { incidentId: 'INC-20200101-000000' }],
  ] as const)('a changed %s beside a text that is as it was', (_what, change) => {
    expect(verifyChain(changed(2, change))).toEqual({ kind: 'altered', seq: 3 });
  });

  test('one that is missing, and two that changed places', () => {
    expect(verifyChain(rows().filter((_, i) => i !== 2))).toEqual({ kind: 'gap', seq: 3 });
    expect(verifyChain(rows().slice(1))).toEqual({ kind: 'gap', seq: 1 });
    const [first, second, ...others] = rows();
    expect(verifyChain([second!, first!, ...others])).toEqual({ kind: 'gap', seq: 1 });
  });
});

test('text that PostgreSQL cannot hold is replaced before it is hashed, in names too', () => {
  const text = 'a\0b\ud83d';
  const [row] = chain(
    'INC-1',
    { seq: 0, hash: GENESIS },
    [
      { type: 'note-added', data: { by: text, via: 'api', text } },
      {
        type: 'notification-sent',
        data: { effectId: '1', channel: 'slack', kind: 'thread', latencyMs: 1, receipt: { [text]: [text] } },
      },
    ],
    iso(NOON),
  );
  expect(parseEvent(row!).data).toEqual({ by: 'a\ufffdb\ufffd', via: 'api', text: 'a\ufffdb\ufffd' });
  expect(row!.body).not.toMatch(/\\u0000|\\ud83d/);
});
