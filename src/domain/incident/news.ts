import { ms } from '../time.ts';
import { describeEvent } from './describe.ts';
import type { EventData, IncidentEvent } from './events.ts';
import { postmortemMessage } from './postmortem-message.ts';
import type { Scene } from './reaction.ts';
import { isAnnouncedNow, isToldNow } from './reaction.ts';
import type { IncidentState } from './state.ts';
import { headline, ordinal, plural, seconds } from './words.ts';
import { isHeld } from './told.ts';
import { blockersText } from './update-text.ts';

export type NewsKind = 'opened' | 'update' | 'mitigated' | 'resolved' | 'escalation' | 'postmortem';

/** A turn of an incident that those beside its own Slack thread hear of. */
export interface News {
  readonly seq: number;
  readonly kind: NewsKind;
  readonly message: string;
  /** Nobody wrote it: of several that wait the newest says it all. */
  readonly newest?: 'facts' | undefined;
}

/** For those who hear of it now, that it is open comes before whatever else happened. */
export const newsFor = (scene: Scene, isNew: boolean): readonly News[] =>
  isNew ? [openingNews(scene), ...laterNews(scene).filter(({ kind }) => kind !== 'opened')] : laterNews(scene);

/** That it is open, for those who have not heard of it. */
export const openingNews = ({ after }: Scene): News => ({
  seq: after.version,
  kind: 'opened',
  message: openedText(after),
});

/** What those hear who know of it. While messages are held back, only how it ends. */
export function laterNews(scene: Scene): readonly News[] {
  const { before, events, after } = scene;
  const isNew = isToldNow(scene) || isAnnouncedNow(scene);
  return events.flatMap((event): readonly News[] => {
    const news = newsOf(event, after);
    if (news === null) return [];
    // What the message that opens it says is not said again.
    if (isNew && (event.type === 'severity-changed' || event.type === 'incident-reopened')) return [];
    const ends = news.kind === 'mitigated' || news.kind === 'resolved' || news.kind === 'postmortem';
    const isSpared = isHeld(after, after.severity) && !(ends && before?.toldAt != null);
    return isSpared ? [] : [{ seq: event.seq, ...news }];
  });
}

/** Product and support hear of P0 and P1, of what rules send them, and of every post-mortem. */
export function stakeholderNews(scene: Scene): readonly News[] {
  const { before, after } = scene;
  if (!stakeholdersHear(after)) return laterNews(scene).filter(({ kind }) => kind === 'postmortem');
  const isNew = before === null || !stakeholdersHear(before);
  return newsFor(scene, isNew);
}

const stakeholdersHear = ({ announced, routing, toldAt }: IncidentState): boolean =>
  announced || (toldAt !== null && routing?.audiences.includes('stakeholders') === true);

type Said = Omit<News, 'seq'>;

function newsOf(event: IncidentEvent, after: IncidentState): Said | null {
  const about = headline(after);
  switch (event.type) {
    case 'severity-changed':
      return event.data.from === null ? null : { kind: 'update', message: `${about}. ${describeEvent(event)}` };
    case 'status-updated':
      return { kind: 'update', message: updateText(event.data, after), newest: factsOnly(event) };
    case 'incident-mitigated': {
      const isOver = after.status === 'resolved' || after.status === 'closed';
      const at = after.mitigatedAt ?? event.at;
      const message = `${about}. Service restored after ${lasted(after, at)}: ${event.data.because}`;
      return isOver ? null : { kind: 'mitigated', message };
    }
    case 'incident-resolved': {
      const message = `${about}. Resolved after ${lasted(after, event.at)}: ${event.data.because}`;
      return { kind: 'resolved', message };
    }
    case 'incident-reopened':
      return { kind: 'opened', message: `${about}. ${describeEvent(event)}` };
    case 'incident-dismissed':
    case 'incident-merged':
      return { kind: 'resolved', message: `${about}. ${describeEvent(event)}` };
    case 'postmortem-published':
      return { kind: 'postmortem', message: postmortemMessage(after) };
    default:
      return null;
  }
}

/** An update that Firebreak wrote itself, from nothing but how it stands. */
export const factsOnly = (event: IncidentEvent): 'facts' | undefined =>
  event.type === 'status-updated' && event.data.by === null ? 'facts' : undefined;

/** A text of Firebreak's own begins with the headline itself. */
const updateText = ({ by, text }: EventData['status-updated'], after: IncidentState): string =>
  by === null ? text : [`${headline(after)}. Update by ${by}: ${text}`, ...blockersText(after)].join('\n');

const lasted = ({ openedAt }: IncidentState, at: string): string => seconds(Math.max(0, ms(at) - ms(openedAt)) / 1000);

/** What happened, how bad it is and why, and whether it was so before. */
function openedText(state: IncidentState): string {
  const said = [`${headline(state)}: ${state.title}`, state.severityBecause, recurrenceText(state) ?? ''];
  return said.filter((part) => part !== '').join('. ');
}

/** `3rd time in 60 days; action item A1 of INC-… is still open: …`. Null: it is the first time, as far as is known. */
export function recurrenceText({ recurrence }: IncidentState): string | null {
  if (recurrence === null) return null;
  const { of, days, openActions } = recurrence;
  const open = openActions
    .slice(0, ACTIONS)
    .map(({ id, incidentId, action }) => `; action item ${id} of ${incidentId} is still open: ${action}`);
  const more = openActions.length > ACTIONS ? `; ${plural(openActions.length - ACTIONS, 'more action item')} open` : '';
  return `${ordinal(of.length + 1)} time in ${days} days${open.join('')}${more}`;
}

const ACTIONS = 3;
