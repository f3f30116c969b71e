import { editDistance } from '../domain/edit-distance.ts';

/** Longer than any key of ours: not a typing error, and the table of a huge one would cost time. */
const LONGEST = 80;

/** The candidate with the fewest edits, ignoring case; the first of equals. Null when there are no candidates. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const typed = word.slice(0, LONGEST).toLowerCase();
  let best: { candidate: string; edits: number } | null = null;
  for (const candidate of candidates) {
    const edits = editDistance(typed, candidate.toLowerCase());
    if (best === null || edits < best.edits) best = { candidate, edits };
  }
  return best?.candidate ?? null;
}

/** True when `word` looks like a typing error for `candidate`. */
export function isClose(word: string, candidate: string): boolean {
  return (
    editDistance(word.slice(0, LONGEST).toLowerCase(), candidate.toLowerCase()) <= Math.max(2, candidate.length / 3)
  );
}
