import type { Points } from './scenario.ts';

/** The value at a time: linear between points, the first and the last hold, nothing where a point says null. */
export function valueAt(points: Points, at: number): number | null {
  const next = points.findIndex(([time]) => time > at);
  if (next === 0) return points[0]?.[1] ?? null;
  const before = points[next < 0 ? points.length - 1 : next - 1];
  const after = next < 0 ? undefined : points[next];
  if (before === undefined || before[1] === null) return null;
  // Samples end where the gap begins, not on the way to it.
  if (after === undefined || after[1] === null) return before[1];
  const share = (at - before[0]) / (after[0] - before[0]);
  return before[1] + share * (after[1] - before[1]);
}

/** The time of the last point that says something new. */
export function lastTurn(points: Points): number {
  for (let at = points.length - 1; at > 0; at -= 1) {
    if (points[at]?.[1] !== points[at - 1]?.[1]) return points[at]?.[0] ?? 0;
  }
  return points[0]?.[0] ?? 0;
}

/** A number in [0, 1) that depends on the text alone. */
export function hashed(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  // Neighbouring texts differ in the last step only, so the bits are mixed once more.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

const AMPLITUDE = 0.02;
const SAMPLE_SECONDS = 5;

/** Up to 2 % up or down, the same for the same seed and sample. What is exactly zero stays so. */
export function noisy(value: number, seed: string, at: number): number {
  const sample = Math.floor(at / SAMPLE_SECONDS);
  return value * (1 + AMPLITUDE * (2 * hashed(`${seed}/${sample}`) - 1));
}
