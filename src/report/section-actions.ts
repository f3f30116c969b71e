import type { ActionKind } from '../domain/incident/process-events.ts';
import type { ActionItem } from '../domain/incident/process-state.ts';
import type { CaseFile } from './case-file.ts';
import type { Section, Statement } from './model.ts';
import { day } from './moments.ts';
import { list, proved, row, table } from './statements.ts';
import { written } from './writing.ts';

const KINDS: readonly (readonly [ActionKind, string])[] = [
  ['immediate', 'Immediate actions'],
  ['process', 'Process'],
  ['technical', 'Technical'],
  ['documentation', 'Documentation'],
];

export const preventionSection = (file: CaseFile): Section => ({
  number: 6,
  id: 'prevention',
  title: 'Prevention',
  parts: [
    ...KINDS.map(([kind, title]) => list(`prevention-${kind}`, title, measuresOf(file, kind))),
    list('prevention-text', 'In the words of the team', [
      written(file, 'prevention', 'Prevention', 'what keeps this from happening again, and how it will be checked'),
    ]),
  ],
});

const toWrite = (kind: ActionKind): Statement => ({
  kind: 'to-write',
  label: null,
  text: `no action item of the kind "${kind}" is recorded`,
  href: null,
  verbatim: null,
  events: [],
  section: null,
});

function measuresOf(file: CaseFile, kind: ActionKind): readonly Statement[] {
  const items = file.state.actions.filter((item) => item.kind === kind);
  if (items.length === 0) return [toWrite(kind)];
  return items.map((item) => proved(item.id, `${item.action} (${item.status})`, eventsOf(file, item)));
}

const eventsOf = (file: CaseFile, { id }: ActionItem) => [
  ...file.all('action-added').filter(({ data }) => data.id === id),
  ...file.all('action-changed').filter(({ data }) => data.id === id),
];

export const actionsSection = (file: CaseFile): Section => ({
  number: 7,
  id: 'action-items',
  title: 'Action items',
  parts: [
    table(
      'actions',
      null,
      ['Id', 'Action', 'Owner', 'Status', 'Due'],
      file.state.actions.map((item) =>
        row(
          [
            item.id,
            item.action,
            item.owner ?? 'unknown',
            statusOf(file, item),
            item.dueAt === null ? 'unknown' : day(item.dueAt),
          ],
          eventsOf(file, item),
        ),
      ),
      'no action item is recorded',
    ),
  ],
});

/** That it is overdue is said where a reminder has said so. */
function statusOf(file: CaseFile, { id, status }: ActionItem): string {
  const reminded = file.all('action-reminded').findLast(({ data }) => data.id === id);
  return status === 'open' && reminded?.data.overdue === true ? 'open, overdue' : status;
}
