import type { Command } from 'commander';
import { z } from 'zod';
import { effectAnswer, eventAnswer, incidentAnswer, listAnswer } from '../answers.ts';
import { apiClient } from '../api-client.ts';
import { UsageError } from '../errors.ts';
import { moment, plural, table } from '../format.ts';
import { EXIT, reports, withServer } from '../session.ts';
import type { Session } from '../session.ts';
import { addDiagnosis } from './diagnosis.ts';
import { addLearning } from './learning.ts';
import { addLifecycle } from './lifecycle.ts';
import { incidentList, incidentSheet, moreLine } from '../show-incident.ts';

interface ServerOptions {
  readonly url?: string;
}

interface ListOptions extends ServerOptions {
  readonly status?: string;
  readonly severity?: string;
  readonly service?: string;
  readonly since?: string;
  readonly limit?: string;
  readonly cursor?: string;
}

export function addIncidents(program: Command, session: Session): void {
  const incidents = program.command('incidents').description('The incidents of a running server');
  const list = incidents
    .command('list', { isDefault: true })
    .description('List incidents, newest first')
    .option('--status <list>', 'open, acknowledged, mitigated, resolved, closed; separated by commas')
    .option('--severity <list>', 'P0, P1, P2, P3; separated by commas')
    .option('--service <name>', 'of one service')
    .option('--since <time>', 'opened at or after, like 2024-01-15T14:00:00Z')
    .option('--limit <number>', 'at most this many')
    .option('--cursor <cursor>', 'the next page: nextCursor of the one before');
  reports<ListOptions>(session, withServer(list), async ({ url, ...filter }) => {
    const query = new URLSearchParams({ ...filter }).toString();
    const page = await apiClient(session.io, url).get(`/incidents?${query}`, listAnswer(incidentAnswer));
    const more = page.nextCursor === null ? '' : moreLine(page.items.length);
    return { exitCode: EXIT.ok, report: page, text: `${incidentList(page.items)}${more}` };
  });
  addShow(incidents, session);
  addUpdate(incidents, session);
  addPublish(incidents, session);
  addLifecycle(incidents, session);
  addDiagnosis(incidents, session);
  addLearning(incidents, session);
}

function addUpdate(incidents: Command, session: Session): void {
  const update = incidents
    .command('update')
    .description('Tell everybody who follows it how it stands')
    .argument('<id>')
    .argument('<text...>');
  reports<ServerOptions>(session, withServer(update), ({ url }, [id = '', ...words]) =>
    tell(session, url, id, 'update', { text: words.join(' ') }),
  );
}

function addPublish(incidents: Command, session: Session): void {
  const publish = incidents
    .command('publish')
    .description("Let customers hear of it: approves the status page's post")
    .argument('<id>');
  reports<ServerOptions>(session, withServer(publish), ({ url }, [id = '']) => tell(session, url, id, 'publish', {}));
}

async function tell(session: Session, url: string | undefined, id: string, command: string, body: object) {
  const path = `/incidents/${encodeURIComponent(id)}/${command}`;
  const incident = await apiClient(session.io, url).post(path, body, incidentAnswer);
  return { exitCode: EXIT.ok, report: incident, text: incidentSheet(incident, []) };
}

function addShow(incidents: Command, session: Session): void {
  const show = incidents.command('show').description('Show one incident and its timeline').argument('<id>');
  reports<ServerOptions>(session, withServer(show), async ({ url }, [id = '']) => {
    const api = apiClient(session.io, url);
    const path = `/incidents/${encodeURIComponent(id)}`;
    const incident = await api.get(path, incidentAnswer);
    const { items } = await api.get(`${path}/timeline`, listAnswer(eventAnswer));
    return { exitCode: EXIT.ok, report: { ...incident, timeline: items }, text: incidentSheet(incident, items) };
  });
}

export function addEffects(program: Command, session: Session): void {
  const effects = program.command('effects').description('What could not be sent and was given up');
  const list = effects.command('list').description('List what was given up');
  reports<ServerOptions>(session, withServer(list), async ({ url }) => {
    const page = await apiClient(session.io, url).get('/effects/dead', listAnswer(effectAnswer));
    const rows = page.items.map(({ id, createdAt, attempts, result, message }) => {
      const why = result?.failure?.message ?? 'unknown';
      return [id, moment(createdAt), String(attempts), why, message];
    });
    const listed = table([['ID', 'MEANT AT (UTC)', 'TRIED', 'WHY', 'MESSAGE'], ...rows]);
    return { exitCode: EXIT.ok, report: page, text: rows.length === 0 ? 'Nothing was given up.\n' : listed };
  });
  addRetry(effects, session);
}

function addRetry(effects: Command, session: Session): void {
  const retry = effects
    .command('retry')
    .description('Send again what was given up')
    .argument('[ids...]')
    .option('--all', 'everything that was given up');
  reports<ServerOptions & { readonly all?: boolean }>(session, withServer(retry), async ({ url, all }, ids) => {
    if ((all === true) === ids.length > 0) throw new UsageError('give the ids of effects, or --all');
    const body = all === true ? { all } : { ids };
    const answer = await apiClient(session.io, url).post(
      '/effects/retry',
      body,
      z.looseObject({ retried: z.number() }),
    );
    // Asked for by id and not found among the dead: somebody else was quicker, or it never was there.
    const exitCode = answer.retried < ids.length ? EXIT.problems : EXIT.ok;
    const missing = exitCode === EXIT.ok ? '' : `${ids.length - answer.retried} not found among those given up\n`;
    return { exitCode, report: answer, text: `${plural(answer.retried, 'effect')} will be sent again\n${missing}` };
  });
}
