import type { Instant } from './time.ts';
import { ms } from './time.ts';

/** Announced work on a service, an environment, or a service in an environment. */
export interface MaintenanceWindow {
  readonly id: number;
  readonly service: string | null;
  readonly environment: string | null;
  readonly from: Instant;
  readonly until: Instant;
  readonly because: string;
  readonly by: string;
  /** Before its time. */
  readonly endedAt: Instant | null;
  readonly endedBy: string | null;
}

/** An incident, as far as a window has to do with it. */
export interface MaintenanceSubject {
  readonly service: string | null;
  readonly environment: string | null;
  /** Epoch milliseconds: when it opened, or came back last. */
  readonly since: number;
  /** A window holds it back already. */
  readonly isHeld: boolean;
}

export const endOf = ({ until, endedAt }: MaintenanceWindow): number => Math.min(ms(until), ms(endedAt ?? until));

/**
 * The window that holds an incident back now; of several the one that lasts longest. It covers what opens or comes back while
 * it holds: what was wrong before is no work of whoever announced it. Windows that follow each other are one to what is
 * held back already.
 */
export function windowFor(
  windows: readonly MaintenanceWindow[],
  subject: MaintenanceSubject,
  now: number,
): MaintenanceWindow | null {
  const holding = windows.filter(
    (window) =>
      covers(window.service, subject.service) &&
      covers(window.environment, subject.environment) &&
      ms(window.from) <= now &&
      now < endOf(window) &&
      (subject.isHeld || ms(window.from) <= subject.since),
  );
  return holding.reduce<MaintenanceWindow | null>(
    (longest, window) => (longest === null || endOf(window) > endOf(longest) ? window : longest),
    null,
  );
}

const covers = (asked: string | null, own: string | null): boolean => asked === null || asked === own;
