import { isUrgent } from '../severity.ts';
import type { EffectIntent } from '../view.ts';
import type { EventData, IncidentEvent } from './events.ts';
import type { Scene } from './reaction.ts';
import { effect } from './reaction.ts';
import type { IncidentState } from './state.ts';

/** The page follows the incident: one trigger a reason, then acknowledge and resolve with it. No echo to where it came from. */
export const pagerdutyEffects = ({ events, after }: Scene): readonly EffectIntent[] =>
  events.flatMap((event) => pagerduty(event, after));

function pagerduty(event: IncidentEvent, after: IncidentState): readonly EffectIntent[] {
  const follow = (kind: 'acknowledge' | 'resolve', message: string): readonly EffectIntent[] =>
    after.page === null ? [] : [effect(after, { seq: event.seq, channel: 'pagerduty', kind, message })];
  switch (event.type) {
    case 'page-requested': {
      const message = pageText(after, event.data);
      const data = { reason: event.data.reason };
      return [effect(after, { seq: event.seq, channel: 'pagerduty', kind: 'trigger', message, data })];
    }
    case 'incident-acknowledged':
      return event.data.via === 'pagerduty' ? [] : follow('acknowledge', `acknowledged by ${event.data.by}`);
    case 'incident-mitigated':
      return follow('resolve', event.data.because);
    case 'incident-resolved':
      return event.data.via === 'pagerduty' ? [] : follow('resolve', event.data.because);
    case 'incident-dismissed':
      return follow('resolve', `a false alarm: ${event.data.because}`);
    case 'incident-merged':
      return follow('resolve', `merged into ${event.data.into}`);
    case 'note-added': {
      const { by, via, text } = event.data;
      if (after.page === null || via === 'pagerduty') return [];
      const note = { channel: 'pagerduty-notes', kind: 'note', message: `${by} via ${via}: ${text}` } as const;
      return [effect(after, { seq: event.seq, ...note, data: { seq: event.seq } })];
    }
    case 'rollback-step-accepted': {
      const step = after.rollback?.plan?.steps[event.data.index];
      if (step === undefined || event.data.alreadyThere) return [];
      const { from, to, key } = step.target;
      const message = `Firebreak rolls ${step.config.name} back from ${from.version} to ${to.version}`;
      const data = { target: key, from: from.version, to: to.version };
      return [effect(after, { seq: event.seq, channel: 'pagerduty', kind: 'change', message, data })];
    }
    default:
      return [];
  }
}

/** What is read on a lock screen: how bad, where, what, and why somebody is woken. */
const pageText = (
  { severity, service, title, drill, decision, id }: IncidentState,
  { because, reason }: EventData['page-requested'],
): string => {
  const mark = drill === true ? 'DRILL, nothing is broken: ' : '';
  const urgent = severity !== null && isUrgent(severity);
  const stopped = reason === 'rollback-stopped';
  const undecided = decision !== null && decision.action !== 'roll-back';
  // What is not done by itself is said, and how a person does it in one step.
  const why = undecided && !stopped ? `. No automatic rollback: ${decision.because}` : '';
  const stance =
    urgent && (undecided || stopped) ? `${why}. To roll back all the same: firebreak rollback start ${id}` : '';
  return `${mark}${severity ?? 'P2'}${service === null ? '' : ` on ${service}`}: ${title} (${because})${stance}`;
};
