import type { CaseFile } from './case-file.ts';
import type { ListPart, Statement } from './model.ts';
import { day, moment } from './moments.ts';
import { status } from './section-summary.ts';
import { absent, list, proved, unknown } from './statements.ts';
import { written } from './writing.ts';

/** Who answers for the report, and when it is looked at again. */
export const closingOf = (file: CaseFile): ListPart =>
  list('closing', null, [
    manager(file),
    proved('Date of the incident', day(file.opened.at), [file.opened]),
    written(file, 'reviewers', 'Reviewers', 'who has read it and agrees'),
    status(file),
    publication(file),
    followUp(file),
  ]);

function manager(file: CaseFile): Statement {
  const { commander } = file.state;
  const event = file.events.findLast(({ type }) => type === 'commander-taken' || type === 'incident-acknowledged');
  if (commander === null || event === undefined) return unknown('Incident manager', 'nobody took command');
  return proved('Incident manager', commander, [event]);
}

function publication(file: CaseFile): Statement {
  const event = file.last('postmortem-published');
  if (event === null) return absent('Post-mortem', 'a draft: it is not published');
  return proved('Post-mortem', `published ${moment(event.at)} by ${event.data.by}`, [event]);
}

function followUp(file: CaseFile): Statement {
  const label = 'Follow-up date';
  const due = file.last('review-due');
  const held = file.last('review-held');
  if (due === null) return unknown(label, 'it is set when the post-mortem is published');
  if (held === null) return proved(label, day(due.data.dueAt), [due]);
  const text = `${day(due.data.dueAt)}; held ${day(held.at)}, told by ${held.data.by}: ${held.data.text}`;
  return proved(label, text, [due, held]);
}
