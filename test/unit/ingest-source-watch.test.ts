import { SourceWatch } from '../../src/ingest/source-watch.ts';
import { MemoryStore, quiet } from './ingest-support.ts';

const { jest } = import.meta;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const watchOn = (store: MemoryStore, onFailure = () => undefined) => new SourceWatch({ store, log: quiet, onFailure });

test('tells once a second when a source was last heard of', async () => {
  const store = new MemoryStore();
  const watch = watchOn(store);
  watch.saw('alertmanager', 5);
  watch.saw('generic', 7);
  watch.saw('alertmanager', 9);
  await jest.advanceTimersByTimeAsync(999);
  expect(store.repeats).toEqual([]);
  await jest.advanceTimersByTimeAsync(1);
  expect(store.repeats).toEqual([
    { source: 'alertmanager', at: 9 },
    { source: 'generic', at: 7 },
  ]);
  expect(jest.getTimerCount()).toBe(0);
});

test('tells later, and says so, when the store is not there', async () => {
  const store = new MemoryStore();
  const onFailure = jest.fn(() => undefined);
  const watch = watchOn(store, onFailure);
  store.down = true;
  watch.saw('alertmanager', 5);
  await jest.advanceTimersByTimeAsync(1000);
  expect(onFailure).toHaveBeenCalledTimes(1);
  store.down = false;
  await jest.advanceTimersByTimeAsync(1000);
  expect(store.repeats).toEqual([{ source: 'alertmanager', at: 5 }]);
});
