import type { JsonObject } from '../json.ts';
import type { EffectIntent } from '../view.ts';
import { describeEvent } from './describe.ts';
import type { IncidentEvent } from './events.ts';
import type { News } from './news.ts';
import { laterNews, newsFor, stakeholderNews } from './news.ts';
import { postmortemMessage } from './postmortem-message.ts';
import type { Scene } from './reaction.ts';
import { effect, isAnnouncedNow, isToldNow } from './reaction.ts';
import type { IncidentState } from './state.ts';
import { describeStorm } from './storm-text.ts';
import { headline } from './words.ts';
import { isHeld } from './told.ts';

/** What is mailed: to the team what Slack does not tell it, to the others what concerns them. */
export const mailEffects = (scene: Scene): readonly EffectIntent[] => [
  ...teamMail(scene),
  ...routedMail(scene),
  ...stakeholderMail(scene),
  ...personalMail(scene),
];

interface Letter {
  readonly seq: number;
  readonly kind: News['kind'] | 'reminder' | 'digest';
  readonly message: string;
  readonly newest?: News['newest'];
}

const mail =
  ({ after }: Scene, data: JsonObject, to?: string) =>
  ({ seq, kind, message: said, newest }: Letter): EffectIntent => {
    const message = kind === 'postmortem' ? `${said}\n\nThe whole report is attached.` : said;
    return effect(after, { seq, channel: 'email', kind, message, data, newest, ...(to === undefined ? {} : { to }) });
  };

/** The team reads mail of P2 and P3, and of everything where there is no Slack. */
const readsMail = ({ announced, routing }: IncidentState, { reach }: Scene): boolean =>
  !announced || (!reach.slack && reach.email) || routing?.audiences.includes('team') === true;

function teamMail(scene: Scene): readonly EffectIntent[] {
  const letters = [...followed(scene), ...scene.events.flatMap((event) => always(event, scene))];
  return letters.map(mail(scene, { audience: 'team' }));
}

/** From its opening to its end, if the team follows it by mail. */
function followed(scene: Scene): readonly Letter[] {
  const { before, events, after } = scene;
  const tells = readsMail(after, scene);
  if (isAnnouncedNow(scene) && before?.toldAt != null && !tells) return hasMailOfItsOwn(scene) ? [] : [moved(scene)];
  if (!tells) return [];
  const news = newsFor(scene, isToldNow(scene)).filter(({ kind }) => kind !== 'postmortem');
  if (isToldNow(scene)) return news;
  const lines =
    isHeld(after, after.severity) || after.toldAt === null ? [] : events.flatMap((event) => alsoMailed(event, scene));
  return [...news, ...lines].sort((a, b) => a.seq - b.seq);
}

/** A page that nobody takes, and a storm, are told by one. */
const hasMailOfItsOwn = ({ events }: Scene): boolean =>
  events.some(({ type }) => type === 'page-unaccepted' || type === 'storm-grew');

/** Whoever has read of it by mail so far is told where it goes on. */
const moved = ({ after }: Scene): Letter => ({
  seq: after.version,
  kind: 'escalation',
  message: `${headline(after)} now: ${after.severityBecause}. It goes on in Slack`,
});

/** What Slack would have as a line of the thread, as far as it is worth a mail. */
function alsoMailed(event: IncidentEvent, { after, reach }: Scene): readonly Letter[] {
  const letter = (kind: Letter['kind']): readonly Letter[] => [
    { seq: event.seq, kind, message: `${headline(after)}. ${describeEvent(event)}` },
  ];
  switch (event.type) {
    case 'clock-warned':
      return letter(event.data.percent >= (reach.warnPercents.at(-1) ?? 100) ? 'escalation' : 'update');
    case 'clock-breached':
      return event.data.clock === 'detect' ? [] : letter('escalation');
    case 'rollback-awaits-approval':
    case 'rollback-reverted':
      return letter('escalation');
    case 'change-noticed':
      return event.data.beforeRestoration ? letter('update') : [];
    case 'rollback-stopped':
      return event.data.rail === 'mode' || event.data.rail === 'plan-missing' ? [] : letter('update');
    case 'recurrence-recognised':
    case 'rollback-announced':
    case 'rollback-verdict':
      return letter('update');
    default:
      return [];
  }
}

/** What is mailed to the team whatever it reads of the incident otherwise. */
function always(event: IncidentEvent, { before, after }: Scene): readonly Letter[] {
  switch (event.type) {
    case 'page-unaccepted':
      return [{ seq: event.seq, kind: 'escalation', message: `${headline(after)}. ${describeEvent(event)}` }];
    case 'postmortem-published':
      return [{ seq: event.seq, kind: 'postmortem', message: postmortemMessage(after) }];
    case 'storm-grew':
      return event.data.over !== undefined || hasGrownMuch(before, event.data.incidents)
        ? [{ seq: event.seq, kind: 'digest', message: describeStorm(event.data) }]
        : [];
    case 'review-reminded':
      return [{ seq: event.seq, kind: 'reminder', message: `${after.id}. ${describeEvent(event)}` }];
    default:
      return [];
  }
}

/** The first word of it, and then whenever it has doubled. */
const hasGrownMuch = (before: IncidentState | null, incidents: number): boolean =>
  before?.storm == null || Math.floor(Math.log2(incidents)) > Math.floor(Math.log2(before.storm.incidents));

/** Addresses that rules name hear what the team would. */
function routedMail(scene: Scene): readonly EffectIntent[] {
  const { before, after } = scene;
  const known = before?.toldAt == null ? [] : (before.routing?.emails ?? []);
  const now = after.toldAt === null || isHeld(after, after.severity) ? known : (after.routing?.emails ?? []);
  const fresh = now.filter((address) => !known.includes(address));
  const others = now.filter((address) => known.includes(address));
  const to = (addresses: readonly string[]): JsonObject => ({ audience: 'team', to: [...addresses] });
  return [
    ...(fresh.length === 0 ? [] : newsFor(scene, true).map(mail(scene, to(fresh), 'routed'))),
    ...(others.length === 0
      ? []
      : laterNews(scene).map(mail(scene, to(others), fresh.length === 0 ? 'routed' : 'routed-before'))),
  ];
}

const stakeholderMail = (scene: Scene): readonly EffectIntent[] =>
  scene.reach.audiences.stakeholders.email
    ? stakeholderNews(scene).map(mail(scene, { audience: 'stakeholders' }, 'stakeholders'))
    : [];

const ADDRESS = /^[^\s@<>]+@[^\s@<>]+$/;

/** An action item's owner is reminded in person, if that is an address; else the team is. */
function personalMail(scene: Scene): readonly EffectIntent[] {
  return scene.events.flatMap((event) => {
    if (event.type !== 'action-reminded') return [];
    const item = scene.after.actions.find(({ id }) => id === event.data.id);
    const owner = item?.owner ?? '';
    const data: JsonObject = ADDRESS.test(owner) ? { audience: 'person', to: [owner] } : { audience: 'team' };
    const due = item?.dueAt == null ? '' : `, due ${item.dueAt}`;
    const message = `${scene.after.id}. ${describeEvent(event)}: ${item?.action ?? 'unknown'}${due}`;
    return [mail(scene, data)({ seq: event.seq, kind: 'reminder', message })];
  });
}
