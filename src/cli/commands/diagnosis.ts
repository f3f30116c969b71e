import type { Command } from 'commander';
import { checklistAnswer, diagnosisAnswer, evidenceAnswer, listAnswer } from '../answers.ts';
import { apiClient } from '../api-client.ts';
import { UsageError } from '../errors.ts';
import { EXIT, reports, withServer } from '../session.ts';
import type { Session } from '../session.ts';
import { checklistTable, diagnosisSheet, evidenceTable } from '../show-diagnosis.ts';
import { given, incidentPath, say } from './say.ts';

interface ServerOptions {
  readonly url?: string;
}

interface EvidenceOptions extends ServerOptions {
  readonly link?: string;
  readonly text?: string;
  readonly query?: string;
  readonly at?: string;
  readonly from?: string;
  readonly to?: string;
}

interface CauseOptions extends ServerOptions {
  readonly confidence: string;
  readonly evidence?: string;
}

/** What is found out about an incident: evidence, questions, hypotheses, blockers, the checklist. */
export function addDiagnosis(incidents: Command, session: Session): void {
  addEvidence(incidents, session);
  addReadings(incidents, session);
  addCauses(incidents, session);
  addBlockers(incidents, session);
  addTick(incidents, session);
}

function addEvidence(incidents: Command, session: Session): void {
  const add = incidents
    .command('add-evidence')
    .description('Add evidence; a query is asked of Prometheus and recorded with what it gives')
    .argument('<id>')
    .argument('<kind>', 'link, text, metric, log, alert, ticket, user-report or third-party')
    .argument('<title>')
    .option('--link <address>', 'where it is')
    .option('--text <text>', 'what it says; - reads standard input')
    .option('--query <promql>', '$service and $environment stand for those of the incident')
    .option('--at <time>', 'when the query looks; usually now')
    .option('--from <time>', 'ask over the time from then')
    .option('--to <time>', 'and to then; usually to now');
  reports<EvidenceOptions>(session, withServer(add), async ({ url, link, text, ...query }, [id = '', kind, title]) => {
    const said = text === '-' ? await session.io.read('-') : text;
    return say(session, url, id, 'evidence', { kind, title, ...given({ url: link, text: said, ...query }) });
  });
}

/** Three lists that are only read. */
function addReadings(incidents: Command, session: Session): void {
  const evidence = incidents.command('evidence').description('Everything that was collected').argument('<id>');
  reports<ServerOptions>(session, withServer(evidence), async ({ url }, [id = '']) => {
    const path = `${incidentPath(id)}/evidence`;
    const report = await apiClient(session.io, url).get(path, listAnswer(evidenceAnswer));
    return { exitCode: EXIT.ok, report, text: evidenceTable(report.items) };
  });
  const checklist = incidents.command('checklist').description('What is done, phase by phase').argument('<id>');
  reports<ServerOptions>(session, withServer(checklist), async ({ url }, [id = '']) => {
    const path = `${incidentPath(id)}/checklist`;
    const report = await apiClient(session.io, url).get(path, listAnswer(checklistAnswer));
    return { exitCode: EXIT.ok, report, text: checklistTable(report.items) };
  });
  const diagnosis = incidents
    .command('diagnosis')
    .description('When did it start, what changed before, were there warning signs, how fast did it escalate')
    .argument('<id>');
  reports<ServerOptions>(session, withServer(diagnosis), async ({ url }, [id = '']) => {
    const report = await apiClient(session.io, url).get(`${incidentPath(id)}/diagnosis`, diagnosisAnswer);
    return { exitCode: EXIT.ok, report, text: diagnosisSheet(report) };
  });
}

function addCauses(incidents: Command, session: Session): void {
  const cause = incidents
    .command('cause')
    .description('Propose a root cause')
    .argument('<id>')
    .argument(
      '<category>',
      'code-bug, database-migration, configuration, infrastructure, third-party, capacity or security',
    )
    .argument('<summary...>')
    .requiredOption('--confidence <number>', '0 to 1')
    .option('--evidence <list>', 'ids like E1,E2; separated by commas');
  reports<CauseOptions>(
    session,
    withServer(cause),
    ({ url, confidence, evidence }, [id = '', category, ...summary]) => {
      const sure = Number(confidence);
      if (confidence.trim() === '' || Number.isNaN(sure)) {
        throw new UsageError(`--confidence: "${confidence}" is not a number from 0 to 1`);
      }
      const cited = evidence?.split(',').map((each) => each.trim()) ?? [];
      return say(session, url, id, 'root-cause', {
        category,
        summary: summary.join(' '),
        confidence: sure,
        evidence: cited,
      });
    },
  );
  const judge = incidents
    .command('judge')
    .description('Confirm or refute a root cause')
    .argument('<id>')
    .argument('<hypothesis>', 'H1…')
    .argument('<state>', 'confirmed or refuted')
    .requiredOption('--because <text>', 'the reason, for the timeline');
  reports<ServerOptions & { readonly because: string }>(
    session,
    withServer(judge),
    ({ url, because }, [id = '', hypothesis, state]) =>
      say(session, url, id, 'root-cause', { id: hypothesis, state, because }),
  );
}

function addBlockers(incidents: Command, session: Session): void {
  const block = incidents
    .command('block')
    .description('Say what blocks the work')
    .argument('<id>')
    .argument('<text...>');
  reports<ServerOptions>(session, withServer(block), ({ url }, [id = '', ...words]) =>
    say(session, url, id, 'blockers', { text: words.join(' ') }),
  );
  const unblock = incidents
    .command('unblock')
    .description('Say that it is out of the way')
    .argument('<id>')
    .argument('<blocker>', 'B1…');
  reports<ServerOptions>(session, withServer(unblock), ({ url }, [id = '', clear]) =>
    say(session, url, id, 'blockers', { clear }),
  );
}

function addTick(incidents: Command, session: Session): void {
  const tick = incidents
    .command('tick')
    .description('Tick an item of the checklist')
    .argument('<id>')
    .argument('<item>')
    .option('--undo', 'it is not done after all');
  reports<ServerOptions & { readonly undo?: boolean }>(session, withServer(tick), ({ url, undo }, [id = '', item]) =>
    say(session, url, id, 'checklist', { item, done: undo !== true }),
  );
}
