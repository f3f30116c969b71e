const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};
const DURATION = /^(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?$/;
const SECONDS = /^\d+(?:\.\d+)?$/;

/** A PromQL duration (`1h30m`, `500ms`, or a plain number of seconds) in milliseconds; null when it is none. */
export function durationMs(text: string): number | null {
  const trimmed = text.trim();
  if (SECONDS.test(trimmed)) return Number(trimmed) * 1000;
  if (trimmed === '' || !DURATION.test(trimmed)) return null;
  return [...trimmed.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
    (sum, [, digits, unit = '']) => sum + Number(digits) * (UNIT_MS[unit] ?? 0),
    0,
  );
}

// Texts and comments are stepped over: what stands in them has no meaning. Then a range, or the range of a subquery.
const TOKEN =
  /#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[{}()]|\[([^\][:]*)(:[^\][]*)?\]|[-+*/%^=!<>,]|\b(?:and|or|unless)\b/gis;
const BRACKETS_AND_QUOTES = /^[{}()[#"'`]/;

/**
 * How far back a PromQL expression looks from the moment it is evaluated at, through its ranges. A subquery adds its own
 * range to that of the expression inside: `max_over_time(rate(x[5m])[10m:1m])` looks back 15 minutes. `offset` and `@`
 * are left out: they name another moment, not the width of this one.
 */
export function longestRangeMs(promql: string): number {
  // For each bracket that is open: the longest range within, and that of the operand that is being read.
  let level = { longest: 0, operand: 0 };
  const outer: (typeof level)[] = [];
  for (const [token, range, resolution] of promql.matchAll(TOKEN)) {
    if (token === '(' || token === '{') {
      outer.push(level);
      level = { longest: 0, operand: 0 };
    } else if (token === ')' || token === '}') {
      level = grown(outer.pop() ?? { longest: 0, operand: 0 }, level.longest);
    } else if (range !== undefined) {
      level = grown(level, (durationMs(range) ?? 0) + (resolution === undefined ? 0 : level.operand));
    } else if (!BRACKETS_AND_QUOTES.test(token)) level.operand = 0;
  }
  return level.longest;
}

const grown = ({ longest, operand }: { longest: number; operand: number }, reach: number) => ({
  longest: Math.max(longest, reach),
  operand: Math.max(operand, reach),
});
