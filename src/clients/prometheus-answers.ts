import { z } from 'zod';
import type { Failure } from '../domain/failure.ts';
import { iso, type Instant } from '../domain/time.ts';

export type PrometheusAnswer =
  | { readonly kind: 'value'; readonly value: number; readonly warnings: readonly string[] }
  | { readonly kind: 'no-data'; readonly reason: string; readonly warnings: readonly string[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** `values` are in the order of time and hold numbers only; `dropped` points were NaN or infinite. */
export type PrometheusSeries =
  | {
      readonly kind: 'series';
      readonly values: readonly { readonly at: number; readonly value: number }[];
      readonly dropped: number;
      readonly warnings: readonly string[];
    }
  | Exclude<PrometheusAnswer, { kind: 'value' }>;

export type PrometheusAlerts =
  | { readonly kind: 'alerts'; readonly alerts: readonly { readonly labels: Readonly<Record<string, string>> }[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface AlertMatch {
  readonly alertname: string;
  readonly labels: Readonly<Record<string, string>>;
}

export const Envelope = z.object({
  status: z.enum(['success', 'error']),
  data: z.unknown().optional(),
  errorType: z.string().optional(),
  error: z.string().optional(),
  warnings: z.array(z.string()).optional(),
  infos: z.array(z.string()).optional(),
});
export type Envelope = z.infer<typeof Envelope>;

const Sample = z.tuple([z.number(), z.string()]);
const Result = z.discriminatedUnion('resultType', [
  z.object({ resultType: z.literal('vector'), result: z.array(z.object({ value: Sample.optional() })) }),
  z.object({ resultType: z.literal('scalar'), result: Sample }),
  z.object({ resultType: z.literal('string') }),
  z.object({ resultType: z.literal('matrix') }),
]);

const Matrix = z.object({
  resultType: z.literal('matrix'),
  result: z.array(z.object({ values: z.array(Sample).optional() })),
});

const Alerts = z.object({
  alerts: z.array(z.object({ labels: z.record(z.string(), z.string()), state: z.string(), activeAt: z.string() })),
});

const warningsOf = (body: Envelope): readonly string[] => [...(body.warnings ?? []), ...(body.infos ?? [])];

/** NaN and ±Inf come as strings, and are what a division by nothing looks like: no number, so null. */
const numberOf = (text: string): number | null => {
  const value = Number(text);
  return text.trim() !== '' && Number.isFinite(value) ? value : null;
};

/** What an instant query gave. */
export const valueOf = (body: Envelope): PrometheusAnswer => {
  const warnings = warningsOf(body);
  const sample = sampleOf(Result.safeParse(body.data));
  if (typeof sample === 'string') return { kind: 'no-data', reason: sample, warnings };
  const value = numberOf(sample[1]);
  return value === null
    ? { kind: 'no-data', reason: `the value is ${sample[1]}`, warnings }
    : { kind: 'value', value, warnings };
};

/** The one sample of the answer, or why there is none. */
const sampleOf = (parsed: z.ZodSafeParseResult<z.infer<typeof Result>>): z.infer<typeof Sample> | string => {
  if (!parsed.success) return 'the result has an unknown form';
  const answer = parsed.data;
  switch (answer.resultType) {
    case 'scalar':
      return answer.result;
    case 'vector': {
      const [first, ...others] = answer.result;
      if (first === undefined) return 'no series';
      if (others.length > 0) return `${answer.result.length} series, one expected`;
      return first.value ?? 'a histogram, a number expected';
    }
    case 'string':
    case 'matrix':
      return `a ${answer.resultType}, a number expected`;
  }
};

/** What a range query gave. */
export const seriesOf = (body: Envelope): PrometheusSeries => {
  const warnings = warningsOf(body);
  const points = pointsOf(Matrix.safeParse(body.data));
  if (typeof points === 'string') return { kind: 'no-data', reason: points, warnings };
  const values = points.flatMap(([seconds, text]) => {
    const value = numberOf(text);
    return value === null ? [] : [{ at: Math.round(seconds * 1000), value }];
  });
  return values.length === 0
    ? { kind: 'no-data', reason: `none of ${points.length} points is a number`, warnings }
    : { kind: 'series', values, dropped: points.length - values.length, warnings };
};

const pointsOf = (parsed: z.ZodSafeParseResult<z.infer<typeof Matrix>>): readonly z.infer<typeof Sample>[] | string => {
  if (!parsed.success) return 'the result has an unknown form';
  const [first, ...others] = parsed.data.result;
  if (first === undefined) return 'no series';
  if (others.length > 0) return `${others.length + 1} series, one expected`;
  return first.values ?? 'a histogram, numbers expected';
};

/** The alerts that fire, or null when the answer is no list of alerts. */
export const firingIn = (body: Envelope): readonly { readonly labels: Readonly<Record<string, string>> }[] | null => {
  const parsed = Alerts.safeParse(body.data);
  if (!parsed.success) return null;
  return parsed.data.alerts.filter(({ state }) => state === 'firing').map(({ labels }) => ({ labels }));
};

const RULE = z.object({
  type: z.string(),
  name: z.string(),
  query: z.string().default(''),
  labels: z.record(z.string(), z.string()).nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
});
const Rules = z.object({ groups: z.array(z.object({ name: z.string(), rules: z.array(RULE) })) });

/** An alerting rule as it is written: its texts may hold templates. */
export interface AlertingRule {
  readonly name: string;
  readonly group: string;
  readonly query: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export type PrometheusRules =
  | { readonly kind: 'rules'; readonly rules: readonly AlertingRule[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** The alerting rules, or null when the answer is no list of rules. */
export const alertingRulesIn = (body: Envelope): readonly AlertingRule[] | null => {
  const parsed = Rules.safeParse(body.data);
  if (!parsed.success) return null;
  return parsed.data.groups.flatMap(({ name: group, rules }) =>
    rules
      .filter(({ type }) => type === 'alerting')
      .map(({ name, query, labels, annotations }) => ({
        ...{ name, group, query },
        labels: labels ?? {},
        annotations: annotations ?? {},
      })),
  );
};

/** When the expression of the firing alert became true; null when there is no such alert. */
export const onsetIn = (body: Envelope, match: AlertMatch): Instant | null => {
  const parsed = Alerts.safeParse(body.data);
  if (!parsed.success) return null;
  const [best] = parsed.data.alerts
    .filter((alert) => alert.state === 'firing' && belongsTo(alert.labels, match))
    .map((alert) => ({ labels: Object.keys(alert.labels).length, at: Date.parse(alert.activeAt) }))
    .filter((alert) => alert.at > 0)
    .sort((a, b) => b.labels - a.labels || a.at - b.at);
  return best ? iso(best.at) : null;
};

/** What was delivered may carry external labels besides; what Prometheus knows must all be there, unchanged. */
const belongsTo = (known: Readonly<Record<string, string>>, match: AlertMatch): boolean =>
  known['alertname'] === match.alertname &&
  Object.entries(known).every(([name, value]) => name === 'alertname' || match.labels[name] === value);
