import type { PlannedStep, VersionRef } from './plan.ts';
import { ms } from './time.ts';

/** What one step does, for people: `r42 (shop/checkout:1.9, 11 min old) → r41 (shop/checkout:1.8, ran 6 days)`. */
export function moveText(from: VersionRef, to: VersionRef, now: number): string {
  const age = from.since === null ? null : `${lengthOf(now - ms(from.since))} old`;
  const ran = from.since === null || to.since === null ? null : ranFor(ms(from.since) - ms(to.since));
  return `${named(from, age)} → ${named(to, ran)}`;
}

/** The steps with what they do, and what going back will not undo. */
export function planText(steps: readonly PlannedStep[], now: number): string {
  const moves = steps.map(({ config, target }) => `${config.name}: ${moveText(target.from, target.to, now)}`);
  const left = [...new Set(steps.flatMap(({ target }) => target.notReverted))];
  return `${moves.join('; ')}${left.length === 0 ? '' : `. Not reverted: ${left.join(', ')}`}`;
}

/** Of a version that was made after the one that runs, nobody can say how long it ran. */
const ranFor = (length: number): string | null => (length > 0 ? `ran ${lengthOf(length)}` : null);

function named({ version, images }: VersionRef, when: string | null): string {
  const details = [...images.slice(0, 2).map(shortImage), ...(when === null ? [] : [when])];
  return details.length === 0 ? version : `${version} (${details.join(', ')})`;
}

/** The registry is long and says little; of a digest twelve digits are enough to compare. */
const shortImage = (image: string): string =>
  image.replace(/^[^/]*[.:][^/]*\//, '').replace(/(@?sha256:[0-9a-f]{12})[0-9a-f]+/, '$1…');

function lengthOf(milliseconds: number): string {
  const minutes = Math.max(0, Math.round(milliseconds / 60_000));
  if (minutes < 1) return `${Math.max(0, Math.round(milliseconds / 1000))} s`;
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
