import { editDistance } from '../domain/edit-distance.ts';

/** The known name that a mistyped one most likely meant, or null when none is near enough to suggest. */
export function nearest(name: string, known: Iterable<string>): string | null {
  const wanted = name.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `unknown fact "x"; did you mean "y"?` */
export function unknownName(what: string, name: string, known: Iterable<string>): string {
  const suggestion = nearest(name, known);
  return `unknown ${what} "${name}"${suggestion === null ? '' : `; did you mean "${suggestion}"?`}`;
}
