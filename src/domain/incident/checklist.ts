import type { Instant } from '../time.ts';
import type { ChecklistItem } from './checklist-items.ts';
import { CHECKLIST_ITEMS } from './checklist-items.ts';
import { PROOFS } from './checklist-proofs.ts';
import { describeEvent } from './describe.ts';
import type { IncidentEvent } from './events.ts';
import { evolve } from './evolve.ts';
import type { IncidentState } from './state.ts';

/** An item as it stands. */
export interface ChecklistEntry extends ChecklistItem {
  readonly done: boolean;
  /** `firebreak` where an event proves it, else whoever ticked it. */
  readonly by: string | null;
  readonly at: Instant | null;
  /** The event that proves it, or with which a person ticked it. */
  readonly eventSeq: number | null;
  /** That event in words. */
  readonly because: string | null;
  /** An event proves it: a person cannot untick it. */
  readonly proved: boolean;
}

type Mark = Pick<ChecklistEntry, 'by' | 'at' | 'eventSeq' | 'because'>;

/**
 * The checklist of an incident, kept from its events alone. What an event proves is ticked by it, with the first one that
 * does; a person ticks the rest. When it reopens, what was said of its fix is open again.
 */
export function checklistOf(events: readonly IncidentEvent[]): readonly ChecklistEntry[] {
  const proved = new Map<string, Mark>();
  const ticked = new Map<string, Mark>();
  let state: IncidentState | null = null;
  let wasP0 = false;
  for (const event of events) {
    state = evolve(state, event);
    if (state === null) continue;
    wasP0 ||= state.severity === 'P0';
    if (event.type === 'incident-reopened') forgetFix(proved, ticked);
    if (event.type === 'checklist-ticked') {
      if (event.data.done) ticked.set(event.data.item, markOf(event, event.data.by));
      else ticked.delete(event.data.item);
    }
    note(proved, event, state);
  }
  return CHECKLIST_ITEMS.filter((item) => item.onlyP0 !== true || wasP0).map((item) => entry(item, proved, ticked));
}

function note(proved: Map<string, Mark>, event: IncidentEvent, state: IncidentState): void {
  for (const { id } of CHECKLIST_ITEMS) {
    const proof = PROOFS[id];
    if (proof?.stands?.(state) === false) proved.delete(id);
    if (!proved.has(id) && proof?.proves(event, state) === true) proved.set(id, markOf(event, 'firebreak'));
  }
}

function forgetFix(...marks: readonly Map<string, Mark>[]): void {
  for (const { id } of CHECKLIST_ITEMS.filter(({ phase }) => phase === 'fix')) {
    for (const marked of marks) marked.delete(id);
  }
}

const markOf = (event: IncidentEvent, by: string): Mark => ({
  by,
  at: event.at,
  eventSeq: event.seq,
  because: describeEvent(event),
});

const OPEN: Mark = { by: null, at: null, eventSeq: null, because: null };

function entry(
  item: ChecklistItem,
  proved: ReadonlyMap<string, Mark>,
  ticked: ReadonlyMap<string, Mark>,
): ChecklistEntry {
  const proof = proved.get(item.id);
  const mark = proof ?? ticked.get(item.id);
  return { ...item, ...(mark ?? OPEN), done: mark !== undefined, proved: proof !== undefined };
}
