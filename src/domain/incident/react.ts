import type { JsonObject } from '../json.ts';
import type { ChannelName, EffectIntent } from '../view.ts';
import type { EventData, EventType, IncidentEvent } from './events.ts';
import type { IncidentState } from './state.ts';
import { isUrgent } from '../severity.ts';
import { describeEvent } from './describe.ts';

/** What has to happen because of what happened: effects to carry out, and whether the rollback wants attention. */
export interface Reaction {
  readonly effects: readonly EffectIntent[];
  readonly driveRollback: boolean;
}

/**
 * Which effects follow from new events. Pure: `before` is the state that the events met, `after` the one they left.
 * Results of effects never cause effects, so there is no loop.
 */
export function react(before: IncidentState | null, events: readonly IncidentEvent[], after: IncidentState): Reaction {
  const effects = events.flatMap((event) => [
    ...pagerduty(event, after),
    ...slackThread(event, before, after),
    ...webhook(event, after),
  ]);
  return {
    effects: [...effects, ...slackMessage(before, events, after)],
    driveRollback: events.some((event) => DRIVES_ROLLBACK.has(event.type)),
  };
}

/** That a page or an announcement did not go out is for people; the rest is in the ledger. */
export const isNewsWhenSkipped = (kind: string): boolean =>
  !['refresh', 'thread', 'acknowledge', 'event'].includes(kind);

const DRIVES_ROLLBACK: ReadonlySet<EventType> = new Set([
  'rollback-requested',
  'rollback-announced',
  'rollback-started',
  'rollback-step-finished',
  'rollback-validating',
  // Over: it lets go of its targets, and is watched.
  'rollback-stopped',
  'rollback-verdict',
]);

function effect(
  after: IncidentState,
  seq: number,
  channel: ChannelName,
  kind: string,
  message: string,
  data: JsonObject = {},
): EffectIntent {
  const id = `${after.id}:${seq}:${channel}:${kind}`;
  return {
    id,
    incidentId: after.id,
    channel,
    kind,
    urgent: after.severity === 'P0' || after.severity === 'P1',
    message: after.drill === true && message !== '' && !message.startsWith('DRILL') ? `DRILL: ${message}` : message,
    data,
  };
}

/** The page follows the incident: one trigger a reason, then acknowledge and resolve with it. No echo to where it came from. */
function pagerduty(event: IncidentEvent, after: IncidentState): readonly EffectIntent[] {
  switch (event.type) {
    case 'page-requested':
      return [
        effect(after, event.seq, 'pagerduty', 'trigger', pageText(after, event.data), { reason: event.data.reason }),
      ];
    case 'incident-acknowledged':
      return after.page === null || event.data.via === 'pagerduty'
        ? []
        : [effect(after, event.seq, 'pagerduty', 'acknowledge', `acknowledged by ${event.data.by}`)];
    case 'incident-mitigated':
      return after.page === null ? [] : [effect(after, event.seq, 'pagerduty', 'resolve', event.data.because)];
    case 'incident-resolved':
      return after.page === null || event.data.via === 'pagerduty'
        ? []
        : [effect(after, event.seq, 'pagerduty', 'resolve', event.data.because)];
    case 'rollback-step-accepted': {
      const step = after.rollback?.plan?.steps[event.data.index];
      if (step === undefined || event.data.alreadyThere) return [];
      const { from, to, key } = step.target;
      const summary = `Firebreak rolls ${step.config.name} back from ${from.version} to ${to.version}`;
      return [
        effect(after, event.seq, 'pagerduty', 'change', summary, { target: key, from: from.version, to: to.version }),
      ];
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

/** One message an incident: announced once, then kept true by updating it in place. */
function slackMessage(
  before: IncidentState | null,
  events: readonly IncidentEvent[],
  after: IncidentState,
): readonly EffectIntent[] {
  if (!after.announced) return [];
  const seq = after.version;
  if (before?.announced !== true) return [effect(after, seq, 'slack', 'announce', after.severityBecause)];
  return events.some((event) => CHANGES_MESSAGE.has(event.type)) ? [effect(after, seq, 'slack', 'refresh', '')] : [];
}

const CHANGES_MESSAGE: ReadonlySet<EventType> = new Set([
  'alerts-joined',
  'alerts-resolved',
  'severity-changed',
  'rollback-decided',
  'incident-acknowledged',
  'incident-mitigated',
  'incident-resolved',
  'incident-reopened',
  'incident-closed',
  'rollback-planned',
  'rollback-shadowed',
  'rollback-awaits-approval',
  'rollback-announced',
  'rollback-started',
  'rollback-step-accepted',
  'rollback-step-finished',
  'rollback-stopped',
  'rollback-validating',
  'rollback-verdict',
  'rollback-reverted',
  'fix-declared',
]);

/** What people must read as it happens goes under the message as a line of its own. */
const THREADED: ReadonlySet<EventType> = new Set([
  'severity-changed',
  'page-requested',
  'clock-breached',
  'incident-acknowledged',
  'incident-mitigated',
  'incident-resolved',
  'incident-reopened',
  'note-added',
  'notification-failed',
  'rollback-planned',
  'rollback-shadowed',
  'rollback-awaits-approval',
  'rollback-approved',
  'rollback-announced',
  'rollback-started',
  'rollback-step-accepted',
  'rollback-step-finished',
  'rollback-stopped',
  'rollback-verdict',
  'rollback-reverted',
  'rollback-watched',
  'fix-declared',
  'evidence-captured',
]);

function slackThread(
  event: IncidentEvent,
  before: IncidentState | null,
  after: IncidentState,
): readonly EffectIntent[] {
  // What the announcement itself says needs no line under it.
  if (!after.announced || before?.announced !== true || !THREADED.has(event.type)) return [];
  // A failure to reach Slack cannot be told through Slack.
  if (event.type === 'notification-failed' && event.data.channel === 'slack') return [];
  return [effect(after, event.seq, 'slack', 'thread', describeEvent(event))];
}

const FOR_PROGRAMS: ReadonlySet<EventType> = new Set([
  'incident-opened',
  'severity-changed',
  'rollback-decided',
  'page-requested',
  'incident-acknowledged',
  'incident-mitigated',
  'incident-resolved',
  'incident-reopened',
  'incident-closed',
  'rollback-shadowed',
  'rollback-announced',
  'rollback-started',
  'rollback-stopped',
  'rollback-verdict',
  'rollback-reverted',
]);

function webhook(event: IncidentEvent, after: IncidentState): readonly EffectIntent[] {
  if (!FOR_PROGRAMS.has(event.type)) return [];
  return [effect(after, event.seq, 'webhook', 'event', describeEvent(event), { event: event.type, seq: event.seq })];
}
