import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compilePattern, refusePattern } from '../../src/triage/regex.ts';

test.each([
  'prod.*',
  '(a|b|c)',
  '(?i:prod|live)',
  '[a-z(+*]+',
  'a{2,5}b?',
  '(a+)+',
  '\\d+\\.\\d+',
  '(dev|test)(-.*)?',
  '[[:alpha:]]+',
  '\\p{Lu}.*',
  'x\\(\\)',
])('fine: %s', (pattern) => {
  expect(refusePattern(pattern)).toBeNull();
});

test.each([
  ['(a)\\1', 'escape'],
  ['a(?=b)', 'Perl syntax'],
  ['(?<!a)b', 'not a pattern'],
  ['(', 'missing closing'],
  ['a{1001}', 'repeat count'],
  ['a'.repeat(1_001), 'longer than'],
])('refused: %s', (pattern, why) => {
  expect(refusePattern(pattern)).toContain(why);
});

test.each([
  ['.*-eu', 'shop-eu', true],
  ['.*-eu', 'shop-eu-1', false],
  ['prod', 'production', false],
  ['prod|live', 'live', true],
  ['a.b', 'a\nb', true],
  ['(?i:prod|live)-x', 'PROD-x', true],
  ['(?i:prod|live)-x', 'PROD-X', false],
  ['(?i:straße)', 'STRASSE', false],
  ['(?i:łódź)', 'ŁÓDŹ', true],
  ['.', '🔥', true],
])('%s on %s: %s', (pattern, text, expected) => {
  expect(compilePattern(pattern).test(text)).toBe(expected);
});

test('the whole text must match, however the pattern is put together', () => {
  expect(compilePattern('a|b').test('ab')).toBe(false);
  expect(compilePattern('^a$').test('a')).toBe(true);
});

// What V8 does of itself in a process that has run for long, it can be told to do from the start.
test('case is ignored in a process that optimises patterns no longer', () => {
  const source = fileURLToPath(new URL('../../src/triage/regex.ts', import.meta.url));
  const script = `import { compilePattern } from ${JSON.stringify(source)};
    console.log(compilePattern('.*(?i:error|latency).*').test('HighErrorRatio'));`;
  const flags = ['--no-regexp-optimization', '--input-type=module', '--eval', script];
  expect(execFileSync(process.execPath, flags, { encoding: 'utf8' }).trim()).toBe('true');
});
