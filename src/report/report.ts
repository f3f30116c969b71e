import { describeEvent } from '../domain/incident/describe.ts';
import type { IncidentEvent } from '../domain/incident/events.ts';
import type { ReportSection } from '../domain/incident/process-events.ts';
import { oneLine, shorten } from '../domain/text.ts';
import type { CaseFile } from './case-file.ts';
import { caseFileOf } from './case-file.ts';
import { closingOf } from './closing.ts';
import { figuresOf } from './figures.ts';
import type { CitedEvent, Part, Proof, Report, Section, Statement } from './model.ts';
import { readable } from './moments.ts';
import { redacted } from './redacted.ts';
import { actionsSection, preventionSection } from './section-actions.ts';
import { causeSection } from './section-cause.ts';
import { evidenceSection } from './section-evidence.ts';
import { impactSection } from './section-impact.ts';
import { lessonsSection, recurrences } from './section-lessons.ts';
import { resolutionSection } from './section-resolution.ts';
import { summarySection } from './section-summary.ts';
import { timelineSection } from './section-timeline.ts';
import { slaOf } from './sla.ts';
import { proved } from './statements.ts';

/**
 * The post-mortem report of an incident: what its events prove, what nobody knows, and what people still have to write.
 * Pure, and of the events alone: the same events give the same report, whenever it is asked for and however Firebreak is
 * configured by then. Null when the events open no incident. Nothing in it looks like a credential.
 */
export function reportOf(events: readonly IncidentEvent[]): Report | null {
  const file = caseFileOf(events);
  return file === null ? null : redacted(reportOn(file));
}

function reportOn(file: CaseFile): Report {
  const { state, opened } = file;
  const sla = slaOf(file);
  const sections = [
    summarySection(file),
    timelineSection(file),
    causeSection(file),
    impactSection(file, sla),
    resolutionSection(file),
    preventionSection(file),
    actionsSection(file),
    lessonsSection(file, sla),
    evidenceSection(file),
  ];
  const closing = closingOf(file);
  const notices = noticesOf(file);
  const { id, title, service, environment, severity, status } = state;
  return {
    format: 'firebreak-post-mortem',
    version: 1,
    incident: { id, title, service, environment, severity, status, drill: state.drill === true, openedAt: opened.at },
    notices,
    figures: figuresOf(file, sla),
    sla,
    sections,
    closing,
    toWrite: stillToWrite(sections, closing),
    proof: proofOf(file, notices, sections, closing),
  };
}

function noticesOf(file: CaseFile): readonly Statement[] {
  const { state, opened } = file;
  const drill = state.drill === true ? [proved(null, 'DRILL: nothing was broken', [opened])] : [];
  const dismissed = file
    .all('incident-dismissed')
    .map((e) => proved(null, `A false alarm, dismissed by ${e.data.by}: ${e.data.because}`, [e]));
  const merged = file
    .all('incident-merged')
    .map((e) => proved(null, `Merged into ${e.data.into}, which goes on for both: ${e.data.because}`, [e]));
  return [...drill, ...dismissed, ...merged, ...recurrences(file, null)];
}

const statementsOf = (part: Part): readonly Statement[] => (part.kind === 'list' ? part.items : []);

function stillToWrite(sections: readonly Section[], closing: Part): readonly ReportSection[] {
  const all = [...sections.flatMap(({ parts }) => parts), closing].flatMap(statementsOf);
  return all.flatMap(({ kind, section }) => (kind === 'to-write' && section !== null ? [section] : []));
}

const LONGEST_LINE = 160;

function proofOf(file: CaseFile, notices: readonly Statement[], sections: readonly Section[], closing: Part): Proof {
  const parts = [...sections.flatMap((section) => section.parts), closing];
  const cited = new Set([
    ...notices.flatMap(({ events }) => events),
    ...parts.flatMap((part) =>
      part.kind === 'list' ? part.items.flatMap(({ events }) => events) : part.rows.flatMap(({ events }) => events),
    ),
  ]);
  const last = file.events.at(-1) ?? file.opened;
  return {
    events: file.events.length,
    asOf: last.at,
    headHash: last.hash,
    verify: `firebreak verify ${file.state.id}`,
    cited: file.events.filter(({ seq }) => cited.has(seq)).map(citedEvent),
  };
}

const citedEvent = (event: IncidentEvent): CitedEvent => ({
  seq: event.seq,
  at: event.at,
  type: event.type,
  text: shorten(oneLine(readable(describeEvent(event))), LONGEST_LINE),
  hash: event.hash,
});
