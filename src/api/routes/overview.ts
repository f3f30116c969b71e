import { handoverText } from '../../domain/handover-text.ts';
import { iso } from '../../domain/time.ts';
import { route, written } from '../route.ts';
import { handover } from '../schemas/handover.ts';
import { statistics, statisticsQuery } from '../schemas/statistics.ts';

const momentOf = (text: string | undefined): string | null => (text === undefined ? null : iso(Date.parse(text)));

export const overviewRoutes = [
  route({
    method: 'get',
    path: '/stats',
    operation: 'getStatistics',
    summary:
      'What the incidents came to: times, clocks, rollbacks, learning. Without drills, false alarms and merged ones',
    role: 'viewer',
    query: statisticsQuery,
    answer: statistics,
    handle: async ({ query: { since, until, service, severity, groupBy } }, { backend }) => {
      const figures = await backend.statistics({
        ...{ since: momentOf(since), until: momentOf(until), severity },
        ...{ service: service ?? null, groupBy: groupBy ?? null },
      });
      return written(figures);
    },
  }),
  route({
    method: 'get',
    path: '/handover',
    operation: 'getHandover',
    summary: 'What the next person on call must know',
    role: 'viewer',
    answer: handover,
    handle: async (_call, { backend }) => {
      const known = await backend.handover();
      return written({ ...known, text: handoverText(known) });
    },
  }),
];
