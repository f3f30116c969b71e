/** Numbers in a row as one range: 1, 2, 3, 7 → `1–3`, `7`. */
export function rangesOf(numbers: readonly number[]): readonly (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  for (const each of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && each === last[1] + 1) last[1] = each;
    else ranges.push([each, each]);
  }
  return ranges;
}

/** `event 7`, `events 1–3, 7`; empty where nothing is cited. */
export function citation(numbers: readonly number[]): string {
  if (numbers.length === 0) return '';
  const ranges = rangesOf(numbers).map(([from, to]) => (from === to ? String(from) : `${from}–${to}`));
  return `${numbers.length === 1 ? 'event' : 'events'} ${ranges.join(', ')}`;
}
