import { trendOf } from '../../src/domain/trend.ts';

const course = (least: number, ...values: readonly number[]) => ({ values, least });

test.each([
  ['by a quarter and more than noise', [0.04, 0.045, 0.05], 'growing'],
  ['by less than a quarter', [0.04, 0.045, 0.049], 'steady'],
  ['by a quarter that nobody would notice', [0.004, 0.005, 0.006], 'steady'],
  ['from nothing', [0, 0.01, 0.02], 'growing'],
  ['not at all', [0.04, 0.04, 0.04], 'steady'],
  ['down by a fifth', [0.05, 0.045, 0.04], 'shrinking'],
  ['down by less', [0.05, 0.049, 0.041], 'steady'],
  ['down by what nobody would notice', [0.006, 0.005, 0.003], 'steady'],
  ['down and back: it only jumped', [0.04, 0.01, 0.08], 'steady'],
  ['with a dent that is noise', [0.04, 0.037, 0.05], 'growing'],
  ['up and back', [0.04, 0.09, 0.04], 'steady'],
] as const)('a metric that moves %s', (_how, values, expected) => {
  expect(trendOf([course(0.005, ...values)])).toBe(expected);
});

test.each([
  ['nothing is measured', []],
  ['nothing was measured twice', [course(1, 5)]],
  ['there are no values', [course(1)]],
] as const)('where %s it is unknown, not steady', (_why, courses) => {
  expect(trendOf(courses)).toBeNull();
});

const growing = course(1, 10, 20);
const steady = course(1, 10, 10);
const shrinking = course(1, 20, 10);

test.each([
  ['one that grows is enough', [steady, growing, shrinking], 'growing'],
  ['all must shrink', [shrinking, shrinking], 'shrinking'],
  ['one that is steady keeps it so', [shrinking, steady], 'steady'],
  ['what is not measured does not count', [shrinking, course(1)], 'shrinking'],
] as const)('of several: %s', (_rule, courses, expected) => {
  expect(trendOf(courses)).toBe(expected);
});
