import { sql } from '../../src/store/database.ts';
import { readTimeline, verifyAll, verifyTimeline } from '../../src/store/timeline.ts';
import { opened } from '../unit/support/incident.ts';
import type { TestStore } from '../unit/support/store.ts';
import { openTestStore, persist } from '../unit/support/store.ts';

let store: TestStore;
const incident = opened('P0', 'roll-back');
const { id } = incident;
const last = incident.stored.length;

beforeEach(async () => {
  store = await openTestStore();
  await store.transaction((trx) => persist(trx, incident));
});
afterEach(() => store.close());

test('what was written is read back word for word, and proves itself', async () => {
  expect(await readTimeline(store.db, id)).toEqual(incident.events);
  expect(await verifyTimeline(store.db, id)).toBeNull();
  expect(await verifyAll(store.db)).toEqual({ checked: 1, faults: [] });
});

describe('finds', () => {
  const set = sql`update incident_events set`;
  const where = (seq: number) => sql`where incident_id = ${id} and seq = ${seq}`;

  test.each([
    ['an altered text', sql`${set} body = replace(body, 'P0', 'P3') ${where(3)}`, 'altered', 3],
    ['an altered type', sql`${set} type = 'note-added' ${where(3)}`, 'altered', 3],
    ['an altered hash', sql`${set} hash = reverse(hash) ${where(last)}`, 'altered', last],
    ['an altered link', sql`${set} previous_hash = reverse(previous_hash) ${where(4)}`, 'unlinked', 4],
    ['a deleted event', sql`delete from incident_events ${where(4)}`, 'gap', 4],
    ['a deleted beginning', sql`delete from incident_events ${where(1)}`, 'gap', 1],
    ['a deleted end', sql`delete from incident_events ${where(last)}`, 'cut-short', last - 1],
    ['everything deleted', sql`delete from incident_events`, 'cut-short', 0],
    ['a deleted projection', sql`delete from incidents`, 'cut-short', last],
    [
      'a projection that says otherwise',
      sql`update incidents set state = jsonb_set(state, '{severity}', '"P3"')`,
      'projection-differs',
      last,
    ],
  ] as const)('%s', async (_what, tamper, kind, seq) => {
    await tamper.execute(store.db);
    expect(await verifyTimeline(store.db, id)).toEqual({ kind, seq });
    expect((await verifyAll(store.db)).faults).toEqual([{ id, fault: { kind, seq } }]);
  });

  test('a projection column that lists show and that differs from the state', async () => {
    await sql`update incidents set status = 'closed', severity = 'P3'`.execute(store.db);
    expect(await verifyTimeline(store.db, id)).toEqual({ kind: 'projection-differs', seq: last });
  });
});
