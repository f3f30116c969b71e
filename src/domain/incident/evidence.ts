import type { AlertSample, EventData, IncidentEvent } from './events.ts';
import type { Evidence } from './process-state.ts';

/** One piece of evidence, whoever collected it: a person, Firebreak itself, an alert, or a rollback before its steps. */
export interface EvidenceItem extends Evidence {
  /** The event that it stands in. */
  readonly eventSeq: number;
}

/** Enough to recognise what fires; the alerts themselves stay in the alert table. */
const ALERTS_SHOWN = 50;

/** Everything that was collected, in the order of the timeline; of each alert its newest word. */
export function evidenceOf(events: readonly IncidentEvent[]): readonly EvidenceItem[] {
  const found = new Map<string, EvidenceItem>();
  let alerts = 0;
  for (const event of events) {
    for (const item of itemsOf(event)) {
      const isNewAlert = item.kind === 'alert' && !found.has(item.id);
      if (isNewAlert && alerts >= ALERTS_SHOWN) continue;
      if (isNewAlert) alerts += 1;
      found.set(item.id, item);
    }
  }
  return [...found.values()];
}

function itemsOf(event: IncidentEvent): readonly EvidenceItem[] {
  const { at, seq: eventSeq } = event;
  switch (event.type) {
    case 'evidence-added': {
      const { id, kind, title, url, text, query, result, by } = event.data;
      return [{ id, kind, title, url, text, query, result, by, at, eventSeq }];
    }
    case 'alerts-joined':
      return event.data.samples.map((sample) => ({ ...ofAlert(sample), by: 'alerts', at, eventSeq }));
    case 'evidence-captured':
      return captured(event.data, eventSeq).map((item) => ({ ...item, by: 'firebreak', at, eventSeq }));
    default:
      return [];
  }
}

type Found = Omit<EvidenceItem, 'by' | 'at' | 'eventSeq'>;

const ofAlert = ({ key, name, labels, annotations, startsAt, generatorUrl }: AlertSample): Found => ({
  id: `alert:${key}`,
  kind: 'alert',
  title: name,
  url: generatorUrl,
  text: annotations['description'] ?? annotations['summary'] ?? annotations['message'] ?? null,
  query: null,
  result: { labels, annotations, startsAt },
});

function captured({ name: step, items }: EventData['evidence-captured'], seq: number): readonly Found[] {
  return items.map(({ kind, name, text, truncated }, i) => ({
    id: `captured:${seq}.${i + 1}`,
    kind: kind === 'logs' || kind === 'previous-logs' ? 'log' : 'text',
    title: `${kind} of ${name}, saved before the rollback of ${step}${truncated ? ' (its end)' : ''}`,
    url: null,
    text,
    query: null,
    result: null,
  }));
}
