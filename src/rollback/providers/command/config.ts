import type { Json, JsonObject } from '../../../domain/json.ts';

export type Argv = readonly string[];

/**
 * A step's `with`. Every command is a list of arguments, the program first; there is no shell. All of them get
 * FIREBREAK_IDEMPOTENCY_KEY (the same for every attempt at one planned step), FIREBREAK_FROM and FIREBREAK_TO.
 *
 * - `resolve` prints `{"from": "…", "to": "…", "alreadyThere"?: true, "since"?: "<RFC 3339>"}`. Without it, the texts
 *   `from` and `to` of the step are taken.
 * - `check` rehearses: exit code 0 means that it would work. It must change nothing.
 * - `execute` does it. It runs in the background, once, for as long as the step's `timeoutSeconds`.
 * - `status` says how far the run with this key came, after a restart of ours: exit code 0 done, 10 running, 11 failed,
 *   12 not started; or JSON on its last line, `{"state": "done" | "running" | "failed" | "not-started", "message"?: "…"}`.
 *   Any other exit code means that it could not tell. Without `status`, a run that was cut off is reported as failed
 *   with "how far it came is unknown", and never started again.
 * - `verify` must pass before the step is done: exit code 0 passes, 10 not yet, any other fails.
 * - `undo` is the way back for a person, carried out like `execute`.
 */
export interface CommandStep {
  readonly commands: Readonly<Partial<Record<CommandName, Argv>>>;
  /** Names of variables to pass on from our own environment; each must be allowed. */
  readonly env: readonly string[];
  /** Variables with fixed values. */
  readonly set: Readonly<Record<string, string>>;
  readonly cwd: string | null;
  /** What is acted on, for the lock: two steps with the same target never run at once. */
  readonly target: string | null;
  readonly from: string | null;
  readonly to: string | null;
  /** A question instead of a change: only `check` runs. What databases should have. */
  readonly gate: boolean;
  /** Loses data: never by automation. */
  readonly destructive: boolean;
}

const COMMANDS = ['resolve', 'check', 'execute', 'status', 'verify', 'undo'] as const;
export type CommandName = (typeof COMMANDS)[number];

export interface ConfigFault {
  readonly field: string;
  readonly message: string;
}

/** What steps may use; the operator's decision, not the step's. */
export interface Allowed {
  /** Programs: an absolute path, or a name that is looked up in PATH. A step must spell it the same way. */
  readonly commands: readonly string[];
  /** Variables of our own environment that a step may name. */
  readonly environment: readonly string[];
}

const TEXTS = ['cwd', 'target', 'from', 'to'] as const;
const FLAGS = ['gate', 'destructive'] as const;
const FIELDS: readonly string[] = [...COMMANDS, 'env', 'set', ...TEXTS, ...FLAGS];
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '' && !value.includes('\0');
const isArgv = (value: Json | undefined): value is Argv =>
  Array.isArray(value) &&
  isText(value[0]) &&
  (value as readonly unknown[]).every((one) => typeof one === 'string' && !one.includes('\0'));

const commandFault = (field: CommandName, value: Json | undefined, allowed: Allowed): ConfigFault | null => {
  if (value === undefined) return null;
  if (!isArgv(value)) return { field, message: 'must be a list of texts, the program first; there is no shell' };
  const program = value[0] ?? '';
  if (allowed.commands.includes(program)) return null;
  const known = allowed.commands.length === 0 ? 'none is' : `allowed are ${allowed.commands.join(', ')}`;
  return { field, message: `program "${program}" is not allowed; ${known}` };
};

const envFault = (value: Json | undefined, allowed: Allowed): ConfigFault | null => {
  if (value === undefined) return null;
  if (!Array.isArray(value)) return { field: 'env', message: 'must be a list of names' };
  const names: readonly unknown[] = value;
  const wrong = names.find((name) => typeof name !== 'string' || !allowed.environment.includes(name));
  return wrong === undefined ? null : { field: 'env', message: `variable ${JSON.stringify(wrong)} is not allowed` };
};

const setFault = (value: Json | undefined): ConfigFault | null => {
  if (value === undefined) return null;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { field: 'set', message: 'must be names with values' };
  }
  for (const [name, text] of Object.entries(value)) {
    if (!VARIABLE.test(name)) return { field: 'set', message: `"${name}" is not the name of a variable` };
    if (name.startsWith('FIREBREAK_')) return { field: 'set', message: `${name} is set by Firebreak itself` };
    if (typeof text !== 'string' || text.includes('\0')) return { field: 'set', message: `${name} must be a text` };
  }
  return null;
};

const togetherFault = (input: JsonObject): ConfigFault | null => {
  const { gate, destructive, check, execute, resolve, to, cwd } = input;
  if (typeof cwd === 'string' && !cwd.startsWith('/')) return { field: 'cwd', message: 'must be an absolute path' };
  if (gate === true) {
    if (check === undefined) return { field: 'check', message: 'a gate needs a check' };
    const extra = [...COMMANDS, 'destructive'].find((name) => name !== 'check' && input[name] !== undefined);
    return extra === undefined ? null : { field: extra, message: 'a gate only checks: nothing is carried out' };
  }
  if (execute === undefined) return { field: 'execute', message: 'is missing (or is the step a gate?)' };
  if (resolve === undefined && to === undefined) {
    return { field: 'to', message: 'say what it goes back to, or give a resolve command that does' };
  }
  return destructive === true && check === undefined
    ? { field: 'check', message: 'a destructive step needs a check' }
    : null;
};

const faultOf = (input: JsonObject, allowed: Allowed): ConfigFault | null => {
  const unknown = Object.keys(input).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) return { field: unknown, message: `unknown; known are ${FIELDS.join(', ')}` };
  for (const name of COMMANDS) {
    const fault = commandFault(name, input[name], allowed);
    if (fault !== null) return fault;
  }
  const text = TEXTS.find((field) => input[field] !== undefined && !isText(input[field]));
  if (text !== undefined) return { field: text, message: 'must be a text' };
  const flag = FLAGS.find((field) => input[field] !== undefined && typeof input[field] !== 'boolean');
  if (flag !== undefined) return { field: flag, message: 'must be true or false' };
  return envFault(input['env'], allowed) ?? setFault(input['set']) ?? togetherFault(input);
};

export type ParsedStep =
  { readonly kind: 'step'; readonly step: CommandStep } | { readonly kind: 'fault'; readonly fault: ConfigFault };

/** Reads a step's `with`; the first field that is wrong is named. */
export const parseStep = (input: JsonObject, allowed: Allowed): ParsedStep => {
  const fault = faultOf(input, allowed);
  if (fault !== null) return { kind: 'fault', fault };
  const text = (field: string): string | null => (input[field] as string | undefined) ?? null;
  const commands = Object.fromEntries(COMMANDS.flatMap((name) => (name in input ? [[name, input[name]]] : [])));
  const step = {
    commands: commands as CommandStep['commands'],
    env: (input['env'] as readonly string[] | undefined) ?? [],
    set: (input['set'] as Readonly<Record<string, string>> | undefined) ?? {},
    cwd: text('cwd'),
    target: text('target'),
    from: text('from'),
    to: text('to'),
    gate: input['gate'] === true,
    destructive: input['destructive'] === true,
  };
  return { kind: 'step', step };
};
