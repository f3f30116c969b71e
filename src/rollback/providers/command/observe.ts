import type { JsonObject } from '../../../domain/json.ts';
import type { PinnedTarget } from '../../../domain/plan.ts';
import type { Observation } from '../../ports.ts';
import type { BackgroundRun } from '../process/background.ts';
import { endText, lastLine } from '../process/ended.ts';
import { type CommandPin, fromPin } from './pin.ts';
import { askStatus, verify } from './status.ts';
import { commandText, type Workshop } from './workshop.ts';

const KEPT_LINES = 20;

/** The end of what it wrote, for the timeline. */
const progressOf = (output: string): JsonObject =>
  output.trim() === '' ? {} : { output: output.trimEnd().split('\n').slice(-KEPT_LINES).join('\n') };

const verified = async (
  shop: Workshop,
  pin: CommandPin,
  target: PinnedTarget,
  progress: JsonObject,
  signal: AbortSignal,
): Promise<Observation> => {
  const result = await verify(shop, pin, target, signal);
  switch (result.kind) {
    case 'passed':
      return { kind: 'done', message: `It succeeded (${result.message})`, progress };
    case 'not-yet':
      return { kind: 'progressing', message: `It succeeded and is being verified: ${result.message}`, progress };
    case 'failed':
      return { kind: 'failed', message: `It succeeded, but ${result.message}`, progress };
  }
};

const observeRun = async (
  shop: Workshop,
  pin: CommandPin,
  target: PinnedTarget,
  run: BackgroundRun,
  signal: AbortSignal,
): Promise<Observation> => {
  const { ended, output } = run;
  const progress = progressOf(output);
  if (ended === null) {
    const said = lastLine(output);
    return { kind: 'progressing', message: said === '' ? 'It is running' : `It is running: ${said}`, progress };
  }
  if (ended.kind === 'exited' && ended.code === 0) return await verified(shop, pin, target, progress, signal);
  const unknown = ended.kind === 'timed-out' ? '; how far it came is unknown' : '';
  const name = commandText('execute', pin.commands.execute ?? []);
  return { kind: 'failed', message: `${endText(name, ended)}${unknown}`, progress };
};

/** How far it is: from the process that runs, and after a restart of ours from its `status` command. */
export const observe = async (
  shop: Workshop,
  target: PinnedTarget,
  receipt: JsonObject,
  signal: AbortSignal,
): Promise<Observation> => {
  const pin = fromPin(target);
  if (pin.gate) {
    const passed = typeof receipt['gate'] === 'string' ? receipt['gate'] : null;
    return passed === null
      ? { kind: 'failed', message: 'The gate was not asked', progress: {} }
      : { kind: 'done', message: `The gate is open: ${passed}`, progress: {} };
  }
  const run = shop.runner.look(pin.id);
  if (run !== null) return await observeRun(shop, pin, target, run, signal);
  const standing = await askStatus(shop, pin, target, signal);
  switch (standing.kind) {
    case 'done':
      return await verified(shop, pin, target, {}, signal);
    case 'running':
      return { kind: 'progressing', message: standing.message, progress: {} };
    case 'failed':
      return { kind: 'failed', message: standing.message, progress: {} };
    case 'not-started':
      return { kind: 'failed', message: 'By the word of its status command it was never started', progress: {} };
    case 'unreadable':
      return standing;
    case 'untold': {
      const message = 'It was cut off by a restart and has no status command: how far it came is unknown';
      return { kind: 'failed', message, progress: {} };
    }
  }
};
