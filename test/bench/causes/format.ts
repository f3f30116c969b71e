import { z } from 'zod';
import type { Scenario, SeriesByName, TimelineEntry } from './scenario.ts';
import {
  ACTIONS,
  CHANGE_TYPES,
  HUMAN_ACTIONS,
  MONITORING_STATES,
  OWNERS,
  POD_STATES,
  SEVERITY_NAMES,
  VERDICT_NAMES,
} from './scenario.ts';

/** YAML reads `11.2` as a number where a version is meant. */
const text = z.union([z.string(), z.number(), z.boolean()]).transform((value) => String(value));
const named = text.refine((value) => value.trim() !== '', 'must not be empty');
const optional = named.nullish().transform((value) => value ?? null);
const seconds = z.number();
const optionalSeconds = seconds.nullish().transform((value) => value ?? null);
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? null);
const list = <Item extends z.ZodType>(item: Item) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);
const oneOrMore = z
  .union([named.transform((value) => [value]), z.array(named)])
  .nullish()
  .transform((value) => value ?? []);

const points = z
  .array(
    z.tuple([seconds, z.number().nullable()], { error: 'a point is [seconds, value], the value a number or null' }),
  )
  .min(1, 'needs at least one point')
  .transform((values) => values.toSorted(([a], [b]) => a - b));
const series = z
  .record(z.string(), points)
  .nullish()
  .transform((value) => value ?? {});

const service = z.looseObject({
  service: named,
  dependsOn: list(named),
  customerFacing: flag,
  hasRollbackPlan: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
  steps: list(named),
});

const change = z
  .looseObject({
    atSeconds: seconds,
    kind: z.literal('change'),
    id: named,
    type: z.enum(CHANGE_TYPES).default('deployment'),
    service: named,
    from: optional,
    to: optional,
    state: z.enum(['running', 'completed']).default('completed'),
    claimedAtSeconds: optionalSeconds,
    by: optional,
  })
  .transform(({ atSeconds: at, kind, id, type, service: of, from, to, state, claimedAtSeconds: claimedAt, by }) => {
    return { kind, at, id, type, service: of, from, to, state, claimedAt, byFirebreak: by === 'firebreak' };
  });

const alertFields = {
  atSeconds: seconds,
  alert: named,
  service: optional,
  severity: optional,
  environment: optional,
  annotations: z
    .record(z.string(), text)
    .nullish()
    .transform((value) => value ?? {}),
  activeAtSeconds: optionalSeconds,
  count: z.int().min(1).max(1_000).default(1),
};
const alert = <Kind extends 'alert-firing' | 'alert-resolved'>(kind: Kind) =>
  z
    .looseObject({ ...alertFields, kind: z.literal(kind) })
    .transform(({ atSeconds: at, alert: name, activeAtSeconds: activeAt, ...rest }) => {
      const { service: of, severity, environment, annotations, count } = rest;
      return { kind, at, alert: name, service: of, severity, environment, annotations, activeAt, count };
    });

const revision = z.looseObject({
  revision: named,
  desired: z.number().min(0).default(0),
  ready: z.number().min(0).default(0),
  state: z.enum(POD_STATES).default('running'),
});
const workload = z.looseObject({
  revisions: list(revision),
  paused: flag,
  owner: z
    .enum(OWNERS)
    .nullish()
    .transform((value) => value ?? null),
  autoSync: flag,
  gone: flag,
  dataCompatible: flag,
});

const cluster = z
  .looseObject({ atSeconds: seconds, kind: z.literal('cluster'), service: oneOrMore, workload })
  .refine((entry) => entry.service.length > 0, { path: ['service'], message: 'missing: a service, a list, or "*"' })
  .transform(({ atSeconds: at, kind, service: services, workload: found }) => {
    const { revisions, paused, owner, autoSync, gone, dataCompatible } = found;
    return { kind, at, services, workload: { revisions, paused, owner, autoSync, gone, dataCompatible } };
  });

const human = z
  .looseObject({
    atSeconds: seconds,
    kind: z.literal('human'),
    action: z.enum(HUMAN_ACTIONS),
    service: optional,
    seconds: optionalSeconds,
    what: optional,
    note: text.nullish().transform((value) => value ?? ''),
  })
  .refine((entry) => entry.action !== 'hold' || entry.seconds !== null, {
    path: ['seconds'],
    message: 'a hold needs its seconds',
  })
  .refine((entry) => entry.action !== 'undo-by-hand' || entry.what !== null, {
    path: ['what'],
    message: 'an undo needs what it undoes',
  })
  .transform(({ atSeconds: at, kind, action, service: of, seconds: lasting, what, note }) => {
    return { kind, at, action, service: of, seconds: lasting, what, note };
  });

