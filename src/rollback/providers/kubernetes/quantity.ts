import type { JsonObject } from '../../../domain/json.ts';
import { arrayAt, objectAt } from './template.ts';

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that `500m`, `1Gi` or `1e3` stands for; NaN for anything else. */
export const quantity = (value: unknown): number => {
  if (typeof value === 'number') return value;
  const [, digits, exponent, suffix = ''] =
    /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]i?))?$/.exec(String(value)) ?? [];
  if (digits === undefined) return Number.NaN;
  return Number(`${digits}${exponent ?? ''}`) * (SUFFIXES[suffix] ?? Number.NaN);
};

/** Amounts by the names that a ResourceQuota has for them: `requests.cpu`, `limits.memory`. */
export type Amounts = Readonly<Record<string, number>>;

const combined = (all: readonly Amounts[], join: (a: number, b: number) => number): Amounts => {
  const result: Record<string, number> = {};
  for (const one of all) {
    for (const [name, amount] of Object.entries(one)) result[name] = join(result[name] ?? 0, amount);
  }
  return result;
};

const sum = (all: readonly Amounts[]): Amounts => combined(all, (a, b) => a + b);
const most = (all: readonly Amounts[]): Amounts => combined(all, Math.max);

const named = (prefix: string, list: JsonObject): Amounts =>
  Object.fromEntries(Object.entries(list).map(([name, value]) => [`${prefix}.${name}`, quantity(value)]));

/** What is not requested is requested as it is limited. */
const ofContainer = (container: JsonObject): Amounts => {
  const resources = objectAt(container, 'resources');
  const limits = objectAt(resources, 'limits');
  return { ...named('requests', { ...limits, ...objectAt(resources, 'requests') }), ...named('limits', limits) };
};

/** What one pod of a template counts for: its containers together, or an init container that needs more than they do. */
export const amountsOf = (template: JsonObject): Amounts => {
  const spec = objectAt(template, 'spec');
  const initial = arrayAt(spec, 'initContainers');
  const isSidecar = (container: JsonObject): boolean => container['restartPolicy'] === 'Always';
  const sidecars = initial.filter(isSidecar).map(ofContainer);
  const running = sum([...arrayAt(spec, 'containers').map(ofContainer), ...sidecars]);
  const starting = initial.filter((one) => !isSidecar(one)).map((one) => sum([...sidecars, ofContainer(one)]));
  const overhead = objectAt(spec, 'overhead');
  return sum([most([running, ...starting]), named('requests', overhead), named('limits', overhead)]);
};

const MEBIBYTE = 2 ** 20;

/** An amount as people write it. */
export const amountText = (name: string, amount: number): string => {
  if (name.endsWith('cpu')) return `${Math.round(amount * 1000)}m`;
  return /memory|storage/.test(name) ? `${Math.ceil(amount / MEBIBYTE)}Mi` : String(amount);
};
