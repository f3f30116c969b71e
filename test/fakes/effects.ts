import type { Channel, EffectContext } from '../../src/notify/ports.ts';
import type { EffectIntent, IncidentView } from '../../src/domain/view.ts';

export const incident = (changes: Partial<IncidentView> = {}): IncidentView => ({
  id: 'INC-20261123-151300',
  title: 'Error rate of checkout is 40 %',
  service: 'checkout',
  environment: 'production',
  severity: 'P1',
  status: 'open',
  openedAt: new Date().toISOString(),
  acknowledgedBy: null,
  firing: 12,
  total: 14,
  because: 'a major function is broken for 31 % of users',
  rollback: 'checkout from r42 to r41, starting',
  commander: null,
  blockers: [],
  quiet: null,
  recurrence: null,
  storm: null,
  linkedTo: null,
  voided: null,
  clocks: [],
  links: [
    { text: 'Runbook', href: 'https://runbooks.example.com/checkout' },
    { text: 'Source', href: 'https://prometheus.example.com/graph?g0.expr=errors&g0.tab=1' },
  ],
  facts: { 'users.affected': 0.31, 'errors.rate': 0.4 },
  ...changes,
});

export const effect = (channel: Channel['name'], kind: string, changes: Partial<EffectIntent> = {}): EffectIntent => ({
  id: `INC-20261123-151300:7:${channel}:${kind}`,
  incidentId: 'INC-20261123-151300',
  channel,
  kind,
  urgent: true,
  message: 'P1 on checkout. Rolling back checkout from r42 to r41. Estimated 4 minutes.',
  data: {},
  replaces: null,
  ...changes,
});

export const context = (changes: Partial<EffectContext> = {}): EffectContext => ({
  incident: incident(),
  receipts: {},
  ambiguous: false,
  signal: new AbortController().signal,
  ...changes,
});
