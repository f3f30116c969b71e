import type { AxiosInstance } from 'axios';
import { classifyHttp } from '../../clients/http.ts';
import type { DoctorCheck } from '../../cli/ports.ts';
import type { Failure } from '../../domain/failure.ts';
import type { ClockReading } from './line.ts';
import { failed, ok, warning } from './line.ts';

/** An HTTP date is a whole second, and the way there takes a while. */
const NOTICEABLE_MS = 5_000;
/** Clocks of the SLA are wrong by as much, and signatures of webhooks are refused from 5 minutes on. */
const WRONG_MS = 60_000;

export type Reached = { readonly clocks: readonly ClockReading[] } | { readonly failure: Failure };

/** Asks for a page, whatever it answers, and reads the time from the answer. */
export async function readClock(http: AxiosInstance, of: string, url: string, now: () => number): Promise<Reached> {
  const before = now();
  try {
    const { headers } = await http.get<unknown>(url, { responseType: 'text' });
    const date: unknown = headers['date'];
    return { clocks: typeof date === 'string' ? readingOf(of, Date.parse(date), before, now()) : [] };
  } catch (error) {
    return { failure: classifyHttp(error) };
  }
}

/** None when the other side gave no time. */
export function readingOf(of: string, at: number | null, before: number, after: number): readonly ClockReading[] {
  // It was cut off to a second: on the average it was half a second more.
  return at === null || Number.isNaN(at) ? [] : [{ of, aheadMs: at + 500 - (before + after) / 2 }];
}

/** Whether our clock and those of others agree. */
export function clockCheck(readings: readonly ClockReading[]): DoctorCheck {
  if (readings.length === 0) return ok('clock', 'there is nobody to compare it with');
  const [worst] = [...readings].sort((a, b) => Math.abs(b.aheadMs) - Math.abs(a.aheadMs));
  const awayMs = Math.abs(worst?.aheadMs ?? 0);
  const others = readings.map(({ of }) => of).join(', ');
  if (awayMs < NOTICEABLE_MS) return ok('clock', `as that of ${others}`);
  const direction = (worst?.aheadMs ?? 0) > 0 ? 'behind' : 'ahead of';
  const message = `${Math.round(awayMs / 1000)} s ${direction} that of ${worst?.of ?? ''}`;
  const advice = 'Let NTP set the clock of this machine (timedatectl); if only one differs, look at that one.';
  return awayMs < WRONG_MS ? warning('clock', message, advice) : failed('clock', message, advice);
}
