import { sql } from '../../src/store/database.ts';
import type { ClaimedEffect, Lane } from '../../src/store/effects.ts';
import {
  claimEffect,
  findIdleLanes,
  finishEffect,
  postponeEffect,
  readLedger,
  reviveEffects,
  unfinishedLanes,
  voidLeases,
} from '../../src/store/effects.ts';
import { HOUR, NOON, opened } from '../unit/support/incident.ts';
import type { TestStore } from '../unit/support/store.ts';
import { intentOf, openTestStore, persist } from '../unit/support/store.ts';

const LEASE = 30_000;
const GRACE = 90_000;
const ID = 'INC-20261123-120000';
const pagerduty: Lane = { incidentId: ID, channel: 'pagerduty', urgent: true };
const slack: Lane = { incidentId: ID, channel: 'slack', urgent: true };

let store: TestStore;
beforeEach(async () => {
  store = await openTestStore();
});
afterEach(() => store.close());

const intend = (...kinds: readonly (readonly ['pagerduty' | 'slack', string])[]) =>
  store.transaction((trx) =>
    persist(trx, opened('P0'), { effects: kinds.map(([channel, kind], i) => intentOf(ID, i + 1, channel, kind)) }),
  );
const claim = (lane: Lane, now = NOON) => store.transaction((trx) => claimEffect(trx, lane, now, LEASE));
const claimed = async (lane: Lane, now = NOON): Promise<ClaimedEffect> => {
  const head = await claim(lane, now);
  if (head.kind !== 'claimed') throw new Error(`the lane is ${head.kind}`);
  return head.effect;
};
const finish = (effect: ClaimedEffect, now = NOON) =>
  store.transaction((trx) => finishEffect(trx, effect, { status: 'delivered', receipt: { ok: true } }, now));
const idle = (now: number) => store.transaction((trx) => findIdleLanes(trx, now, GRACE));
const statuses = async () => (await readLedger(store.db, { incidentId: ID }, 100)).map((row) => row.status);

describe('a lane', () => {
  test('goes out in the order in which it was meant, one after another, and lanes do not wait for each other', async () => {
    await intend(['pagerduty', 'trigger'], ['slack', 'announce'], ['pagerduty', 'resolve']);
    const first = await claimed(pagerduty);
    expect(first).toMatchObject({ intent: { kind: 'trigger' }, attempts: 1, ambiguous: false, createdAt: NOON });
    expect(await claim(pagerduty)).toEqual({ kind: 'busy' });
    expect((await claimed(slack)).intent.kind).toBe('announce');
    await finish(first);
    expect((await claimed(pagerduty)).intent.kind).toBe('resolve');
    expect(await claim({ ...pagerduty, incidentId: 'INC-other' })).toEqual({ kind: 'empty' });
  });

  test('is taken by one of many at once', async () => {
    await intend(['pagerduty', 'trigger']);
    const heads = await Promise.all(Array.from({ length: 8 }, () => claim(pagerduty)));
    expect(heads.map((head) => head.kind).sort()).toEqual([...Array<string>(7).fill('busy'), 'claimed']);
  });

  test('is ambiguous when the lease of an earlier attempt ran out, for ever', async () => {
    await intend(['pagerduty', 'trigger']);
    await claimed(pagerduty);
    expect(await claim(pagerduty, NOON + LEASE - 1)).toEqual({ kind: 'busy' });
    const second = await claimed(pagerduty, NOON + LEASE);
    expect(second).toMatchObject({ ambiguous: true, attempts: 2 });
    await postponeEffect(store.db, second, second.ambiguous, null);
    expect(await claimed(pagerduty, NOON + LEASE)).toMatchObject({ ambiguous: true, attempts: 3 });
  });

  test('waits as long as it was asked to', async () => {
    await intend(['slack', 'announce'], ['slack', 'thread']);
    await postponeEffect(store.db, await claimed(slack), false, NOON + 5_000);
    expect(await claim(slack, NOON + 4_999)).toEqual({ kind: 'not-yet', at: NOON + 5_000 });
    expect(await claimed(slack, NOON + 5_000)).toMatchObject({ intent: { kind: 'announce' }, ambiguous: false });
  });

  test('does not wait for a moment that a wrong clock has written', async () => {
    await intend(['pagerduty', 'trigger'], ['slack', 'announce']);
    await postponeEffect(store.db, await claimed(pagerduty, NOON + 3 * HOUR), false, NOON + 3 * HOUR + 30_000);
    await claimed(slack, NOON + 3 * HOUR);
    // The clock was three hours ahead, and is right now.
    expect(await claimed(pagerduty)).toMatchObject({ attempts: 2, ambiguous: false });
    expect(await claimed(slack)).toMatchObject({ attempts: 2, ambiguous: true });
  });

  test('that a wrong clock has put off, or is at work at, is found by the sweep', async () => {
    await intend(['pagerduty', 'trigger'], ['slack', 'announce']);
    await postponeEffect(store.db, await claimed(pagerduty, NOON + 3 * HOUR), false, NOON + 3 * HOUR + 30_000);
    await claimed(slack, NOON + 3 * HOUR);
    expect(await idle(NOON)).toEqual(
      expect.arrayContaining([pagerduty, slack].map((lane) => ({ ...lane, urgent: true }))),
    );
  });

  test('says that a refresh is superseded while a later one waits', async () => {
    await intend(['slack', 'refresh'], ['slack', 'thread'], ['slack', 'refresh']);
    const superseded: boolean[] = [];
    for (let i = 0; i < 3; i += 1) {
      const effect = await claimed(slack);
      superseded.push(effect.superseded);
      await finish(effect);
    }
    expect(superseded).toEqual([true, false, false]);
    expect(await claim(slack)).toEqual({ kind: 'empty' });
  });

  test('is not opened again by a worker that comes back after another one delivered', async () => {
    await intend(['pagerduty', 'trigger']);
    const slow = await claimed(pagerduty);
    await finish(await claimed(pagerduty, NOON + LEASE));
    await postponeEffect(store.db, slow, true, null);
    expect(await statuses()).toEqual(['delivered']);
  });
});

