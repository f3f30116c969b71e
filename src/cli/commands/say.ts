import { incidentAnswer } from '../answers.ts';
import { apiClient } from '../api-client.ts';
import type { Outcome, Session } from '../session.ts';
import { EXIT } from '../session.ts';
import { incidentSheet } from '../show-incident.ts';

export const incidentPath = (id: string): string => `/incidents/${encodeURIComponent(id)}`;

/** Gives an incident a command and shows it as it then stands. */
export async function say(
  session: Session,
  url: string | undefined,
  id: string,
  command: string,
  body: object,
): Promise<Outcome> {
  const incident = await apiClient(session.io, url).post(`${incidentPath(id)}/${command}`, body, incidentAnswer);
  return { exitCode: EXIT.ok, report: incident, text: incidentSheet(incident, []) };
}

/** Without what was not given: the API takes no null for nothing. */
export const given = (fields: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** Words as a text, or standard input where a single `-` stands for it. */
export const written = async ({ io }: Session, words: readonly string[]): Promise<string> =>
  words.length === 1 && words[0] === '-' ? io.read('-') : words.join(' ');
