import type { Command } from '../domain/incident/commands.ts';
import type { PlannedStep } from '../domain/plan.ts';
import { redact } from '../domain/redact.ts';
import type { CoordinatorDeps } from './deps.ts';
import type { Capture } from './ports.ts';

/** The timeline is for reading: of all texts together no more than this is kept, shared out evenly. */
const TEXT_KEPT = 48_000;

/**
 * Saves what a step is about to destroy. Never longer than the limit, never an error: a rollback does not wait for
 * evidence. Null where there is nothing to save.
 */
export async function captureBefore(
  { providers, clock, log }: Pick<CoordinatorDeps, 'providers' | 'clock' | 'log'>,
  index: number,
  { config, target }: PlannedStep,
  limitSeconds: number,
): Promise<Command | null> {
  const provider = providers[config.provider];
  if (provider?.capture === undefined || limitSeconds === 0) return null;
  const began = clock.now();
  const signal = AbortSignal.timeout(limitSeconds * 1000);
  const late: Capture = { items: [], missing: [`nothing was saved in ${limitSeconds} s`] };
  const saving = Promise.resolve().then(() => provider.capture?.(config, target, signal) ?? late);
  const capture = await Promise.race([saving, ended(signal, late)]).catch((error: unknown): Capture => {
    log.warn({ err: error, step: config.name }, 'rollback: evidence could not be saved');
    return { items: [], missing: ['it could not be read'] };
  });
  const each = Math.floor(TEXT_KEPT / Math.max(1, capture.items.length));
  const items = capture.items.map((item) => ({ ...item, ...cut(redact(item.text), each, item.truncated) }));
  const seconds = (clock.now() - began) / 1000;
  return {
    kind: 'record-capture',
    capture: { index, name: config.name, items, missing: capture.missing.map(redact), seconds },
  };
}

/** What a provider that does not heed its signal would otherwise hold up. A moment is left to one that does. */
const ended = (signal: AbortSignal, late: Capture): Promise<Capture> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => setTimeout(resolve, 100, late), { once: true });
  });

/** The end of a log says how it ended. */
const cut = (text: string, length: number, truncated: boolean): { text: string; truncated: boolean } =>
  text.length <= length ? { text, truncated } : { text: text.slice(-length), truncated: true };
