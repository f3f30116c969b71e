import type { Command } from 'commander';
import type { ImportOptions } from '../ports.ts';
import { EXIT, reports, withRules } from '../session.ts';
import type { Session } from '../session.ts';
import { importYaml } from '../show-import.ts';

export function addImport(program: Command, session: Session): void {
  const command = program
    .command('import')
    .description('Look at an existing setup, propose its services as YAML, and say what the rules make of its alerts')
    .option('--alertmanager <url>', 'where Alertmanager is; usually the configured one')
    .option('--prometheus <url>', 'read its alerting rules, too; usually the configured one, if there is one');
  reports<ImportOptions>(session, withRules(command), async (options) => {
    const report = await session.actions.importSetup(options);
    return { exitCode: EXIT.ok, report, text: importYaml(report) };
  });
}
