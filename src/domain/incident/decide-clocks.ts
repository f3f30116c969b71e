import { iso, ms } from '../time.ts';
import type { ClockName, NewEvent } from './events.ts';
import type { IncidentState } from './state.ts';

/** Every clock but detection, which is over with the opening. */
export const TIMED_CLOCKS = ['acknowledge', 'restore', 'diagnose', 'update'] as const;
export type TimedClock = (typeof TIMED_CLOCKS)[number];

export const startClock = (clock: ClockName, startedAt: number, seconds: number): NewEvent => ({
  type: 'clock-started',
  data: { clock, startedAt: iso(startedAt), deadline: iso(startedAt + seconds * 1000) },
});

/** What was waited for has happened. A breach that was noticed stands; one nobody noticed yet is said now. */
export function stopClock(state: IncidentState, name: ClockName, now: number): readonly NewEvent[] {
  const clock = state.clocks[name];
  if (clock?.state !== 'running') return [];
  if (now > ms(clock.deadline)) return [breach(name, clock.deadline, now)];
  return [{ type: 'clock-met', data: { clock: name, seconds: Math.max(0, now - ms(clock.startedAt)) / 1000 } }];
}

/** It is no longer waited for. A deadline that nobody noticed passing is a breach all the same. */
export function cancelClock(state: IncidentState, name: ClockName, because: string, now: number): readonly NewEvent[] {
  const clock = state.clocks[name];
  if (clock?.state !== 'running') return [];
  if (now > ms(clock.deadline)) return [breach(name, clock.deadline, now)];
  return [{ type: 'clock-cancelled', data: { clock: name, because } }];
}

export function breachIfDue(state: IncidentState, name: ClockName, now: number): readonly NewEvent[] {
  const clock = state.clocks[name];
  if (clock?.state !== 'running' || now < ms(clock.deadline)) return [];
  return [breach(name, clock.deadline, now)];
}

const breach = (clock: ClockName, deadline: string, now: number): NewEvent => ({
  type: 'clock-breached',
  data: { clock, deadline, lateSeconds: (now - ms(deadline)) / 1000 },
});
