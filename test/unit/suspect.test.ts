import type { Change } from '../../src/domain/change.ts';
import { findSuspect, suspectJson } from '../../src/domain/suspect.ts';
import { iso } from '../../src/domain/time.ts';
import { HOUR, MINUTE, NOON, plannedStep } from './support/incident.ts';

const change = (id: string, startedAt: number, changes: Partial<Change> = {}): Change => ({
  id,
  service: 'checkout',
  environment: 'production',
  kind: 'deployment',
  version: 'r42',
  previousVersion: 'r41',
  startedAt: iso(startedAt),
  finishedAt: null,
  by: null,
  url: null,
  evidence: {},
  ...changes,
});

const target = (since: number | null) => {
  const { config, target: pinned } = plannedStep('checkout');
  return {
    name: config.name,
    target: { ...pinned, from: { ...pinned.from, since: since === null ? null : iso(since) } },
  };
};

const find = (changes: readonly Change[], since: number | null = null, environment: string | null = 'production') =>
  findSuspect(changes, [target(since)], 'checkout', environment, NOON, 3600);

test('the newest change before the onset is suspected, with its age', () => {
  const suspect = find([change('old', NOON - 50 * MINUTE), change('new', NOON - 10 * MINUTE)]);
  expect(suspect).toEqual({
    kind: 'deployment',
    id: 'new',
    service: 'checkout',
    version: 'r42',
    startedAt: iso(NOON - 10 * MINUTE),
    ageSeconds: 600,
    source: 'change-feed',
  });
  expect(suspectJson(suspect)).toEqual(suspect);
});

test('one that began after the onset, or too long before it, is not', () => {
  expect(find([change('later', NOON + 1)])).toBeNull();
  expect(find([change('earlier', NOON - HOUR - 1)])).toBeNull();
  expect(find([change('at the onset', NOON)])?.ageSeconds).toBe(0);
  expect(find([change('just', NOON - HOUR)])?.ageSeconds).toBe(3600);
});

test('what runs since shortly before the onset is a change, though nobody told us', () => {
  expect(find([], NOON - 5 * MINUTE)).toMatchObject({ source: 'target', id: 'checkout r42', ageSeconds: 300 });
  expect(find([], NOON - 2 * HOUR)).toBeNull();
  expect(find([], null)).toBeNull();
});

test('the newer of what was told and what was read wins', () => {
  expect(find([change('told', NOON - 10 * MINUTE)], NOON - 5 * MINUTE)?.source).toBe('target');
  expect(find([change('told', NOON - 2 * MINUTE)], NOON - 5 * MINUTE)?.source).toBe('change-feed');
});

test('a change of another environment breaks nothing here; where one of the two is unknown it may', () => {
  const staging = change('staging', NOON - 10 * MINUTE, { environment: 'staging' });
  const unsaid = change('unsaid', NOON - 10 * MINUTE, { environment: null });
  expect(find([staging])).toBeNull();
  expect(find([staging], null, null)?.id).toBe('staging');
  expect(find([unsaid])?.id).toBe('unsaid');
});

test('nothing known is nobody suspected', () => {
  expect(findSuspect([], [], 'checkout', null, NOON, 3600)).toBeNull();
  expect(suspectJson(null)).toBeNull();
});
