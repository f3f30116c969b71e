import { frozenBy } from '../../src/domain/freeze.ts';
import type { FreezeWindow, Weekday } from '../../src/domain/policy.ts';
import { SEVERITIES } from '../../src/domain/severity.ts';

type Weekly = Extract<FreezeWindow, { kind: 'weekly' }>;
const ALL_DAYS: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const weekly = (from: string, to: string, changes: Partial<Weekly> = {}): Weekly => ({
  name: 'nights',
  includesP0: false,
  kind: 'weekly',
  days: ALL_DAYS,
  from,
  to,
  timezone: 'UTC',
  ...changes,
});
const once = (from: string, to: string, includesP0 = false): FreezeWindow => ({
  name: 'black friday',
  includesP0,
  kind: 'once',
  from,
  to,
});
const isFrozen = (window: FreezeWindow, at: string) => frozenBy([window], Date.parse(at), 'P1') !== null;

// 2026-11-23 is a Monday.
test.each([
  ['before it', '2026-11-23T08:59:59.999Z', false],
  ['from its first minute', '2026-11-23T09:00:00.000Z', true],
  ['to the end of its last', '2026-11-23T16:59:59.999Z', true],
  ['not from its end on', '2026-11-23T17:00:00.000Z', false],
  ['not on another day', '2026-11-24T12:00:00.000Z', false],
] as const)('within a day: %s', (_when, at, expected) => {
  expect(isFrozen(weekly('09:00', '17:00', { days: ['mon'] }), at)).toBe(expected);
});

test.each([
  ['on the evening of its day', '2026-11-27T22:00:00Z', true],
  ['on the morning after', '2026-11-28T05:59:59Z', true],
  ['not from its end on', '2026-11-28T06:00:00Z', false],
  ['not on the evening after', '2026-11-28T22:00:00Z', false],
  ['not on the morning of its own day', '2026-11-27T05:00:00Z', false],
  ['not by day', '2026-11-27T12:00:00Z', false],
] as const)('over midnight it belongs to the day on which it began: %s', (_when, at, expected) => {
  expect(isFrozen(weekly('22:00', '06:00', { days: ['fri'] }), at)).toBe(expected);
});

test('over midnight from Saturday to Sunday, and from Sunday to Monday', () => {
  expect(isFrozen(weekly('22:00', '06:00', { days: ['sat'] }), '2026-11-29T03:00:00Z')).toBe(true);
  expect(isFrozen(weekly('22:00', '06:00', { days: ['sun'] }), '2026-11-30T03:00:00Z')).toBe(true);
});

test('midnight itself is the first minute of its day', () => {
  expect(isFrozen(weekly('00:00', '01:00', { days: ['mon'] }), '2026-11-23T00:00:00Z')).toBe(true);
  expect(isFrozen(weekly('00:00', '01:00', { days: ['sun'] }), '2026-11-23T00:00:00Z')).toBe(false);
});

describe('in its own time zone', () => {
  const berlin = weekly('18:00', '20:00', { days: ['fri'], timezone: 'Europe/Berlin' });
  test.each([
    ['in winter', '2026-11-27T17:30:00Z', true],
    ['in winter, an hour later than in summer', '2026-11-27T16:30:00Z', false],
    ['in summer', '2026-07-24T16:30:00Z', true],
    ['in summer, by winter time', '2026-07-24T18:30:00Z', false],
  ] as const)('the hour is the local one %s', (_when, at, expected) => {
    expect(isFrozen(berlin, at)).toBe(expected);
  });

  test.each([
    ['Asia/Tokyo', '2026-11-26T23:30:00Z'],
    ['America/Los_Angeles', '2026-11-27T16:30:00Z'],
    ['Asia/Kolkata', '2026-11-27T03:00:00Z'],
  ] as const)('the day is the local one in %s', (timezone, at) => {
    expect(isFrozen(weekly('08:00', '09:00', { days: ['fri'], timezone }), at)).toBe(true);
    expect(isFrozen(weekly('08:00', '09:00', { days: ['thu', 'sat'], timezone }), at)).toBe(false);
  });

  test('the hour that is skipped in spring, and the one that comes twice in autumn', () => {
    const early = weekly('02:00', '03:00', { timezone: 'Europe/Berlin' });
    expect(isFrozen(early, '2026-03-29T00:59:59Z')).toBe(false);
    expect(isFrozen(early, '2026-03-29T01:00:00Z')).toBe(false);
    expect(isFrozen(early, '2026-10-25T00:30:00Z')).toBe(true);
    expect(isFrozen(early, '2026-10-25T01:30:00Z')).toBe(true);
    expect(isFrozen(early, '2026-10-25T02:00:00Z')).toBe(false);
  });
});

test.each([
  ['2026-11-26T23:59:59Z', false],
  ['2026-11-27T00:00:00Z', true],
  ['2026-11-29T22:59:59Z', true],
  ['2026-11-29T23:00:00Z', false],
] as const)('once: %s', (at, expected) => {
  expect(isFrozen(once('2026-11-27T00:00:00Z', '2026-11-30T00:00:00+01:00'), at)).toBe(expected);
});

describe('a P0', () => {
  const at = Date.parse('2026-11-27T12:00:00Z');
  const silent = once('2026-11-27T00:00:00Z', '2026-11-28T00:00:00Z');
  const strict = once('2026-11-27T00:00:00Z', '2026-11-28T00:00:00Z', true);

  test.each([...SEVERITIES, null])('a window that does not say so stops everything but a P0: %s', (severity) => {
    expect(frozenBy([silent], at, severity)).toBe(severity === 'P0' ? null : silent);
    expect(frozenBy([strict], at, severity)).toBe(strict);
  });

  test('is stopped by the one of several that says so', () => {
    expect(frozenBy([silent, strict], at, 'P0')).toBe(strict);
  });
});

test('without windows nothing is frozen', () => {
  expect(frozenBy([], Date.parse('2026-11-27T12:00:00Z'), 'P1')).toBeNull();
});
