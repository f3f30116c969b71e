import type { Command } from '../domain/incident/commands.ts';
import { CommandRefused } from '../domain/incident/commands.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import { plural } from '../domain/incident/words.ts';
import type { Policy } from '../domain/policy.ts';
import { ms } from '../domain/time.ts';
import type { PageNews, PageNewsSink } from '../ingest/ports.ts';
import { firstSight } from '../store/changes.ts';
import { lockIncident } from '../store/incidents.ts';
import type { Jobs } from '../store/jobs.ts';
import { limitWaits } from '../store/limits.ts';
import { incidentOfPage, rememberPage } from '../store/pages.ts';
import type { Store, UnitOfWork } from '../store/store.ts';
import type { Commander, EffectivePolicy } from './commander.ts';
import type { InTime } from './in-time.ts';
import { takeInTime } from './in-time.ts';

export interface PageNewsDesk extends PageNewsSink {
  /** Tells what could not be told while PagerDuty waited. Safe to repeat. */
  applyLate(data: Jobs['page-news']): Promise<void>;
}

/** Together well below PagerDuty's 5 s. */
const LIMITS: InTime = { doMs: 2_000, keepMs: 1_500 };
const LATE_MS = 5_000;
/** Our clock and PagerDuty's may differ by as much. */
const SKEW_MS = 30_000;

/** What people do in PagerDuty comes back as commands, each notice once. */
export function createPageNewsSink(store: Store, commander: Commander, policy: EffectivePolicy): PageNewsDesk {
  return {
    async apply([noticeId, ...otherIds], news, at) {
      const data = { v: 1, noticeId, otherIds, news, at } as const;
      const taken = await takeInTime(store, LIMITS, {
        prepare: policy,
        work: (uow, effective) => tell(uow, commander, effective, data),
        job: () => ({ name: 'page-news', data }),
      });
      if (taken.kind === 'not-taken') throw taken.error;
      return taken.kind === 'kept' ? 'kept' : taken.value;
    },
    async applyLate(data) {
      const effective = await policy();
      await store.transaction(async (uow) => {
        await limitWaits(uow.trx, LATE_MS);
        await tell(uow, commander, effective, data);
      });
    },
  };
}

async function tell(
  uow: UnitOfWork,
  commander: Commander,
  policy: Policy,
  { noticeId, otherIds = [], news, at }: Jobs['page-news'],
): Promise<'applied' | 'seen'> {
  for (const id of [noticeId, ...otherIds]) if (!(await firstSight(uow.trx, 'pagerduty', id, at))) return 'seen';
  const { pageId } = news;
  const incidentId = news.incidentId ?? (pageId === null ? null : await incidentOfPage(uow.trx, pageId));
  const before = incidentId === null ? null : await lockIncident(uow.trx, incidentId);
  if (incidentId === null || before === null) return 'applied';
  if (news.incidentId !== null && pageId !== null) await rememberPage(uow.trx, pageId, incidentId, at);
  const command = commandOf(news, before.state, at);
  if (command !== null) await tolerant(() => commander.apply(uow, incidentId, before, [command], policy));
  return 'applied';
}

function commandOf({ news, by }: PageNews, state: IncidentState, at: number): Command | null {
  switch (news.kind) {
    case 'raised':
      return null;
    case 'note':
      return { kind: 'add-note', by, via: 'pagerduty', text: news.text };
    case 'acknowledged':
      return isOfEarlierPage(state, at) ? null : { kind: 'acknowledge', by, via: 'pagerduty' };
    case 'resolved': {
      if (isOfEarlierPage(state, at)) return null;
      const { firing } = state.alertCounts;
      const still = firing === 0 ? '' : ` while ${plural(firing, 'alert')} still ${firing === 1 ? 'fires' : 'fire'}`;
      return { kind: 'resolve', by, via: 'pagerduty', because: `resolved in PagerDuty${still}` };
    }
  }
}

/**
 * Retries come up to 20 minutes late. What was said of the page before does not end an incident that was reopened since,
 * whether it has paged again or not.
 */
const isOfEarlierPage = ({ reopenedAt }: IncidentState, at: number): boolean =>
  reopenedAt !== null && at < ms(reopenedAt) - SKEW_MS;

/** PagerDuty tells what happened, it does not ask: what no longer fits is nothing to answer with an error. */
async function tolerant(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof CommandRefused)) throw error;
  }
}
