import { z } from 'zod';

import { AUTOMATION_MODES } from '../../domain/plan.ts';
import type { SeverityPolicy } from '../../domain/policy.ts';
import { group, named, seconds, secondsOrZero, section, text } from './primitives.ts';
import { freezeWindows } from './freeze.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

const clocks = (
  detectSeconds: number,
  acknowledgeSeconds: number,
  restoreSeconds: number,
  diagnoseSeconds: number | null,
  updateEverySeconds: number | null,
): SeverityPolicy => ({
  detectSeconds,
  acknowledgeSeconds,
  restoreSeconds,
  diagnoseSeconds,
  firstUpdateSeconds: 5 * MINUTE,
  updateEverySeconds,
});

// A null that is written means "this clock does not run", so it is not the same as nothing written.
const severity = (defaults: SeverityPolicy) =>
  section({
    detectSeconds: seconds.default(defaults.detectSeconds),
    acknowledgeSeconds: seconds.default(defaults.acknowledgeSeconds),
    restoreSeconds: seconds.default(defaults.restoreSeconds),
    diagnoseSeconds: seconds.nullable().default(defaults.diagnoseSeconds),
    firstUpdateSeconds: seconds.default(defaults.firstUpdateSeconds),
    updateEverySeconds: seconds.nullable().default(defaults.updateEverySeconds),
  });

/** The SLA table of the incident process. */
export const severitiesSchema = section({
  P0: severity(clocks(2 * MINUTE, 5 * MINUTE, 5 * MINUTE, 5 * MINUTE, 15 * MINUTE)),
  P1: severity(clocks(5 * MINUTE, 10 * MINUTE, 30 * MINUTE, 30 * MINUTE, HOUR)),
  P2: severity(clocks(15 * MINUTE, HOUR, 4 * HOUR, 4 * HOUR, null)),
  P3: severity(clocks(HOUR, 8 * HOUR, 24 * HOUR, null, null)),
});

const texts = (defaults: readonly string[]) =>
  z
    .array(text)
    .nullish()
    .transform((value) => value ?? [...defaults]);

/** An empty list here would put every alert into one incident, or leave each without a service. */
const textsNotEmpty = (defaults: readonly string[]) =>
  texts(defaults).refine((value) => value.length > 0, { error: 'needs at least 1 entry' });

export const correlationSchema = section({
  groupBy: textsNotEmpty(['service', 'environment']),
  ignoreLabels: texts(['replica', 'prometheus_replica']),
  labels: section({
    service: textsNotEmpty(['service', 'app', 'job']),
    environment: textsNotEmpty(['environment', 'env']),
  }),
  heartbeats: texts(['Watchdog']),
  heartbeatSeconds: seconds.default(5 * MINUTE),
  lateFiringSeconds: secondsOrZero.default(5 * MINUTE),
});

export const automationMode = z.enum(AUTOMATION_MODES);

export const automationSchema = section({
  // It acts only on services with a written plan: writing one is the opt-in.
  mode: automationMode.default('auto'),
  killSwitch: z.boolean().default(false),
  holdSeconds: section({
    P0: secondsOrZero.default(0),
    P1: secondsOrZero.default(60),
    P2: secondsOrZero.default(60),
  }),
  recentChangeSeconds: seconds.default(HOUR),
  cooldownSeconds: secondsOrZero.default(HOUR),
  approvalExpiresSeconds: seconds.default(15 * MINUTE),
  verdictDeadlineSeconds: seconds.default(15 * MINUTE),
  watchSeconds: secondsOrZero.default(30 * MINUTE),
  captureSeconds: secondsOrZero.max(30).default(3),
  servicesAtOnce: z.int().min(1).default(1),
  rollbacksPerHour: z.int().min(1).default(3),
  stormServices: z.int().min(2).default(5),
  rehearseEverySeconds: seconds.default(15 * MINUTE),
  freezeWindows,
});

/** After the fix: a related alert in this time reopens the incident. */
export const monitoringSeconds = seconds.default(24 * HOUR);

const factName = z.string().regex(/^[A-Za-z]\w*$/, 'a fact is named by letters, digits and _');

export const factsSchema = named(factName, group({ promql: text }));

export const communicationSchema = section({
  pageAcceptSeconds: seconds.default(MINUTE),
  warnPercents: z
    .array(z.number().gt(0).lt(100))
    .nullish()
    .transform((value) => [...(value ?? [50, 80])].sort((a, b) => a - b)),
  stormIncidents: z.int().min(1).default(10),
  linkSeconds: secondsOrZero.default(2 * MINUTE),
});

export const learningSchema = section({
  reviewDays: z.int().min(1).default(30),
  recurrenceDays: z.int().min(1).default(60),
  remindDays: z.int().min(0).default(2),
});
