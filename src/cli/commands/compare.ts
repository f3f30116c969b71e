import type { Command } from 'commander';
import { z } from 'zod';
import type { ComparisonAnswer } from '../answers.ts';
import { comparisonAnswer, listAnswer } from '../answers.ts';
import { apiClient } from '../api-client.ts';
import { UsageError } from '../errors.ts';
import { moment, table } from '../format.ts';
import { EXIT, reports, withServer } from '../session.ts';
import type { Session } from '../session.ts';

interface CompareOptions {
  readonly url?: string;
  readonly since?: string;
  readonly until?: string;
  readonly days?: true;
}

/** Exit code 1 when PagerDuty woke somebody and Firebreak would not have. */
export function addCompare(program: Command, session: Session): void {
  const command = program
    .command('compare')
    .description(
      'Compare the pages that Firebreak sent, or while observing would have sent, with those of others in PagerDuty',
    )
    .option('--since <time>', 'like 2024-01-15T00:00:00Z; usually 24 hours before the end')
    .option('--until <time>', 'usually now')
    .option('--days', 'list the days that were compared while observing');
  reports<CompareOptions>(session, withServer(command), async ({ url, days, ...time }) => {
    const api = apiClient(session.io, url);
    if (days === true) {
      if (Object.keys(time).length > 0) throw new UsageError('--days goes without --since and --until');
      const kept = await api.get('/comparisons', listAnswer(comparisonAnswer.extend({ day: z.string() })));
      return { exitCode: EXIT.ok, report: kept, text: daysText(kept.items) };
    }
    const answer = comparisonAnswer.extend({ pagerdutyHeardAt: z.string().nullable() });
    const found = await api.get(`/comparison?${new URLSearchParams({ ...time }).toString()}`, answer);
    const exitCode = found.counts.onlyPagerDuty > 0 ? EXIT.problems : EXIT.ok;
    return { exitCode, report: found, text: `${comparisonText(found)}${silence(found.pagerdutyHeardAt)}` };
  });
}

function daysText(days: readonly (ComparisonAnswer & { readonly day: string })[]): string {
  if (days.length === 0)
    return 'No day was compared yet: that is done after midnight UTC, with notifications: observe.\n';
  const rows = days.map(({ day, counts }) => [
    day,
    ...[counts.both, counts.onlyPagerDuty, counts.onlyFirebreak].map(String),
  ]);
  return table([['DAY (UTC)', 'BOTH', 'ONLY PAGERDUTY', 'ONLY FIREBREAK'], ...rows]);
}

function comparisonText({ since, until, counts, ...found }: ComparisonAnswer): string {
  const both = found.both.flatMap(({ firebreak, pagerduty }) =>
    pagerduty.map((page) => [moment(firebreak.at), firebreak.incidentId, page.id, page.matchedBy, firebreak.title]),
  );
  const missed = found.onlyPagerDuty.map((page) => [moment(page.at), page.id, page.title, page.because]);
  const more = found.onlyFirebreak.map((page) => [
    moment(page.at),
    `${page.incidentId} ${page.severity}`,
    page.title,
    page.because,
  ]);
  return [
    `Pages from ${moment(since)} to ${moment(until)} (UTC)\n`,
    section(`Both: ${counts.both}`, both),
    section(`Only PagerDuty, Firebreak would have missed them: ${counts.onlyPagerDuty}`, missed),
    section(`Only Firebreak: ${counts.onlyFirebreak}`, more),
  ].join('\n');
}

const section = (title: string, rows: readonly (readonly string[])[]): string => `${title}\n${table(rows)}`;

const silence = (heardAt: string | null): string =>
  heardAt === null
    ? '\nPagerDuty has never told of an incident: subscribe the webhook to incident.triggered and incident.resolved.\n'
    : '';
