import { createHttp } from '../clients/http.ts';
import type { Settings } from '../settings/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Loop } from '../timers/loop.ts';
import { startLoop } from '../timers/loop.ts';

/**
 * Pings an outside dead-man's switch for as long as we can commit. If we are dead, or alive and of no use, the switch
 * hears nothing and wakes somebody.
 */
export function startHeartbeat(
  heartbeat: Settings['heartbeat'],
  ping: () => Promise<void>,
  log: Logger,
): Pick<Loop, 'stop'> {
  if (heartbeat === null) return { stop: () => Promise.resolve() };
  const http = createHttp({ timeoutMs: 10_000, userAgent: 'firebreak' });
  return startLoop({
    name: 'heartbeat',
    idleMs: heartbeat.everySeconds * 1000,
    now: () => Date.now(),
    log,
    work: async () => {
      await ping();
      const { status } = await http.get(heartbeat.url);
      if (status >= 300) log.warn({ status }, 'the dead-man switch did not take our heartbeat');
      return 'idle';
    },
  });
}
