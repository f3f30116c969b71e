import type { Command } from 'commander';
import { clean, paint, plural } from '../format.ts';
import type { CliIo } from '../io.ts';
import type { DoctorCheck, DoctorOptions, DoctorReport } from '../ports.ts';
import { EXIT, reports, withRules } from '../session.ts';
import type { Session } from '../session.ts';

/** Exit code 1 when something failed; what is only worth knowing is a warning. */
export function addDoctor(program: Command, session: Session): void {
  const doctor = program
    .command('doctor')
    .description('Check configuration, rules, database, clock, and the credentials and rights of every integration')
    .option('--database-url <url>', 'embedded:<directory> or postgres://… (FIREBREAK_DATABASE_URL)')
    .option('--send-test', 'page once through PagerDuty, marked TEST, and resolve it again');
  reports<DoctorOptions>(session, withRules(doctor), async (options) => {
    const report = await session.actions.doctor(options);
    const exitCode = report.checks.some(({ status }) => status === 'failed') ? EXIT.problems : EXIT.ok;
    return { exitCode, report: { ok: exitCode === EXIT.ok, ...report }, text: doctorText(session.io, report) };
  });
}

function doctorText(io: CliIo, { checks }: DoctorReport): string {
  const width = Math.max(0, ...checks.map(({ name }) => clean(name).length));
  const count = (status: DoctorCheck['status']): number => checks.filter((check) => check.status === status).length;
  const lines = checks.map((check) => lineOf(io, check, width)).join('');
  return `${lines}\n${plural(checks.length, 'check')}: ${count('failed')} failed, ${plural(count('warning'), 'warning')}\n`;
}

const STATUS_WIDTH = 9;

function lineOf(io: CliIo, { name, status, message, advice }: DoctorCheck, width: number): string {
  const word = status.padEnd(STATUS_WIDTH);
  const shown = paint(io, status === 'ok' ? 'good' : status === 'failed' ? 'bad' : 'strong', word);
  const line = `${shown}${clean(name).padEnd(width)}  ${clean(message)}\n`;
  return advice === null ? line : `${line}${' '.repeat(STATUS_WIDTH + width + 2)}→ ${clean(advice)}\n`;
}