const monitoring = z
  .looseObject({
    atSeconds: seconds,
    kind: z.literal('monitoring'),
    state: z.enum(MONITORING_STATES),
    service: oneOrMore,
  })
  .transform(({ atSeconds: at, kind, state, service: services }) => {
    const all = services.length === 0 || services.includes('*');
    return { kind, at, state, services: all ? null : services };
  });

const KINDS = {
  change,
  'alert-firing': alert('alert-firing'),
  'alert-resolved': alert('alert-resolved'),
  cluster,
  human,
  monitoring,
};

/** By hand instead of a union, so that a message speaks of the kind that was meant. */
const timelineEntry = z.unknown().transform((value, context): TimelineEntry => {
  const kind = (value as { kind?: unknown } | null)?.kind;
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind)) {
    const message = `expected one of ${Object.keys(KINDS).join(', ')}`;
    context.addIssue({ code: 'custom', path: ['kind'], message });
    return z.NEVER;
  }
  const parsed = KINDS[kind as keyof typeof KINDS].safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message });
  return z.NEVER;
});

/** What stands beside the known keys is a series if it is a list, and what the entry is narrowed to if it is a text. */
function split(entry: Record<string, unknown>, known: readonly string[], context: z.core.$RefinementCtx) {
  const found: Record<string, SeriesByName[string]> = {};
  const narrowedTo: Record<string, string> = {};
  for (const [key, value] of Object.entries(entry)) {
    if (known.includes(key)) continue;
    if (Array.isArray(value)) {
      const parsed = points.safeParse(value);
      if (parsed.success) found[key] = parsed.data;
      else for (const { path, message } of parsed.error.issues) add(context, [key, ...path], message);
    } else if (typeof value === 'string' || typeof value === 'number') narrowedTo[key] = String(value);
  }
  return { found, narrowedTo };
}

const add = (context: z.core.$RefinementCtx, path: PropertyKey[], message: string): void => {
  context.addIssue({ code: 'custom', path, message });
};

const metrics = z.looseObject({ service: named, series }).transform((entry, context) => {
  const { found, narrowedTo } = split(entry, ['service', 'series', 'note'], context);
  return { service: entry.service, narrowedTo, series: { ...found, ...entry.series } };
});

const rolledBack = z.looseObject({ target: named, series }).transform((entry, context) => {
  const { found } = split(entry, ['target', 'series', 'note'], context);
  return { target: entry.target, series: { ...found, ...entry.series } };
});

const decision = z
  .preprocess(
    // A word alone says enough where nothing else is asked.
    (value) => (typeof value === 'string' ? { action: value } : value),
    z.looseObject({ action: z.enum(ACTIONS), target: oneOrMore, byAtSeconds: optionalSeconds }),
  )
  .transform(({ action, target: targets, byAtSeconds: byAt }) => ({ action, targets, byAt }));

const mustNot = z
  .looseObject({ action: named, what: optional, beforeSeconds: optionalSeconds, afterSeconds: optionalSeconds })
  .transform(({ action, what, beforeSeconds: before, afterSeconds: after }) => ({ action, what, before, after }));

const expected = z
  .looseObject({
    severity: z.enum(SEVERITY_NAMES),
    severityAlso: list(z.enum(SEVERITY_NAMES)),
    decision,
    alsoAcceptable: list(decision),
    mustNot: list(mustNot),
    verdictAfter: z
      .enum(VERDICT_NAMES)
      .nullish()
      .transform((value) => value ?? null),
    why: text.nullish().transform((value) => value ?? ''),
  })
  .transform(({ severity, severityAlso, decision: wanted, alsoAcceptable, mustNot: never, verdictAfter, why }) => ({
    severities: [severity, ...severityAlso],
    decision: wanted,
    alsoAcceptable,
    mustNot: never,
    verdict: verdictAfter,
    why,
  }));

/** One scenario of a file. Keys that are not known are left to `unknownKeys`: people may write down more than we read. */
export const scenarioSchema = z
  .looseObject({
    id: named,
    title: text.nullish().transform((value) => value ?? ''),
    services: z.array(service).min(1, 'needs at least one service'),
    timeline: z.array(timelineEntry),
    metrics: list(metrics),
    ifRolledBack: z
      .union([z.array(rolledBack), rolledBack.transform((value) => [value])])
      .nullish()
      .transform((value) => value ?? []),
    expected,
  })
  .transform((found): Scenario => {
    const services = found.services.map(({ service: of, dependsOn, customerFacing, hasRollbackPlan, steps }) => {
      return { service: of, dependsOn, customerFacing, hasRollbackPlan, steps };
    });
    const timeline = found.timeline.toSorted((a, b) => a.at - b.at);
    const { id, title, metrics: measured, ifRolledBack, expected: wanted } = found;
    return { id, title, services, timeline, metrics: measured, ifRolledBack, expected: wanted };
  });
