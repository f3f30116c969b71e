import { z } from 'zod';

/*
 * What Alertmanager answers, as its api/v2/openapi.yaml has it, and no more than is used. Times are checked: what is
 * concluded from them must not rest on something that only looks like an answer.
 */

const texts = z.record(z.string(), z.string());
const instant = z.iso.datetime({ offset: true });
const names = z.array(z.string()).default([]);

const ALERT = z.object({
  fingerprint: z.string().min(1),
  labels: texts,
  annotations: texts.default({}),
  startsAt: instant,
  updatedAt: instant,
  endsAt: instant,
  generatorURL: z.string().optional(),
  receivers: z.array(z.object({ name: z.string() })).default([]),
  status: z.object({
    state: z.enum(['unprocessed', 'active', 'suppressed']),
    silencedBy: names,
    inhibitedBy: names,
    /** Time intervals of its route; newer versions only. */
    mutedBy: names,
  }),
});
export type ListedAlert = z.output<typeof ALERT>;
export const Alerts = z.array(ALERT);

const RECEIVER = z.object({ name: z.string() });
export type ReceiverName = z.output<typeof RECEIVER>;
export const Receivers = z.array(RECEIVER);

const GROUP = z.object({ labels: texts, receiver: RECEIVER, alerts: Alerts });
export type GroupedAlerts = z.output<typeof GROUP>;
export const Groups = z.array(GROUP);

const SILENCE = z.object({
  id: z.string(),
  endsAt: instant,
  createdBy: z.string().default(''),
  comment: z.string().default(''),
});
export type ListedSilence = z.output<typeof SILENCE>;
export const Silences = z.array(SILENCE);

export const Status = z.object({
  /** When it started, for all that the name says. */
  uptime: instant,
  cluster: z.object({ status: z.string(), name: z.string().optional() }),
  versionInfo: z.object({ version: z.string() }),
  config: z.object({ original: z.string() }),
});
export type AlertmanagerStatus = z.output<typeof Status>;
