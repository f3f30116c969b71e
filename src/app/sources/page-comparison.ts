import type { PageComparison } from '../../domain/page-comparison.ts';
import { comparePages, countsOf, MATCH_WITHIN_MS } from '../../domain/page-comparison.ts';
import type { Clock } from '../../domain/time.ts';
import { iso, ms } from '../../domain/time.ts';
import {
  lastPagerDutyPage,
  listComparisons,
  readComparedIncidents,
  readPagerDutyPages,
  saveComparison,
} from '../../store/page-comparisons.ts';
import type { Store } from '../../store/store.ts';
import type { Logger } from '../../telemetry/logger.ts';

export interface ComparisonDeps {
  readonly store: Pick<Store, 'db'>;
  readonly clock: Clock;
  readonly log: Logger;
}

const DAY_MS = 86_400_000;

/** Compares the pages of [since, until) that Firebreak sent, or would have sent, with those that others raised in PagerDuty. */
async function compare(
  { store: { db } }: Pick<ComparisonDeps, 'store'>,
  since: number,
  until: number,
): Promise<PageComparison> {
  const [from, to] = [since - MATCH_WITHIN_MS, until + MATCH_WITHIN_MS];
  const [incidents, pages] = await Promise.all([readComparedIncidents(db, from, to), readPagerDutyPages(db, from, to)]);
  return comparePages(since, until, incidents, pages);
}

/** The same for whoever asks, with when PagerDuty last told us anything to compare with. */
export async function compareOnRequest(
  deps: Pick<ComparisonDeps, 'store' | 'clock'>,
  since: string | null,
  until: string | null,
): Promise<PageComparison & { readonly pagerdutyHeardAt: string | null }> {
  const end = until === null ? deps.clock.now() : ms(until);
  const found = await compare(deps, since === null ? end - DAY_MS : ms(since), end);
  const heard = await lastPagerDutyPage(deps.store.db);
  return { ...found, pagerdutyHeardAt: heard === null ? null : iso(heard) };
}

/**
 * Compares yesterday (UTC), once, by whichever replica comes first; not before what belongs to its last minutes must have
 * come in. Keeps it, and says it in the log.
 */
export async function compareYesterday(deps: ComparisonDeps): Promise<void> {
  const { store, clock, log } = deps;
  const until = Math.floor((clock.now() - 2 * MATCH_WITHIN_MS) / DAY_MS) * DAY_MS;
  const day = iso(until - DAY_MS).slice(0, 10);
  const [newest] = await listComparisons(store.db, 1);
  if (newest !== undefined && newest.day >= day) return;
  const comparison = await compare(deps, until - DAY_MS, until);
  const counts = countsOf(comparison);
  // The day before the first one: nothing was there to be compared.
  if (newest === undefined && Object.values(counts).every((count) => count === 0)) return;
  if (!(await saveComparison(store.db, day, comparison, clock.now()))) return;
  const heard = await lastPagerDutyPage(store.db);
  log.info(
    {
      day,
      ...counts,
      missed: comparison.onlyPagerDuty.map(({ id, title, because }) => ({ id, title, because })),
      pagerdutyHeardAt: heard === null ? null : iso(heard),
    },
    'pages compared with those of PagerDuty',
  );
}
