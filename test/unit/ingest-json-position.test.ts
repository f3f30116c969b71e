import fc from 'fast-check';
import { positionOfJsonError } from '../../src/ingest/json-position.ts';

test.each([
  ['', 'expected a value at position 0 (line 1, column 1)'],
  ['hello', 'expected a value at position 0 (line 1, column 1)'],
  ['{"a":}', 'expected a value at position 5 (line 1, column 6)'],
  ['{"a":1,}', 'expected a name at position 7 (line 1, column 8)'],
  ['{a:1}', 'expected a name or "}" at position 1 (line 1, column 2)'],
  ['{"a" 1}', 'expected ":" at position 5 (line 1, column 6)'],
  ['{"a":1 "b"}', 'expected "," or "}" at position 7 (line 1, column 8)'],
  ['[1,2', 'expected "," or "]" at position 4 (line 1, column 5)'],
  ['[1,]', 'expected a value at position 3 (line 1, column 4)'],
  ['[,]', 'expected a value or "]" at position 1 (line 1, column 2)'],
  ['[01]', 'expected "," or "]" at position 2 (line 1, column 3)'],
  ['["\\x"]', 'expected a value or "]" at position 1 (line 1, column 2)'],
  ['{"a":1}x', 'expected the end at position 7 (line 1, column 8)'],
  ['{\n  "a": "x\ny"\n}', 'expected a value at position 9 (line 2, column 8)'],
  ['\u{FEFF}{', 'expected a name or "}" at position 2 (line 1, column 3)'],
])('%j: %s', (text, expected) => {
  expect(positionOfJsonError(text)).toBe(expected);
});

test('gives up on a place that is far in', () => {
  expect(positionOfJsonError(`[${'1,'.repeat(600_000)}`)).toBe('the error is after position 1048576');
});

test('agrees with JSON.parse about what is no error', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(positionOfJsonError(text)).toContain(`expected the end at position ${text.length} `);
    }),
  );
});
