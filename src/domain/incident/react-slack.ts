import type { JsonObject } from '../json.ts';
import type { EffectIntent } from '../view.ts';
import { describeEvent } from './describe.ts';
import type { IncidentEvent } from './events.ts';
import type { News } from './news.ts';
import { factsOnly, newsFor, openingNews, recurrenceText, stakeholderNews } from './news.ts';
import type { Scene } from './reaction.ts';
import { effect, isAnnouncedNow, isToldNow } from './reaction.ts';
import type { IncidentState } from './state.ts';
import { describeStorm } from './storm-text.ts';
import { CHANGES_MESSAGE, THREADED } from './threaded.ts';
import { isHeld } from './told.ts';
import { blockersText } from './update-text.ts';

/** The incident's own message with its thread; then posts to those who follow it elsewhere. */
export const slackEffects = (scene: Scene): readonly EffectIntent[] => [
  ...(isAnnouncedNow(scene) ? [announcement(scene)] : threadAndMessage(scene)),
  ...unacceptedPage(scene),
  ...posts(scene),
];

/** One message an incident: announced once, then kept true by updating it in place. */
function announcement({ events, after }: Scene): EffectIntent {
  const unaccepted = events.find(({ type }) => type === 'page-unaccepted');
  const said = [
    unaccepted === undefined ? null : describeEvent(unaccepted),
    after.storm === null ? after.severityBecause : describeStorm(after.storm),
    recurrenceText(after),
  ];
  const message = said.filter((part) => part !== null && part !== '').join('. ');
  return effect(after, { seq: after.version, channel: 'slack', kind: 'announce', message });
}

function threadAndMessage({ events, after }: Scene): readonly EffectIntent[] {
  if (!after.announced) return [];
  const lines = events
    .filter((event) => isLine(event, after))
    .map((event) =>
      effect(after, {
        ...{ seq: event.seq, channel: 'slack', kind: 'thread' },
        message: lineOf(event, after),
        newest: factsOnly(event),
      }),
    );
  const isChanged = events.some((event) => CHANGES_MESSAGE.has(event.type));
  const refreshed = effect(after, {
    ...{ seq: after.version, channel: 'slack', kind: 'refresh' },
    message: '',
    newest: 'message',
  });
  return [...lines, ...(isChanged ? [refreshed] : [])];
}

/** What a person writes says nothing of what blocks; what Firebreak writes does. */
const lineOf = (event: IncidentEvent, after: IncidentState): string =>
  event.type === 'status-updated' && event.data.by !== null
    ? [describeEvent(event), ...blockersText(after)].join('\n')
    : describeEvent(event);

/** What people must read as it happens goes under the message as a line of its own. */
function isLine(event: IncidentEvent, after: IncidentState): boolean {
  if (!THREADED.has(event.type)) return false;
  switch (event.type) {
    // A failure to reach Slack cannot be told through Slack.
    case 'notification-failed':
      return event.data.channel !== 'slack';
    case 'clock-breached':
      return !isHeld(after, after.severity);
    case 'change-noticed':
      return event.data.beforeRestoration;
    default:
      return true;
  }
}

/** It is read where people look, not only where they follow. */
const unacceptedPage = (scene: Scene): readonly EffectIntent[] =>
  isAnnouncedNow(scene)
    ? []
    : scene.events
        .filter(({ type }) => type === 'page-unaccepted')
        .map((event) =>
          effect(scene.after, {
            ...{ seq: event.seq, channel: 'slack', kind: 'post' },
            message: `${describeEvent(event)}. ${openingNews(scene).message}`,
          }),
        );

/** Channels that rules name, and the stakeholders' for what is, or was, a P0 or P1. */
function posts(scene: Scene): readonly EffectIntent[] {
  const { after, before, reach } = scene;
  const known = before?.toldAt == null ? [] : (before.routing?.slackChannels ?? []);
  const channels =
    after.toldAt === null || isHeld(after, after.severity) ? known : (after.routing?.slackChannels ?? []);
  const routed = channels.flatMap((channel) =>
    postsTo(scene, { channel }, channel, !known.includes(channel) || isToldNow(scene)),
  );
  if (!reach.audiences.stakeholders.slack) return routed;
  return [...routed, ...stakeholderNews(scene).map(posted(scene, { audience: 'stakeholders' }, 'stakeholders'))];
}

const postsTo = (scene: Scene, data: JsonObject, to: string, isNew: boolean): readonly EffectIntent[] =>
  newsFor(scene, isNew).map(posted(scene, data, to));

const posted =
  ({ after }: Scene, data: JsonObject, to: string) =>
  ({ seq, kind, message, newest }: News): EffectIntent =>
    effect(after, {
      newest,
      ...{ seq, channel: 'slack', kind: 'post', message, data: { ...data, news: kind } },
      // That it is open is told as of the last event, which may have news of its own.
      to: kind === 'opened' ? `${to}:opened` : to,
    });
