import { RE2JS, RE2JSSyntaxException } from 're2js';

/** One that is longer is a mistake, or a list that belongs into `in`. */
const MAX_PATTERN = 1_000;
/** Longer texts are whole logs in an annotation: no rule is about these. */
export const MAX_SUBJECT = 10_000;

export interface Pattern {
  test(text: string): boolean;
}

/**
 * The syntax of Prometheus, RE2: alerts bring text that anybody can send, and no pattern takes longer on it than its length
 * asks for. Not JavaScript's own: it can take for ever, and once a process has compiled enough patterns it drops the
 * ignoring of case in `(?i:…)` without a word. The whole text must match, as in PromQL: `.*-eu` for an ending.
 */
export function compilePattern(pattern: string): Pattern {
  const compiled = RE2JS.compile(pattern, RE2JS.DOTALL);
  return { test: (text) => compiled.testExact(text) };
}

/** Why a pattern is refused, or null when it can be used. */
export function refusePattern(pattern: string): string | null {
  if (pattern.length > MAX_PATTERN) return `the pattern is longer than ${MAX_PATTERN} characters`;
  try {
    void compilePattern(pattern);
    return null;
  } catch (error) {
    return `not a pattern: ${error instanceof RE2JSSyntaxException ? error.getDescription() : String(error)}`;
  }
}
