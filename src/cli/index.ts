import { Command, CommanderError } from 'commander';
import { addConfig, addDb, addServe, addVerify } from './commands/process.ts';
import { addCompare } from './commands/compare.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDrill } from './commands/drill.ts';
import { addHandover, addStats } from './commands/overview.ts';
import { addImport } from './commands/import.ts';
import { addActions, addGate } from './commands/learning.ts';
import { addMaintenance } from './commands/maintenance.ts';
import { addRollback } from './commands/rollback.ts';
import { addReport } from './commands/report.ts';
import { addRules } from './commands/rules.ts';
import { addEffects, addIncidents } from './commands/server.ts';
import { UsageError } from './errors.ts';
import { clean, json, table } from './format.ts';
import type { CliIo } from './io.ts';
import { BadConfiguration } from './ports.ts';
import type { CliActions } from './ports.ts';
import { EXIT } from './session.ts';
import type { Session } from './session.ts';

export { processIo } from './io.ts';
export type { CliIo } from './io.ts';

export interface CliDeps {
  readonly io: CliIo;
  readonly actions: CliActions;
  readonly version: string;
}

/** Carries out one command line (without `node` and the script). Never throws; resolves to the exit code. */
export async function runCli(argv: readonly string[], deps: CliDeps): Promise<number> {
  const session: Session = { io: deps.io, actions: deps.actions, exitCode: EXIT.ok };
  try {
    await createCli(session, deps.version).parseAsync(argv, { from: 'user' });
    return session.exitCode;
  } catch (error) {
    return report(deps.io, error, argv.includes('--json'));
  }
}

function createCli(session: Session, version: string): Command {
  const { io } = session;
  const program = new Command('firebreak')
    .description('Incident responder: alerts in, decisions by rules, pages, rollbacks, a verifiable timeline')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(--help says what is possible)')
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      getOutHasColors: () => io.colour,
      getErrHasColors: () => io.colour,
    })
    .addHelpText('after', '\nExit codes: 0 done, 1 problems found or failed, 2 usage or bad configuration');
  addServe(program, session);
  addConfig(program, session);
  addRules(program, session);
  addIncidents(program, session);
  addActions(program, session);
  addGate(program, session);
  addHandover(program, session);
  addMaintenance(program, session);
  addStats(program, session);
  addReport(program, session);
  addRollback(program, session);
  addDrill(program, session);
  addEffects(program, session);
  addCompare(program, session);
  addDoctor(program, session);
  addImport(program, session);
  addVerify(program, session);
  addDb(program, session);
  return program;
}

/** People read standard error; whoever asked for JSON gets that on standard output as well. */
function report(io: CliIo, error: unknown, asJson: boolean): number {
  // Commander has said it already, and gives 1 where this program says 2.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const message = error instanceof Error ? error.message : String(error);
  const problems = error instanceof BadConfiguration ? error.problems : [];
  if (asJson) io.out(json({ ok: false, error: { message }, ...(problems.length > 0 ? { problems } : {}) }));
  io.err(`${table(problems.map(({ field, message: text }) => [field, text]))}firebreak: ${clean(message)}\n`);
  return error instanceof UsageError || error instanceof BadConfiguration ? EXIT.usage : EXIT.problems;
}
