import { createHash } from 'node:crypto';
import type { Json } from '../../../domain/json.ts';
import type { PinnedTarget, VersionRef } from '../../../domain/plan.ts';
import type { Resolution, ResolveContext } from '../../ports.ts';
import { failureOf } from '../process/ended.ts';
import type { Argv, CommandStep } from './config.ts';
import { type CommandPin, pinOf, toPin } from './pin.ts';
import { ASK_TIMEOUT_MS, commandText, invocationOf, type Workshop } from './workshop.ts';

interface Versions {
  readonly from: VersionRef;
  readonly to: VersionRef;
  readonly alreadyThere: boolean;
}

type Found = { readonly kind: 'found'; readonly versions: Versions } | Extract<Resolution, { kind: 'failed' }>;

const UNKNOWN = 'unknown';

const version = (text: string, since: string | null = null): VersionRef => ({
  version: text,
  identity: text,
  images: [],
  since,
});

const instantIn = (value: Json | undefined): string | null => {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? null : new Date(at).toISOString();
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** Reads what the resolve command printed: all of it, or its last line. */
const versionsIn = (stdout: string): Versions | null => {
  const said = parse(stdout) ?? parse(stdout.trim().split('\n').at(-1) ?? '');
  if (typeof said !== 'object' || said === null) return null;
  const { from, to, alreadyThere, since } = said as Readonly<Record<string, Json>>;
  if (typeof from !== 'string' || typeof to !== 'string' || from === '' || to === '') return null;
  return { from: version(from, instantIn(since)), to: version(to), alreadyThere: alreadyThere === true || from === to };
};

const configured = ({ gate, from, to }: CommandStep): Versions => {
  const fallback = gate ? 'data as it is' : UNKNOWN;
  return { from: version(from ?? fallback), to: version(to ?? fallback), alreadyThere: false };
};

const ask = async (shop: Workshop, pin: CommandPin, step: CommandStep, signal: AbortSignal): Promise<Found> => {
  const argv = step.commands.resolve;
  if (argv === undefined) return { kind: 'found', versions: configured(step) };
  const invocation = invocationOf(shop, pin, configured(step), argv, ASK_TIMEOUT_MS);
  const ended = await shop.runner.run(invocation, signal);
  const name = commandText('resolve', argv);
  if (ended.kind !== 'exited' || ended.code !== 0) return { kind: 'failed', failure: failureOf(name, ended) };
  const versions = versionsIn(ended.stdout);
  if (versions !== null) return { kind: 'found', versions };
  const message = `${name} did not print {"from": "…", "to": "…"}`;
  return { kind: 'failed', failure: { kind: 'rejected', message } };
};

/** The same command in the same place acts on the same thing, whichever step or service names it. */
const keyOf = ({ target, commands, cwd }: CommandStep): string => {
  if (target !== null) return `command/${target}`;
  const argv: Argv = commands.execute ?? commands.check ?? [];
  const digest = createHash('sha256')
    .update(JSON.stringify([argv, cwd]))
    .digest('hex')
    .slice(0, 12);
  return `command/${argv[0]?.split('/').at(-1) ?? ''}-${digest}`;
};

const warningsOf = ({ commands, gate, destructive }: CommandStep): readonly string[] => [
  ...(destructive ? ['Destructive: data is lost'] : []),
  ...(commands.check === undefined ? ['It has no check: whether it would work is not known beforehand'] : []),
  ...(gate || commands.status !== undefined
    ? []
    : ['It has no status command: if Firebreak dies while it runs, how far it came cannot be told']),
];

/** Finds what the step goes back to and pins every command that will be run for it. Changes nothing. */
export const resolve = async (
  shop: Workshop,
  step: CommandStep,
  context: ResolveContext,
  signal: AbortSignal,
): Promise<Resolution> => {
  if (step.destructive && context.person !== true) {
    return { kind: 'refused', refusal: 'needs-person', message: 'Destructive: automation never does this by itself' };
  }
  const pin = pinOf(step, shop.newId(), shop.self);
  const found = await ask(shop, pin, step, signal);
  if (found.kind === 'failed') return found;
  const { from, to, alreadyThere } = found.versions;
  const target: PinnedTarget = {
    key: keyOf(step),
    from,
    to,
    pin: toPin(pin),
    notReverted: [],
    warnings: warningsOf(step),
  };
  if (alreadyThere) {
    return { kind: 'already-there', target, message: `It is at ${to.version} already` };
  }
  if (!step.gate && context.badVersions.includes(to.version)) {
    return { kind: 'refused', refusal: 'target-was-bad', message: `${to.version} was found bad in this incident` };
  }
  return { kind: 'target', target };
};
