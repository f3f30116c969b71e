import { ROLES } from './types.ts';
import type { Origin, Problem } from './types.ts';
import { isTree } from './tree.ts';
import type { Path, Tree } from './tree.ts';
import type { Environment } from './expand.ts';

/** What the command line may say; it wins over the environment, which wins over the file. */
export interface Overrides {
  readonly config?: string;
  readonly rulesDir?: string;
  readonly host?: string;
  readonly port?: string;
  readonly databaseUrl?: string;
  readonly logLevel?: string;
}

interface Knob {
  readonly variable: string;
  readonly option: Exclude<keyof Overrides, 'config'>;
  readonly flag: string;
  readonly path: readonly [string] | readonly [string, string];
}

const KNOBS: readonly Knob[] = [
  { variable: 'FIREBREAK_RULES_DIR', option: 'rulesDir', flag: '--rules-dir', path: ['rulesDir'] },
  { variable: 'FIREBREAK_HTTP_HOST', option: 'host', flag: '--host', path: ['http', 'host'] },
  { variable: 'FIREBREAK_HTTP_PORT', option: 'port', flag: '--port', path: ['http', 'port'] },
  { variable: 'FIREBREAK_DATABASE_URL', option: 'databaseUrl', flag: '--database-url', path: ['database', 'url'] },
  { variable: 'FIREBREAK_LOG_LEVEL', option: 'logLevel', flag: '--log-level', path: ['logLevel'] },
];

/** A value from outside the file, to be checked in the place of the file's own. */
export interface Overlay {
  readonly path: Path;
  readonly value: unknown;
  /** What to call it in a problem. */
  readonly label: string;
  readonly origin: Origin;
}

export interface Overlays {
  readonly overlays: readonly Overlay[];
  readonly problems: readonly Problem[];
}

/** Reads options and environment. An empty variable counts as not set. */
export function readOverlays(overrides: Overrides, env: Environment): Overlays {
  const knobs = KNOBS.flatMap((knob) => readKnob(knob, overrides, env));
  const written = env['FIREBREAK_API_TOKENS'] ?? '';
  if (written === '') return { overlays: knobs, problems: [] };
  const { tokens, problems } = readTokens(written);
  const label = 'FIREBREAK_API_TOKENS';
  return { overlays: [...knobs, { path: ['api', 'tokens'], value: tokens, label, origin: 'environment' }], problems };
}

function readKnob(knob: Knob, overrides: Overrides, env: Environment): Overlay[] {
  const { path } = knob;
  const option = overrides[knob.option];
  if (option !== undefined) return [{ path, value: typed(knob, option), label: knob.flag, origin: 'option' }];
  const variable = env[knob.variable] ?? '';
  if (variable === '') return [];
  return [{ path, value: typed(knob, variable), label: knob.variable, origin: 'environment' }];
}

/** Digits are a number where a number belongs; anything else is left for the check to complain of. */
const typed = (knob: Knob, value: string): unknown =>
  knob.option === 'port' && /^\d{1,9}$/.test(value) ? Number(value) : value;

interface TokenEntry {
  readonly name: string;
  readonly role: string;
  readonly token: string;
}

function readTokens(written: string): { tokens: TokenEntry[]; problems: Problem[] } {
  const tokens: TokenEntry[] = [];
  const problems: Problem[] = [];
  const entries = written.split(',').map((entry) => entry.trim());
  for (const [index, entry] of entries.entries()) {
    if (entry === '') continue;
    const token = readToken(entry, `environment-${index + 1}`);
    if (token !== null) tokens.push(token);
    else problems.push({ field: 'FIREBREAK_API_TOKENS', message: `entry ${index + 1}: ${TOKEN_FORMS}` });
  }
  if (tokens.length + problems.length === 0) {
    problems.push({ field: 'FIREBREAK_API_TOKENS', message: 'has no token' });
  }
  return { tokens, problems };
}

const TOKEN_FORMS = `expected token, role:token or name:role:token, where role is one of ${ROLES.join(', ')}`;

/** `token` (an admin's), `role:token` or `name:role:token`; a token may have colons if its role is written. */
function readToken(entry: string, unnamed: string): TokenEntry | null {
  const [first = '', second = '', ...rest] = entry.split(':');
  const token = rest.join(':');
  if (!entry.includes(':')) return { name: unnamed, role: 'admin', token: entry };
  if (isRole(second) && token !== '' && first !== '') return { name: first, role: second, token };
  const after = entry.slice(first.length + 1);
  return isRole(first) && after !== '' ? { name: unnamed, role: first, token: after } : null;
}

const isRole = (word: string): boolean => ROLES.some((role) => role === word);

/** The tree with the overlays in it. Where the file has no group to put one in, the check of that comes first. */
export function applyOverlays(tree: Tree, overlays: readonly Overlay[]): Tree {
  return overlays.reduce<Tree>((result, { path, value }) => withValue(result, path, value), tree);
}

function withValue(tree: Tree, [key, ...rest]: Path, value: unknown): Tree {
  if (typeof key !== 'string') return tree;
  if (rest.length === 0) return { ...tree, [key]: value };
  const inner = tree[key] ?? {};
  return isTree(inner) ? { ...tree, [key]: withValue(inner, rest, value) } : tree;
}
