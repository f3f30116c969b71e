import { Secret } from '../domain/secret.ts';
import { isTree, pathText } from './tree.ts';
import type { Path } from './tree.ts';
import type { Origin, Settings } from './types.ts';

export interface SettingLine {
  readonly key: string;
  readonly value: string;
  readonly from: Origin | 'default';
}

/** Every setting with its value and where it came from, for people. Secrets are shown as `[secret]`. */
export function describeSettings(settings: Settings): readonly SettingLine[] {
  return flatten(asConfiguration(settings), []).map(({ path, value }) => ({
    key: pathText(path),
    value,
    from: originOf(path, settings.origins),
  }));
}

/** The settings in the shape of the configuration file. */
function asConfiguration(settings: Settings): Readonly<Record<string, unknown>> {
  const { policy } = settings;
  const all: Record<string, unknown> = { ...settings, ...policy, sandbox: sandboxText(settings) };
  return Object.fromEntries(Object.entries(all).filter(([key]) => !NOT_KEYS.has(key)));
}

const NOT_KEYS: ReadonlySet<string> = new Set([
  'origins',
  'configPath',
  'sandboxReason',
  'policy',
] satisfies (keyof Settings)[]);

const sandboxText = ({ sandboxReason }: Settings): string => (sandboxReason === null ? 'off' : `on: ${sandboxReason}`);

interface Leaf {
  readonly path: Path;
  readonly value: string;
}

function flatten(node: unknown, path: Path): Leaf[] {
  if (node instanceof Secret) return [{ path, value: '[secret]' }];
  if (Array.isArray(node) && node.length > 0 && node.some((item) => isTree(item) && !(item instanceof Secret))) {
    return node.flatMap((item, index) => flatten(item, [...path, index]));
  }
  if (isTree(node)) return Object.entries(node).flatMap(([key, value]) => flatten(value, [...path, key]));
  return [{ path, value: node === null ? 'none' : typeof node === 'string' ? node : JSON.stringify(node) }];
}

/** A value is from where it, or what holds it or is in it, was written. */
function originOf(path: Path, origins: ReadonlyMap<string, Origin>): Origin | 'default' {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(pathText(path.slice(0, length)));
    if (origin !== undefined) return origin;
  }
  const inside = [...origins].find(([key]) => key.startsWith(`${pathText(path)}[`));
  return inside?.[1] ?? 'default';
}
