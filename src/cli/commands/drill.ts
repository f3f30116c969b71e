import type { Command } from 'commander';
import { z } from 'zod';
import { effectAnswer, eventAnswer, incidentAnswer, listAnswer } from '../answers.ts';
import type { IncidentAnswer } from '../answers.ts';
import { apiClient } from '../api-client.ts';
import type { ApiClient } from '../api-client.ts';
import { table } from '../format.ts';
import { EXIT, reports, withServer } from '../session.ts';
import type { Session } from '../session.ts';
import { incidentSheet } from '../show-incident.ts';

const startAnswer = z.looseObject({ incidentId: z.string() });
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 500;

type Effect = z.output<typeof effectAnswer>;

interface Drill {
  readonly incident: IncidentAnswer;
  readonly effects: readonly Effect[];
}

/** A synthetic incident through every real adapter. Exit code 1 when anything of it did not work. */
export function addDrill(program: Command, session: Session): void {
  const drill = program
    .command('drill')
    .description('Try everything out for a service: page, post and rehearse its rollback, all marked DRILL')
    .argument('<service>');
  reports<{ readonly url?: string }>(session, withServer(drill), async ({ url }, [service = '']) => {
    const api = apiClient(session.io, url);
    const { incidentId } = await api.post(`/services/${encodeURIComponent(service)}/drill`, {}, startAnswer);
    const { incident, effects } = await settled(api, incidentId);
    const { items } = await api.get(`/incidents/${incidentId}/timeline`, listAnswer(eventAnswer));
    const problems = problemsOf(incident, effects);
    const sent = table(effects.map((e) => [e.status, e.channel, e.kind, e.message]));
    const result = problems.length === 0 ? 'Everything worked.\n' : `${problems.join('\n')}\n`;
    return {
      exitCode: problems.length === 0 ? EXIT.ok : EXIT.problems,
      report: { incident, effects, problems },
      text: `${incidentSheet(incident, items)}\nWhat left\n${sent}\n${result}`,
    };
  });
}

/** Until its rollback has been rehearsed and everything that it sends has ended, or the patience has. */
async function settled(api: ApiClient, id: string): Promise<Drill> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const incident = await api.get(`/incidents/${id}`, incidentAnswer);
    const { items: effects } = await api.get(`/incidents/${id}/effects`, listAnswer(effectAnswer));
    const over = ['shadowed', 'stopped'].includes(incident.rollback?.state ?? '');
    if ((over && effects.every((effect) => !isOpen(effect))) || Date.now() > deadline) return { incident, effects };
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

const isOpen = ({ status }: Effect): boolean => status === 'pending' || status === 'acting';

const why = (result: Effect['result']): string => {
  const because = result?.failure?.message ?? result?.because;
  return because === undefined ? '' : ` (${because})`;
};

function problemsOf({ rollback }: IncidentAnswer, effects: readonly Effect[]): readonly string[] {
  const unsent = effects
    // A refresh that a later one made needless was not sent, and nothing is missing.
    .filter(({ status, kind }) => status !== 'delivered' && !(kind === 'refresh' && status === 'skipped'))
    .map(({ channel, kind, status, result }) => `${channel} ${kind}: ${status}${why(result)}`);
  if (rollback?.state === 'shadowed') return unsent;
  return [...unsent, `rollback: ${rollback?.state ?? 'none'}: ${rollback?.because ?? 'it was not rehearsed in time'}`];
}
