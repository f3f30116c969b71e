import { parse } from 'yaml';
import { z } from 'zod';
import { durationMs } from '../domain/promql-range.ts';

export interface Timings {
  /** The longest that a resolve may wait before it is sent. */
  readonly groupIntervalMs: number;
  /** The longest until what still fires is sent again. */
  readonly repeatIntervalMs: number;
}

/** What Alertmanager does where a route says nothing (dispatch.DefaultRouteOpts). */
const DEFAULTS: Timings = { groupIntervalMs: 5 * 60_000, repeatIntervalMs: 4 * 3_600_000 };
const DEEPEST = 64;

const Route = z.looseObject({
  group_interval: z.string().optional(),
  repeat_interval: z.string().optional(),
  routes: z.array(z.unknown()).nullish(),
});
const Config = z.looseObject({ route: Route });

/**
 * The longest intervals of any route, from the configuration that the status page shows. A route has its parent's where it
 * says nothing. Null when it cannot be read.
 */
export function timingsOf(original: string): Timings | null {
  const config = Config.safeParse(parsed(original));
  return config.success ? longest(config.data.route, DEFAULTS, 0) : null;
}

function parsed(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    return null;
  }
}

function longest(given: z.output<typeof Route>, parent: Timings, depth: number): Timings {
  const own: Timings = {
    groupIntervalMs: interval(given.group_interval) ?? parent.groupIntervalMs,
    repeatIntervalMs: interval(given.repeat_interval) ?? parent.repeatIntervalMs,
  };
  const children = depth >= DEEPEST ? [] : (given.routes ?? []);
  return children.reduce<Timings>((found, child) => {
    const route = Route.safeParse(child);
    if (!route.success) return found;
    const below = longest(route.data, own, depth + 1);
    return {
      groupIntervalMs: Math.max(found.groupIntervalMs, below.groupIntervalMs),
      repeatIntervalMs: Math.max(found.repeatIntervalMs, below.repeatIntervalMs),
    };
  }, own);
}

const interval = (text: string | undefined): number | null => (text === undefined ? null : durationMs(text));
