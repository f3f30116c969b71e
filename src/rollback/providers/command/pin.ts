import type { Json, JsonObject } from '../../../domain/json.ts';
import type { PinnedTarget } from '../../../domain/plan.ts';
import type { Argv, CommandName, CommandStep } from './config.ts';

/** Everything that is run for one planned step: the configuration may change meanwhile, the plan does not. */
export interface CommandPin {
  /** Belongs to this plan alone. Every attempt at it carries the same. */
  readonly id: string;
  /** The process that made the plan; see `mayBegin`. */
  readonly madeBy: string;
  readonly commands: Readonly<Partial<Record<CommandName, Argv>>>;
  readonly env: readonly string[];
  readonly set: Readonly<Record<string, string>>;
  readonly cwd: string | null;
  readonly gate: boolean;
}

export const pinOf = (step: CommandStep, id: string, madeBy: string): CommandPin => ({
  id,
  madeBy,
  commands: step.commands,
  env: step.env,
  set: step.set,
  cwd: step.cwd,
  gate: step.gate,
});

export const toPin = (pin: CommandPin): JsonObject => ({ ...pin, commands: { ...pin.commands } });

const isObject = (value: Json | undefined): boolean => typeof value === 'object' && value !== null;

/** The pin as it was stored. Throws when it was not made by this provider: that is a fault of ours. */
export const fromPin = ({ pin }: PinnedTarget): CommandPin => {
  if (typeof pin['id'] !== 'string' || !isObject(pin['commands']) || !Array.isArray(pin['env'])) {
    throw new TypeError('Not the pin of a command');
  }
  return pin as unknown as CommandPin;
};
