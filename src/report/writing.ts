import type { ReportSection } from '../domain/incident/process-events.ts';
import type { CaseFile } from './case-file.ts';
import type { Statement } from './model.ts';
import { day } from './moments.ts';

/** What a person wrote for this part, else that it is still to write, and what about. */
export function written(file: CaseFile, section: ReportSection, label: string, about: string): Statement {
  const event = file.all('section-written').findLast(({ data }) => data.section === section);
  const bare = { href: null, verbatim: null, section };
  if (event === undefined) return { ...bare, kind: 'to-write', label, text: about, events: [] };
  const { text, by, version } = event.data;
  const credit = `${label} (${by}, ${day(event.at)}${version === 1 ? '' : `, version ${version}`})`;
  return { ...bare, kind: 'written', label: credit, text, events: [event.seq] };
}
