import type { Command } from '../domain/incident/commands.ts';
import { CommandRefused } from '../domain/incident/commands.ts';
import type { PageNews, PageNewsSink } from '../ingest/ports.ts';
import { firstSight } from '../store/changes.ts';
import { lockIncident } from '../store/incidents.ts';
import type { Store } from '../store/store.ts';
import type { Commander, EffectivePolicy } from './commander.ts';

/** What people do in PagerDuty to our pages comes back as commands, each notice once. */
export function createPageNewsSink(store: Store, commander: Commander, policy: EffectivePolicy): PageNewsSink {
  return {
    async apply(noticeId, news, at) {
      const effective = await policy();
      return store.transaction(async (uow) => {
        if (!(await firstSight(uow.trx, 'pagerduty', noticeId, at))) return 'seen';
        const before = await lockIncident(uow.trx, news.incidentId);
        if (before !== null) {
          await tolerant(() => commander.apply(uow, news.incidentId, before, [commandOf(news)], effective));
        }
        return 'applied';
      });
    },
  };
}

const commandOf = ({ news, by }: PageNews): Command =>
  news === 'acknowledged'
    ? { kind: 'acknowledge', by, via: 'pagerduty' }
    : { kind: 'resolve', by, via: 'pagerduty', because: 'resolved in PagerDuty' };

/** PagerDuty tells what happened, it does not ask: what no longer fits is nothing to answer with an error. */
async function tolerant(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof CommandRefused)) throw error;
  }
}
