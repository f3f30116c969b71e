import type { Failure } from '../../../domain/failure.ts';
import type { PinnedTarget } from '../../../domain/plan.ts';
import { type Ended, endText, failureOf, lastLine } from '../process/ended.ts';
import type { CommandPin } from './pin.ts';
import { ASK_TIMEOUT_MS, commandText, invocationOf, type Workshop } from './workshop.ts';

const STATES = ['done', 'running', 'failed', 'not-started'] as const;
type State = (typeof STATES)[number];

/** What the `status` command says of a run. `untold`: there is no such command. */
export type Standing =
  | { readonly kind: State; readonly message: string }
  | { readonly kind: 'untold' }
  | { readonly kind: 'unreadable'; readonly failure: Failure };

/** Not 1 and 2, which programs end with when something else is wrong. */
const STATE_OF_CODE: ReadonlyMap<number, State> = new Map([
  [0, 'done'],
  [10, 'running'],
  [11, 'failed'],
  [12, 'not-started'],
]);

const isState = (value: unknown): value is State => STATES.some((state) => state === value);

const inJson = (line: string): { readonly kind: State; readonly message: string } | null => {
  try {
    const said = JSON.parse(line) as unknown;
    if (typeof said !== 'object' || said === null) return null;
    const { state, message } = said as Readonly<Record<string, unknown>>;
    return isState(state) ? { kind: state, message: typeof message === 'string' ? message : state } : null;
  } catch {
    return null;
  }
};

const standingOf = (name: string, ended: Ended): Standing => {
  if (ended.kind !== 'exited') return { kind: 'unreadable', failure: failureOf(name, ended) };
  const line = lastLine(ended.stdout);
  const said = inJson(line);
  if (said !== null) return said;
  const state = STATE_OF_CODE.get(ended.code);
  if (state === undefined) return { kind: 'unreadable', failure: failureOf(name, ended) };
  return { kind: state, message: line === '' ? state : line };
};

/** Asks the world how far the run of this pin came. */
export const askStatus = async (
  shop: Workshop,
  pin: CommandPin,
  target: PinnedTarget,
  signal: AbortSignal,
): Promise<Standing> => {
  const argv = pin.commands.status;
  if (argv === undefined) return { kind: 'untold' };
  const ended = await shop.runner.run(invocationOf(shop, pin, target, argv, ASK_TIMEOUT_MS), signal);
  return standingOf(commandText('status', argv), ended);
};

/** What the `verify` command says after the run succeeded; without one, the success stands. */
export type Verified =
  | { readonly kind: 'passed'; readonly message: string }
  | { readonly kind: 'not-yet'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

const NOT_YET = 10;

export const verify = async (
  shop: Workshop,
  pin: CommandPin,
  target: PinnedTarget,
  signal: AbortSignal,
): Promise<Verified> => {
  const argv = pin.commands.verify;
  if (argv === undefined) return { kind: 'passed', message: 'not verified: it has no verify command' };
  const ended = await shop.runner.run(invocationOf(shop, pin, target, argv, ASK_TIMEOUT_MS), signal);
  const message = endText(commandText('verify', argv), ended);
  if (ended.kind === 'timed-out') return { kind: 'not-yet', message };
  if (ended.kind !== 'exited') return { kind: 'failed', message };
  if (ended.code === 0) return { kind: 'passed', message: 'verified' };
  return { kind: ended.code === NOT_YET ? 'not-yet' : 'failed', message };
};
