import { randomUUID } from 'node:crypto';
import type { PinnedTarget, StepConfig } from '../../../domain/plan.ts';
import type { Resolution, RollbackProvider } from '../../ports.ts';
import type { Environment } from '../process/environment.ts';
import { createProcessRunner, type ProcessRunner } from '../process/index.ts';
import { type ConfigFault, parseStep } from './config.ts';
import { type Attempt, execute, rehearse } from './execute.ts';
import { observe } from './observe.ts';
import { fromPin, toPin } from './pin.ts';
import { resolve } from './resolve.ts';
import type { Workshop } from './workshop.ts';

export interface CommandProviderOptions {
  /**
   * The programs that steps may name: absolute paths, or names that are looked up in PATH. None by default. A shell or
   * an interpreter on this list allows everything.
   */
  readonly commands: readonly string[];
  /** Variables of our own environment that steps may pass on to their commands. */
  readonly environment?: readonly string[];
  readonly runner?: ProcessRunner;
  /** Where variables are taken from; our own environment unless told. */
  readonly environmentSource?: Environment;
  readonly newId?: () => string;
}

const failed = ({ field, message }: ConfigFault) =>
  ({ kind: 'failed', failure: { kind: 'rejected', message: `with.${field}: ${message}` } }) as const;

/** The way back is a plan of its own: another command, another id, and nothing of the first one's proofs. */
const undo = (shop: Workshop, target: PinnedTarget): Resolution => {
  const pin = fromPin(target);
  const argv = pin.commands.undo;
  if (argv === undefined) {
    return { kind: 'refused', refusal: 'unsupported', message: 'The step has no undo command' };
  }
  const { status } = pin.commands;
  const commands = { execute: argv, ...(status === undefined ? {} : { status }) };
  const back = toPin({ ...pin, id: shop.newId(), madeBy: shop.self, commands });
  return { kind: 'target', target: { ...target, from: target.to, to: target.from, pin: back } };
};

/** Goes back by running a command of the SRE's own, or only asks whether going back is safe (a gate). */
export const createCommandProvider = (options: CommandProviderOptions): RollbackProvider => {
  const newId = options.newId ?? randomUUID;
  const shop: Workshop = {
    runner: options.runner ?? createProcessRunner(),
    allowed: { commands: options.commands, environment: options.environment ?? [] },
    environment: options.environmentSource ?? process.env,
    self: newId(),
    newId,
  };
  return {
    name: 'command',
    describe(step) {
      const parsed = parseStep(step.with, shop.allowed);
      if (parsed.kind === 'fault') return `Command of step ${step.name}`;
      const { gate, target, commands } = parsed.step;
      const program = (commands.execute ?? commands.check ?? []).join(' ').slice(0, 120);
      return `${gate ? 'Gate' : 'Command'} ${target ?? program}`;
    },
    checkConfig(step) {
      const parsed = parseStep(step.with, shop.allowed);
      return parsed.kind === 'fault' ? parsed.fault : null;
    },
    async resolve(step, context, signal) {
      const parsed = parseStep(step.with, shop.allowed);
      return parsed.kind === 'fault' ? failed(parsed.fault) : await resolve(shop, parsed.step, context, signal);
    },
    rehearse: (_step, target, signal) => rehearse(shop, target, signal),
    execute: (step: StepConfig, target: PinnedTarget, signal: AbortSignal, attempt?: Attempt) =>
      execute(shop, step, target, attempt, signal),
    undo: (_step, target) => Promise.resolve(undo(shop, target)),
    observe: (_step, target, receipt, _since, signal) => observe(shop, target, receipt, signal),
  };
};
