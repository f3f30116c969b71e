import type { EffectIntent } from '../view.ts';
import type { CustomerNews } from './customer-text.ts';
import { customerText, pageStatus } from './customer-text.ts';
import { isPublic } from './decide-publication.ts';
import type { IncidentEvent } from './events.ts';
import { factsOnly } from './news.ts';
import type { Scene } from './reaction.ts';
import { effect } from './reaction.ts';
import type { IncidentState } from './state.ts';
import { isHeld } from './told.ts';

/** Customers hear of what was approved for them, in words of their own, and how it ends. */
export const customerEffects = (scene: Scene): readonly EffectIntent[] =>
  isPublic(scene.after) ? scene.events.flatMap((event) => told(event, scene)) : [];

type PageKind = 'publish' | 'update' | 'resolve' | 'retract';
const PAGE_KIND: Readonly<Record<CustomerNews, PageKind>> = {
  opened: 'publish',
  update: 'update',
  restored: 'update',
  reopened: 'update',
  resolved: 'resolve',
  retracted: 'retract',
  merged: 'resolve',
};

/** What its template is called. */
const PAGE_NEWS = {
  opened: 'opened',
  update: 'update',
  restored: 'mitigated',
  reopened: 'opened',
  resolved: 'resolved',
  retracted: 'retracted',
  merged: 'merged',
} as const satisfies Readonly<Record<CustomerNews, string>>;

const MAIL_KIND = {
  opened: 'opened',
  update: 'update',
  restored: 'mitigated',
  reopened: 'opened',
  resolved: 'resolved',
  retracted: 'resolved',
  merged: 'resolved',
} as const satisfies Readonly<Record<CustomerNews, string>>;

function told(event: IncidentEvent, { after, reach }: Scene): readonly EffectIntent[] {
  const news = newsFor(event, after);
  if (news === null) return [];
  const { seq } = event;
  const message = customerText(after, news);
  const newest = factsOnly(event);
  const page = effect(after, {
    ...{ seq, channel: 'statuspage', kind: PAGE_KIND[news], message, newest },
    data: { audience: 'customers', status: pageStatus(after), news: PAGE_NEWS[news] },
  });
  const mail = effect(after, {
    ...{ seq, channel: 'email', kind: MAIL_KIND[news], message, to: 'customers', newest },
    data: { audience: 'customers' },
  });
  return [page, ...(reach.audiences.customers.email ? [mail] : [])];
}

function newsFor(event: IncidentEvent, after: IncidentState): CustomerNews | null {
  switch (event.type) {
    case 'publication-approved':
      return 'opened';
    case 'status-updated':
      return isHeld(after, after.severity) ? null : 'update';
    case 'incident-mitigated':
      return after.status === 'mitigated' ? 'restored' : null;
    case 'incident-reopened':
      return 'reopened';
    case 'incident-resolved':
      return 'resolved';
    case 'incident-dismissed':
      return 'retracted';
    case 'incident-merged':
      return 'merged';
    default:
      return null;
  }
}
