import { z } from 'zod';
import { SEVERITIES } from '../../domain/severity.ts';
import { GOALS, STATISTICS_GROUPS } from '../../domain/statistics.ts';
import { instant, oneOf, writtenText } from './primitives.ts';

const moment = z.iso.datetime({ offset: true });

export const statisticsQuery = z
  .strictObject({
    since: moment.optional().describe('Opened at or after; 90 days before `until` when not given'),
    until: moment.optional().describe('Opened before; now when not given'),
    service: writtenText(200).optional(),
    severity: z.array(oneOf(SEVERITIES)).default([]),
    groupBy: oneOf(STATISTICS_GROUPS).optional(),
  })
  .refine(({ since, until }) => since === undefined || until === undefined || Date.parse(since) < Date.parse(until), {
    error: 'must be before until',
    path: ['since'],
  });

const seconds = z.number().nullable().describe('Null: nothing was measured');

const spread = z
  .object({ count: z.int(), meanSeconds: seconds, medianSeconds: seconds, p95Seconds: seconds })
  .meta({ id: 'Spread' });

const shareFields = { count: z.int(), of: z.int(), share: z.number().nullable().describe('Of none there is no share') };
const share = z.object(shareFields).meta({ id: 'Share' });

const figureFields = {
  incidents: z.int(),
  timeToDetect: spread.describe('MTTD: from onset to opening'),
  timeToAcknowledge: spread.describe('MTTA: from opening to the first acknowledgement'),
  timeToRestore: spread.describe(
    'From opening to the service being restored; of one that came back, all the time that it was not',
  ),
  timeToResolve: spread.describe('MTTR: from opening to resolved'),
  clocks: z.array(z.object({ clock: z.string(), met: z.int(), breached: z.int() })),
  rollbacks: z
    .object({ ...shareFields, verdicts: z.record(z.string(), z.int()) })
    .describe('Recovered, of those that were started and have ended'),
  postmortems: share.describe('Published, of the P0 and P1 that are over'),
  rootCauses: share.describe('Confirmed, of the incidents that are over'),
  repeats: share.describe('Recognised as a repeat of earlier ones'),
  actions: z
    .object({ open: z.int(), overdue: z.int(), done: z.int(), verified: z.int() })
    .describe('Action items, those of false alarms included'),
  goals: z.array(z.object({ goal: oneOf(GOALS), ...shareFields })),
};

export const statistics = z
  .object({
    since: instant,
    until: instant,
    groupBy: oneOf(STATISTICS_GROUPS).nullable(),
    total: z.object(figureFields).meta({ id: 'Figures' }),
    groups: z.array(
      z.object({
        key: z.string().nullable().describe('A severity, a service (null: unknown), or an ISO week such as 2026-W48'),
        ...figureFields,
      }),
    ),
  })
  .meta({ id: 'Statistics' });
