import type { Command } from 'commander';
import { gateAnswer, incidentAnswer, listAnswer, listedActionAnswer } from '../answers.ts';
import { apiClient } from '../api-client.ts';
import { RunFailure, UsageError } from '../errors.ts';
import { clean, paint } from '../format.ts';
import type { Outcome } from '../session.ts';
import { EXIT, reports, withServer } from '../session.ts';
import type { Session } from '../session.ts';
import { actionTable } from '../show-diagnosis.ts';
import { incidentSheet } from '../show-incident.ts';
import { given, incidentPath, say, written } from './say.ts';

interface ServerOptions {
  readonly url?: string;
}

/** Of an incident: its fix, its post-mortem, its review. */
export function addLearning(incidents: Command, session: Session): void {
  addFix(incidents, session);
  addPostmortem(incidents, session);
}

interface FixOptions extends ServerOptions {
  readonly link?: string;
  readonly text?: string;
  readonly at?: string;
}

function addFix(incidents: Command, session: Session): void {
  const fix = incidents
    .command('fix')
    .description('Say how far the permanent fix is, or that none is needed')
    .argument('<id>')
    .argument('<stage>', 'linked, implemented, tested, staging, deployed, validated or unnecessary')
    .argument('[version]', 'as the gate is asked about it')
    .option('--link <address>', 'of the pull request, the test run or the deployment')
    .option('--text <text>', 'what there is to say')
    .option('--at <time>', 'when it was so; usually now');
  reports<FixOptions>(session, withServer(fix), ({ url, link, ...rest }, [id = '', stage, version]) =>
    say(session, url, id, 'fix', { stage, ...given({ version, url: link, ...rest }) }),
  );
}

function addPostmortem(incidents: Command, session: Session): void {
  const write = incidents
    .command('write')
    .description('Write a section of the post-mortem')
    .argument('<id>')
    .argument('<section>', 'like what-happened, contributing-factors, prevention, went-well, takeaways')
    .argument('<text...>', 'the text; - reads standard input');
  reports<ServerOptions>(session, withServer(write), async ({ url }, [id = '', section, ...words]) =>
    say(session, url, id, 'report/sections', { section, text: await written(session, words) }),
  );
  const publish = incidents
    .command('publish-report')
    .description('Publish the post-mortem to team and stakeholders')
    .argument('<id>');
  reports<ServerOptions>(session, withServer(publish), ({ url }, [id = '']) =>
    say(session, url, id, 'report/publish', {}),
  );
  const review = incidents
    .command('review')
    .description('Say that the follow-up review was held, and what came of it')
    .argument('<id>')
    .argument('<text...>');
  reports<ServerOptions>(session, withServer(review), ({ url }, [id = '', ...words]) =>
    say(session, url, id, 'review', { text: words.join(' ') }),
  );
}

interface ActionListOptions extends ServerOptions {
  readonly status?: string;
  readonly owner?: string;
  readonly overdue?: boolean;
}

interface ActionOptions extends ServerOptions {
  readonly status?: string;
  readonly owner?: string;
  readonly due?: string;
  readonly kind?: string;
  readonly note?: string;
}

export function addActions(program: Command, session: Session): void {
  const actions = program
    .command('actions')
    .description('Action items: what is to be done so that it does not come back');
  const list = actions
    .command('list', { isDefault: true })
    .description('List the action items of all incidents, what is due first first')
    .option('--status <list>', 'open, done, verified; separated by commas')
    .option('--owner <name>', 'of one owner')
    .option('--overdue', 'only what is open after its due date');
  reports<ActionListOptions>(session, withServer(list), async ({ url, overdue, ...filter }) => {
    const query = new URLSearchParams({ ...filter, ...(overdue === true ? { overdue: 'true' } : {}) });
    const page = await apiClient(session.io, url).get(`/actions?${query.toString()}`, listAnswer(listedActionAnswer));
    return { exitCode: EXIT.ok, report: page, text: actionTable(page.items) };
  });
  const add = actions
    .command('add')
    .description('Add an action item to an incident')
    .argument('<incident>')
    .argument('<action...>')
    .option('--owner <name>', 'who does it; an e-mail address is reminded in person')
    .option('--due <day>', 'like 2024-02-01')
    .option('--kind <kind>', 'immediate, process, technical or documentation');
  reports<ActionOptions>(session, withServer(add), ({ url, due, owner, kind }, [id = '', ...words]) =>
    said(session, url, id, { action: words.join(' '), ...given({ owner, kind, dueAt: due }) }),
  );
  const set = actions
    .command('set')
    .description('Change an action item')
    .argument('<incident>')
    .argument('<item>', 'A1…')
    .option('--status <status>', 'open, done or verified')
    .option('--owner <name>', 'who does it; - for nobody')
    .option('--due <day>', 'like 2024-02-01; - for no date')
    .option('--note <text>', 'what there is to say');
  reports<ActionOptions>(session, withServer(set), ({ url, status, owner, due, note }, [id = '', item]) => {
    const none = (value: string | undefined): string | null | undefined => (value === '-' ? null : value);
    return said(session, url, id, { id: item, ...given({ status, owner: none(owner), dueAt: none(due), note }) });
  });
}

async function said(session: Session, url: string | undefined, id: string, body: object): Promise<Outcome> {
  const incident = await apiClient(session.io, url).post(`${incidentPath(id)}/actions`, body, incidentAnswer);
  return { exitCode: EXIT.ok, report: incident, text: incidentSheet(incident, []) };
}

interface GateOptions extends ServerOptions {
  readonly environment?: string;
  readonly failOpen?: boolean;
}

/** Exit code 1 when the version may not go out, and when nobody can say, unless that is to mean yes. */
export function addGate(program: Command, session: Session): void {
  const gate = program
    .command('gate')
    .description('May this version of a service go out? For pipelines: exit code 0 when it may, 1 when it may not')
    .argument('<service>')
    .argument('<version>')
    .option('--environment <name>', 'where it goes; usually wherever')
    .option('--fail-open', 'let it out when the server cannot be reached');
  reports<GateOptions>(
    session,
    withServer(gate),
    async ({ url, environment, failOpen }, [service = '', version = '']) => {
      const query = new URLSearchParams({ service, version, ...(environment === undefined ? {} : { environment }) });
      try {
        const report = await apiClient(session.io, url).get(`/gate?${query.toString()}`, gateAnswer);
        const word = report.allowed ? paint(session.io, 'good', 'allowed') : paint(session.io, 'bad', 'blocked');
        const text = report.because.map((because) => `${word}  ${clean(because)}\n`).join('');
        return { exitCode: report.allowed ? EXIT.ok : EXIT.problems, report, text };
      } catch (error) {
        if (failOpen !== true || error instanceof UsageError || !(error instanceof RunFailure)) throw error;
        const because = [`nobody could be asked, and --fail-open lets it out: ${error.message}`];
        return {
          exitCode: EXIT.ok,
          report: { allowed: true, because, incident: null },
          text: because.map((each) => `allowed  ${clean(each)}\n`).join(''),
        };
      }
    },
  );
}
