import type { Command } from 'commander';
import type { z } from 'zod';
import { listAnswer, windowAnswer } from '../answers.ts';
import { apiClient } from '../api-client.ts';
import { UsageError } from '../errors.ts';
import { moment, table } from '../format.ts';
import type { Outcome } from '../session.ts';
import { EXIT, reports, withServer } from '../session.ts';
import type { Session } from '../session.ts';
import { given } from './say.ts';

type Window = z.output<typeof windowAnswer>;

interface ServerOptions {
  readonly url?: string;
}

interface AddOptions extends ServerOptions {
  readonly service?: string;
  readonly environment?: string;
  readonly from?: string;
  readonly until?: string;
  readonly minutes?: string;
  readonly because: string;
}

/** Announced work: what opens there meanwhile is recorded and wakes nobody. */
export function addMaintenance(program: Command, session: Session): void {
  const maintenance = program
    .command('maintenance')
    .description('Windows of maintenance: what opens in one is recorded and wakes nobody, not even as a P0');
  const list = maintenance
    .command('list', { isDefault: true })
    .description('List the windows that hold or are to come')
    .option('--past', 'those that are over, too');
  reports<ServerOptions & { readonly past?: boolean }>(session, withServer(list), async ({ url, past }) => {
    const path = `/maintenance${past === true ? '?past=true' : ''}`;
    const page = await apiClient(session.io, url).get(path, listAnswer(windowAnswer));
    const text = page.items.length === 0 ? 'No maintenance is announced.\n' : windowTable(page.items);
    return { exitCode: EXIT.ok, report: page, text };
  });
  addAdd(maintenance, session);
  const end = maintenance
    .command('end')
    .description('End a window early: what still fires there is told of at once')
    .argument('<window>', 'its number');
  reports<ServerOptions>(session, withServer(end), async ({ url }, [id = '']) =>
    shown(await apiClient(session.io, url).post(`/maintenance/${encodeURIComponent(id)}/end`, {}, windowAnswer)),
  );
}

function addAdd(maintenance: Command, session: Session): void {
  const add = maintenance
    .command('add')
    .description('Announce work on a service, an environment, or a service in an environment')
    .option('--service <name>', 'usually every one')
    .option('--environment <name>', 'usually every one')
    .option('--from <time>', 'like 2024-01-15T22:00:00Z; usually now')
    .option('--until <time>', 'its end; or')
    .option('--minutes <number>', 'how long it lasts')
    .requiredOption('--because <text>', 'what is done there');
  reports<AddOptions>(session, withServer(add), async ({ url, minutes, ...rest }) => {
    if ((minutes === undefined) === (rest.until === undefined)) throw new UsageError('give --until or --minutes');
    if (minutes !== undefined && !(Number(minutes) > 0))
      throw new UsageError(`--minutes: "${minutes}" is not a number above 0`);
    const body = given({ ...rest, minutes: minutes === undefined ? undefined : Number(minutes) });
    return shown(await apiClient(session.io, url).post('/maintenance', body, windowAnswer));
  });
}

const shown = (window: Window): Outcome => ({ exitCode: EXIT.ok, report: window, text: windowTable([window]) });

function windowTable(windows: readonly Window[]): string {
  const rows = windows.map(({ id, state, service, environment, from, until, endedAt, by, because }) => [
    String(id),
    state,
    service ?? 'every service',
    environment ?? 'every environment',
    moment(from),
    moment(endedAt ?? until),
    `${because} (${by})`,
  ]);
  return table([['NO', 'STATE', 'SERVICE', 'ENVIRONMENT', 'FROM (UTC)', 'UNTIL (UTC)', 'WHY'], ...rows]);
}
