import type { Severity } from '../severity.ts';
import type { Instant } from '../time.ts';

/** A duration as people say it. */
export const seconds = (value: number): string => {
  const whole = Math.round(value);
  if (whole < 120) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
};

export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** The moment as people write it in a message: `14:32 UTC`. */
export const clockTime = (at: Instant): string => `${at.slice(11, 16)} UTC`;

/** How bad, and where: `P1 on checkout`. */
export const headline = ({ severity, service }: { severity: Severity | null; service: string | null }): string =>
  `${severity ?? 'P2'} on ${service ?? 'an unknown service'}`;

export const ordinal = (n: number): string => `${n}${ENDINGS[ordinals.select(n)] ?? 'th'}`;

const ENDINGS: Readonly<Record<string, string>> = { one: 'st', two: 'nd', few: 'rd', other: 'th' };
const ordinals = new Intl.PluralRules('en', { type: 'ordinal' });

/** What comes later than this came late because nobody was there. */
const LATE_SECONDS = 10;

/** Nothing for what came in its time. */
export const noticedLate = (lateSeconds: number): string =>
  lateSeconds < LATE_SECONDS ? '' : `; noticed ${seconds(lateSeconds)} late`;
