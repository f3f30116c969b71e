import { compilePattern, refusePattern } from '../../src/triage/regex.ts';

test.each([
  'prod.*',
  '(a|b|c)',
  '(?i:prod|live)',
  '[a-z(+*]+',
  'a{2,5}b?',
  '(abc)+',
  '\\d+\\.\\d+',
  '(dev|test)(-.*)?',
  'x\\(\\)',
])('fine: %s', (pattern) => {
  expect(refusePattern(pattern)).toBeNull();
});

test.each([
  ['(a+)+', 'repeated group'],
  ['(a|aa)*', 'repeated group'],
  ['((a|b)c)+', 'repeated group'],
  ['(a{1,9}){9}', 'repeated group'],
  ['(?:a*)*', 'repeated group'],
  ['.*.*.*.*', 'open repetitions'],
  ['a{0,9}a{0,9}a{0,9}a{0,9}', 'open repetitions'],
  ['a?a?a?a?a?a?a?', 'choices'],
  ['(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)', 'choices'],
  ['(a)\\1', 'back references'],
  ['(?<x>a)\\k<x>', 'back references'],
  ['a(?=b)', 'lookaround'],
  ['(?<!a)b', 'lookaround'],
  ['(', 'not a pattern'],
  ['a'.repeat(201), 'longer than'],
])('refused: %s', (pattern, why) => {
  expect(refusePattern(pattern)).toContain(why);
});

test('the worst accepted pattern on the longest text is done in time', () => {
  const pattern = compilePattern('a*a*a*b');
  const before = performance.now();
  expect(pattern.test('a'.repeat(512))).toBe(false);
  expect(performance.now() - before).toBeLessThan(1000);
});
