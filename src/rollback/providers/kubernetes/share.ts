import type { IntOrPercent } from './objects.ts';

/** What a number or share of pods comes to. Surge is rounded up and what may be missing down, as the controllers do. */
export const shareOf = (value: IntOrPercent, of: number, round: 'up' | 'down'): number => {
  if (typeof value === 'number') return value;
  const exact = (Number.parseFloat(value) / 100) * of;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
};
