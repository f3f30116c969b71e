import type { Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import { stopClock } from './decide-clocks.ts';
import type { NewEvent } from './events.ts';
import type { ProcessCommand } from './process-commands.ts';
import type { IncidentState } from './state.ts';
import { CHECKLIST_ITEMS } from './checklist-items.ts';

type Of<K extends ProcessCommand['kind']> = Extract<ProcessCommand, { kind: K }>;

const notFound = (what: string): never => {
  throw new CommandRefused('not-found', what);
};

export function addEvidence(state: IncidentState, command: Of<'add-evidence'>): readonly NewEvent[] {
  const { evidence: kind, title, url, text, query, result, by, via } = command;
  const id = `E${state.evidence.length + 1}`;
  return [{ type: 'evidence-added', data: { id, kind, title, url, text, query, result, by, via } }];
}

export function addBlocker(state: IncidentState, { text, by, via }: Of<'add-blocker'>): readonly NewEvent[] {
  return [{ type: 'blocker-added', data: { id: `B${state.blockers.length + 1}`, text, by, via } }];
}

export function clearBlocker(state: IncidentState, { id, by, via }: Of<'clear-blocker'>): readonly NewEvent[] {
  const blocker = state.blockers.find((each) => each.id === id) ?? notFound(`no blocker ${id}`);
  return blocker.clearedAt === null ? [{ type: 'blocker-cleared', data: { id, by, via } }] : [];
}

/** A hypothesis is what the diagnosis clock waits for. */
export function recordRootCause(
  state: IncidentState,
  command: Of<'record-root-cause'>,
  context: Context,
): readonly NewEvent[] {
  const { category, summary, confidence, evidence, by, via } = command;
  const id = `H${state.rootCauses.length + 1}`;
  return [
    { type: 'root-cause-recorded', data: { id, category, summary, confidence, evidence, by, via } },
    ...stopClock(state, 'diagnose', context.now),
  ];
}

export function judgeRootCause(state: IncidentState, command: Of<'judge-root-cause'>): readonly NewEvent[] {
  const { id, state: judged, because, by, via } = command;
  const cause = state.rootCauses.find((each) => each.id === id) ?? notFound(`no hypothesis ${id}`);
  if (cause.state === judged) return [];
  return [{ type: 'root-cause-judged', data: { id, state: judged, because, by, via } }];
}

export function tick(state: IncidentState, { item, done, by, via }: Of<'tick'>): readonly NewEvent[] {
  if (!CHECKLIST_ITEMS.some(({ id }) => id === item)) notFound(`no checklist item ${item}`);
  return Object.hasOwn(state.ticked, item) === done
    ? []
    : [{ type: 'checklist-ticked', data: { item, done, by, via } }];
}
