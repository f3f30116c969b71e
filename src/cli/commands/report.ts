import type { Command } from 'commander';
import { apiClient } from '../api-client.ts';
import { RunFailure, UsageError } from '../errors.ts';
import { clean } from '../format.ts';
import { EXIT, reports, withServer } from '../session.ts';
import type { Session } from '../session.ts';

interface ReportOptions {
  readonly url?: string;
  readonly format?: string;
  readonly out?: string;
}

const FORMATS = ['md', 'html', 'json'];

export function addReport(program: Command, session: Session): void {
  const command = program
    .command('report')
    .description('The post-mortem report of an incident, made from its events')
    .argument('<id>')
    .option('--format <format>', 'md, html or json', 'md')
    .option('--out <file>', 'write it to a file instead of printing it');
  reports<ReportOptions>(session, withServer(command), async ({ url, format = 'md', out }, [id = '']) => {
    if (!FORMATS.includes(format)) throw new UsageError(`--format is ${FORMATS.join(', ')}, not "${clean(format)}"`);
    const text = await apiClient(session.io, url).file(
      `/incidents/${encodeURIComponent(id)}/report?format=${encodeURIComponent(format)}`,
    );
    if (out === undefined) return { exitCode: EXIT.ok, report: { id, format, text }, text };
    await written(session, out, text);
    return { exitCode: EXIT.ok, report: { id, format, file: out }, text: `${clean(out)}\n` };
  });
}

async function written(session: Session, file: string, text: string): Promise<void> {
  try {
    await session.io.write(file, text);
  } catch (error) {
    throw new RunFailure(`cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