describe('the sweep', () => {
  test('finds the lane of a worker that died, and what it did is ambiguous', async () => {
    await intend(['pagerduty', 'trigger']);
    await claimed(pagerduty);
    expect(await idle(NOON + LEASE)).toEqual([]);
    expect(await idle(NOON + LEASE + 1)).toEqual([pagerduty]);
    expect(await claimed(pagerduty, NOON + LEASE + 1)).toMatchObject({ ambiguous: true });
  });

  test('finds a lane whose job was lost, and leaves it alone for a while then', async () => {
    await intend(['pagerduty', 'trigger'], ['pagerduty', 'resolve']);
    expect(await idle(NOON + GRACE)).toEqual([]);
    expect(await idle(NOON + GRACE + 1)).toEqual([pagerduty]);
    expect(await idle(NOON + GRACE + 2_000)).toEqual([]);
    expect(await idle(NOON + 2 * GRACE + 2)).toEqual([pagerduty]);
  });

  test('does not take for lost what only waits behind a first effect that is at work', async () => {
    await intend(['pagerduty', 'trigger'], ['pagerduty', 'resolve']);
    const later = NOON + 10 * GRACE;
    await claimed(pagerduty, later);
    expect(await idle(later + 1)).toEqual([]);
  });
});

test('a process that is alone frees what a former one was doing, and knows it for ambiguous', async () => {
  await intend(['pagerduty', 'trigger'], ['slack', 'announce']);
  await claimed(pagerduty);
  await voidLeases(store.db);
  expect(await unfinishedLanes(store.db)).toEqual(expect.arrayContaining([pagerduty, slack]));
  expect(await claimed(pagerduty)).toMatchObject({ ambiguous: true, attempts: 2 });
  expect(await claimed(slack)).toMatchObject({ ambiguous: false });
});

describe('dead letters', () => {
  const die = async (status: 'dead' | 'failed') => {
    const effect = await claimed(pagerduty);
    const failure = { kind: 'rejected', message: 'no such key' } as const;
    await store.transaction((trx) => finishEffect(trx, effect, { status, failure }, NOON));
  };

  test('are listed with what was wrong, and the lane goes on without them', async () => {
    await intend(['pagerduty', 'trigger'], ['pagerduty', 'resolve']);
    await die('failed');
    expect(await readLedger(store.db, { dead: true }, 10)).toMatchObject([
      { kind: 'trigger', status: 'failed', attempts: 1, result: { failure: { message: 'no such key' } } },
    ]);
    expect((await claimed(pagerduty)).intent.kind).toBe('resolve');
  });

  test('can be taken out again, one or all, and only those', async () => {
    await intend(['pagerduty', 'trigger'], ['pagerduty', 'resolve'], ['pagerduty', 'change']);
    await die('failed');
    await die('dead');
    const revive = (ids: readonly string[] | 'all') => store.transaction((trx) => reviveEffects(trx, ids, NOON));
    expect(await revive(['INC-none'])).toEqual([]);
    expect(await revive([`${ID}:2:pagerduty:resolve`, `${ID}:3:pagerduty:change`])).toEqual([pagerduty]);
    expect(await statuses()).toEqual(['failed', 'pending', 'pending']);
    expect(await revive('all')).toEqual([pagerduty]);
    expect(await statuses()).toEqual(['pending', 'pending', 'pending']);
    expect(await readLedger(store.db, { dead: true }, 10)).toEqual([]);
  });
});

test('the same intent twice is one row, and each outcome is counted with its latency', async () => {
  const saved = await intend(['slack', 'announce']);
  const again = opened('P0');
  again.do({ kind: 'add-note', by: 'ada', via: 'api', text: 'x' });
  await store.transaction((trx) =>
    persist(trx, again, { before: saved, effects: [intentOf(ID, 1, 'slack', 'announce')] }),
  );
  await finish(await claimed(slack), NOON + 200);
  expect(await statuses()).toEqual(['delivered']);
  const { rows } = await sql<{ metric: string; value: number }>`
    select metric, sum(value) as value from counters where metric like 'effect%' and metric not like '%bucket'
    group by metric order by metric`.execute(store.db);
  expect(rows).toEqual([
    { metric: 'effect_latency_seconds_count', value: 1 },
    { metric: 'effect_latency_seconds_sum', value: 0.2 },
    { metric: 'effects_total', value: 1 },
  ]);
});
