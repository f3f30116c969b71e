import { RepeatCounts } from '../../src/ingest/repeat-counts.ts';
import { deliveryOf, MemoryStore, observed, quiet } from './ingest-support.ts';

const { jest } = import.meta;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const counts = (store: MemoryStore, onFailure = () => undefined) => new RepeatCounts({ store, log: quiet, onFailure });
const resolved = () => deliveryOf([observed(), observed({ status: 'resolved' })], { source: 'generic' });

test('are told once a second, added up by source', async () => {
  const store = new MemoryStore();
  const repeats = counts(store);
  repeats.add(deliveryOf([observed()]));
  repeats.add(resolved());
  repeats.add(resolved());
  await jest.advanceTimersByTimeAsync(999);
  expect(store.repeats).toEqual([]);
  await jest.advanceTimersByTimeAsync(1);
  expect(store.repeats).toMatchObject([
    { source: 'alertmanager', deliveries: 1, firing: 1, resolved: 0 },
    { source: 'generic', deliveries: 2, firing: 2, resolved: 2 },
  ]);
  expect(jest.getTimerCount()).toBe(0);
});

test('are told later when the store is not there', async () => {
  const store = new MemoryStore();
  const onFailure = jest.fn(() => undefined);
  const repeats = counts(store, onFailure);
  store.down = true;
  repeats.add(deliveryOf([observed()]));
  await jest.advanceTimersByTimeAsync(1000);
  expect(onFailure).toHaveBeenCalledTimes(1);
  repeats.add(deliveryOf([observed()]));
  store.down = false;
  await jest.advanceTimersByTimeAsync(1000);
  expect(store.repeats).toMatchObject([{ deliveries: 2, firing: 2 }]);
});
