import type { Command } from 'commander';
import { handoverAnswer, statisticsAnswer } from '../answers.ts';
import { apiClient } from '../api-client.ts';
import { clean } from '../format.ts';
import { EXIT, reports, withServer } from '../session.ts';
import type { Session } from '../session.ts';
import { statisticsTable } from '../show-stats.ts';

interface StatsOptions {
  readonly url?: string;
  readonly since?: string;
  readonly until?: string;
  readonly service?: string;
  readonly severity?: string;
  readonly groupBy?: string;
}

export function addStats(program: Command, session: Session): void {
  const stats = program
    .command('stats')
    .description('What the incidents came to: times, clocks, rollbacks, learning')
    .option('--since <time>', 'opened at or after, like 2024-01-15T00:00:00Z; usually 90 days ago')
    .option('--until <time>', 'opened before; usually now')
    .option('--service <name>', 'of one service')
    .option('--severity <list>', 'P0, P1, P2, P3; separated by commas')
    .option('--group-by <what>', 'severity, service or week');
  reports<StatsOptions>(session, withServer(stats), async ({ url, ...query }) => {
    const path = `/stats?${new URLSearchParams({ ...query }).toString()}`;
    const report = await apiClient(session.io, url).get(path, statisticsAnswer);
    return { exitCode: EXIT.ok, report, text: statisticsTable(report) };
  });
}

export function addHandover(program: Command, session: Session): void {
  const handover = program.command('handover').description('What the next person on call must know, on one screen');
  reports<{ readonly url?: string }>(session, withServer(handover), async ({ url }) => {
    const report = await apiClient(session.io, url).get('/handover', handoverAnswer);
    return { exitCode: EXIT.ok, report, text: report.text.split('\n').map(clean).join('\n') };
  });
}
