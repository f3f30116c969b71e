import { z } from 'zod';

import type { FreezeWindow } from '../../domain/policy.ts';
import { group, list, name, orNull } from './primitives.ts';

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const moment = z.iso.datetime({ offset: true, error: 'expected a time such as 2026-12-24T18:00:00Z, in quotes' });
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day such as 22:00, in quotes');

const timezone = z
  .string()
  .refine((zone) => isTimezone(zone), { error: 'unknown time zone; try Europe/Berlin or UTC' });

function isTimezone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

const weekly = group({ days: z.array(z.enum(WEEKDAYS)).min(1), from: timeOfDay, to: timeOfDay });

const written = group({
  name,
  from: orNull(moment),
  to: orNull(moment),
  weekly: orNull(weekly),
  timezone: timezone.default('UTC'),
  includesP0: z.boolean().default(false),
});

/** Either `from` and `to`, or `weekly`. */
const freezeWindow = written.transform((window, context): FreezeWindow => {
  const taken = takeWindow(window);
  if (typeof taken !== 'string') return taken;
  context.addIssue({ code: 'custom', message: taken });
  return z.NEVER;
});

function takeWindow(window: z.infer<typeof written>): FreezeWindow | string {
  const { name: label, includesP0, from, to, timezone: zone } = window;
  const once = from !== null || to !== null;
  if (once === (window.weekly !== null)) return 'expected either from and to, or weekly';
  if (window.weekly !== null) return { kind: 'weekly', name: label, includesP0, timezone: zone, ...window.weekly };
  if (from === null || to === null) return 'from and to go together';
  if (Date.parse(to) <= Date.parse(from)) return 'to must be after from';
  return { kind: 'once', name: label, includesP0, from, to };
}

export const freezeWindows = list(freezeWindow);
