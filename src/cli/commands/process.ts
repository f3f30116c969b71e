import type { Command } from 'commander';
import { paint, plural, table } from '../format.ts';
import type { CliIo } from '../io.ts';
import type { ConfigReport, Locations, ServeOptions, StoreOptions, VerifyReport } from '../ports.ts';
import { EXIT, reports, withRules, withStore } from '../session.ts';
import type { Session } from '../session.ts';

export function addServe(program: Command, session: Session): void {
  const serve = program.command('serve').description('Receive alerts, decide, act and answer the API until stopped');
  withRules(serve)
    .option('--database-url <url>', 'embedded:<directory> or postgres://… (FIREBREAK_DATABASE_URL)')
    .option('--host <address>', 'address to listen on (FIREBREAK_HTTP_HOST)')
    .option('--port <number>', 'port to listen on, 0 for any free one (FIREBREAK_HTTP_PORT)')
    .option('--log-level <level>', 'fatal, error, warn, info, debug, trace or silent (FIREBREAK_LOG_LEVEL)')
    .option('--json', 'say as JSON what is said to people')
    .action(async () => {
      session.exitCode = await session.actions.serve(serve.opts<ServeOptions>());
    });
}

export function addConfig(program: Command, session: Session): void {
  const config = program.command('config').description('The configuration');
  const check = config
    .command('check')
    .description('Read and check the configuration, and say everything that is wrong');
  withRules(check).option('--show', 'list every setting and where it comes from');
  reports<Locations & { readonly show?: boolean }>(session, check, async (options) => {
    const { show = false, ...locations } = options;
    const report = await session.actions.checkConfig(locations);
    const exitCode = report.problems.length > 0 ? EXIT.problems : EXIT.ok;
    return { exitCode, report: { ok: exitCode === EXIT.ok, ...report }, text: configText(session.io, report, show) };
  });
}

function configText(io: CliIo, { configPath, sandbox, problems, settings }: ConfigReport, show: boolean): string {
  const file = configPath ?? 'no file, everything is the default';
  if (problems.length > 0) {
    const lines = table(problems.map(({ field, message }) => [field, message]));
    return `${lines}${paint(io, 'bad', `${plural(problems.length, 'problem')} (${file})`)}\n`;
  }
  const listed = show ? table([['SETTING', 'VALUE', 'FROM'], ...settings.map((s) => [s.key, s.value, s.from])]) : '';
  const note = sandbox === null ? '' : `sandbox: nothing would be sent: ${sandbox}\n`;
  return `${listed}${paint(io, 'good', 'ok')}  ${file}\n${note}`;
}

export function addVerify(program: Command, session: Session): void {
  const verify = program
    .command('verify')
    .description('Prove that every timeline is what was written: no event altered, missing or cut off')
    .argument('[incident]', 'one incident only');
  reports<StoreOptions>(session, withStore(verify), async (options, [id = null]) => {
    const report = await session.actions.verify(options, id);
    const exitCode = report.faults.length > 0 ? EXIT.problems : EXIT.ok;
    return { exitCode, report: { ok: exitCode === EXIT.ok, ...report }, text: verifyText(session.io, report) };
  });
}

function verifyText(io: CliIo, { checked, faults }: VerifyReport): string {
  const lines = table(faults.map(({ id, fault }) => [id, fault.kind, `event ${fault.seq}`]));
  if (faults.length > 0)
    return `${lines}${paint(io, 'bad', `${faults.length} of ${plural(checked, 'incident')} at fault`)}\n`;
  return `${paint(io, 'good', 'ok')}  ${plural(checked, 'incident')} verified\n`;
}

export function addDb(program: Command, session: Session): void {
  const db = program.command('db').description('The database');
  const migrate = db.command('migrate').description('Bring the schema up to date; safe to repeat');
  reports<StoreOptions>(session, withStore(migrate), async (options) => {
    const report = await session.actions.migrate(options);
    const done = report.applied.length === 0 ? 'already up to date' : `applied ${report.applied.join(', ')}`;
    return { exitCode: EXIT.ok, report, text: `${paint(session.io, 'good', 'ok')}  ${done}\n` };
  });
}
