import type { Assessment } from '../decision.ts';
import { redact } from '../redact.ts';
import type { Severity } from '../severity.ts';
import { isUrgent, isWorse } from '../severity.ts';
import type { Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import { stopClock } from './decide-clocks.ts';
import type { FactSnapshot } from './event-parts.ts';
import type { NewEvent } from './events.ts';
import type { ProcessCommand } from './process-commands.ts';
import type { IncidentState } from './state.ts';
import { CHECKLIST_ITEMS } from './checklist-items.ts';

type Of<K extends ProcessCommand['kind']> = Extract<ProcessCommand, { kind: K }>;

const notFound = (what: string, field: string): never => {
  throw new CommandRefused('not-found', what, field);
};

/** What people paste may hold a credential, and the timeline is for ever. */
const shown = (text: string | null): string | null => (text === null ? null : redact(text));

const MOST_EVIDENCE = 200;

export function addEvidence(state: IncidentState, command: Of<'add-evidence'>): readonly NewEvent[] {
  const { evidence: kind, title, url, text, query, result, by, via } = command;
  if (state.evidence.length >= MOST_EVIDENCE) {
    throw new CommandRefused(
      'conflict',
      `there are ${MOST_EVIDENCE} pieces already: link to a document that holds more`,
    );
  }
  const id = `E${state.evidence.length + 1}`;
  const data = { id, kind, title: redact(title), url: shown(url), text: shown(text), query, result, by, via };
  return [{ type: 'evidence-added', data }];
}

const SNAPSHOTS_KEPT = 8;

/** The numbers that decided are evidence: when it opens, and when it becomes urgent. Those that rules looked at first. */
export function snapshotEvidence(
  state: IncidentState,
  to: Severity,
  { severity, rollback }: Assessment,
  snapshots: readonly FactSnapshot[],
): readonly NewEvent[] {
  const rises = state.severity === null || (isUrgent(to) && isWorse(to, state.severity));
  if (!rises) return [];
  const tested = new Set([...severity.conditions, ...rollback.conditions].map(({ fact }) => fact));
  const decided = snapshots.filter(({ fact }) => tested.has(fact));
  const kept = (decided.length > 0 ? decided : snapshots).slice(0, SNAPSHOTS_KEPT);
  return kept.map(({ fact, query, result }, i) => ({
    type: 'evidence-added',
    data: {
      ...{ id: `E${state.evidence.length + i + 1}`, kind: 'metric', title: fact, query, result },
      ...{ url: null, text: null, by: 'firebreak', via: 'firebreak' },
    },
  }));
}

export function addBlocker(state: IncidentState, { text, by, via }: Of<'add-blocker'>): readonly NewEvent[] {
  return [{ type: 'blocker-added', data: { id: `B${state.blockers.length + 1}`, text, by, via } }];
}

export function clearBlocker(state: IncidentState, { id, by, via }: Of<'clear-blocker'>): readonly NewEvent[] {
  const blocker = state.blockers.find((each) => each.id === id) ?? notFound(`no blocker ${id}`, 'clear');
  return blocker.clearedAt === null ? [{ type: 'blocker-cleared', data: { id, by, via } }] : [];
}

/** A hypothesis is what the diagnosis clock waits for. */
export function recordRootCause(
  state: IncidentState,
  command: Of<'record-root-cause'>,
  context: Context,
): readonly NewEvent[] {
  const { category, summary, confidence, evidence, by, via } = command;
  checkEvidence(state, evidence);
  const id = `H${state.rootCauses.length + 1}`;
  return [
    { type: 'root-cause-recorded', data: { id, category, summary: redact(summary), confidence, evidence, by, via } },
    ...stopClock(state, 'diagnose', context.now),
  ];
}

/** What is named like a piece of evidence of this incident must be one; other words are as good as they are. */
function checkEvidence({ evidence }: IncidentState, cited: readonly string[]): void {
  cited.forEach((id, i) => {
    if (/^E\d+$/.test(id) && !evidence.some((each) => each.id === id)) {
      throw new CommandRefused('invalid', `there is no evidence ${id} in this incident`, `evidence[${i}]`);
    }
  });
}

export function judgeRootCause(state: IncidentState, command: Of<'judge-root-cause'>): readonly NewEvent[] {
  const { id, state: judged, because, by, via } = command;
  const cause = state.rootCauses.find((each) => each.id === id) ?? notFound(`no hypothesis ${id}`, 'id');
  if (cause.state === judged) return [];
  return [{ type: 'root-cause-judged', data: { id, state: judged, because, by, via } }];
}

export function tick(state: IncidentState, { item, done, by, via }: Of<'tick'>): readonly NewEvent[] {
  if (!CHECKLIST_ITEMS.some(({ id }) => id === item)) {
    const known = CHECKLIST_ITEMS.map(({ id }) => id).join(', ');
    throw new CommandRefused('invalid', `there is no item ${item}; there are ${known}`, 'item');
  }
  return Object.hasOwn(state.ticked, item) === done
    ? []
    : [{ type: 'checklist-ticked', data: { item, done, by, via } }];
}
