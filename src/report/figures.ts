import type { IncidentEvent, OnsetSource } from '../domain/incident/events.ts';
import type { Instant } from '../domain/time.ts';
import { ms } from '../domain/time.ts';
import type { CaseFile, EventOf } from './case-file.ts';
import type { Figures, SlaResult } from './model.ts';
import { lastRollback } from './rollbacks.ts';
import { breachesOf } from './sla.ts';

/** A length of time with the events at both of its ends. */
export interface Length {
  readonly seconds: number;
  readonly events: readonly IncidentEvent[];
}

export const between = (from: Instant, to: Instant): number => Math.max(0, ms(to) - ms(from)) / 1000;

type Restored = EventOf<'incident-mitigated'> | EventOf<'incident-resolved'>;

const restoredAt = (event: Restored): Instant =>
  event.type === 'incident-mitigated' ? (event.data.at ?? event.at) : event.at;

/** Each time that customers suffered: from its detection until the service was restored (null: it is not yet). */
function outagesOf(file: CaseFile): readonly { readonly from: IncidentEvent; readonly to: Restored | null }[] {
  const outages: { from: IncidentEvent; to: Restored | null }[] = [{ from: file.opened, to: null }];
  for (const event of file.events) {
    const last = outages.at(-1);
    if (event.type === 'incident-reopened') outages.push({ from: event, to: null });
    if ((event.type === 'incident-mitigated' || event.type === 'incident-resolved') && last?.to === null) {
      last.to = event;
    }
  }
  return outages;
}

/** Null while it is not restored. What was dismissed or merged away hurt nobody that is known of. */
export function customerImpact(file: CaseFile): (Length & { readonly times: number }) | null {
  const outages = outagesOf(file);
  let seconds = 0;
  for (const { from, to } of outages) {
    if (to === null) return null;
    seconds += between(from.at, restoredAt(to));
  }
  const events = outages.flatMap(({ from, to }) => (to === null ? [from] : [from, to]));
  return { seconds, events, times: outages.length };
}

/** From detection to the first validation of the last fix; a fix before the incident came back was none. */
export function total(file: CaseFile): Length | null {
  const reopened = file.last('incident-reopened')?.seq ?? 0;
  const fixes = file.all('fix-recorded').filter(({ seq }) => seq > reopened);
  const deployed = fixes.findLast(({ data }) => data.stage === 'deployed')?.seq ?? 0;
  const validated = fixes.find(({ data, seq }) => data.stage === 'validated' && seq > deployed);
  if (validated === undefined) return null;
  return { seconds: between(file.opened.at, validated.data.at), events: [file.opened, validated] };
}

/** How long the steps of the last rollback took. */
export function rollbackLength(file: CaseFile): Length | null {
  const { started, validating } = lastRollback(file) ?? { started: null, validating: null };
  if (started === null || validating === null) return null;
  return { seconds: between(started.at, validating.at), events: [started, validating] };
}

function acknowledgement(file: CaseFile): Length | null {
  const event = file.first('incident-acknowledged');
  return event === null ? null : { seconds: between(file.opened.at, event.at), events: [file.opened, event] };
}

/** When it began, as far as that is known now. When it became worse later is another matter. */
export function onsetOf(file: CaseFile): {
  readonly at: Instant;
  readonly source: OnsetSource;
  readonly corrected: EventOf<'onset-corrected'> | null;
} {
  const corrected = file.last('onset-corrected');
  if (corrected === null) return { ...file.opened.data.onset, corrected };
  return { at: corrected.data.to, source: 'person', corrected };
}

/** From the onset to the opening. */
export const detection = (file: CaseFile): number => between(onsetOf(file).at, file.opened.at);

export const figuresOf = (file: CaseFile, sla: readonly SlaResult[]): Figures => ({
  detectSeconds: detection(file),
  acknowledgeSeconds: acknowledgement(file)?.seconds ?? null,
  customerImpactSeconds: customerImpact(file)?.seconds ?? null,
  rollbackSeconds: rollbackLength(file)?.seconds ?? null,
  totalSeconds: total(file)?.seconds ?? null,
  slaBreaches: breachesOf(sla).length,
});
