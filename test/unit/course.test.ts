import type { Course } from '../../src/domain/course.ts';
import { departedAt, growthOf } from '../../src/domain/course.ts';
import { MINUTE, NOON } from './support/incident.ts';

/** A value a minute. */
const course = (...values: readonly number[]): Course => values.map((value, i) => ({ at: NOON + i * MINUTE, value }));
const minute = (at: number | null) => (at === null ? null : (at - NOON) / MINUTE);
const USUAL = 0.004;

test.each<[string, readonly number[], number | null]>([
  ['with the first value that is out, and stays so', [0.004, 0.005, 0.3, 0.3], 2],
  ['from the start', [0.3, 0.3], 0],
  ['for good only: what came back does not count', [0.004, 0.3, 0.004, 0.3], 3],
  ['not yet', [0.004, 0.004], null],
  ['and came back', [0.3, 0.004], null],
  ['by less than three times', [0.004, 0.011], null],
  ['by three times, but by nothing that people notice', [0.004, 0.0139], null],
  ['nobody can say', [], null],
])('a metric leaves what is usual: %s', (_when, values, expected) => {
  expect(minute(departedAt('errorRatio', course(...values), USUAL))).toBe(expected);
});

test.each<[string, readonly number[], ReturnType<typeof growthOf>]>([
  ['at once', [0.004, 0.004, 0.4, 0.4, 0.4], 'sudden'],
  ['within the window of a rate', [0.004, 0.1, 0.2, 0.3, 0.4], 'sudden'],
  ['over many minutes', [0.004, 0.06, 0.12, 0.18, 0.24, 0.3, 0.36, 0.4], 'gradual'],
  ['not', [0.004, 0.004, 0.004], null],
  ['and is back', [0.4, 0.4, 0.004], null],
  ['nobody can say', [], null],
])('a metric rises %s', (_how, values, expected) => {
  expect(growthOf('errorRatio', course(...values), USUAL)).toBe(expected);
});

test.each([
  ['errorRatio', 0.004, 0.02, 0.009],
  ['latencyP95', 0.1, 0.26, 0.2],
  ['requestsPerSecond', 10, 21, 19],
] as const)('what is out of the ordinary depends on the metric: %s', (metric, usual, out, within) => {
  expect(departedAt(metric, course(out), usual)).toBe(NOON);
  expect(departedAt(metric, course(within), usual)).toBeNull();
});
