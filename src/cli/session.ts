import type { Command } from 'commander';
import { json } from './format.ts';
import type { CliIo } from './io.ts';
import type { CliActions } from './ports.ts';

export const EXIT = { ok: 0, problems: 1, usage: 2 } as const;

export interface Session {
  readonly io: CliIo;
  readonly actions: CliActions;
  /** The code of the command that ran. */
  exitCode: number;
}

/** What a command found: the same report for machines and for people. */
export interface Outcome {
  readonly exitCode: number;
  readonly report: unknown;
  readonly text: string;
}

/** Adds `--json`, and runs `work` as the command's action: its report is printed and its code kept. */
// Commander knows no types of options; each command names its own here.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export function reports<O extends object>(
  session: Session,
  command: Command,
  work: (options: O, args: readonly string[]) => Promise<Outcome>,
): Command {
  return command.option('--json', 'print one JSON document and nothing else').action(async () => {
    const { json: asJson, ...options } = command.opts<O & { readonly json?: boolean }>();
    const outcome = await work(options as O, command.args);
    session.io.out(asJson === true ? json(outcome.report) : outcome.text);
    session.exitCode = outcome.exitCode;
  });
}

const withConfig = (command: Command): Command =>
  command.option('-c, --config <file>', 'configuration file (FIREBREAK_CONFIG; usually config/firebreak.yaml)');

/** `--rules-dir` is what the configuration calls it. */
export const withRules = (command: Command): Command =>
  withConfig(command).option('--rules, --rules-dir <directory>', 'directory of the rules (FIREBREAK_RULES_DIR)');

export const withStore = (command: Command): Command =>
  withConfig(command).option('--database-url <url>', 'embedded:<directory> or postgres://… (FIREBREAK_DATABASE_URL)');

export const withServer = (command: Command): Command =>
  command.option('--url <url>', 'the running server (FIREBREAK_URL; usually http://127.0.0.1:8080)');
