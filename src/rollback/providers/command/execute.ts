import type { PinnedTarget, StepConfig } from '../../../domain/plan.ts';
import type { Execution, Rehearsal } from '../../ports.ts';
import { endText, failureOf } from '../process/ended.ts';
import { type CommandPin, fromPin } from './pin.ts';
import { askStatus } from './status.ts';
import { ASK_TIMEOUT_MS, commandText, forbidden, invocationOf, type Workshop } from './workshop.ts';

/** Whether the caller knows that this is the first attempt at a planned step; absent when it does not say. */
export interface Attempt {
  readonly first: boolean;
}

const rejected = (message: string) => ({ kind: 'failed', failure: { kind: 'rejected', message } }) as const;

/** Runs the check. A gate that says no speaks of the data; the check of a change, of the change. */
export const rehearse = async (shop: Workshop, target: PinnedTarget, signal: AbortSignal): Promise<Rehearsal> => {
  const pin = fromPin(target);
  const obstacle = forbidden(shop, pin);
  if (obstacle !== null) return rejected(obstacle);
  const argv = pin.commands.check;
  if (argv === undefined) return { kind: 'would-work', message: 'not rehearsed: it has no check command' };
  const ended = await shop.runner.run(invocationOf(shop, pin, target, argv, ASK_TIMEOUT_MS), signal);
  const name = commandText('check', argv);
  if (ended.kind !== 'exited') return { kind: 'failed', failure: failureOf(name, ended) };
  if (ended.code === 0) return { kind: 'would-work', message: `${name} passed` };
  return { kind: 'refused', refusal: pin.gate ? 'incompatible-data' : 'unsupported', message: endText(name, ended) };
};

const UNKNOWN = rejected(
  'It was begun before and has no status command: how far it came is unknown, and it is not run a second time',
);

/**
 * Whether a run that this process does not know was surely never begun. Where the caller does not say, only a plan
 * that this very process made is taken for new.
 */
const mayBegin = ({ self }: Workshop, pin: CommandPin, attempt: Attempt | undefined): boolean =>
  attempt?.first ?? pin.madeBy === self;

const begin = async (shop: Workshop, step: StepConfig, target: PinnedTarget, pin: CommandPin): Promise<Execution> => {
  const argv = pin.commands.execute;
  if (argv === undefined) return rejected('There is nothing to execute');
  const invocation = invocationOf(shop, pin, target, argv, step.timeoutSeconds * 1000);
  const fault = await shop.runner.start(pin.id, invocation);
  return fault === null ? { kind: 'accepted', receipt: { id: pin.id } } : rejected(fault);
};

const passGate = async (shop: Workshop, target: PinnedTarget, signal: AbortSignal): Promise<Execution> => {
  const asked = await rehearse(shop, target, signal);
  return asked.kind === 'would-work' ? { kind: 'accepted', receipt: { gate: asked.message } } : asked;
};

/** Starts the command, unless it was started before: by this process, or by the word of its `status` command. */
export const execute = async (
  shop: Workshop,
  step: StepConfig,
  target: PinnedTarget,
  attempt: Attempt | undefined,
  signal: AbortSignal,
): Promise<Execution> => {
  const pin = fromPin(target);
  if (pin.gate) return await passGate(shop, target, signal);
  const receipt = { id: pin.id };
  if (shop.runner.look(pin.id) !== null) return { kind: 'accepted', receipt };
  const obstacle = forbidden(shop, pin);
  if (obstacle !== null) return rejected(obstacle);
  const standing = await askStatus(shop, pin, target, signal);
  switch (standing.kind) {
    case 'unreadable':
      return { kind: 'failed', failure: standing.failure };
    case 'done':
      return { kind: 'already-there', receipt, message: standing.message };
    case 'running':
    case 'failed':
      return { kind: 'accepted', receipt };
    case 'not-started':
      return await begin(shop, step, target, pin);
    case 'untold':
      return mayBegin(shop, pin, attempt) ? await begin(shop, step, target, pin) : UNKNOWN;
  }
};
