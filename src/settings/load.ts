import { dirname, resolve } from 'node:path';

import { applyOverlays, readOverlays } from './environment.ts';
import type { Overlay, Overrides } from './environment.ts';
import { expand } from './expand.ts';
import type { Environment } from './expand.ts';
import { describeIssues } from './problems.ts';
import { missingCredentials, sandboxReason } from './sandbox.ts';
import { codeOf, reasonOf } from './schema/primitives.ts';
import { configSchema } from './schema/root.ts';
import type { Config } from './schema/root.ts';
import { eachLeaf, isTree, pathText } from './tree.ts';
import type { Tree } from './tree.ts';
import type { Origin, Problem, Settings } from './types.ts';
import { parseYaml } from './yaml.ts';

export interface LoadInput {
  /** From the command line. */
  readonly overrides?: Overrides;
  readonly env: Environment;
  /** Gives the text of the file at an absolute path; throws what `fs.readFileSync` throws. */
  readonly readFile: (path: string) => string;
  /** Absolute; relative paths of options and variables start here, those in the file start at the file. */
  readonly cwd: string;
}

export type LoadResult =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly configPath: string | null };

const DEFAULT_CONFIG = 'config/firebreak.yaml';

/** Reads and checks the whole configuration. Never throws; says everything that is wrong at once. */
export function loadSettings(input: LoadInput): LoadResult {
  const source = readSource(input);
  if ('problems' in source) return { ok: false, problems: source.problems, configPath: source.path };
  const expansion = expand(source.tree, input.env);
  const { overlays, problems } = readOverlays(input.overrides ?? {}, input.env);
  const fileTree = isTree(expansion.tree) ? expansion.tree : {};
  const tree = applyOverlays(fileTree, overlays);
  const known = [...expansion.problems, ...problems];

  const base = dirname(source.path ?? resolve(input.cwd, DEFAULT_CONFIG));
  const inBase = (path: string) => resolve(base, path);
  const checked = configSchema((path) => input.readFile(inBase(path)), inBase).safeParse(tree);
  if (!checked.success) {
    const found = describeIssues(checked.error.issues, { tree, fromEnvironment: expansion.fromEnvironment });
    return { ok: false, problems: merge(known, renamed(found, overlays)), configPath: source.path };
  }
  const all = [...known, ...missingCredentials(checked.data)];
  if (all.length > 0) return { ok: false, problems: all, configPath: source.path };
  const origins = originsOf(fileTree, overlays);
  return { ok: true, settings: build(checked.data, { configPath: source.path, cwd: input.cwd, origins }) };
}

type Source = { readonly path: string | null } & ({ readonly tree: Tree } | { readonly problems: readonly Problem[] });

function readSource({ overrides, env, readFile, cwd }: LoadInput): Source {
  const variable = env['FIREBREAK_CONFIG'] ?? '';
  const named = overrides?.config ?? (variable === '' ? null : variable);
  const label = overrides?.config === undefined ? 'FIREBREAK_CONFIG' : '--config';
  const shown = named ?? DEFAULT_CONFIG;
  const path = resolve(cwd, shown);
  try {
    const parsed = parseYaml(readFile(path), shown);
    return 'problems' in parsed ? { path, problems: parsed.problems } : { path, tree: parsed.tree };
  } catch (error) {
    // Nobody asked for the default file, so it need not be there. One that cannot be read is another matter.
    if (named === null && codeOf(error) === 'ENOENT') return { path: null, tree: {} };
    const field = named === null ? shown : label;
    return { path, problems: [{ field, message: `cannot read the file ${shown}: ${reasonOf(error)}` }] };
  }
}

/** A value that came from a variable or an option is complained of under that name. */
function renamed(problems: readonly Problem[], overlays: readonly Overlay[]): Problem[] {
  return problems.map((problem) => {
    const overlay = overlays.find(({ path }) => isWithin(problem.field, pathText(path)));
    return overlay === undefined ? problem : { field: overlay.label, message: problem.message };
  });
}

const isWithin = (field: string, place: string): boolean => field === place || field.startsWith(`${place}[`);

/** Where it is known already what is wrong, the check of what is left there adds nothing. */
function merge(known: readonly Problem[], found: readonly Problem[]): Problem[] {
  const fields = new Set(known.map((problem) => problem.field));
  return [...known, ...found.filter((problem) => !fields.has(problem.field))];
}

function originsOf(fileTree: Tree, overlays: readonly Overlay[]): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>();
  eachLeaf(fileTree, (path) => origins.set(pathText(path), 'file'));
  for (const { path, origin } of overlays) origins.set(pathText(path), origin);
  return origins;
}

type Surroundings = Pick<Settings, 'configPath' | 'origins'> & { readonly cwd: string };

function build(config: Config, { configPath, cwd, origins }: Surroundings): Settings {
  const { correlation, severities, facts, services, monitoringSeconds, automation, rulesDir, ...others } = config;
  const { communication, specialists, learning, ...rest } = others;
  const reason = sandboxReason(config);
  const reach = {
    ...communication,
    sends: reason === null && config.notifications === 'send',
    pagerduty: config.pagerduty !== null,
    slack: config.slack !== null,
    email: config.email !== null,
    audiences: reached(config.audiences),
    specialists,
    statuspage: config.statuspage?.publish ?? null,
  };
  return {
    ...rest,
    configPath,
    sandbox: reason !== null,
    sandboxReason: reason,
    rulesDir: resolve(cwd, rulesDir),
    policy: {
      ...{ severities, correlation, automation, services, facts, monitoringSeconds },
      communication: reach,
      learning,
    },
    origins,
  };
}

function reached(audiences: Config['audiences']): Settings['policy']['communication']['audiences'] {
  const of = ({ slackChannel, email }: Config['audiences']['team']): { slack: boolean; email: boolean } => ({
    slack: slackChannel !== null,
    email: email.length > 0,
  });
  return { team: of(audiences.team), stakeholders: of(audiences.stakeholders), customers: of(audiences.customers) };
}
