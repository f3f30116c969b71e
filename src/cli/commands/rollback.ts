import type { Command } from 'commander';
import { incidentAnswer, planAnswer } from '../answers.ts';
import { apiClient } from '../api-client.ts';
import { UsageError } from '../errors.ts';
import { EXIT, reports, withServer } from '../session.ts';
import type { Session } from '../session.ts';
import { incidentSheet } from '../show-incident.ts';
import { planSheet } from '../show-plan.ts';

interface ServerOptions {
  readonly url?: string;
}

interface ReasonOptions extends ServerOptions {
  readonly because?: string;
}

export function addRollback(program: Command, session: Session): void {
  const rollback = program.command('rollback').description('Rollbacks: what they would do, and your word on them');
  addPlan(rollback, session);
  addApprove(rollback, session);
  addFix(rollback, session);
  for (const spec of WORDS) addWord(rollback, session, spec);
}

function addPlan(rollback: Command, session: Session): void {
  const plan = rollback
    .command('plan')
    .description('Resolve and rehearse the rollback plan of a service; nothing is changed')
    .argument('<service>');
  reports<ServerOptions>(session, withServer(plan), async ({ url }, [service = '']) => {
    const preview = await apiClient(session.io, url).get(
      `/services/${encodeURIComponent(service)}/rollback-plan`,
      planAnswer,
    );
    const isPossible = preview.ready && !preview.killSwitch;
    return { exitCode: isPossible ? EXIT.ok : EXIT.problems, report: preview, text: planSheet(preview) };
  });
}

function addApprove(rollback: Command, session: Session): void {
  const approve = rollback
    .command('approve')
    .description('Let a rollback begin that awaits approval, or that waits out its hold')
    .argument('<incident>')
    .option('--plan <hash>', 'of the plan that you looked at: refused if it has changed since');
  reports<ServerOptions & { readonly plan?: string }>(session, withServer(approve), ({ url, plan }, [id = '']) =>
    say(session, url, id, 'rollback/approve', plan === undefined ? {} : { planHash: plan }),
  );
}

function addFix(rollback: Command, session: Session): void {
  const hold = rollback
    .command('hold')
    .description('Declare a fix that takes less than 5 minutes: the rollback waits for it, once an incident')
    .argument('<incident>')
    .requiredOption('--minutes <number>', 'how long the fix takes');
  reports<ServerOptions & { readonly minutes: string }>(session, withServer(hold), ({ url, minutes }, [id = '']) => {
    if (!(Number(minutes) > 0)) throw new UsageError(`--minutes: "${minutes}" is not a number above 0`);
    return say(session, url, id, 'fix-eta', { minutes: Number(minutes) });
  });
}

const WORDS = [
  { name: 'start', what: "Roll back now, past automation's rails: your decision, on record" },
  { name: 'abort', what: 'Stop a rollback before its next step' },
  { name: 'undo', what: 'Take a rollback back, to the version that ran before it' },
] as const;

function addWord(rollback: Command, session: Session, { name, what }: (typeof WORDS)[number]): void {
  const command = rollback
    .command(name)
    .description(what)
    .argument('<incident>')
    .option('--because <text>', 'the reason, for the timeline');
  reports<ReasonOptions>(session, withServer(command), ({ url, because }, [id = '']) =>
    say(session, url, id, `rollback/${name}`, because === undefined ? {} : { because }),
  );
}

async function say(session: Session, url: string | undefined, id: string, path: string, body: object) {
  const api = apiClient(session.io, url);
  const incident = await api.post(`/incidents/${encodeURIComponent(id)}/${path}`, body, incidentAnswer);
  return { exitCode: EXIT.ok, report: incident, text: incidentSheet(incident, []) };
}
