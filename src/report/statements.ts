import type { IncidentEvent } from '../domain/incident/events.ts';
import type { ListPart, Statement, TablePart, TableRow } from './model.ts';

const numbers = (events: readonly IncidentEvent[]): readonly number[] =>
  [...new Set(events.map(({ seq }) => seq))].sort((a, b) => a - b);

const BARE = { href: null, verbatim: null, section: null };

/** What these events prove. */
export const proved = (
  label: string | null,
  text: string,
  events: readonly IncidentEvent[],
  more: Partial<Pick<Statement, 'href' | 'verbatim'>> = {},
): Statement => ({ ...BARE, kind: 'proved', label, text, events: numbers(events), ...more });

/** Where there is nothing to show, in words of its own. */
export const absent = (label: string | null, text: string): Statement => ({
  ...BARE,
  kind: 'unknown',
  label,
  text,
  events: [],
});

/** Missing is never left out: it is said. */
export const unknown = (label: string | null, why = ''): Statement =>
  absent(label, why === '' ? 'unknown' : `unknown: ${why}`);

export const provedOr = (
  label: string,
  said: { readonly text: string; readonly events: readonly IncidentEvent[] } | null,
  why = '',
): Statement => (said === null ? unknown(label, why) : proved(label, said.text, said.events));

export const list = (id: string, title: string | null, items: readonly Statement[]): ListPart => ({
  kind: 'list',
  id,
  title,
  items,
});

export const table = (
  id: string,
  title: string | null,
  columns: readonly string[],
  rows: readonly TableRow[],
  empty: string,
): TablePart => ({ kind: 'table', id, title, columns, rows, empty: absent(null, empty) });

export const row = (cells: readonly string[], events: readonly IncidentEvent[]): TableRow => ({
  cells,
  events: numbers(events),
});
