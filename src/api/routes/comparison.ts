import { z } from 'zod';
import type { PageComparison } from '../../domain/page-comparison.ts';
import { countsOf } from '../../domain/page-comparison.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { ApiError } from '../errors.ts';
import { route } from '../route.ts';
import { instant, limit, listOf, oneOf } from '../schemas/primitives.ts';

const ours = z
  .object({
    incidentId: z.string(),
    at: instant,
    title: z.string(),
    service: z.string().nullable(),
    severity: oneOf(SEVERITIES),
    because: z.string().describe('Why Firebreak paged, or would have'),
  })
  .meta({ id: 'FirebreakPage' });

const theirs = {
  id: z.string().describe('Of the incident in PagerDuty'),
  at: instant,
  title: z.string(),
  service: z.string().nullable(),
  url: z.string().nullable(),
  incidentKey: z.string().nullable(),
};

const comparison = z
  .object({
    since: instant,
    until: instant,
    counts: z.object({ both: z.int(), onlyPagerDuty: z.int(), onlyFirebreak: z.int() }),
    both: z.array(
      z.object({
        firebreak: ours,
        pagerduty: z.array(
          z.object({ ...theirs, matchedBy: oneOf(['dedup-key', 'service-and-time', 'title-and-time']) }),
        ),
      }),
    ),
    onlyPagerDuty: z
      .array(
        z.object({
          ...theirs,
          because: z.string().describe('What the rules made of it, or that no alert of it came'),
          incidentId: z.string().nullable(),
        }),
      )
      .describe('Pages that Firebreak would have missed'),
    onlyFirebreak: z.array(ours),
    pagerdutyHeardAt: instant
      .nullable()
      .describe('When PagerDuty last told of an incident of somebody else; null: never, and nothing can be compared'),
  })
  .meta({ id: 'PageComparison' });

const comparedDay = comparison
  .omit({ pagerdutyHeardAt: true })
  .extend({ day: z.string().meta({ examples: ['2024-01-15'] }) })
  .meta({ id: 'ComparedDay' });

const written = (found: PageComparison) => ({
  since: found.since,
  until: found.until,
  counts: countsOf(found),
  both: found.both.map(({ firebreak, pagerduty }) => ({ firebreak, pagerduty: [...pagerduty] })),
  onlyPagerDuty: [...found.onlyPagerDuty],
  onlyFirebreak: [...found.onlyFirebreak],
});

const moment = z.iso.datetime({ offset: true }).optional();

export const comparisonRoutes = [
  route({
    method: 'get',
    path: '/comparison',
    operation: 'comparePages',
    summary: 'The pages that Firebreak sent, or would have sent, beside those that others raised in PagerDuty',
    role: 'viewer',
    query: z.strictObject({
      since: moment.describe('From then on; 24 hours ago when it is not given'),
      until: moment.describe('Before then; now when it is not given'),
    }),
    answer: comparison,
    handle: async ({ query: { since, until } }, { backend }) => {
      if (since !== undefined && until !== undefined && Date.parse(since) >= Date.parse(until)) {
        throw new ApiError('invalid', 'is not before the end of the time', { field: 'since' });
      }
      const found = await backend.comparePages(since ?? null, until ?? null);
      return { ...written(found), pagerdutyHeardAt: found.pagerdutyHeardAt };
    },
  }),
  route({
    method: 'get',
    path: '/comparisons',
    operation: 'listComparisons',
    summary: 'The days that were compared while only observing, newest first',
    role: 'viewer',
    query: z.strictObject({ limit: limit(30, 366) }),
    answer: listOf(comparedDay),
    handle: async ({ query }, { backend }) => {
      const kept = await backend.listComparisons(query.limit);
      const items = kept.map(({ day, comparison: found }) => ({ day, ...written(found) }));
      return { items, nextCursor: null };
    },
  }),
];
