import type { Handover } from '../../src/domain/handover.ts';
import type { Figures, Statistics } from '../../src/domain/statistics.ts';
import { shareOf } from '../../src/domain/statistics.ts';

const nothing = { count: 0, meanSeconds: null, medianSeconds: null, p95Seconds: null };

const figures = (more: Partial<Figures> = {}): Figures => ({
  incidents: 2,
  timeToDetect: { count: 2, meanSeconds: 60, medianSeconds: 60, p95Seconds: 87 },
  timeToAcknowledge: { count: 1, meanSeconds: 130, medianSeconds: 130, p95Seconds: 130 },
  timeToRestore: { count: 2, meanSeconds: 9000, medianSeconds: 7500, p95Seconds: 14_040 },
  timeToResolve: nothing,
  clocks: [
    { clock: 'acknowledge', met: 1, breached: 0 },
    { clock: 'restore', met: 1, breached: 1 },
  ],
  rollbacks: { ...shareOf(1, 3), verdicts: { recovered: 1, 'not-recovered': 1, stopped: 1 } },
  postmortems: shareOf(0, 0),
  rootCauses: shareOf(1, 2),
  repeats: shareOf(0, 2),
  actions: { open: 4, overdue: 1, done: 2, verified: 0 },
  goals: [
    { goal: 'p0-restored-in-5-min', ...shareOf(1, 2) },
    { goal: 'p1-restored-in-30-min', ...shareOf(0, 0) },
    { goal: 'p1-resolved-in-30-min', ...shareOf(0, 0) },
  ],
  ...more,
});

export const statisticsExample: Statistics = {
  since: '2024-01-01T00:00:00.000Z',
  until: '2024-01-15T00:00:00.000Z',
  groupBy: 'service',
  total: figures(),
  groups: [
    { key: 'checkout', ...figures({ incidents: 1 }) },
    {
      key: null,
      ...figures({ incidents: 1, clocks: [], timeToDetect: nothing, rollbacks: { ...shareOf(0, 0), verdicts: {} } }),
    },
  ],
};

export const handoverExample: Handover = {
  at: '2024-01-15T14:40:00.000Z',
  automation: { mode: 'auto', killSwitch: false, changedBy: 'root', changedAt: '2024-01-15T09:00:00.000Z' },
  silent: null,
  incidents: [
    {
      id: 'INC-20240115-143215',
      title: 'checkout: error ratio 12 %\u0007\nand \u202emore',
      severity: 'P1',
      status: 'acknowledged',
      service: 'checkout',
      environment: 'production',
      commander: 'ann',
      specialist: 'backend',
      openedAt: '2024-01-15T14:32:15.000Z',
      ageSeconds: 465,
      clocks: [
        { clock: 'acknowledge', deadline: '2024-01-15T14:37:15.000Z', leftSeconds: -165, pressing: true },
        { clock: 'restore', deadline: '2024-01-15T15:02:15.000Z', leftSeconds: 1335, pressing: false },
      ],
      rollback: 'Awaits approval until 2024-01-15T14:47:15.000Z: app from r42 to r41',
      blockers: ['waits for the vendor'],
      quiet: [{ kind: 'silenced', because: 'silence a1b2 by bob', until: '2024-01-15T15:00:00.000Z' }],
    },
  ],
  holds: [
    {
      incidentId: 'INC-20240115-143300',
      service: null,
      kind: 'waits-for-fix',
      until: '2024-01-15T14:43:00.000Z',
      leftSeconds: 180,
      by: 'eve',
      what: 'Rolling back cart from r7 to r6, starting at 2024-01-15T14:43:00.000Z',
    },
  ],
  approvals: [
    {
      incidentId: 'INC-20240115-143215',
      service: 'checkout',
      until: '2024-01-15T14:47:15.000Z',
      leftSeconds: 435,
      what: 'app from r42 to r41',
    },
  ],
  suspendedOwners: [
    {
      incidentId: 'INC-20240115-100000',
      service: 'search',
      owner: 'argocd',
      target: 'argocd/argocd/search',
      from: 'v2',
      to: 'v1',
    },
  ],
  watched: [
    {
      id: 'INC-20240115-100000',
      title: 'search is slow',
      severity: 'P1',
      service: 'search',
      until: '2024-01-16T10:30:00.000Z',
      postmortemMissing: true,
    },
  ],
  overdueActions: [
    {
      incidentId: 'INC-20240101-080000',
      id: 'A1',
      action: 'Add a test for empty carts',
      owner: 'bob',
      dueAt: '2024-01-12T14:40:00.000Z',
      overdueSeconds: 259_200,
    },
  ],
  maintenance: [
    {
      what: 'service cart',
      from: '2024-01-15T14:00:00.000Z',
      until: '2024-01-15T16:00:00.000Z',
      because: 'database upgrade',
      by: 'root',
    },
  ],
};
