import type { FreezeWindow, Weekday } from './policy.ts';
import type { Severity } from './severity.ts';
import { ms } from './time.ts';

/** The window that asks for a person at this moment; null when there is none. A P0 is stopped only by those that say so. */
export function frozenBy(
  windows: readonly FreezeWindow[],
  now: number,
  severity: Severity | null,
): FreezeWindow | null {
  const holds = windows.filter((window) => severity !== 'P0' || window.includesP0);
  return holds.find((window) => covers(window, now)) ?? null;
}

function covers(window: FreezeWindow, now: number): boolean {
  if (window.kind === 'once') return now >= ms(window.from) && now < ms(window.to);
  const { day, time, dayBefore } = localTime(now, window.timezone);
  const { days, from, to } = window;
  if (from <= to) return days.includes(day) && time >= from && time < to;
  // Over midnight it belongs to the day on which it began.
  return (days.includes(day) && time >= from) || (days.includes(dayBefore) && time < to);
}

const DAYS: readonly Weekday[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

function localTime(now: number, timeZone: string): { day: Weekday; time: string; dayBefore: Weekday } {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(now);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? '';
  const index = Math.max(0, DAYS.indexOf(part('weekday').toLowerCase() as Weekday));
  return {
    day: DAYS[index] ?? 'sun',
    time: `${part('hour')}:${part('minute')}`,
    dayBefore: DAYS[(index + 6) % 7] ?? 'sat',
  };
}
