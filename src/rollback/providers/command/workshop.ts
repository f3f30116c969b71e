import type { PinnedTarget } from '../../../domain/plan.ts';
import { type Environment, environmentOf } from '../process/environment.ts';
import type { Invocation } from '../process/group.ts';
import type { ProcessRunner } from '../process/index.ts';
import type { Allowed, Argv, CommandName } from './config.ts';
import type { CommandPin } from './pin.ts';

/** What the provider works with. */
export interface Workshop {
  readonly runner: ProcessRunner;
  readonly allowed: Allowed;
  readonly environment: Environment;
  /** This process, for as long as it lives. */
  readonly self: string;
  readonly newId: () => string;
}

/** Commands that are waited for within one call of the port. */
export const ASK_TIMEOUT_MS = 9_500;

type Versions = Pick<PinnedTarget, 'from' | 'to'>;

const variablesOf = (pin: CommandPin, { from, to }: Versions): Record<string, string> => ({
  ...pin.set,
  FIREBREAK_IDEMPOTENCY_KEY: pin.id,
  FIREBREAK_FROM: from.version,
  FIREBREAK_TO: to.version,
});

export const invocationOf = (
  { environment }: Workshop,
  pin: CommandPin,
  versions: Versions,
  argv: Argv,
  timeoutMs: number,
): Invocation => ({
  argv,
  env: environmentOf(environment, pin.env, variablesOf(pin, versions)),
  timeoutMs,
  ...(pin.cwd === null ? {} : { cwd: pin.cwd }),
});

/** A program that was taken off the list since the plan was made is not run any more; null when nothing is. */
export const forbidden = ({ allowed }: Workshop, pin: CommandPin): string | null => {
  const program = Object.values(pin.commands).find(([name = '']) => !allowed.commands.includes(name))?.[0];
  if (program !== undefined) return `Program "${program}" is not allowed any more`;
  const variable = pin.env.find((name) => !allowed.environment.includes(name));
  return variable === undefined ? null : `Variable ${variable} is not allowed any more`;
};

/** `check (pg-check --schema)`: which of the step's commands, and what it is. */
export const commandText = (name: CommandName, argv: Argv): string => `${name} (${argv.join(' ').slice(0, 120)})`;
