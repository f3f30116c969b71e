/** How many single-character edits lead from `a` to `b` (Levenshtein). */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) row = nextRow(row, a.charAt(i - 1), b, i);
  return row[b.length] ?? 0;
}

function nextRow(above: readonly number[], letter: string, b: string, first: number): number[] {
  const row = [first];
  for (let j = 1; j <= b.length; j++) {
    const replace = (above[j - 1] ?? 0) + (letter === b.charAt(j - 1) ? 0 : 1);
    row.push(Math.min(replace, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
  }
  return row;
}

/** Longer than any key of ours: not a typing error, and the table of a huge one would cost time. */
const LONGEST = 80;

/** The candidate with the fewest edits, ignoring case; the first of equals. Null when there are no candidates. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const typed = word.slice(0, LONGEST).toLowerCase();
  let best: { candidate: string; edits: number } | null = null;
  for (const candidate of candidates) {
    const edits = distance(typed, candidate.toLowerCase());
    if (best === null || edits < best.edits) best = { candidate, edits };
  }
  return best?.candidate ?? null;
}

/** True when `word` looks like a typing error for `candidate`. */
export function isClose(word: string, candidate: string): boolean {
  return distance(word.slice(0, LONGEST).toLowerCase(), candidate.toLowerCase()) <= Math.max(2, candidate.length / 3);
}
